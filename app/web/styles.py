"""The living page of styles, /dev/ui: every macro with made-up content. Not in production."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Response, flash, request
from flask_babel import gettext, lazy_gettext
from sqlalchemy import column
from werkzeug.datastructures import MultiDict
from wtforms import StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Email

from app import clock
from app.money import Money
from app.web.forms import (
    BooleanField,
    DayField,
    Filled,
    Form,
    LocalDateTimeField,
    MoneyField,
    PercentOrMoneyField,
    Positive,
    RadioField,
    SelectField,
)
from app.web.menu import Line
from app.web.pages import page, see_other
from app.web.surroundings import surround
from app.web.tables import Asked, Column, Empty, Filter, Table, View

blueprint = Blueprint("dev", __name__, url_prefix="/dev")
NAMES = (
    "Анна Соколова",
    "Борис Лунин",
    "Vera Olsen",
    "Гульнара Тахирова",
    "Пётр Великодворский",
    "مها السعيد",
)
STATES = ("requested", "approved", "sending", "paid", "rejected", "failed")


class Sample(Form):
    """One of each control."""

    name = StringField(lazy_gettext("Name"), validators=[Filled()])
    email = StringField(lazy_gettext("E-mail"), validators=[Filled(), Email()])
    amount = MoneyField(lazy_gettext("Minimum payout"), validators=[Filled(), Positive()])
    rate = PercentOrMoneyField(
        lazy_gettext("Rate"), description=lazy_gettext("Percents, or a sum for each order")
    )
    ends_at = LocalDateTimeField(lazy_gettext("Ends at"))
    since = DayField(lazy_gettext("Since"))
    method = SelectField(
        lazy_gettext("Method"),
        choices=[SelectChoice("bank", lazy_gettext("Bank")), SelectChoice("card", "Card")],
    )
    click = RadioField(
        lazy_gettext("Which click wins"),
        choices=[
            SelectChoice("first", lazy_gettext("First")),
            SelectChoice("last", lazy_gettext("Last")),
        ],
        default="last",
    )
    notes = TextAreaField(lazy_gettext("Notes"))
    automatic = BooleanField(lazy_gettext("Approve at once"))


class Note(Form):
    """A form that htmx sends."""

    note = StringField(lazy_gettext("Note"), validators=[Filled()])


PAYOUTS = Table(
    name="sample",
    caption=lazy_gettext("Payouts"),
    columns=(
        Column("number", lazy_gettext("Number"), render="code", main=True, href=lambda _row: "#"),
        Column("partner", lazy_gettext("Partner"), render="name", sort=column("partner")),
        Column("state", lazy_gettext("State"), render="badge"),
        Column(
            "asked", lazy_gettext("Requested"), render="datetime", sort=column("asked"), quiet=True
        ),
        Column("rate", lazy_gettext("Rate"), render="percent", end=True, quiet=True),
        Column("amount", lazy_gettext("Amount"), render="money", sort=column("amount"), end=True),
    ),
    key=column("id"),
    default="-asked",
    empty=Empty(
        lazy_gettext("Nothing yet"), lazy_gettext("What partners ask for appears here."), "cash"
    ),
    filters=(
        Filter(
            "state",
            lazy_gettext("State"),
            [(s, s) for s in STATES],
            lambda statement, _v: statement,
        ),
    ),
    search=lambda statement, _q: statement,
    search_label=lazy_gettext("Name or number"),
)


def _row(n: int) -> dict[str, Any]:
    return {
        "number": f"po_{n:04d}",
        "partner": NAMES[n % len(NAMES)],
        "state": STATES[n % len(STATES)],
        "asked": clock.now() - timedelta(hours=7 * n),
        "rate": Decimal(n % 15) / 2,
        "amount": Money([199000, 1234567, -45050, 0, 8900, 123456789][n % 6], "RUB"),
    }


def _rows(asked: Asked) -> list[dict[str, Any]]:
    """Eight made-up rows, narrowed and sorted as a statement would be."""
    rows = [_row(n) for n in range(8)]
    rows = [r for r in rows if asked.filters.get("state", r["state"]) == r["state"]]
    rows = [r for r in rows if asked.search.casefold() in r["partner"].casefold()]
    key = asked.sort.removeprefix("-")
    return sorted(rows, key=lambda r: r[key], reverse=asked.sort.startswith("-"))


def _stand() -> None:
    """Stand in a made-up merchant's office."""
    surround(
        audience="office", brand="Lampa", person_name="Анна Соколова", timezone="Europe/Moscow"
    )


def _menu(_audience: str) -> tuple[Line, ...]:
    below = tuple(Line(t, "", "#", current=t == "Orders") for t in ("Orders", "Deals", "Products"))
    tops = [
        ("Partners", "users"),
        ("Accruals", "coins"),
        ("Payouts", "cash"),
        ("Settings", "settings"),
    ]
    return (
        Line("Overview", "layout-dashboard", "#", current=False),
        Line("Sales", "shopping-cart", None, current=True, lines=below),
        *(Line(text, icon, "#", current=False) for text, icon in tops),
    )


def _context(form: Sample) -> dict[str, Any]:
    asked = PAYOUTS.ask(request.args)
    days = [date(2026, 10, 24) + timedelta(days=n) for n in range(30)]
    return {
        "menu": _menu,
        "form": form,
        "note": Note(formdata=None),
        "payouts": View(PAYOUTS, asked, _rows(asked), 10_001, {}, next="x"),
        "nothing": View(
            replace(PAYOUTS, name="nothing", caption=gettext("Nothing")),
            PAYOUTS.ask(MultiDict()),
            [],
            0,
        ),
        "days": days,
        "clicks": [40 + (n * 37) % 60 + n for n in range(30)],
        "earned": [(90000 + (n * 53129) % 70000) for n in range(30)],
        "money": SimpleNamespace(
            plus=Money(1234567, "RUB"), minus=Money(-45050, "RUB"), zero=Money(0, "RUB")
        ),
        "now": clock.now(),
    }


@blueprint.get("/ui")
def ui() -> Response:
    """Show everything."""
    _stand()
    if "toast" in request.args:
        flash(gettext("Saved."), "success")
    return page("web/styles.html", "_table.html", **_context(Sample(formdata=None)))


@blueprint.post("/ui")
def send() -> Response:
    """Check the sample form, so that its complaints can be seen."""
    _stand()
    form = Sample()
    if form.validate():
        return see_other("dev.ui", message=gettext("Saved."), undo="/dev/ui")
    return page("web/styles.html", status=422, **_context(form))


@blueprint.post("/ui/note")
def note() -> Response:
    """Take a note; a refused one comes back as the form alone."""
    _stand()
    form = Note()
    if form.validate():
        return see_other("dev.ui", message=gettext("Noted."))
    context = _context(Sample(formdata=None)) | {"note": form}
    return page("web/styles.html", "_note.html", status=422, **context)
