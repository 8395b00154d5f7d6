"""Book what is due: post the difference, and show deals and shares as they now are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app import sql
from app.attribution.rules import Kind
from app.commissions.rules import Bucket, Move, difference, netted, split_take
from app.commissions.service.caps import ASKS_OF, Kept, kept
from app.events.service import Happened
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, available, debt, pending
from app.ledger.rules import Move as Transfer
from app.ledger.service import Posting
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from app.commissions.rules import Booked, Movement
    from app.commissions.rules import Deal as DealRule

_TOUCH_AVAILABLE = frozenset({Move.RELEASE, Move.ACCRUE_AVAILABLE, Move.RETURN, Move.TAKE_BACK})
_EVENTS = {
    Move.ACCRUE_PENDING: "commission.accrued",
    Move.ACCRUE_AVAILABLE: "commission.available",
    Move.RELEASE: "commission.available",
    Move.REVERSE: "commission.taken_back",
    Move.TAKE_BACK: "commission.taken_back",
}
_CHANGES_THE_SUM = frozenset(Move) - {Move.RELEASE, Move.RETURN}
# Why staff set what levels of an order earn, by order and level; said in the booking that follows.
ByHand = Mapping[int, Mapping[int, str]]


@dataclass(frozen=True)
class Booking:
    """What is to be posted to make what is booked what is due; found under the accounts' locks."""

    postings: Sequence[Posting] = ()
    numbers: Mapping[int, int] = field(default_factory=dict)  # by order: the booking's number
    happened: Sequence[Happened] = ()


def prepare(
    deals: Iterable[DealRule],
    booked: Booked,
    currency: str,
    next_booking: Callable[[int], int],
    by_hand: ByHand,
) -> Booking:
    """Find the difference between what the deals say is due and what is booked, minor units.

    One booking an order, under reference `order:<id>:<number>`; when nothing differs nothing is
    posted. Money taken back comes from the partner's available first, the rest is debt; money that
    becomes available repays debt. What `by_hand` names carries its reason. Locks the guarded
    accounts that the postings touch.
    """
    movements = difference((s for d in deals for s in d.shares), booked)
    if not movements:
        return Booking()
    touched = {m.key.partner_id for m in movements if m.move in _TOUCH_AVAILABLE}
    standing = (
        ledger.lock((a(p) for p in touched for a in (available, debt)), currency) if touched else {}
    )
    by_order: dict[int, list[Movement]] = defaultdict(list)
    for movement in movements:
        by_order[movement.key.order_id].append(movement)
    numbers = {order_id: next_booking(order_id) for order_id in sorted(by_order)}
    postings = [
        Posting(
            f"order:{order_id}:{number}",
            [
                replace(t, reason=_reason(m, by_hand))
                for m in by_order[order_id]
                for t in _transfers(m, standing)
            ],
            order_id,
        )
        for order_id, number in numbers.items()
    ]
    repayments = ledger.repayments(touched, standing)
    owed = _owed(standing, repayments)
    return Booking(
        postings=(*postings, *repayments),
        numbers=numbers,
        happened=[
            *(h for own in by_order.values() for h in _tell(own, currency, by_hand)),
            *_tell_debts(postings, owed, currency),
        ],
    )


def _owed(standing: Mapping[str, int], repayments: Iterable[Posting]) -> dict[str, int]:
    """Return what each account of debt holds once repayments are made."""
    repaid = {m.target: m.amount for posting in repayments for m in posting.moves}
    return {name: sum_ - repaid.get(name, 0) for name, sum_ in standing.items()}


def _tell_debts(
    postings: Iterable[Posting], owed: Mapping[str, int], currency: str
) -> Iterable[Happened]:
    """Say of which order a debt came up that stays one."""
    for posting in postings:
        sums: dict[int, int] = defaultdict(int)
        for m in posting.moves:
            if m.partner is not None and m.source == debt(m.partner):
                sums[m.partner] += m.amount
        for partner, amount in sums.items():
            left = owed[debt(partner)]
            if left > 0:
                facts: dict[str, Any] = {"order_id": posting.order_id, "partner_id": partner}
                facts |= {"amount": min(amount, left), "debt": left, "currency": currency}
                yield Happened("debt.arisen", f"order:{posting.order_id}", facts)


def _reason(movement: Movement, by_hand: ByHand) -> str | None:
    if movement.move not in _CHANGES_THE_SUM:
        return None
    return by_hand.get(movement.key.order_id, {}).get(movement.key.level)


def _transfers(movement: Movement, standing: dict[str, int]) -> Iterable[Transfer]:
    """Spell a movement in accounts; `standing` follows what is available as transfers go."""
    partner = movement.key.partner_id
    if movement.move is Move.ACCRUE_PENDING:
        yield _transfer(COMMISSIONS, pending(partner), movement.amount, "accrual", movement)
    elif movement.move is Move.REVERSE:
        yield _transfer(pending(partner), COMMISSIONS, movement.amount, "reversal", movement)
    elif movement.move in {Move.RELEASE, Move.ACCRUE_AVAILABLE}:
        release = movement.move is Move.RELEASE
        source, kind = (pending(partner), "release") if release else (COMMISSIONS, "accrual")
        standing[available(partner)] += movement.amount
        yield _transfer(source, available(partner), movement.amount, kind, movement)
    else:
        back = movement.move is Move.RETURN
        target, kind = (pending(partner), "return") if back else (COMMISSIONS, "clawback")
        own, owed = split_take(movement.amount, standing[available(partner)])
        standing[available(partner)] -= own
        standing[debt(partner)] += owed
        for source, amount in ((available(partner), own), (debt(partner), owed)):
            if amount:
                yield _transfer(source, target, amount, kind, movement)


def _transfer(source: str, target: str, amount: int, kind: str, movement: Movement) -> Transfer:
    key = movement.key
    return Transfer(
        source, target, amount, kind, line=key.line, level=key.level, partner=key.partner_id
    )


def _tell(movements: Iterable[Movement], currency: str, by_hand: ByHand) -> Iterable[Happened]:
    sums: dict[tuple[str, int, int, int], int] = defaultdict(int)
    for m in netted(movements):
        if m.move in _EVENTS:
            sums[_EVENTS[m.move], m.key.order_id, m.key.partner_id, m.key.level] += m.amount
    for (kind, order_id, partner_id, level), amount in sums.items():
        facts: dict[str, Any] = {
            "order_id": order_id,
            "partner_id": partner_id,
            "level": level,
            "amount": amount,
            "currency": currency,
        }
        if level in by_hand.get(order_id, {}):
            facts["by_hand"] = by_hand[order_id][level]
        yield Happened(kind, f"order:{order_id}", facts)


_DEALS = """
SELECT order_id, public_id, partner_id, reason, state, how, promo_code, terms_id, terms_label,
       commission, currency, available_at, matures_at, created_at, notes
FROM deal WHERE order_id = ANY(%(orders)s)
"""
_SHARES = """
SELECT order_id, line, level, partner_id, amount, bucket, why FROM share
WHERE order_id = ANY(%(orders)s)
"""
_WRITE_DEALS = """
INSERT INTO deal (public_id, order_id, partner_id, reason, state, how, promo_code, terms_id,
                  terms_label, commission, currency, available_at, matures_at, created_at, notes)
SELECT public_id, order_id, partner_id, reason, state, how, promo_code, terms_id, terms_label,
       commission, currency, available_at, matures_at, created_at, notes
FROM json_to_recordset(%(rows)s)
     AS r(public_id text, order_id bigint, partner_id bigint, reason text, state text, how text,
          promo_code text, terms_id bigint, terms_label text, commission bigint, currency text,
          available_at timestamptz, matures_at timestamptz, created_at timestamptz, notes jsonb)
ON CONFLICT (tenant_id, order_id) DO UPDATE SET
    partner_id = excluded.partner_id, reason = excluded.reason, state = excluded.state,
    how = excluded.how, promo_code = excluded.promo_code, terms_id = excluded.terms_id,
    terms_label = excluded.terms_label, commission = excluded.commission,
    available_at = excluded.available_at, matures_at = excluded.matures_at,
    created_at = excluded.created_at, notes = excluded.notes
"""
_FORGET_SHARES = "DELETE FROM share WHERE order_id = ANY(%(orders)s)"
_WRITE_SHARES = """
INSERT INTO share (order_id, line, level, partner_id, amount, currency, bucket, why, created_at,
                   position)
SELECT order_id, line, level, partner, amount, currency, bucket, why, created_at, position
FROM json_to_recordset(%(rows)s)
     AS r(order_id bigint, line text, level bigint, partner bigint, amount bigint, currency text,
          bucket text, why jsonb, created_at timestamptz, position bigint)
"""
_COMPARED = ("partner_id", "reason", "state", "how", "promo_code", "terms_id", "terms_label",
             "commission", "currency", "available_at", "matures_at", "created_at",
             "notes")  # fmt: skip
_BY_CODE = frozenset({Kind.STAFF, Kind.PARTNER_CODE, Kind.COUPON})


@dataclass(frozen=True)
class Shown:
    """Deals and shares as they stand in the tables, by order."""

    deals: Mapping[int, Any] = field(default_factory=dict)
    shares: Mapping[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    asks: Sequence[Kept] = ()  # what they asked of the caps of a month, and were given


def show(
    deals: Sequence[DealRule],
    created: Mapping[int, datetime],
    currency: str,
    codes: Mapping[str, str],
    before: Shown,
) -> list[Happened]:
    """Write deals and shares as pages and answers show them, where they changed; return the events.

    `created`: when each order was made; `codes`: the shown form of promo codes by what was written;
    `before`: what `shown` found, nothing for orders that have not been shown before.
    """
    written, stale, parts = [], [], []
    happened: list[Happened] = []
    for deal in deals:
        values = _values(deal, created[deal.order_id], currency, codes)
        standing = before.deals.get(deal.order_id)
        if standing is None or any(getattr(standing, n) != values[n] for n in _COMPARED):
            values["public_id"] = standing.public_id if standing else public_id("dl")
            written.append(values)
            happened += _tell_deal(standing, values)
            happened += _tell_fields(standing, values, deal.partner)
        wanted = [
            (s.line, s.level, s.partner_id, s.amount, s.bucket.value, dict(s.why))
            for s in deal.shares
        ]
        kept = before.shares.get(deal.order_id, [])
        if sorted(kept, key=_place) != sorted(wanted, key=_place):
            stale += [deal.order_id] if kept else []
            parts += [_part(values, n, *share) for n, share in enumerate(wanted, start=1)]
    if written:
        sql.send(_WRITE_DEALS, {"rows": sql.recordset(written)})
    if stale:
        sql.send(_FORGET_SHARES, {"orders": stale})
    if parts:
        sql.send(_WRITE_SHARES, {"rows": sql.recordset(parts)})
    return happened


def _part(deal: Mapping[str, Any], position: int, *share: Any) -> dict[str, Any]:
    names = ("line", "level", "partner", "amount", "bucket", "why")
    return {
        "order_id": deal["order_id"],
        "currency": deal["currency"],
        "created_at": deal["created_at"],
        "position": position,
        **dict(zip(names, share, strict=True)),
    }


def shown(orders: Sequence[int]) -> Shown:
    """Return how orders are shown now, in one round trip."""
    if not orders:
        return Shown()
    with sql.together():
        deals = sql.send(_DEALS, {"orders": list(orders)})
        shares = sql.send(_SHARES, {"orders": list(orders)})
        asks = sql.send(ASKS_OF, {"orders": list(orders)})
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in shares.fetchall():
        found[row.order_id].append(tuple(row)[1:])
    return Shown(
        {row.order_id: row for row in deals.fetchall()},
        found,
        [kept(row) for row in asks.fetchall()],
    )


def _place(share: tuple[Any, ...]) -> tuple[Any, ...]:
    return share[:3]


def _values(
    deal: DealRule, created_at: datetime, currency: str, codes: Mapping[str, str]
) -> dict[str, Any]:
    claim = deal.verdict.winner
    by_code = claim is not None and claim.kind in _BY_CODE
    return {
        "order_id": deal.order_id,
        "partner_id": deal.partner_id,
        "reason": deal.reason,
        "state": deal.state.value,
        "how": claim.kind.value if claim else None,
        "promo_code": codes.get(claim.evidence) if claim and by_code else None,
        "terms_id": deal.terms_id,
        "terms_label": deal.terms_label,
        "commission": deal.commission,
        "currency": currency,
        "available_at": deal.available_at,
        # What is held has no such time: only staff's word lets it go on.
        "matures_at": deal.available_at if deal.bucket is Bucket.PENDING else None,
        "created_at": created_at,
        "notes": [{n: v for n, v in asdict(note).items() if v is not None} for note in deal.notes],
    }


def _tell_deal(before: Any, now: Mapping[str, Any]) -> list[Happened]:
    """Say what became of a deal; an order that never had a partner is no deal."""
    had = before is not None and before.partner_id is not None
    if not had and now["partner_id"] is None:
        return []
    told = ("partner_id", "state", "commission")
    if had and all(getattr(before, name) == now[name] for name in told):
        return []
    facts = {
        "deal_id": now["public_id"],
        "order_id": now["order_id"],
        "partner_id": now["partner_id"],
        "state": now["state"],
        "commission": now["commission"],
        "currency": now["currency"],
    }
    return [Happened("deal.changed" if had else "deal.created", f"order:{now['order_id']}", facts)]


def _tell_fields(
    before: Any, now: Mapping[str, Any], partner: tuple[str, str] | None
) -> list[Happened]:
    """Say what the six partner fields of an order are now, for whoever writes them back to the shop."""
    had = before is not None and before.partner_id is not None
    if not had and now["partner_id"] is None:
        return []
    told = ("partner_id", "commission", "promo_code", "terms_label")
    if had and all(getattr(before, name) == now[name] for name in told):
        return []
    refcode, name = partner or (None, None)
    facts = {
        "order_id": now["order_id"],
        "partner_id": now["partner_id"],
        "deal_id": now["public_id"],
        "promo_code": now["promo_code"],
        "refcode": refcode,
        "partner": name,
        "terms": now["terms_label"],
        "commission": now["commission"],
        "currency": now["currency"],
    }
    return [Happened("order.partner_data", f"order:{now['order_id']}", facts)]
