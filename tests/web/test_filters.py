"""How values look: money, numbers, dates and names, in English and Russian."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from babel.numbers import format_currency
from flask_babel import force_locale
from hypothesis import given, settings
from hypothesis import strategies as st

from app import clock
from app.money import Money
from app.web import filters, surround

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

NB = "\u00a0"


@contextmanager
def reading(app: App, locale: str) -> Iterator[None]:
    with app.test_request_context("/"), force_locale(locale):
        surround(currency="RUB", timezone="Europe/Moscow")
        yield


@pytest.mark.parametrize(
    ("locale", "value", "text"),
    [
        ("ru", Money(123450, "RUB"), f"1{NB}234,50{NB}₽"),
        ("ru", Money(-5, "RUB"), f"−0,05{NB}₽"),
        ("ru", 199000, f"1{NB}990,00{NB}₽"),
        ("en", Money(123450, "USD"), "$1,234.50"),
        ("en", Money(-123450, "USD"), "−$1,234.50"),
        ("en", Money(1234, "JPY"), "¥1,234"),
        ("en", Money(1234567, "KWD"), f"KWD{NB}1,234.567"),
        ("en", Money(5, "BNS"), f"BNS{NB}0.05"),
    ],
)
def test_a_sum_as_text(app: App, locale: str, value: Money | int, text: str) -> None:
    with reading(app, locale):
        assert filters.money_text(value) == text


@settings(max_examples=50)
@given(minor=st.integers(-(2**62), 2**62), locale=st.sampled_from(["ru", "en", "de"]))
def test_digits_agree_with_babel(app: App, minor: int, locale: str) -> None:
    babel = format_currency(Decimal(minor) / 100, "EUR", locale=locale)
    with reading(app, locale):
        assert filters.money_text(Money(minor, "EUR")) == babel.replace("-", "−")


def test_on_a_page_the_currency_is_quiet_and_zero_too(app: App) -> None:
    with reading(app, "ru"):
        unit = '<span class="money-unit">₽</span>'
        assert filters.money(199000) == f'<span class="money">1{NB}990,00{NB}{unit}</span>'
        assert filters.money(0) == f'<span class="money money-zero">0,00{NB}{unit}</span>'
        assert "+1,00" in filters.money(100, signed=True)
        assert "−1,00" in filters.money(-100, signed=True)
        assert filters.money(None) == filters.NO_VALUE
        assert filters.money(Decimal(199000)) == filters.money(199000)  # type: ignore[arg-type] # as sum() gives


@pytest.mark.parametrize(
    ("locale", "value", "text"),
    [
        ("ru", Decimal("2.50"), f"2,5{NB}%"),
        ("en", Decimal(10), "10%"),
        ("en", -4, "−4%"),
        ("ru", 0, f"0{NB}%"),
    ],
)
def test_percents(app: App, locale: str, value: Decimal | int, text: str) -> None:
    with reading(app, locale):
        assert filters.percent(value) == text


def test_numbers(app: App) -> None:
    with reading(app, "ru"):
        assert filters.number(1234567) == f"1{NB}234{NB}567"
        assert filters.number(Decimal("1.5")) == "1,5"
        assert filters.number(-3) == "−3"
        assert filters.number(None) == filters.percent(None) == filters.NO_VALUE


AT = datetime(2026, 11, 22, 22, 30, 59, tzinfo=UTC)


def test_moments_are_of_the_merchants_zone(app: App) -> None:
    with reading(app, "ru"):
        assert filters.datetime_text(AT) == "23 нояб. 2026, 01:30"
        assert filters.date_text(AT) == "23 нояб. 2026"
        assert filters.date_text(date(2026, 3, 1)) == "1 мар. 2026"
        assert filters.day(AT) == '<time datetime="2026-11-22T22:30:59+00:00">23 нояб. 2026</time>'
        assert "01:30" in filters.moment(AT.replace(tzinfo=None))
    with reading(app, "en"):
        assert filters.date_text(AT) == "Nov 23, 2026"
        for empty in (filters.day(None), filters.moment(None), filters.ago(None)):
            assert empty == filters.NO_VALUE


def test_how_long_ago_is_by_the_scopes_clock(app: App) -> None:
    with reading(app, "ru"), clock.moved_to(datetime(2026, 11, 25, tzinfo=UTC)):
        assert ">2 дня назад<" in filters.ago(AT)
        assert "23 нояб. 2026, 01:30" in filters.ago(AT.replace(tzinfo=None))


def test_names_are_escaped_and_isolated() -> None:
    assert filters.person("<b>\u202eAnna") == "<bdi>&lt;b&gt;\u202eAnna</bdi>"
    assert filters.person("") == filters.NO_VALUE


@pytest.mark.parametrize(
    "address", ["https://a.example/x", "http://a.example", "mailto:a@b.example", "/path?x=1"]
)
def test_safe_addresses_stand(address: str) -> None:
    assert filters.safe_url(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/\\evil",
        "vbscript:x",
        "x",
    ],
)
def test_other_addresses_do_not(address: str | None) -> None:
    assert filters.safe_url(address) == "#"


def test_a_chart_gets_whole_units(app: App) -> None:
    with reading(app, "ru"):
        money = filters.chart_series(("Earned", [199000, None], "money"))
        clicks = filters.chart_series(("Clicks", [3], "number"))
    assert money == {"label": "Earned", "values": [1990, None], "unit": "₽", "past": False}
    assert clicks == {"label": "Clicks", "values": [3], "unit": "", "past": False}
