"""Forms of re-runs: what to look at, drafts of terms, and their publication."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext
from wtforms import BooleanField, HiddenField, IntegerField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from app.programs.forms import ByBuyerField, DomainForm, LevelsForm
from app.web.forms import DayField, Filled, MoneyField, PercentOrMoneyField, RadioField, SelectField

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

DAYS = (
    (30, lazy_gettext("the last 30 days")),
    (90, lazy_gettext("the last 90 days")),
    (365, lazy_gettext("the last 365 days")),
    (0, lazy_gettext("all orders")),
)


class WordsForm(DomainForm):
    """Over how many days older orders are looked at by the words of today."""

    days = SelectField(lazy_gettext("Orders of"), coerce=int, default=90, choices=list(DAYS))


class RateForm(DomainForm):
    """Which old deals get today's rates."""

    since = DayField(lazy_gettext("Deals made since"), [Filled()])
    of = SelectField(lazy_gettext("Of partners"), [Filled()], default="all")
    partners = TextAreaField(lazy_gettext("Only of these partners"), [Length(max=20_000)])

    def offer(self, terms: Iterable[Any], groups: Iterable[Any]) -> RateForm:
        """Offer the sets of terms and the groups."""
        self.of.choices = [
            ("all", lazy_gettext("All partners")),
            *((f"terms:{t.public_id}", t.name) for t in terms),
            *((f"group:{g.public_id}", g.name) for g in groups),
        ]
        return self

    @property
    def refcodes(self) -> list[str]:
        """Partners as they were typed: one a line, or apart by commas."""
        return (self.partners.data or "").replace(",", " ").split()


class DraftForm(LevelsForm):
    """Terms as they might be, and what might earn at all."""

    seen_at = HiddenField()  # when its author looked at what holds

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
    promotional = BooleanField(lazy_gettext("Promotional goods earn"), default=True)
    foreign_coupons = BooleanField(lazy_gettext("Orders with coupons of others earn"), default=True)
    first_orders = IntegerField(
        lazy_gettext("Only the first orders of a customer earn"),
        [Optional(), NumberRange(1, 10_000)],
    )

    @property
    def said(self) -> dict[str, Any]:
        """The terms as services take them, besides the part of bonuses in the base."""
        return {
            "levels": self.rates,
            "levels_by_buyer": self.by_buyer.levels,
            "hold_days": self.hold_days.data,
            "window_days": self.window_days.data,
            "cashback_rate": None if self.cashback.data is None else str(self.cashback.data),
            "cap": None if self.cap.data is None else self.cap.data.minor,
        }

    @property
    def seen(self) -> datetime | None:
        """When its author looked at what holds; None where that is not known."""
        try:
            found = datetime.fromisoformat(self.seen_at.data or "")
        except ValueError:
            return None
        return found if found.tzinfo else None

    @property
    def earning(self) -> dict[str, Any]:
        """What might earn at all."""
        return {
            "promotional": self.promotional.data,
            "foreign_coupons": self.foreign_coupons.data,
            "first_orders": self.first_orders.data,
        }


class UpForm(DomainForm):
    """By which day a draft is brought up to date; empty: by now."""

    day = DayField()


class PublishForm(DomainForm):
    """From when a draft holds, and whether partners are told."""

    when = RadioField(
        lazy_gettext("Holds"),
        validators=[Filled()],
        default="day",
        choices=[
            ("day", lazy_gettext("From the beginning of a day")),
            ("now", lazy_gettext("From now on")),
        ],
    )
    day = DayField(lazy_gettext("Day"))
    inform = BooleanField(
        lazy_gettext("Tell every partner on these terms, with his own figures"), default=True
    )

    @property
    def chosen(self) -> date | None:
        """The day, or None for now."""
        found: date | None = self.day.data if self.when.data == "day" else None
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        """A day is wanted where it is to hold from one."""
        good = bool(super().validate(extra_validators))
        if self.when.data == "day" and self.day.data is None and not self.day.errors:
            self.complain("day", str(lazy_gettext("Type a date.")))
            return False
        return good
