"""Forms of plans, and the words of lines, limits and states."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from babel.numbers import list_currencies
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, StringField
from wtforms.validators import Length, NumberRange, Regexp

from app.money import Money
from app.tariffs.rules import Plan
from app.web.filters import month_text
from app.web.forms import BooleanField, DayField, Filled, Form, MoneyField, Positive, RadioField

if TYPE_CHECKING:
    from app.tariffs.rules import Line

PRICES = ("first_till", "further_till", "integration", "receipt")
COUNTS = ("receipts", "tills", "shops", "members")
_MOST = 10**9

STATES = {
    "free": (_l("No tariff"), "quiet"),
    "trial": (_l("Trial"), "info"),
    "active": (_l("Works"), "good"),
    "unpaid": (_l("Invoice unpaid"), "warn"),
    "stopped": (_l("Read only"), "bad"),
}
INVOICES = {
    "open": (_l("To be paid"), "warn"),
    "paid": (_l("Settled"), "good"),
    "nothing": (_l("Nothing to pay"), "quiet"),
}
ITEMS = {
    "first_till": _l("First till"),
    "further_tills": _l("Further tills"),
    "integration": _l("Integrations"),
    "receipts": _l("Receipts above those included"),
    "later": _l("Receipts of %(month)s that came or were cancelled later"),
    "correction": _l("Correction: %(reason)s"),
}
BARS = {
    "receipts": _l("Receipts with a customer this month"),
    "members": _l("Customers with an account"),
    "tills": _l("Tills"),
    "shops": _l("Shops"),
}


def line_words(line: Line) -> str:
    """Return what a line is for, in words."""
    if line.item == "later":
        return str(ITEMS["later"]) % {"month": month_text(date.fromisoformat(f"{line.about}-01"))}
    if line.item == "correction":
        return str(ITEMS["correction"]) % {"reason": line.about}
    return f"{ITEMS[line.item]} · {line.plan}"


def _price(label: Any, **options: Any) -> MoneyField:
    return MoneyField(label, [Filled()], **options)


def _count(label: Any, **options: Any) -> IntegerField:
    return IntegerField(label, [Filled(), NumberRange(0, _MOST)], **options)


class PlanForm(Form):
    """What a plan says from a day on."""

    code = StringField(
        _l("Short name"),
        [Filled(), Length(max=32), Regexp(r"^[a-z0-9-]+$", message=_l("Small Latin letters, digits and hyphens."))],
        description=_l("Small Latin letters; it never changes."),
    )  # fmt: skip
    name = StringField(_l("Name"), [Filled(), Length(max=60)])
    currency = StringField(_l("Currency"), [Filled(), Length(min=3, max=3)])
    first_till = _price(_l("First till, a month"))
    further_till = _price(_l("Each further till, a month"))
    tills = _count(_l("Tills at most"))
    integration = _price(
        _l("Each integration, a month"),
        description=_l("A connection to the shop's engine; our own channel is none."),
    )
    receipts = _count(
        _l("Receipts with a customer included with each till"),
        description=_l("A shop without tills has those of one."),
    )
    receipt = _price(_l("Each receipt above"))
    members = _count(_l("Customers with an account"))
    shops = _count(_l("Shops"))
    cancelled = BooleanField(_l("Receipts that were cancelled count too"))
    offered = BooleanField(_l("Merchants may choose it"), default=True)

    @classmethod
    def of(cls, plan: Plan, *, offered: bool) -> PlanForm:
        """Return the form as a plan is now."""
        data: dict[str, Any] = plan.to_json() | {"offered": offered}
        data |= {name: Money(data[name], plan.currency) for name in PRICES}
        form = cls(formdata=None, data=data)
        return form.in_currency(plan.currency)

    def in_currency(self, currency: str) -> PlanForm:
        """Let prices be read and shown in this currency."""
        for name in PRICES:
            self[name].own_currency = currency
        return self

    def validate(self, extra_validators: Any = None) -> bool:
        """Look also at the currency."""
        good = super().validate(extra_validators)
        if self.currency.data not in list_currencies():
            self.complain("currency", gettext("We do not know this currency."))
            return False
        return good

    def said(self) -> Plan:
        """Return what was typed."""
        data = self.data
        counts = {name: data[name] for name in COUNTS}
        prices = {name: data[name].minor for name in PRICES}
        return Plan(
            code=data["code"], name=data["name"].strip(), currency=data["currency"],
            cancelled=bool(data["cancelled"]), **counts, **prices,
        )  # fmt: skip


class SwitchForm(Form):
    """Whether there are tariffs."""

    on = BooleanField(
        _l("Merchants pay for this installation"),
        description=_l(
            "Who opens an account then has fourteen days with everything on. Off: nobody is asked for anything."
        ),
    )


class ChooseForm(Form):
    """Which plan."""

    plan = RadioField(_l("Plan"), [Filled()])


class ExtendForm(Form):
    """Until when a merchant may go on."""

    until = DayField(
        _l("Works until"),
        [Filled()],
        description=_l("Up to and with this day, whatever is unpaid."),
    )

    def moment(self, zone: str) -> datetime:
        """Return the end of the day in the merchant's zone."""
        return datetime.combine(self.until.data, time.max, ZoneInfo(zone))


class CorrectForm(Form):
    """What is taken off an invoice."""

    amount = MoneyField(_l("Take off"), [Filled(), Positive()])
    reason = StringField(
        _l("Why"), [Filled(), Length(max=200)], description=_l("Stands in the invoice.")
    )
