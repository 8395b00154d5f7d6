"""Forms of terms, groups, and of levels wherever they stand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask_babel import gettext, lazy_gettext
from wtforms import (
    BooleanField,
    FieldList,
    HiddenField,
    IntegerField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from app.money import Money, parse_decimal
from app.programs.rules import MOST_LEVELS, Fixed, RateError, parse_rate_typed, write_rate
from app.web.filters import locale_name, money, money_plain, percent
from app.web.forms import (
    Filled,
    Form,
    LocalDateTimeField,
    MoneyField,
    PercentOrMoneyField,
    SelectField,
    SelectMultipleField,
    refuse_bare,
)
from app.web.surroundings import surroundings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from markupsafe import Markup

    from app.errors import DomainError


def shown(levels: Sequence[str | None]) -> list[Markup | str | None]:
    """Return levels as people read them: percents and sums by locale, None where a level falls through."""
    return [None if rate is None else _shown(rate) for rate in levels]


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


class ByBuyerField(TextAreaField):  # type: ignore[misc]
    """Levels for groups of buyers, a group a line: "wholesale: 5 %; 2 %". A dash falls through."""

    levels: dict[str, list[str | None]]

    def pre_validate(self, _form: Any) -> None:
        """Read the lines by the reader's locale. Raises ValidationError that names the line."""
        self.levels = {}
        for line in (self.data or "").splitlines():
            if line.strip():
                name, colon, rates = line.partition(":")
                if not colon or not name.strip():
                    words = gettext("Write a group a line, such as wholesale: 5%; 2%.")
                    raise ValidationError(words)
                self.levels[name.strip()] = [self._rate(each, line) for each in rates.split(";")]

    @staticmethod
    def _rate(text: str, line: str) -> str | None:
        if text.strip() in {"", "-", "—"}:
            return None
        unit = surroundings().currency
        words = gettext("This line cannot be read: %(line)s", line=line.strip())
        try:
            rate = parse_rate_typed(text, locale_name(), unit)
        except RateError as error:
            raise ValidationError(words) from error
        if isinstance(rate, Fixed):
            try:
                refuse_bare(text, Money(rate.minor, unit))
            except ValueError as error:
                told = f"{words}. {error}"
                raise ValidationError(told) from error
        return write_rate(rate, unit)

    @staticmethod
    def written(levels: Mapping[str, Sequence[str | None]]) -> str:
        """Return levels as the reader types them."""
        point = "," if "," in money_plain(Money(15, "RUB")) else "."
        lines = (
            f"{name}: " + "; ".join("-" if r is None else r.replace(".", point) for r in rates)
            for name, rates in levels.items()
        )
        return "\n".join(lines)


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
    """A set of terms. Empty days follow the merchant's settings; the base has neither start nor end."""

    version = HiddenField()
    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=100)])
    hold_days = IntegerField(lazy_gettext("Hold, days"), [Optional(), NumberRange(0, 365)])
    window_days = IntegerField(
        lazy_gettext("A click counts for, days"), [Optional(), NumberRange(1, 3650)]
    )
    shipping = BooleanField(lazy_gettext("Commission is also paid from shipping"))
    tax = BooleanField(lazy_gettext("Tax inside the price belongs to the base"), default=True)
    discount = BooleanField(lazy_gettext("Reckon from prices before the discount"))
    by_buyer = ByBuyerField(lazy_gettext("Levels by the buyer's group"), [Length(max=5000)])
    cashback = PercentOrMoneyField(lazy_gettext("Cashback"))
    cap = MoneyField(lazy_gettext("At most a month, by these terms"))
    valid_from = LocalDateTimeField(lazy_gettext("Holds from"))
    valid_to = LocalDateTimeField(lazy_gettext("Holds until"))
    codes = StringField(lazy_gettext("Codes that lead here"), [Length(max=2000)])
    text = TextAreaField(lazy_gettext("Text of the terms"), [Length(max=50_000)])

    def as_of_base(self) -> TermsForm:
        """Leave out what the base terms cannot have: a start, an end, codes that lead to them."""
        del self.valid_from, self.valid_to, self.codes
        return self

    @property
    def said(self) -> dict[str, Any]:
        """What services take of it, besides the base and the codes."""
        found = {
            "name": self.name.data,
            "text": self.text.data or "",
            "levels": self.rates,
            "levels_by_buyer": self.by_buyer.levels,
            "hold_days": self.hold_days.data,
            "window_days": self.window_days.data,
            "cashback_rate": None if self.cashback.data is None else str(self.cashback.data),
            "cap": None if self.cap.data is None else self.cap.data.minor,
        }
        if self.valid_to is not None:
            found["valid_to"] = self.valid_to.data
            if self.valid_from.data is not None:
                found["valid_from"] = self.valid_from.data
        return found

    @property
    def named_codes(self) -> list[str]:
        """Codes as they were typed: apart by commas or spaces."""
        typed = self.codes.data if self.codes is not None else ""
        return (typed or "").replace(",", " ").split()

    @property
    def seen(self) -> int | None:
        """The version that the reader has seen."""
        said = self.version.data or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 10 else None


class GroupForm(LevelsForm):
    """A partner group."""

    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=100)])
    terms = SelectField(lazy_gettext("Terms"), coerce=int, default=0)
    by_buyer = ByBuyerField(lazy_gettext("Levels by the buyer's group"), [Length(max=5000)])

    def offer(self, terms: Iterable[Any]) -> GroupForm:
        """Offer sets of terms; 0 is none of the group's own."""
        none = (0, lazy_gettext("None of its own"))
        self.terms.choices = [none, *((each.id, each.name) for each in terms)]
        return self

    @property
    def said(self) -> dict[str, Any]:
        """What services take of it."""
        return {
            "name": self.name.data,
            "levels": self.rates,
            "levels_by_buyer": self.by_buyer.levels,
            "terms_id": self.terms.data or None,
        }


class CampaignForm(LevelsForm):
    """A campaign. Scopes are typed as their codes, apart by commas; empty: all."""

    name = StringField(lazy_gettext("Name"), [Filled(), Length(max=100)])
    starts_at = LocalDateTimeField(lazy_gettext("From"))
    ends_at = LocalDateTimeField(lazy_gettext("Until"))
    products = TextAreaField(lazy_gettext("Products"), [Length(max=20_000)])
    categories = TextAreaField(lazy_gettext("Categories"), [Length(max=20_000)])
    groups = SelectMultipleField(
        lazy_gettext("Partner groups"),
        coerce=int,
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )
    partners = TextAreaField(lazy_gettext("Partners"), [Length(max=20_000)])

    def offer(self, groups: Iterable[Any]) -> CampaignForm:
        """Offer the merchant's groups."""
        self.groups.choices = [(group.id, group.name) for group in groups]
        return self

    def listed(self, name: str) -> list[str]:
        """A scope's words: one a line, or apart by commas."""
        text = (self[name].data or "").replace("\n", ",")
        return [word.strip() for word in text.split(",") if word.strip()]
