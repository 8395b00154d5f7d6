"""Book what is due: post the difference, and show deals and shares as they now are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from app import sql
from app.attribution.rules import Kind
from app.commissions.rules import Bucket, Move, difference, split_take
from app.errors import Retry
from app.events.service import record
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, available, debt, pending
from app.ledger.rules import Move as Transfer
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
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


def book(
    deals: Iterable[DealRule],
    booked: Booked,
    currency: str,
    number_booking: Callable[[int], int],
) -> None:
    """Post the difference between what the deals say is due and what is booked, minor units.

    One booking an order, under reference `order:<id>:<number>`; when nothing differs nothing is
    posted. Money taken back comes from the partner's available first, the rest is debt; money that
    becomes available repays debt. Raises Retry when another booking took the number.
    """
    movements = difference((s for d in deals for s in d.shares), booked)
    if not movements:
        return
    touched = {m.key.partner_id for m in movements if m.move in _TOUCH_AVAILABLE}
    standing = (
        ledger.lock((a(p) for p in touched for a in (available, debt)), currency) if touched else {}
    )
    by_order: dict[int, list[Movement]] = defaultdict(list)
    for movement in movements:
        by_order[movement.key.order_id].append(movement)
    for order_id in sorted(by_order):
        transfers = [t for m in by_order[order_id] for t in _transfers(m, standing)]
        reference = f"order:{order_id}:{number_booking(order_id)}"
        try:
            ledger.post(reference, transfers, currency, order_id=order_id)
        except ledger.AlreadyPosted as error:
            raise Retry(reference) from error
        _tell(order_id, by_order[order_id], currency)
    if touched:
        ledger.repay(touched, currency)


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
        for source, amount in ((available(partner), own), (debt(partner), owed)):
            if amount:
                yield _transfer(source, target, amount, kind, movement)


def _transfer(source: str, target: str, amount: int, kind: str, movement: Movement) -> Transfer:
    key = movement.key
    return Transfer(
        source, target, amount, kind, line=key.line, level=key.level, partner=key.partner_id
    )


def _tell(order_id: int, movements: Iterable[Movement], currency: str) -> None:
    sums: dict[tuple[str, int, int], int] = defaultdict(int)
    for m in movements:
        if m.move in _EVENTS:
            sums[_EVENTS[m.move], m.key.partner_id, m.key.level] += m.amount
    for (kind, partner_id, level), amount in sums.items():
        record(
            kind,
            f"order:{order_id}",
            order_id=order_id,
            partner_id=partner_id,
            level=level,
            amount=amount,
            currency=currency,
        )


_DEALS = """
SELECT order_id, public_id, partner_id, reason, state, how, promo_code, terms_id, terms_label,
       commission, currency, available_at, matures_at, created_at
FROM deal WHERE order_id = ANY(%(orders)s)
"""
_SHARES = """
SELECT order_id, line, level, partner_id, amount, bucket, why FROM share
WHERE order_id = ANY(%(orders)s)
"""
_WRITE_DEAL = """
INSERT INTO deal (public_id, order_id, partner_id, reason, state, how, promo_code, terms_id,
                  terms_label, commission, currency, available_at, matures_at, created_at)
VALUES (%(public_id)s, %(order_id)s, %(partner_id)s, %(reason)s, %(state)s, %(how)s,
        %(promo_code)s, %(terms_id)s, %(terms_label)s, %(commission)s, %(currency)s,
        %(available_at)s, %(matures_at)s, %(created_at)s)
ON CONFLICT (tenant_id, order_id) DO UPDATE SET
    partner_id = excluded.partner_id, reason = excluded.reason, state = excluded.state,
    how = excluded.how, promo_code = excluded.promo_code, terms_id = excluded.terms_id,
    terms_label = excluded.terms_label, commission = excluded.commission,
    available_at = excluded.available_at, matures_at = excluded.matures_at,
    created_at = excluded.created_at
"""
_FORGET_SHARES = "DELETE FROM share WHERE order_id = %(order)s"
_WRITE_SHARES = """
INSERT INTO share (order_id, line, level, partner_id, amount, currency, bucket, why, created_at,
                   position)
SELECT %(order)s, line, level, partner, amount, %(currency)s, bucket, why, %(created_at)s, n
FROM unnest(%(lines)s::text[], %(levels)s::bigint[], %(partners)s::bigint[], %(amounts)s::bigint[],
            %(buckets)s::text[], %(whys)s::jsonb[])
     WITH ORDINALITY AS u(line, level, partner, amount, bucket, why, n)
"""
_COMPARED = ("partner_id", "reason", "state", "how", "promo_code", "terms_id", "terms_label",
             "commission", "currency", "available_at", "matures_at", "created_at")  # fmt: skip
_BY_CODE = frozenset({Kind.STAFF, Kind.PARTNER_CODE, Kind.COUPON})


def show(
    deals: Sequence[DealRule],
    created: Mapping[int, datetime],
    currency: str,
    codes: Mapping[str, str],
    *,
    fresh: bool,
) -> None:
    """Write deals and shares as pages and answers show them, where they changed; and the events.

    `created`: when each order was made; `codes`: the shown form of promo codes by what was written;
    `fresh`: none of the orders has been shown before.
    """
    before, shares = ({}, {}) if fresh else _shown([deal.order_id for deal in deals])
    for deal in deals:
        values = _values(deal, created[deal.order_id], currency, codes)
        standing = before.get(deal.order_id)
        if standing is None or any(getattr(standing, n) != values[n] for n in _COMPARED):
            public = standing.public_id if standing else public_id("dl")
            sql.send(_WRITE_DEAL, {**values, "public_id": public})
            _tell_deal(standing, {**values, "public_id": public})
        wanted = [
            (s.line, s.level, s.partner_id, s.amount, s.bucket.value, dict(s.why))
            for s in deal.shares
        ]
        kept = shares.get(deal.order_id, [])
        if sorted(kept, key=_place) != sorted(wanted, key=_place):
            _write_shares(values, wanted, stale=bool(kept))


def _shown(orders: list[int]) -> tuple[dict[int, Any], dict[int, list[tuple[Any, ...]]]]:
    with sql.together():
        deals = sql.send(_DEALS, {"orders": orders})
        shares = sql.send(_SHARES, {"orders": orders})
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for row in shares.fetchall():
        found[row.order_id].append(tuple(row)[1:])
    return {row.order_id: row for row in deals.fetchall()}, found


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
        "matures_at": deal.available_at if deal.bucket is Bucket.PENDING else None,
        "created_at": created_at,
    }


def _tell_deal(before: Any, now: Mapping[str, Any]) -> None:
    """Record what became of a deal; an order that never had a partner is no deal."""
    had = before is not None and before.partner_id is not None
    if not had and now["partner_id"] is None:
        return
    told = ("partner_id", "state", "commission")
    if had and all(getattr(before, name) == now[name] for name in told):
        return
    record(
        "deal.changed" if had else "deal.created",
        f"order:{now['order_id']}",
        deal_id=now["public_id"],
        order_id=now["order_id"],
        partner_id=now["partner_id"],
        state=now["state"],
        commission=now["commission"],
        currency=now["currency"],
    )


def _write_shares(
    deal: Mapping[str, Any], wanted: Sequence[tuple[Any, ...]], *, stale: bool
) -> None:
    if stale:
        sql.send(_FORGET_SHARES, {"order": deal["order_id"]})
    if not wanted:
        return
    lines, levels, partners, amounts, buckets, whys = (
        list(column) for column in zip(*wanted, strict=True)
    )
    sql.send(
        _WRITE_SHARES,
        {
            "order": deal["order_id"],
            "currency": deal["currency"],
            "created_at": deal["created_at"],
            "lines": lines,
            "levels": levels,
            "partners": partners,
            "amounts": amounts,
            "buckets": buckets,
            "whys": [Jsonb(why) for why in whys],
        },
    )
