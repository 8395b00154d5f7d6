"""Decide on a payout, pay it, give it back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app import clock, sql
from app.errors import Conflict, NotFound
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import Move, available, debt, reserved
from app.lifecycle import IllegalTransition
from app.papers import service as papers
from app.payouts import queries, rules
from app.payouts.models import Payout
from app.payouts.rules import LIFECYCLE, State
from app.payouts.service import consenting
from app.payouts.service.gate import refuse_blocked, refuse_frozen, refuse_leaving, refuse_own
from app.payouts.service.requests import (
    find_partner,
    lock,
    record,
    wrong,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.partners.models import Partner
    from app.payouts.rules import Charges


def approve(payout_id: int, by: str) -> Payout:
    """Agree to pay; the tax that the merchant withholds is kept back from now on.

    Above the merchant's limit of one person the first approval is noted, and the payout waits for
    another person's. Raises Forbidden for one's own and for the same person twice, Conflict (409) in
    another state, with debt standing, or for a partner who is blocked or whose details are in doubt.
    """
    consenting.in_turn()
    payout, standing = _locked(payout_id)
    partner = find_partner(payout.partner_id)
    refuse_own(partner, by)
    if LIFECYCLE.allows(State(payout.state), "approve"):
        _refuse_unfit(payout, partner, standing)
        found = consenting.consent_to(payout, by)
        if found is rules.Consent.REFUSED:
            raise consenting.refuse_same()
        if found is rules.Consent.FIRST:
            payout.first_approved_by, payout.first_approved_at = by, clock.now()
            db.session.flush()
            record("first_approved", payout)
            return payout
    withheld = papers.withheld_from({partner.id: payout.amount}, payout.currency)[partner.id]
    kept = {"withheld": min(withheld, payout.amount - payout.fee)} if withheld else {}
    _change(payout, "approve", decided_by=by, approved_by=by, approved_at=clock.now(), **kept)
    record("approved", payout)
    return payout


def _refuse_unfit(payout: Payout, partner: Partner, standing: Mapping[str, int]) -> None:
    """Raise Conflict for what cannot be approved by anybody now."""
    if payout.run_id is not None:
        words = _(
            "This payout is part of a pay run: it is approved with the run, or taken out of it."
        )
        raise Conflict("part_of_run", words)
    refuse_blocked(partner)
    refuse_frozen(partner.id)
    if rules.may_approve(standing[debt(partner.id)]):
        words = _("The partner owes money after a return; it must be repaid before a payout.")
        raise Conflict("debt", words)


def reject(payout_id: int, reason: str, by: str) -> Payout:
    """Refuse to pay, with a reason the partner sees; the money is available again, debt repaid first."""
    if not reason.strip():
        raise wrong("reason", "reason_missing", _("Say why: the partner will read it."))
    return _give_back(payout_id, "reject", by, reason.strip())


def cancel(payout_id: int, partner_id: int, by: str) -> Payout:
    """Let the partner take the request back while nobody has decided on it. Others' payouts: NotFound."""
    payout = db.session.scalar(
        select(Payout).where(Payout.id == payout_id, Payout.partner_id == partner_id)
    )
    if payout is None:
        raise NotFound
    return _give_back(payout_id, "cancel", by, None)


def send(payout_id: int, by: str, *, platform: bool = False) -> Payout:
    """Note that the transfer is under way; the money stays reserved.

    Raises Conflict (409) for what may not leave: a paper is missing, or the details are in doubt.
    """
    return _note(payout_id, "send", "sending", by, platform=platform)


def lose(payout_id: int, by: str, *, platform: bool = False) -> Payout:
    """Note that nobody knows whether the money arrived. Nothing but a person's word leads out of it."""
    return _note(payout_id, "lose", "unknown", by, platform=platform)


def charge(charges: Mapping[int, Charges]) -> None:
    """Set what is kept back of open payouts, in one statement; those that are over keep theirs.

    Called at approval by whoever knows the fee or the tax, with the partners' balances locked.
    """
    rows = [
        {"id": number, "fee": each.fee, "withheld": each.withheld}
        for number, each in sorted(charges.items())
    ]
    if rows:
        sql.send(_CHARGE, {"rows": sql.recordset(rows)})
        db.session.expire_all()


_CHARGE = """
UPDATE payout p SET fee = r.fee, withheld = r.withheld
FROM json_to_recordset(%(rows)s) AS r(id bigint, fee bigint, withheld bigint)
WHERE p.id = r.id AND p.ended_at IS NULL
"""


def pay(payout_id: int, by: str, *, platform: bool = False) -> Payout:
    """Mark as paid: the reserved money leaves.

    Raises Conflict (409) in another state, and for what may not leave (see `gate.refuse_leaving`).
    `platform`: it is the platform that says so, of a payout which the prepaid balance pays.
    """
    payout, _standing = _locked(payout_id, platform=platform)
    refuse_leaving(payout)
    now = clock.now()
    _change(payout, "pay", decided_by=by, ended_at=now)
    moves = rules.leaving(payout.id, payout.partner_id, payout.amount, payout.charges)
    ledger.post(f"payout:{payout.id}:paid", moves, payout.currency)
    record("paid", payout, advance=0)
    return payout


def fail(payout_id: int, reason: str, by: str, *, platform: bool = False) -> Payout:
    """Mark as failed: the transfer came back; the money is available again, debt repaid first.

    Raises Forbidden for one's own: who got the money could have it twice.
    """
    refuse_own(_payee(payout_id), by)
    return _give_back(payout_id, "fail", by, reason.strip() or None, platform=platform)


def _give_back(
    payout_id: int, action: str, by: str, reason: str | None, *, platform: bool = False
) -> Payout:
    payout, _standing = _locked(payout_id, platform=platform)
    _change(payout, action, decided_by=by, ended_at=clock.now(), reason=reason)
    partner = payout.partner_id
    back = Move(
        reserved(partner),
        available(partner),
        payout.amount,
        "payout_returned",
        partner=partner,
        reason=reason,
    )
    ledger.post(f"payout:{payout.id}:returned", [back], payout.currency)
    ledger.repay([partner], payout.currency)
    record(payout.state, payout, reason=reason)
    return payout


def _payee(payout_id: int) -> Partner:
    partner_id = db.session.scalar(select(Payout.partner_id).where(Payout.id == payout_id))
    if partner_id is None:
        raise NotFound
    return find_partner(partner_id)


def _note(payout_id: int, action: str, word: str, by: str, *, platform: bool) -> Payout:
    payout, _standing = _locked(payout_id, platform=platform)
    if action == "send":
        refuse_leaving(payout)
    _change(payout, action, decided_by=by)
    record(word, payout)
    return payout


def _locked(payout_id: int, *, platform: bool = False) -> tuple[Payout, dict[str, int]]:
    """The partner's balances are locked first, then the payout is read as it stands under the lock.

    Only the platform decides on what its balance pays: whoever else tries is refused with 409.
    """
    partner_id = db.session.scalar(select(Payout.partner_id).where(Payout.id == payout_id))
    if partner_id is None:
        raise NotFound
    standing = lock(partner_id, queries.currency())
    payout = db.session.scalars(
        select(Payout).where(Payout.id == payout_id).execution_options(populate_existing=True)
    ).one()
    if payout.settled_by == rules.PLATFORM and not platform:
        raise Conflict(
            "settled_by_platform", _("The platform sends this payout from your prepaid balance.")
        )
    return payout, standing


def _change(payout: Payout, action: str, **columns: Any) -> None:
    old = State(payout.state)
    try:
        new = LIFECYCLE.next(old, action)
    except IllegalTransition:
        raise _stale() from None
    changed = db.session.execute(
        update(Payout)
        .where(Payout.id == payout.id, Payout.state == old.value)
        .values(state=new.value, **columns)
        .returning(Payout.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if changed is None:
        raise _stale()
    db.session.refresh(payout)


def _stale() -> Conflict:
    return Conflict("payout_state", _("This payout is not in a state that allows this."))
