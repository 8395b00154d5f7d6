"""Book what is due: post the difference, and show deals and shares as they now are."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.commissions.models import Deal, Share
from app.commissions.rules import Bucket, Move, difference, split_take
from app.errors import Retry
from app.events.service import record
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, available, debt, pending
from app.ledger.rules import Move as Transfer
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
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
    standing = ledger.lock((a(p) for p in touched for a in (available, debt)), currency) if touched else {}
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


def show(deal: DealRule, created_at: datetime, currency: str, codes: Mapping[str, str]) -> None:
    """Write the deal and its shares as pages and answers show them; events when they changed.

    `codes` gives the display form of a partner's code by its evidence.
    """
    standing = db.session.scalars(select(Deal).where(Deal.order_id == deal.order_id)).one_or_none()
    claim = deal.verdict.winner
    values = {
        "partner_id": deal.partner_id,
        "reason": deal.reason,
        "state": deal.state.value,
        "how": claim.kind.value if claim else None,
        "promo_code": codes.get(claim.evidence) if claim else None,
        "terms_id": deal.terms_id,
        "terms_label": deal.terms_label,
        "commission": deal.commission,
        "currency": currency,
        "available_at": deal.available_at,
        "matures_at": deal.available_at if deal.bucket is Bucket.PENDING else None,
        "created_at": created_at,
    }
    if standing is None:
        standing = Deal(public_id=public_id("dl"), order_id=deal.order_id, **values)
        db.session.add(standing)
        db.session.flush()
        if deal.partner_id is not None:
            _tell_deal("deal.created", standing)
    else:
        before = (standing.partner_id, standing.state, standing.commission)
        for name, value in values.items():
            setattr(standing, name, value)
        db.session.flush()
        if before != (standing.partner_id, standing.state, standing.commission):
            _tell_deal("deal.changed" if before[0] is not None else "deal.created", standing)
    _show_shares(deal, created_at, currency)


def _tell_deal(kind: str, deal: Deal) -> None:
    record(
        kind,
        f"order:{deal.order_id}",
        deal_id=deal.public_id,
        order_id=deal.order_id,
        partner_id=deal.partner_id,
        state=deal.state,
        commission=deal.commission,
        currency=deal.currency,
    )


def _show_shares(deal: DealRule, created_at: datetime, currency: str) -> None:
    wanted = {
        (s.line, s.level, s.partner_id): (s.amount, s.bucket.value, dict(s.why))
        for s in deal.shares
    }
    rows = db.session.scalars(select(Share).where(Share.order_id == deal.order_id)).all()
    standing = {(s.line, s.level, s.partner_id): s for s in rows}
    if {k: (s.amount, s.bucket, s.why) for k, s in standing.items()} == wanted:
        return
    if standing:
        db.session.execute(delete(Share).where(Share.order_id == deal.order_id))
    if not wanted:
        return
    db.session.execute(
        insert(Share),
        [
            {
                "order_id": deal.order_id,
                "line": line,
                "level": level,
                "partner_id": partner_id,
                "amount": amount,
                "bucket": bucket,
                "why": why,
                "currency": currency,
                "created_at": created_at,
                "position": position,
            }
            for position, ((line, level, partner_id), (amount, bucket, why)) in enumerate(wanted.items())
        ],
    )


