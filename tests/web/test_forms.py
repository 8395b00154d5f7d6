"""Forms: what is typed is read by locale and zone, kept when refused, and limited."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from flask import render_template_string
from flask_babel import force_locale
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from wtforms import HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import Length

from app.money import Money
from app.web import surround
from app.web.forms import (
    BooleanField,
    DayField,
    Filled,
    Form,
    LocalDateTimeField,
    MoneyField,
    PercentOrMoneyField,
    Positive,
    Rate,
    storable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


class Sample(Form):
    name = StringField("Name", validators=[Filled()], description="As on the card")
    nick = StringField("Nick", validators=[Length(max=5)])
    notes = TextAreaField("Notes")
    count = IntegerField("Count")
    amount = MoneyField("Amount", validators=[Filled(), Positive()])
    change = MoneyField("Change", negative=True)
    rate = PercentOrMoneyField("Rate")
    at = LocalDateTimeField("At")
    day = DayField("Day")
    agreed = BooleanField("Agreed")
    hidden = HiddenField("Hidden")


GOOD = {"name": "Anna", "amount": "100"}


@contextmanager
def typed(
    app: App, locale: str = "en", zone: str = "Europe/Moscow", **data: Any
) -> Iterator[Sample]:
    """The form as sent, inside its request."""
    with app.test_request_context("/", method="POST", data={**GOOD, **data}), force_locale(locale):
        surround(currency="RUB", timezone=zone)
        yield Sample()


@pytest.mark.parametrize(
    ("locale", "text", "minor"),
    [
        ("ru", "1 234,50", 123450),
        ("ru", "1234,5", 123450),
        ("ru", "1\u00a0234", 123400),
        ("en", "1,234.50", 123450),
        ("en", " 0.01 ", 1),
    ],
)
def test_a_sum_is_read_as_people_of_the_locale_write_it(
    app: App, locale: str, text: str, minor: int
) -> None:
    with typed(app, locale, amount=text) as form:
        assert form.validate()
        assert form.amount.data == Money(minor, "RUB")


@pytest.mark.parametrize(
    "text",
    ["1e3", "NaN", "Infinity", "1_000", "１２", "-5", "-0", "0", "1.001", "1,5", "x", "9" * 30],
)
def test_anything_else_is_refused_and_kept(app: App, text: str) -> None:
    with typed(app, amount=text) as form:
        assert not form.validate()
        assert len(form.amount.errors) == 1
        assert f'value="{text}"' in str(form.amount())


def test_a_deduction_may_be_typed_where_it_is_meant(app: App) -> None:
    with typed(app, change="-5.50") as form:
        assert form.validate()
        assert form.change.data == Money(-550, "RUB")


def test_a_stored_sum_is_shown_as_it_would_be_typed(app: App) -> None:
    with app.test_request_context("/"), force_locale("ru"):
        form = Sample(
            formdata=None,
            data={"amount": Money(-123450, "RUB"), "rate": "2.5%", "day": date(2026, 3, 1)},
        )
        assert form.amount._value() == "-1\u00a0234,50"
        assert form.rate._value() == "2,5%"
        assert form.day._value() == "2026-03-01"
        assert form.change._value() == ""


@pytest.mark.parametrize(
    ("locale", "text", "rate"),
    [
        ("ru", "10%", "10%"),
        ("ru", "2,5 %", "2.5%"),
        ("en", "0%", "0%"),
        ("en", "100%", "100%"),
        ("ru", "50,00", "50.00"),
        ("en", "0.1234%", "0.1234%"),
    ],
)
def test_a_rate_is_percents_or_a_sum(app: App, locale: str, text: str, rate: str) -> None:
    with typed(app, locale, rate=text) as form:
        assert form.validate(), form.errors
        assert str(form.rate.data) == rate


@pytest.mark.parametrize("text", ["101%", "-1%", "%", "1e1%", "10%%", "0.12345%", "x", "-5"])
def test_what_is_neither_is_refused(app: App, text: str) -> None:
    with typed(app, rate=text) as form:
        assert not form.validate()
        assert form.rate.data is None


def test_an_empty_rate_is_none_and_prints_as_nothing(app: App) -> None:
    with typed(app, rate=" ") as form:
        assert form.validate()
        assert form.rate.data is None
    assert str(Rate()) == ""
    assert str(Rate(percent=Decimal("10.50"))) == "10.5%"


def test_a_local_time_is_of_the_merchants_zone(app: App) -> None:
    with typed(app, at="2026-11-22T10:00", day="2026-11-22") as form:
        assert form.validate()
        assert form.at.data == datetime(2026, 11, 22, 7, 0, tzinfo=UTC)
        assert form.day.data == date(2026, 11, 22)
        assert form.day.starts_at == datetime(2026, 11, 21, 21, 0, tzinfo=UTC)
        stored = Sample(formdata=None, data={"at": form.at.data})
        assert stored.at._value() == "2026-11-22T10:00"
        assert stored.day.starts_at is None


def test_a_time_that_the_clocks_skip_or_repeat_is_still_one_moment(app: App) -> None:
    with typed(app, zone="Europe/Berlin", at="2026-03-29T02:30") as form:
        assert form.at.data == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with typed(app, zone="Europe/Berlin", at="2026-10-25T02:30") as form:
        assert form.at.data == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2026-13-01T10:00", "0001-01-01T00:00", "9999-12-31T23:59", "2026-11-22T10:00Z"],
)
def test_what_is_no_local_time_is_refused(app: App, text: str) -> None:
    with typed(app, at=text, day=text) as form:
        assert not form.validate()
        assert form.at.errors
        assert form.day.errors


def test_a_text_is_limited_even_where_nobody_said_how(app: App) -> None:
    with typed(app, name="a" * 255, notes="a" * 10_000, nick="abcde") as form:
        assert form.validate(), form.errors
    with typed(app, name="a" * 256, notes="a" * 10_001, nick="abcdef") as form:
        assert not form.validate()
        assert set(form.errors) == {"name", "notes", "nick"}


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b", "\udfff"])
@pytest.mark.parametrize("name", ["name", "notes", "hidden", "amount", "at"])
def test_what_cannot_be_stored_is_refused_at_its_field(app: App, name: str, text: str) -> None:
    with app.test_request_context("/"):
        form = Sample(formdata=_multi({**GOOD, name: text}))
        assert not form.validate()
        assert list(form.errors) == [name]
        str(form[name]()).encode()


def _multi(data: dict[str, str]) -> Any:
    return MultiDict(data)


@settings(max_examples=60)
@given(text=st.text(max_size=40))
def test_no_text_breaks_a_form(app: App, text: str) -> None:
    with app.test_request_context("/"):
        form = Sample(formdata=_multi(dict.fromkeys(Sample()._fields, text)))
        form.validate()
        for field in form:
            str(field()).encode()
        assert storable(form.name.data or "")


def test_complaints_stand_at_the_field_and_in_the_summary(app: App) -> None:
    with typed(app, name="", amount="x") as form:
        assert not form.validate()
        form.complain("nick", "Taken <b>.")
        form.complain("", "The request is closed.")
        text = render_template_string(
            '{% from "ui/form.html" import form, fields %}'
            "{% call form(f, action='/x', cancel='/y', id='one', swap=true) %}{{ fields(f) }}{% endcall %}",
            f=form,
        )
    assert "4 things to correct" in text
    assert '<a href="#name">Name</a>: Fill this in.' in text
    assert "<li>The request is closed.</li>" in text
    assert "Taken &lt;b&gt;." in text
    assert 'aria-describedby="name-help name-error" aria-invalid="true"' in text
    assert '<p class="form-hint" id="name-help">As on the card</p>' in text
    assert 'hx-swap="outerMorph"' in text
    assert 'inputmode="decimal"' in text
    assert text.count("<label") >= 9


def test_complaints_are_in_the_readers_language_where_the_library_has_it(app: App) -> None:
    with typed(app, "ru", count="x") as form:
        assert not form.validate()
        assert form.errors["count"] == ["Неверное целое число."]


@pytest.mark.parametrize(
    ("locale", "text", "words"),
    [
        ("en", "7", "Write 7%, or 7.00 for a fixed sum."),
        ("en", "7.5", "Write 7.5%, or 7.50 for a fixed sum."),
        ("en", "100", "Write 100%, or 100.00 for a fixed sum."),
        ("ru", "7,5", "Напишите 7,5\u00a0% или, если это твёрдая сумма, 7,50."),
    ],
)
def test_a_rate_that_might_be_percents_or_a_sum_is_asked_about(
    app: App, locale: str, text: str, words: str
) -> None:
    with typed(app, locale, rate=text) as form:
        assert not form.validate()
        assert form.rate.errors == [words]


@pytest.mark.parametrize(
    ("currency", "text", "rate"),
    [("RUB", "7.00", "7.00"), ("RUB", "7%", "7%"), ("RUB", "150", "150.00"), ("JPY", "7", "7")],
)
def test_a_rate_that_can_mean_one_thing_only_is_taken(
    app: App, currency: str, text: str, rate: str
) -> None:
    with typed(app, rate=text):
        surround(currency=currency)
        form = Sample()
        assert form.validate(), form.errors
        assert str(form.rate.data) == rate


def test_a_sum_with_spaces_that_the_locale_does_not_write_is_told_how_to_be_written(
    app: App,
) -> None:
    for text in ("20 000", "20\u00a0000", "20\u2009000"):
        with typed(app, amount=text) as form:
            assert not form.validate()
            assert form.amount.errors == ["Write 20,000.00, without spaces."]
        with typed(app, "ru", amount=text) as form:
            assert form.validate(), form.errors
