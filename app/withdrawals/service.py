"""Ask for bonuses as money, decide, take back. Each verb locks the customer's bonuses first, and once is once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock
from app.bonuses import queries as bonuses
from app.bonuses import service as wallet
from app.conversions import queries as purses
from app.conversions import service as conversions
from app.conversions.rules import Refusal, Way, refusal
from app.earnings import service as earnings
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events import service as events
from app.extensions import db
from app.lifecycle import IllegalTransition
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.payouts.rules import cools
from app.profiles.rules.values import rate
from app.tenancy import public_id
from app.tenants.queries import refuse_in_shadow, setting
from app.withdrawals import queries
from app.withdrawals.models import Withdrawal
from app.withdrawals.rules import LIFECYCLE, State, Terms, fee_of, strictest

if TYPE_CHECKING:
    from app.earnings.service import Asked
    from app.partners.models import Partner
    from app.payouts.models import PayoutMethod
    from app.tenants.models import Tenant

NEVER = datetime(
    9999, 1, 1, tzinfo=UTC
)  # bonuses that are asked for are held until somebody decides


def terms_now(merchant: Tenant, partner: Partner, amount: int, method: str) -> Terms | None:
    """Return the terms of a withdrawal as rules say now; None: no rule that holds is met."""
    return _terms(_ask(merchant, partner, amount, method, None))


def request(
    merchant: Tenant, partner: Partner, amount: int, method: str, key: str, by: str
) -> Withdrawal:
    """Ask for `amount` bonuses (minor units) as money by a payout method; they are held from now on.

    Once by `key`. Raises DomainError (422) on "amount" or "method" for what program or rules do not
    let, Conflict while the partner's money is stopped or another request waits.
    """
    refuse_in_shadow()
    member_id = _open_to(partner)
    wallet.bring_up([member_id])
    found = db.session.scalar(select(Withdrawal).where(Withdrawal.key == key))
    if found is not None:
        return found
    if queries.open_of(partner.id) is not None:
        raise Conflict("open_withdrawal", _("There is an open request already."))
    _known_method(method)
    why = refusal(Way.TO_MONEY, amount, purses.purse(partner), bonuses.program())
    if why is not None:
        raise _refused(str(conversions.WORDS[why]), why.value)
    name, now = public_id("wd"), clock.now()
    asked = _ask(merchant, partner, amount, method, name)
    terms = _terms(asked)
    if terms is None:
        raise _refused(_not_met(asked))
    if amount < terms.minimum:
        raise _refused(str(conversions.WORDS[Refusal.BELOW_MINIMUM]), Refusal.BELOW_MINIMUM.value)
    fee = fee_of(amount, terms)
    if fee >= amount:
        raise _refused(_("Nothing would be left after the fee."))
    made = Withdrawal(
        public_id=name,
        key=key,
        partner_id=partner.id,
        member_id=member_id,
        amount=amount,
        fee=fee,
        method=method,
        state=State.REQUESTED.value,
        ripe_at=now + timedelta(days=terms.hold_days),
        requested_at=now,
        requested_by=by,
    )
    db.session.add(made)
    db.session.flush()
    wallet.hold(member_id, amount, made.reference, NEVER)
    _tell("requested", made)
    return made


def cancel(withdrawal_id: int, partner_id: int, by: str) -> Withdrawal:
    """Let the partner take the request back while nobody has decided on it. Others': NotFound."""
    if _found(withdrawal_id).partner_id != partner_id:
        raise NotFound
    return _let_go(withdrawal_id, "cancel", by, None)


def reject(withdrawal_id: int, reason: str, by: str) -> Withdrawal:
    """Refuse, with a reason that the partner reads; the bonuses are available again."""
    if not reason.strip():
        words = _("Say why: the partner will read it.")
        raise DomainError("reason_missing", words, FieldError("reason", words))
    payouts.refuse_own(payouts.find_partner(_found(withdrawal_id).partner_id), by)
    return _let_go(withdrawal_id, "reject", by, reason.strip())


def approve(withdrawal_id: int, by: str) -> Withdrawal:
    """Agree: the held bonuses become money, and a payout of it, approved as well, goes on at the payout desk.

    Where the platform pays by itself there is no payout to make. Raises Conflict (409) in another state,
    before the days are over that a rule asks for, while bonuses are owed, and for whatever keeps a
    payout from being made or approved.
    """
    made = _locked(withdrawal_id)
    partner = payouts.find_partner(made.partner_id)
    payouts.refuse_own(partner, by)
    _allowed(made, "approve")
    if clock.now() < made.ripe_at:
        raise Conflict("not_ripe", _("A rule asks to wait some days before this is approved."))
    if bonuses.balance(made.member_id).debt:
        raise Conflict("debt", str(conversions.WORDS[Refusal.DEBT]))
    key = f"withdrawal:{made.public_id}"
    conversions.withdraw_held(partner, made.reference, made.amount, made.net, key)
    payout_id = None
    if not payout_queries.by_platform():
        payout = payouts.request_for(partner.id, made.net, made.method, by)
        payout_id = payouts.approve(payout.id, by).id
    _change(made, "approve", by, payout_id=payout_id)
    _tell("approved", made, net=made.net)
    return made


def _open_to(partner: Partner) -> int:
    """Return the customer who the partner is; raises for whom this is not open."""
    if not setting("loyalty"):
        raise _refused(str(conversions.WORDS[Refusal.LOYALTY_OFF]))
    if partner.member_id is None:
        raise _refused(str(conversions.WORDS[Refusal.NO_ACCOUNT]))
    if partner.status != "active":
        raise Conflict("partner_not_active", _("This waits until the account is active."))
    if partner.details_frozen_at is not None:
        raise Conflict(
            "details_frozen", _("Your payment details are being checked; please ask the shop.")
        )
    return partner.member_id


def _ask(merchant: Tenant, partner: Partner, amount: int, method: str, name: str | None) -> Asked:
    verified = is_verified(partner, method)
    member_id = partner.member_id or 0
    return earnings.withdrawal(merchant, member_id, amount, verified=verified, name=name)


def is_verified(partner: Partner, method: str) -> bool:
    """Tell whether the partner's details for a method are there, past their waiting, and not in doubt."""
    known = dict(payouts.kept(partner).items())
    settled = cools(partner.details_usable_at, clock.now()) is None
    return method in known and settled and partner.details_frozen_at is None


def _terms(asked: Asked) -> Terms | None:
    if not asked.rules:
        return Terms()
    if not asked.terms:
        return None
    return strictest(
        [
            Terms(
                minimum=said.get("minimum", 0),
                fee=rate(said.get("fee", "0/1")),
                hold_days=said.get("hold_days", 0),
            )
            for said in asked.terms
        ]
    )


def _not_met(asked: Asked) -> str:
    names = ", ".join(asked.rules)
    return str(_("The shop's rules do not let this yet: %(rules)s.", rules=names))


def _known_method(code: str) -> PayoutMethod:
    found = next((one for one in payout_queries.methods() if one.code == code), None)
    if found is None:
        words = _("There is no such payout method.")
        raise DomainError("unknown_method", words, FieldError("method", words))
    return found


def _refused(words: str, code: str = "invalid") -> DomainError:
    return DomainError(code, words, FieldError("amount", words))


def _found(withdrawal_id: int) -> Withdrawal:
    found = db.session.scalar(select(Withdrawal).where(Withdrawal.id == withdrawal_id))
    if found is None:
        raise NotFound
    return found


def _locked(withdrawal_id: int) -> Withdrawal:
    """Return a request as it stands under the lock of its customer's bonuses."""
    found = _found(withdrawal_id)
    wallet.bring_up([found.member_id])
    db.session.refresh(found)
    return found


def _let_go(withdrawal_id: int, action: str, by: str, reason: str | None) -> Withdrawal:
    made = _locked(withdrawal_id)
    _change(made, action, by, reason=reason)
    wallet.void(made.reference)
    _tell(made.state, made, reason=reason)
    return made


def _allowed(made: Withdrawal, action: str) -> State:
    try:
        return State(LIFECYCLE.next(State(made.state), action))
    except IllegalTransition:
        raise Conflict(
            "withdrawal_state", _("This request is not in a state that allows this.")
        ) from None


def _change(made: Withdrawal, action: str, by: str, **columns: Any) -> None:
    new = _allowed(made, action)
    db.session.execute(
        update(Withdrawal)
        .where(Withdrawal.id == made.id, Withdrawal.state == State.REQUESTED.value)
        .values(state=new.value, decided_at=clock.now(), decided_by=by, **columns)
        .execution_options(synchronize_session=False)
    )
    db.session.refresh(made)


def _tell(what: str, made: Withdrawal, **facts: Any) -> None:
    said = {"withdrawal": made.public_id, "partner_id": made.partner_id, "amount": made.amount}
    said |= {"fee": made.fee, "currency": payout_queries.currency(), **facts}
    events.record(f"withdrawal.{what}", f"withdrawal:{made.id}", **said)
