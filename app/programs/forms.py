"""Forms of terms, groups, and of levels wherever they stand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext, lazy_gettext
from wtforms import BooleanField, FieldList, HiddenField, IntegerField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from app.money import parse_decimal
from app.programs.rules import MOST_LEVELS
from app.tenants import queries as tenants
from app.web.filters import money, percent
from app.web.forms import Filled, Form, PercentOrMoneyField
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markupsafe import Markup

    from app.errors import DomainError
    from app.programs.queries import Conditions


def shown(levels: Sequence[str | None]) -> list[Markup | str | None]:
    """Return levels as people read them: percents and sums by locale, None where a level falls through."""
    return [None if rate is None else _shown(rate) for rate in levels]


@dataclass(frozen=True)
class Summary:
    """A set of terms for plain sentences: what is paid, from what, when, and for how long a click counts."""

    levels: list[Markup | str | None]
    hold_days: int
    window_days: int
    shipping: bool
    tax: bool
    lifetime: bool


def summary(now: Conditions) -> Summary:
    """Return what people are told of terms; days that the terms leave open are the merchant's."""
    settings = tenants.settings()
    return Summary(
        levels=shown(now.levels),
        hold_days=settings["hold_days"] if now.hold_days is None else now.hold_days,
        window_days=settings["window_days"] if now.window_days is None else now.window_days,
        shipping=now.shipping,
        tax=now.tax,
        lifetime=settings["lifetime"],
    )


def _shown(rate: str) -> Markup | str:
    if rate.endswith("%"):
        return percent(Decimal(rate[:-1]))
    currency = surroundings().currency
    return money(parse_decimal(rate, currency), currency)


def levels_field() -> Any:
    """Return nine rows of rates; an empty row falls through, empty rows at the end are no levels."""
    return FieldList(
        PercentOrMoneyField(),
        lazy_gettext("Levels"),
        min_entries=MOST_LEVELS,
        max_entries=MOST_LEVELS,
    )


class DomainForm(Form):
    """A form that shows what the domain refuses at the fields it names."""

    def tell(self, error: DomainError) -> None:
        """Put each complaint of the domain at its field, or above the form."""
        for each in error.errors:
            name, _dot, place = each.field.partition(".")
            rows = self._fields.get(name)
            if isinstance(rows, FieldList) and place.isdecimal() and int(place) < len(rows):
                entry = rows[int(place)]
                entry.errors = [*entry.errors, each.message]
            else:
                self.complain(name, each.message)
        if not error.errors:
            self.complain("", error.message)


class LevelsForm(DomainForm):
    """Any form with levels: each row has its name."""

    levels = levels_field()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Name the rows; done for each request, in its language."""
        super().__init__(*args, **kwargs)
        for number, entry in enumerate(self.levels, start=1):
            entry.label.text = gettext("Level %(number)s", number=number)

    @property
    def rates(self) -> list[str | None]:
        """The levels as services take them."""
        return [None if entry.data is None else str(entry.data) for entry in self.levels]

    @property
    def open_rows(self) -> int:
        """How many rows stand open: those that say something, and one more, but at least three."""
        said = [n for n, entry in enumerate(self.levels, start=1) if entry.data or entry.errors]
        return min(max([3, *(n + 1 for n in said)]), MOST_LEVELS)


class TermsForm(LevelsForm):
    """A set of terms. Empty days follow the merchant's settings."""

    version = HiddenField()
    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=100)])
    hold_days = IntegerField(lazy_gettext("Hold, days"), [Optional(), NumberRange(0, 365)])
    window_days = IntegerField(
        lazy_gettext("A click counts for, days"), [Optional(), NumberRange(1, 3650)]
    )
    shipping = BooleanField(lazy_gettext("Commission is also paid from shipping"))
    tax = BooleanField(lazy_gettext("Tax inside the price belongs to the base"))
    text = TextAreaField(lazy_gettext("Text of the terms"), [Length(max=50_000)])

    @property
    def seen(self) -> int | None:
        """The version that the reader has seen."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


class GroupForm(LevelsForm):
    """A partner group."""

    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=100)])
