"""Forms of the prepaid balance: an invoice, what came for it, and whom it is paid to."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext, lazy_pgettext
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField, ValidationError
from wtforms.validators import Length

from app.billing.rules import Requisites
from app.money import MoneyError, plain_number
from app.requisites.service import words
from app.web.filters import locale_name
from app.web.forms import Filled, Form, MoneyField, Positive, TypedField

LINES = ("name", "inn", "kpp", "address", "bank", "bik", "account", "correspondent", "note")


class TopUpForm(Form):
    """How much is to be paid in."""

    amount = MoneyField(
        _l("Sum"),
        [Filled(), Positive()],
        description=_l("An invoice is made over it; the balance grows when the money has come."),
    )


class ReceivedForm(Form):
    """What came for an invoice."""

    received = MoneyField(
        _l("Received"),
        [Filled(), Positive()],
        description=_l("As it came, be it more or less than the invoice says."),
    )
    payment = StringField(
        _l("Number of the payment"),
        [Length(max=128)],
        description=_l("As the bank's statement names it."),
    )

    @classmethod
    def of(cls, currency: str, **data: Any) -> ReceivedForm:
        """Return the form in the invoice's own currency."""
        form = cls(data=data)
        form.received.own_currency = currency
        return form


class PercentField(TypedField):
    """Per cents; data is a Decimal."""

    inputmode = "decimal"

    def read(self, text: str) -> Decimal:
        """Per cents as people of the locale write them."""
        try:
            value = Decimal(plain_number(text.removesuffix("%").strip(), locale_name()))
        except (MoneyError, InvalidOperation) as error:
            raise ValueError(gettext("Type percents such as 10%.")) from error
        if -int(value.as_tuple().exponent) > 3:
            raise ValueError(gettext("Percents have up to three decimals."))
        return value

    def write(self, value: Decimal) -> str:
        """Per cents without the sign."""
        return format(value.normalize(), "f")


class BackForm(Form):
    """What of an invoice was sent back to the merchant."""

    amount = MoneyField(
        _l("Sent back"),
        [Filled(), Positive()],
        description=_l(
            "At most what came for the invoice and is left on the balance. Once an invoice."
        ),
    )

    @classmethod
    def of(cls, currency: str, **data: Any) -> BackForm:
        """Return the form in the invoice's own currency."""
        form = cls(data=data)
        form.amount.own_currency = currency
        return form


class RateForm(Form):
    """The platform's fee."""

    rate = PercentField(
        _l("Fee of a settled payout, per cent"),
        [Filled()],
        description=_l("Of the sum before the fee. It holds for payouts funded from now on."),
    )


class RequisitesForm(Form):
    """Whom merchants pay their top-ups to."""

    name = StringField(_l("Payee"), [Filled(), Length(max=160)])
    inn = StringField(_l("INN"))
    kpp = StringField(_l("KPP"))
    address = StringField(_l("Address"))
    bank = StringField(_l("Bank"), [Length(max=160)])
    bik = StringField(_l("BIC of the bank"))
    account = StringField(lazy_pgettext("bank", "Account"), [Filled(), Length(max=34)])
    correspondent = StringField(_l("Correspondent account"))
    note = TextAreaField(
        _l("Note under the invoice"),
        [Length(max=500)],
        description=_l("For example: without VAT."),
    )

    def validate(self, extra_validators: Any = None) -> bool:
        """Look also at the numbers: each holds by itself, and the account with its bank."""
        good = super().validate(extra_validators)
        for name, problem in self.said().problems().items():
            if not self[name].errors:
                self.complain(name, words(problem))
                good = False
        return good

    def said(self) -> Requisites:
        """Return what was typed."""
        return Requisites(**{name: (self[name].data or "").strip() for name in LINES})


def refuse_rate(_form: Form, field: PercentField) -> None:
    """Refuse a rate that no merchant could bear. Raises ValidationError."""
    if field.data is not None and not 0 <= field.data <= 50:
        raise ValidationError(gettext("Between 0 and 50 per cent."))


KINDS = {
    "top_up": _l("Top-up"),
    "top_up_returned": _l("Given back to you"),
    "funding": _l("For a payout"),
    "funding_returned": _l("A payout came back"),
}
STATES = {
    "open": (_l("Waits for the money"), "warn"),
    "paid": (_l("Paid in"), "good"),
    "withdrawn": (_l("Invoice withdrawn"), "quiet"),
}
