"""What is done with thousands of payouts at once: a few statements a batch, the same rules and facts as one by one.

Every verb locks the partners' balances first and moves states by an UPDATE conditional on the old ones, so a
payout that somebody else moved meanwhile is left alone, and twice does no harm. What the platform pays from
the prepaid balance is none of theirs.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.events import service as events
from app.extensions import db
from app.ledger import service as ledger
from app.papers import service as papers
from app.payouts.rules import LIFECYCLE, Charges, Refusal, State, may_approve
from app.payouts.service.decisions import charge
from app.payouts.service.gate import blocking, lacking, own_of
from app.tenancy import RANDOM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Wish:
    """A payout to be made of what a partner has available, minor units."""

    partner_id: int
    amount: int
    method_id: int


# `{wishes}` is a query of ours. Details that were changed a moment ago are not used: while a change
# waits, what it replaced is in force.
_RESERVE = """
INSERT INTO payout (public_id, partner_id, amount, currency, method_id, details, state,
                    requested_by, requested_at, run_id)
SELECT 'po_' || {random}, p.id, r.amount, %(currency)s, r.method_id,
       CASE WHEN p.details_usable_at > %(at)s THEN p.details_former ELSE p.details END, 'requested',
       %(by)s, %(at)s, %(run)s
FROM ({wishes}) r
JOIN partner p ON p.id = r.partner_id
 AND (coalesce(p.details_usable_at, %(at)s) <= %(at)s OR p.details_former IS NOT NULL)
ORDER BY p.id
ON CONFLICT (tenant_id, partner_id) WHERE state in ('requested','approved','sending','unknown')
DO NOTHING
RETURNING id
"""
_WISHES = """
SELECT partner_id, amount, method_id FROM json_to_recordset(%(rows)s)
    AS r(partner_id bigint, amount bigint, method_id bigint)
"""
# In all of these rows are found one by one through their key, whatever the statistics say of tables
# that have just grown: the planner takes ten rows of an array that it cannot see, and an index whose
# condition is on the state serves no expression.
_THESE = "unnest((SELECT %(ids)s::bigint[])) AS u(id)"
_MOVE = f"""
UPDATE payout o SET state = %(new)s, decided_by = %(by)s, reason = coalesce(%(reason)s, reason),
       approved_at = coalesce(%(approved)s, approved_at), ended_at = coalesce(%(ended)s, ended_at)
FROM {_THESE} WHERE o.id = u.id AND o.state || '' = %(old)s AND o.settled_by = 'own'
RETURNING o.id
"""  # noqa: S608 - parts of our own
_ACCOUNTS = f"""
SELECT 'partner:' || p.id || ':' || bucket
FROM (SELECT DISTINCT u.id FROM {_THESE}) p CROSS JOIN unnest(%(buckets)s::text[]) AS b(bucket)
"""  # noqa: S608 - parts of our own
_ACCOUNTS_OF = f"""
SELECT 'partner:' || p.id || ':' || bucket
FROM (SELECT DISTINCT o.partner_id FROM {_THESE} JOIN payout o ON o.id = u.id) p(id)
CROSS JOIN unnest(%(buckets)s::text[]) AS b(bucket)
"""  # noqa: S608 - parts of our own
_PARTNERS = f"SELECT DISTINCT o.partner_id FROM {_THESE} JOIN payout o ON o.id = u.id"  # noqa: S608
_PAIRS = f"SELECT o.partner_id, o.id FROM {_THESE} JOIN payout o ON o.id = u.id"  # noqa: S608
# Those that may not be approved; what is owed is read under the lock.
_DOUBTFUL = f"""
SELECT o.id, o.partner_id, p.status = 'blocked' AND NOT p.pays_blocked AS blocked,
       p.details_frozen_at IS NOT NULL AS frozen, b.balance AS owed
FROM {_THESE} JOIN payout o ON o.id = u.id JOIN partner p ON p.id = o.partner_id
CROSS JOIN LATERAL (SELECT balance FROM balance b WHERE b.account = 'partner:' || p.id || ':debt'
                    AND b.currency = %(currency)s LIMIT 1) b
WHERE o.state || '' = 'requested'
  AND (p.id = ANY(%(own)s::bigint[]) OR p.status = 'blocked' OR p.details_frozen_at IS NOT NULL
       OR b.balance > 0 OR p.id = ANY(%(lacking)s::bigint[]))
ORDER BY o.id
"""  # noqa: S608 - parts of our own
_WAITING = f"""
SELECT o.id, o.partner_id, o.amount, o.fee FROM {_THESE} JOIN payout o ON o.id = u.id
WHERE o.state || '' = %(state)s ORDER BY o.id
"""  # noqa: S608 - parts of our own
_STOPPED = f"""
SELECT o.id, p.details_frozen_at IS NOT NULL AS frozen
FROM {_THESE} JOIN payout o ON o.id = u.id JOIN partner p ON p.id = o.partner_id
WHERE o.state || '' = 'approved'
  AND (p.details_frozen_at IS NOT NULL OR p.status = 'blocked' AND NOT p.pays_blocked) ORDER BY o.id
"""  # noqa: S608 - parts of our own
_TOLD = f"""
SELECT 'payout:' || o.id AS subject,
       jsonb_build_object('payout', o.public_id, 'partner_id', o.partner_id, 'amount', o.amount,
                          'currency', o.currency) || %(more)s::jsonb AS facts
FROM {_THESE} JOIN payout o ON o.id = u.id ORDER BY o.id
"""  # noqa: S608 - parts of our own
_MOVED = """
SELECT 'payout:' || o.id || ':{word}' AS reference, 1 AS n,
       'partner:' || o.partner_id || ':{source}' AS source,
       'partner:' || o.partner_id || ':{target}' AS target, o.amount, '{kind}' AS kind,
       o.partner_id AS partner
FROM {these} JOIN payout o ON o.id = u.id ORDER BY o.id
"""
_RESERVING = _MOVED.format(
    word="requested", source="available", target="reserved", kind="payout_requested", these=_THESE
)
_RETURNING = _MOVED.format(
    word="returned", source="reserved", target="available", kind="payout_returned", these=_THESE
)
# As rules.leaving has it for one: the gross sum to the payout's own account, each charge, and the rest.
LEAVING = f"""
SELECT 'payout:' || o.id || ':paid' AS reference,
       row_number() OVER (PARTITION BY o.id ORDER BY m.place) AS n,
       m.source, m.target, m.amount, m.kind, o.partner_id AS partner
FROM {_THESE} JOIN payout o ON o.id = u.id
CROSS JOIN LATERAL (VALUES
    (1, 'partner:' || o.partner_id || ':reserved', 'payout:' || o.id, o.amount, 'payout_paid'),
    (2, 'payout:' || o.id, 'platform:fees', o.fee, 'fee'),
    (3, 'payout:' || o.id, 'merchant:withheld', o.withheld, 'withheld'),
    (4, 'payout:' || o.id, 'outside', o.amount - o.fee - o.withheld, 'payout_left')
) AS m(place, source, target, amount, kind)
WHERE m.amount <> 0 ORDER BY o.id, m.place
"""  # noqa: S608 - parts of our own
_ALL = ("available", "debt", "reserved")


def hold(partner_ids: Iterable[int], currency: str) -> None:
    """Lock the balances that payouts of these partners touch."""
    values = {"ids": sql.array(partner_ids), "buckets": sql.array(_ALL)}
    ledger.lock_from(_ACCOUNTS, values, currency)


def _hold_of(payout_ids: Iterable[int], currency: str, *buckets: str) -> None:
    """Lock what these payouts touch: their partners' balances of these kinds, else all three."""
    values = {"ids": sql.array(payout_ids), "buckets": sql.array(buckets or _ALL)}
    ledger.lock_from(_ACCOUNTS_OF, values, currency)


def reserve_all(wishes: Sequence[Wish], currency: str, by: str, run_id: int) -> list[int]:
    """Ask for many payouts as part of a pay run; return those that were made.

    The caller holds the balances (`hold`) and has seen that each is covered. All details of a partner are
    copied; the method says which are meant. Who has an open payout gets no second one.
    """
    rows = [
        {"partner_id": wish.partner_id, "amount": wish.amount, "method_id": wish.method_id}
        for wish in wishes
    ]
    if not rows:
        return []
    return reserve_from(_WISHES, {"rows": sql.recordset(rows)}, currency, by, run_id)


def reserve_from(
    wishes: str, values: Mapping[str, Any], currency: str, by: str, run_id: int
) -> list[int]:
    """Do what `reserve_all` does for the wishes that a query of ours returns, named as in Wish."""
    own = {"currency": currency, "by": by, "at": clock.now(), "run": run_id}
    statement = _RESERVE.format(random=RANDOM, wishes=wishes)
    made = [row.id for row in sql.rows(statement, {**values, **own})]
    _post(made, _RESERVING, currency)
    _tell("requested", made)
    return made


def partners_of(payout_ids: Sequence[int]) -> dict[int, int]:
    """Return {partner: payout} of payouts, one of each."""
    found = sql.rows(_PAIRS, {"ids": sql.array(payout_ids)}) if payout_ids else []
    return {row.partner_id: row.id for row in found}


def approve_all(
    payout_ids: Sequence[int], currency: str, by: str, *, wholly: bool = False
) -> dict[int, Refusal]:
    """Agree to pay many; return why others are not, by payout: they stay as they were.

    The tax that the merchant withholds is kept back from now on. Those that are not requested any more
    are neither approved nor told of. `wholly`: money may be given back in the same transaction, so
    that all balances are locked at once, in their order.
    """
    _hold_of(payout_ids, currency, *(() if wholly else ("debt",)))
    refused = refusals(payout_ids, currency, by)
    agreed = [number for number in payout_ids if number not in refused]
    if papers.withholds():
        _withhold(agreed, currency)
    _tell("approved", _move(agreed, "approve", by, approved=clock.now()))
    return refused


def refusals(payout_ids: Sequence[int], currency: str, by: str) -> dict[int, Refusal]:
    """Return which of these payouts are requested and may not be approved by somebody now, and why."""
    own, lacks = own_of(by), _lacking(payout_ids)
    asked = {
        "ids": sql.array(payout_ids),
        "currency": currency,
        "own": sql.array(own),
        "lacking": sql.array(lacks),
    }
    refused = {}
    for row in sql.rows(_DOUBTFUL, asked):
        why = _refusal(row, own)
        if why is None and row.partner_id in lacks:
            why = Refusal.DOCUMENTS
        if why is not None:
            refused[row.id] = why
    return refused


def _refusal(row: Any, own: Collection[int]) -> Refusal | None:
    if row.partner_id in own:
        return Refusal.OWN
    if row.blocked or row.frozen:
        return Refusal.BLOCKED if row.blocked else Refusal.FROZEN
    return may_approve(row.owed)


def _withhold(payout_ids: Sequence[int], currency: str) -> None:
    """Keep back of those that wait what the merchant withholds of them."""
    values = {"ids": sql.array(payout_ids), "state": State.REQUESTED.value}
    found = sql.rows(_WAITING, values)
    kept = papers.withheld_from({row.partner_id: row.amount for row in found}, currency)
    charge(
        {
            row.id: Charges(row.fee, min(tax, row.amount - row.fee))
            for row in found
            if (tax := kept[row.partner_id])
        }
    )


def _lacking(payout_ids: Sequence[int]) -> set[int]:
    """Return which partners of these payouts lack a paper without which nothing is paid."""
    if not blocking():
        return set()
    found = sql.rows(_PARTNERS, {"ids": sql.array(payout_ids)})
    return lacking(row.partner_id for row in found)


def stopped(payout_ids: Sequence[int]) -> dict[int, Refusal]:
    """Return which of these payouts are approved and may not leave now, and why; they stay approved."""
    found: dict[int, Refusal] = {}
    asked = {"ids": sql.array(payout_ids), "state": State.APPROVED.value}
    if blocking():
        rows = sql.rows(_WAITING, asked)
        lacks = lacking(row.partner_id for row in rows)
        found = {row.id: Refusal.DOCUMENTS for row in rows if row.partner_id in lacks}
    return found | {
        row.id: Refusal.FROZEN if row.frozen else Refusal.BLOCKED
        for row in sql.rows(_STOPPED, asked)
    }


def send_all(payout_ids: Sequence[int], currency: str, by: str) -> list[int]:
    """Note that transfers are under way; return those that were approved until now.

    Those that may not leave (`stopped`) stay approved.
    """
    _hold_of(payout_ids, currency)
    held = stopped(payout_ids)
    moved = _move([number for number in payout_ids if number not in held], "send", by)
    _tell("sending", moved)
    return moved


def pay_all(
    payout_ids: Sequence[int],
    currency: str,
    by: str,
    *,
    told_by_bank: bool = False,
    wholly: bool = False,
) -> list[int]:
    """Mark as paid those that are approved or on their way, and no others; return them.

    Those that may not leave (`stopped`) stay approved, and what nobody knows of waits for a word on
    each; unless the bank has told that the money left. `wholly` as in `approve_all`.
    """
    _hold_of(payout_ids, currency, *(() if wholly else ("reserved",)))
    held = {} if told_by_bank else stopped(payout_ids)
    ids = [number for number in payout_ids if number not in held]
    now, moved = clock.now(), []
    for old in (State.APPROVED, State.SENDING, *([State.UNKNOWN] if told_by_bank else [])):
        moved += _move(ids, "pay", by, old=old, ended=now)
    _post(moved, LEAVING, currency)
    _tell("paid", moved)
    return moved


def return_all(reasons: Mapping[int, str | None], action: str, currency: str, by: str) -> list[int]:
    """Give the money of many back (reject, fail, withdraw), each with its reason; debt is repaid first.

    Those in a state that does not allow it are left alone. Returns those that were given back.
    """
    _hold_of(reasons, currency)
    now, by_reason = clock.now(), defaultdict(list)
    for number, reason in reasons.items():
        by_reason[reason].append(number)
    moved: dict[str | None, list[int]] = defaultdict(list)
    for reason, ids in by_reason.items():
        for old in (s for s in State if LIFECYCLE.allows(s, action)):
            moved[reason] += _move(ids, action, by, old=old, ended=now, reason=reason)
    done = [number for ids in moved.values() for number in ids]
    _post(done, _RETURNING, currency)
    if done:
        found = sql.rows(_PARTNERS, {"ids": sql.array(done)})
        ledger.repay([row.partner_id for row in found], currency)
    (state,) = {LIFECYCLE.next(s, action) for s in State if LIFECYCLE.allows(s, action)}
    for reason, ids in moved.items():
        _tell(state.value, ids, reason)
    return done


def _post(payout_ids: Sequence[int], moves: str, currency: str) -> None:
    if payout_ids:
        ledger.post_from(moves, {"ids": sql.array(payout_ids)}, currency)


def _move(
    ids: Sequence[int],
    action: str,
    by: str,
    *,
    old: State | None = None,
    approved: Any = None,
    ended: Any = None,
    reason: str | None = None,
) -> list[int]:
    """Change the state of those that stand where the action begins; return them."""
    origin = old or next(s for s in State if LIFECYCLE.allows(s, action))
    values = {
        "ids": sql.array(ids),
        "old": origin.value,
        "new": LIFECYCLE.next(origin, action).value,
        "by": by,
        "reason": reason,
        "approved": approved,
        "ended": ended,
    }
    moved = sorted(row.id for row in sql.rows(_MOVE, values))
    db.session.expire_all()  # what the session holds of them is of before
    return moved


def _tell(what: str, payout_ids: Sequence[int], reason: str | None = None) -> None:
    if payout_ids:
        more = json.dumps({"reason": reason} if reason else {})
        values = {"ids": sql.array(payout_ids), "more": more}
        events.record_from(f"payout.{what}", _TOLD, values)
