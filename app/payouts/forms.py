"""Forms about payouts: shape and words."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from app.requisites.forms import KIND_NAMES
from app.web.forms import Filled, Form, MoneyField, Positive, RadioField, SelectField

REASON = 500  # characters
# Events of a payout's life as its history names them.
STEPS = {
    "payout.requested": _l("Asked for"),
    "payout.first_approved": _l("Approved by the first of two people"),
    "payout.approved": _l("Approved"),
    "payout.sending": _l("Sent"),
    "payout.unknown": _l("Arrival unknown"),
    "payout.paid": _l("Paid"),
    "payout.rejected": _l("Rejected"),
    "payout.cancelled": lazy_pgettext("payout", "Withdrawn"),
    "payout.failed": _l("Failed"),
    "partner.details_shown": _l("Payment details shown unmasked"),
    "receipt.wanted": _l("Reminded of a receipt"),
}
ACTORS = {"partner": _l("The partner"), "api": _l("The shop's program"), "system": _l("Partnerka")}


class RequestForm(Form):
    """What a partner asks for."""

    amount = MoneyField(_l("Amount"), [Filled(), Positive()])
    method = SelectField(_l("Method"), [Filled()])


class RecordForm(Form):
    """What the merchant pays, or has paid, without the partner's asking."""

    partner = StringField(_l("Partner's code"), [Filled(), Length(max=128)])
    amount = MoneyField(_l("Amount"), [Filled(), Positive()])
    method = SelectField(_l("Method"), [Filled()])
    what = RadioField(
        _l("What to do"),
        [Filled()],
        choices=[
            ("paid", _l("Record a payment already made")),
            ("requested", _l("Make a request, to be approved and paid")),
        ],
        default="paid",
    )
    reason = StringField(_l("Note"), [Length(max=REASON)])


class ReasonForm(Form):
    """Why the money goes back; the partner reads it."""

    reason = StringField(_l("Reason"), [Filled(), Length(max=REASON)])


class MethodForm(Form):
    """One of the merchant's own ways to pay."""

    name = StringField(_l("Name"), [Filled(), Length(max=60)])
    kind = SelectField(
        _l("Where the money goes"),
        [Filled()],
        choices=list(KIND_NAMES.items()),
        description=_l("Decides what the partner fills in, and how it is checked."),
    )
    hint = TextAreaField(_l("A hint for the partner"), [Length(max=500)])
