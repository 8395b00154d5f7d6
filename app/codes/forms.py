"""Forms of codes: what a code is good for, the pattern of new ones, and "I have a code"."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, IntegerField, StringField
from wtforms.validators import Length, NumberRange, Optional

from app.codes.rules import MOST_USES, Conditions
from app.codes.service.making import GIVES, NOTE
from app.codes.service.many import MOST
from app.programs.forms import DomainForm
from app.web.forms import DayField, Filled, SelectField
from app.web.locale import zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


class ConditionsForm(DomainForm):
    """From when until when, for how many orders and where a code holds."""

    starts = DayField(_l("From"), description=_l("Empty: from the start."))
    ends = DayField(_l("Until"), description=_l("That day is included. Empty: without an end."))
    limit = IntegerField(
        _l("Orders, at most"),
        [Optional(), NumberRange(1, MOST_USES)],
        description=_l(
            "Orders made from now on count; cancelled ones make room. Empty: any number."
        ),
    )
    shop = SelectField(_l("Shop"), coerce=int, default=0)
    gives = StringField(
        _l("What the buyer gets"),
        [Length(max=GIVES)],
        description=_l("In your words, such as “10% off the first order”. Buyers see it."),
    )
    note = StringField(_l("Note"), [Length(max=NOTE)], description=_l("Only you see it."))

    def offer(self, shops: Sequence[Any]) -> ConditionsForm:
        """Offer the shops; 0 is every one."""
        self.shop.choices = [(0, _l("Every shop")), *((each.id, each.name) for each in shops)]
        return self

    def conditions(self, before: Conditions) -> Conditions:
        """Return what was typed; a day that was not touched keeps its very moment."""
        ends = self.ends.data
        return Conditions(
            starts=before.starts
            if self.starts.data == _day(before.starts)
            else self.starts.starts_at,
            ends=before.ends if ends == last_day(before.ends) else _midnight_after(self.ends),
            limit=self.limit.data,
            shop_id=self.shop.data or None,
            off=before.off,
        )

    @staticmethod
    def said(code: Any, known: Conditions) -> dict[str, Any]:
        """Return what the form shows of a code."""
        return {
            "starts": _day(known.starts),
            "ends": last_day(known.ends),
            "limit": known.limit,
            "shop": known.shop_id or 0,
            "gives": code.gives,
            "note": code.note,
        }


class NewCodeForm(ConditionsForm):
    """A code for a partner."""

    partner = StringField(_l("Partner"), [Filled(), Length(max=60)])
    code = StringField(
        _l("Code"),
        [Length(max=160)],
        description=_l("Empty: one is made by your pattern."),
        render_kw={"autocomplete": "off"},
    )


class ManyForm(ConditionsForm):
    """Many codes for a partner, by a pattern."""

    partner = StringField(_l("Partner"), [Filled(), Length(max=60)])
    number = IntegerField(_l("How many"), [Filled(), NumberRange(1, MOST)], default=100)
    pattern = StringField(
        _l("Pattern"), [Filled(), Length(max=60)], render_kw={"autocomplete": "off"}
    )


class PatternForm(DomainForm):
    """How new codes look."""

    pattern = StringField(_l("Pattern"), [Filled(), Length(max=60)])


class TypedForm(DomainForm):
    """A code and by what the customer is known. `company` is a trap: people do not see it."""

    code = StringField(
        _l("Code"), [Filled(), Length(max=100)], render_kw={"autocapitalize": "characters"}
    )
    contact = StringField(_l("E-mail or phone"), [Filled(), Length(max=254)])
    consent = BooleanField(_l("The shop may keep this to remember my code"), [Filled()])
    company = StringField(_l("Leave this empty"))
    seen = HiddenField()

    @property
    def is_trap_sprung(self) -> bool:
        """Whether the field that people do not see was filled in."""
        return bool(self.company.data)


def last_day(ends: datetime | None) -> date | None:
    """Return the last day on which something holds that ends at a moment, in the merchant's zone."""
    return None if ends is None else (ends - timedelta(microseconds=1)).astimezone(zone()).date()


def _day(starts: datetime | None) -> date | None:
    return None if starts is None else starts.astimezone(zone()).date()


def _midnight_after(field: DayField) -> datetime | None:
    if field.data is None:
        return None
    following = field.data + timedelta(days=1)
    return datetime.combine(following, time(), tzinfo=zone()).astimezone(UTC)
