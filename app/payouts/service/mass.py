"""What is done with thousands of payouts at once: a few statements a batch, the same rules and facts as one by one.

Every verb locks the partners' balances first and moves states by an UPDATE conditional on the old ones, so a
payout that somebody else moved meanwhile is left alone, and twice does no harm. What the platform pays from
the prepaid balance is none of theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.events import service as events
from app.events.service import Happened
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import Move, available, debt, reserved
from app.ledger.service import Posting
from app.papers import service as papers
from app.payouts.rules import LIFECYCLE, Charges, Refusal, State, leaving, may_approve
from app.payouts.service.decisions import charge
from app.payouts.service.gate import kept_back, lacking
from app.tenancy import public_id
from app.tenants.queries import people_behind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Wish:
    """A payout to be made of what a partner has available, minor units."""

    partner_id: int
    amount: int
    method_id: int


# Details that were changed a moment ago are not used: while a change waits, what it replaced is in force.
_RESERVE = """
INSERT INTO payout (public_id, partner_id, amount, currency, method_id, details, state,
                    requested_by, requested_at, run_id)
SELECT r.public_id, p.id, r.amount, %(currency)s, r.method_id,
       CASE WHEN p.details_usable_at > %(at)s THEN p.details_former ELSE p.details END, 'requested',
       %(by)s, %(at)s, %(run)s
FROM json_to_recordset(%(rows)s) AS r(public_id text, partner_id bigint, amount bigint, method_id bigint)
JOIN partner p ON p.id = r.partner_id
 AND (coalesce(p.details_usable_at, %(at)s) <= %(at)s OR p.details_former IS NOT NULL)
ORDER BY p.id
ON CONFLICT (tenant_id, partner_id) WHERE state in ('requested','approved','sending','unknown')
DO NOTHING
RETURNING id, public_id, partner_id, amount
"""
_MOVE = """
UPDATE payout SET state = %(new)s, decided_by = %(by)s, reason = coalesce(%(reason)s, reason),
       approved_at = coalesce(%(approved)s, approved_at), ended_at = coalesce(%(ended)s, ended_at)
WHERE id = ANY(%(ids)s) AND state = %(old)s AND settled_by = 'own'
RETURNING id, public_id, partner_id, amount, fee, withheld
"""
_OF = "SELECT id, partner_id, state FROM payout WHERE id = ANY(%(ids)s) ORDER BY id"
_PEOPLE = """
SELECT o.id, o.partner_id, o.state, o.amount, o.fee, p.person_id,
       p.status = 'blocked' AND NOT p.pays_blocked AS blocked,
       p.details_frozen_at IS NOT NULL AS frozen
FROM payout o JOIN partner p ON p.id = o.partner_id WHERE o.id = ANY(%(ids)s) ORDER BY o.id
"""


def hold(partner_ids: Iterable[int], currency: str) -> dict[str, int]:
    """Lock the balances that payouts of these partners touch; return them by account, minor units."""
    names = [account(p) for p in set(partner_ids) for account in (available, debt, reserved)]
    return ledger.lock(names, currency) if names else {}


def reserve_all(wishes: Sequence[Wish], currency: str, by: str, run_id: int) -> dict[int, int]:
    """Ask for many payouts as part of a pay run; return {partner: payout} of those that were made.

    The caller holds the balances (`hold`) and has seen that each is covered. All details of a partner are
    copied; the method says which are meant. Who has an open payout gets no second one.
    """
    rows = [
        {
            "public_id": public_id("po"),
            "partner_id": wish.partner_id,
            "amount": wish.amount,
            "method_id": wish.method_id,
        }
        for wish in wishes
    ]
    if not rows:
        return {}
    values = {"currency": currency, "by": by, "at": clock.now(), "run": run_id}
    made = sql.rows(_RESERVE, values | {"rows": sql.recordset(rows)})
    postings = [
        Posting(
            f"payout:{row.id}:requested",
            [
                Move(
                    available(row.partner_id),
                    reserved(row.partner_id),
                    row.amount,
                    "payout_requested",
                    partner=row.partner_id,
                )
            ],
        )
        for row in made
    ]
    ledger.send_all(postings, currency).check()
    _tell("requested", made, currency)
    return {row.partner_id: row.id for row in made}


def approve_all(payout_ids: Sequence[int], currency: str, by: str) -> dict[int, Refusal]:
    """Agree to pay many; return why others are not, by payout: they stay as they were.

    The tax that the merchant withholds is kept back from now on. Those that are not requested any more
    are neither approved nor told of.
    """
    found = sql.rows(_PEOPLE, {"ids": list(payout_ids)})
    standing = hold((row.partner_id for row in found), currency)
    lacks = lacking(row.partner_id for row in found)
    deciding, refused = people_behind(by), {}
    for row in found:
        why = _refusal(row, standing[debt(row.partner_id)], deciding)
        if why is None and row.partner_id in lacks:
            why = Refusal.DOCUMENTS
        if why is not None and row.state == State.REQUESTED:
            refused[row.id] = why
    agreed = [row for row in found if row.id not in refused and row.state == State.REQUESTED]
    kept = papers.withheld_from({row.partner_id: row.amount for row in agreed}, currency)
    charge(
        {
            row.id: Charges(row.fee, min(tax, row.amount - row.fee))
            for row in agreed
            if (tax := kept[row.partner_id])
        }
    )
    moved = _move([row.id for row in agreed], "approve", by, approved=clock.now())
    _tell("approved", moved, currency)
    return refused


def _refusal(row: Any, owed: int, deciding: Collection[int]) -> Refusal | None:
    if row.person_id in deciding:
        return Refusal.OWN
    if row.blocked or row.frozen:
        return Refusal.BLOCKED if row.blocked else Refusal.FROZEN
    return may_approve(owed)


def stopped(payout_ids: Sequence[int]) -> dict[int, Refusal]:
    """Return which of these payouts are approved and may not leave now, and why; they stay approved."""
    rows = [r for r in sql.rows(_OF, {"ids": list(payout_ids)}) if r.state == State.APPROVED]
    held = kept_back(row.partner_id for row in rows)
    return {row.id: held[row.partner_id] for row in rows if row.partner_id in held}


def send_all(payout_ids: Sequence[int], currency: str, by: str) -> list[int]:
    """Note that transfers are under way; return those that were approved until now.

    Those that may not leave (`stopped`) stay approved.
    """
    hold(_partners(payout_ids), currency)
    held = stopped(payout_ids)
    moved = _move([number for number in payout_ids if number not in held], "send", by)
    _tell("sending", moved, currency)
    return [row.id for row in moved]


def pay_all(
    payout_ids: Sequence[int], currency: str, by: str, *, told_by_bank: bool = False
) -> list[int]:
    """Mark as paid those that are approved or on their way, and no others; return them.

    Those that may not leave (`stopped`) stay approved, and what nobody knows of waits for a word on
    each; unless the bank has told that the money left.
    """
    hold(_partners(payout_ids), currency)
    held = {} if told_by_bank else stopped(payout_ids)
    ids = [number for number in payout_ids if number not in held]
    now, moved = clock.now(), []
    for old in (State.APPROVED, State.SENDING, *([State.UNKNOWN] if told_by_bank else [])):
        moved += _move(ids, "pay", by, old=old, ended=now)
    _post(moved, "paid", _leaving, currency)
    _tell("paid", moved, currency)
    return [row.id for row in moved]


def return_all(reasons: Mapping[int, str | None], action: str, currency: str, by: str) -> list[int]:
    """Give the money of many back (reject, fail, withdraw), each with its reason; debt is repaid first.

    Those in a state that does not allow it are left alone. Returns those that were given back.
    """
    partners = _partners(list(reasons))
    hold(partners, currency)
    now, moved = clock.now(), []
    by_reason: dict[str | None, list[int]] = {}
    for number, reason in reasons.items():
        by_reason.setdefault(reason, []).append(number)
    for reason, ids in by_reason.items():
        for old in (s for s in State if LIFECYCLE.allows(s, action)):
            moved += _move(ids, action, by, old=old, ended=now, reason=reason)
    _post(moved, "returned", _returning, currency)
    ledger.repay([row.partner_id for row in moved], currency)
    for state in {LIFECYCLE.next(s, action) for s in State if LIFECYCLE.allows(s, action)}:
        _tell(state.value, moved, currency, reasons)
    return [row.id for row in moved]


def _leaving(row: Any) -> list[Move]:
    return leaving(row.id, row.partner_id, row.amount, Charges(row.fee, row.withheld))


def _returning(row: Any) -> list[Move]:
    partner = row.partner_id
    back = (reserved(partner), available(partner), row.amount, "payout_returned")
    return [Move(*back, partner=partner)]


def _post(
    moved: Sequence[Any], word: str, moves: Callable[[Any], list[Move]], currency: str
) -> None:
    postings = [Posting(f"payout:{row.id}:{word}", moves(row)) for row in moved]
    ledger.send_all(postings, currency).check()


def _partners(payout_ids: Sequence[int]) -> list[int]:
    return [row.partner_id for row in sql.rows(_OF, {"ids": list(payout_ids)})]


def _move(
    ids: Sequence[int],
    action: str,
    by: str,
    *,
    old: State | None = None,
    approved: Any = None,
    ended: Any = None,
    reason: str | None = None,
) -> list[Any]:
    """Change the state of those that stand where the action begins; return them."""
    origin = old or next(s for s in State if LIFECYCLE.allows(s, action))
    values = {
        "ids": list(ids),
        "old": origin.value,
        "new": LIFECYCLE.next(origin, action).value,
        "by": by,
        "reason": reason,
        "approved": approved,
        "ended": ended,
    }
    moved = sorted(sql.rows(_MOVE, values), key=lambda row: int(row.id))
    db.session.expire_all()  # what the session holds of them is of before
    return moved


def _tell(
    what: str, rows: Sequence[Any], currency: str, reasons: Mapping[int, str | None] | None = None
) -> None:
    events.record_all(
        [
            Happened(
                f"payout.{what}",
                f"payout:{row.id}",
                {
                    "payout": row.public_id,
                    "partner_id": row.partner_id,
                    "amount": row.amount,
                    "currency": currency,
                }
                | ({"reason": reasons[row.id]} if reasons and reasons.get(row.id) else {}),
            )
            for row in rows
        ]
    )
