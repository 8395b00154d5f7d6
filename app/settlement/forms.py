"""Who pays partners, who bears the fee, and what the merchant wants to be told; words for the queue."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from app.settlement.rules import Out, Wait
from app.tenants.rules import PURSE
from app.web.forms import Filled, Form, MoneyField, RadioField

WAITS = {
    Wait.TURN: (_l("Is paid now"), "good"),
    Wait.FUNDS: (_l("Waits for a top-up"), "warn"),
    Wait.CAP: (_l("The month's cap is reached"), "warn"),
}
OUTS = {
    Out.OPEN_PAYOUT: _l("A payout is under way"),
    Out.INACTIVE: _l("The partner is not active"),
    Out.BELOW_MINIMUM: _l("Less than the smallest payout"),
    Out.NO_DETAILS: _l("No payment details"),
    Out.FROZEN: _l("Details frozen: a change was disowned"),
    Out.COOLING: _l("The payment details are new"),
    Out.PAPERS: _l("A paper is missing"),
    Out.CAME_BACK: _l("The last payout came back"),
}


# The same as the partner reads it of himself.
OWN_WAITS = {
    Wait.TURN: _l("You are paid next; it takes minutes."),
    Wait.FUNDS: _l("It waits for the shop to top up its balance."),
    Wait.CAP: _l("The shop pays no more by itself this month; it waits for the next."),
}
OWN_OUTS = {
    Out.OPEN_PAYOUT: _l("A payout is on its way; the next one follows it."),
    Out.INACTIVE: _l("Your account is not active now. What you have earned stays yours."),
    Out.BELOW_MINIMUM: _l("It is paid when the smallest payout is reached."),
    Out.NO_DETAILS: _l("Say where the money goes: it is paid by itself then."),
    Out.FROZEN: _l(
        "A change of your payment details was not yours: nothing is sent before the shop has spoken with you."
    ),
    Out.COOLING: _l("Your payment details are new; for safety they are used a day later."),
    Out.PAPERS: _l("A paper is missing that the shop asks for before it pays: see Documents."),
    Out.CAME_BACK: _l(
        "The last payout came back. Check your payment details, or write to the shop."
    ),
}


class SettlementForm(Form):
    """The merchant's choice."""

    settlement = RadioField(
        _l("Partners are paid"),
        [Filled()],
        choices=[
            ("own", _l("by you: they ask, you approve and pay, and there is no fee")),
            ("platform", _l("by the platform, by itself, from the balance that you pay in")),
        ],
    )
    fee_paid_by = RadioField(
        _l("The platform's fee is borne"),
        [Filled()],
        choices=[
            ("partner", _l("by the partner: it is kept back of the payout")),
            ("merchant", _l("by you: it is taken from the balance beside the payout")),
        ],
    )
    payout_cap = MoneyField(
        _l("At most a month is paid by itself"),
        description=_l("Whoever comes after waits until the next month. Empty: no cap."),
    )
    low_balance = MoneyField(
        _l("Tell me when the balance falls below"),
        description=_l("Whoever minds the money gets a letter. Empty: nobody is told."),
    )
    spending_alarm = MoneyField(
        _l("Tell me when the month's commissions reach"),
        description=_l(
            "At 80 and at 100 per cent of what the month's orders earn, those not paid yet included. "
            "Empty: nobody is told."
        ),
    )

    @property
    def said(self) -> dict[str, Any]:
        """The settings; sums in minor units."""
        found: dict[str, Any] = {n: self[n].data for n in ("settlement", "fee_paid_by")}
        for name in PURSE:
            found[name] = None if self[name].data is None else self[name].data.minor
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        """Refuse sums that would tell at once and always."""
        good = super().validate(extra_validators)
        for name in ("low_balance", "spending_alarm"):
            if self[name].data is not None and self[name].data.minor <= 0:
                self.complain(name, str(_l("The sum must be above zero.")))
                good = False
        return good


class FailureForm(Form):
    """Why a payout came back; the partner reads it."""

    reason = StringField(_l("Reason"), [Filled(), Length(max=500)])
