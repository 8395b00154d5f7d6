"""How much is due, to whom, from which line, in which bucket, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from app.attribution.rules import Enrolment, OrderClaims, verdicts
from app.commissions.rules.capped import capped, share_out
from app.commissions.rules.hand import set_by_hand
from app.commissions.rules.held import History, kept_back, looked_at, said_of
from app.commissions.rules.shapes import (
    Bucket,
    Deal,
    DueResult,
    Note,
    OrderInput,
    Share,
    Taken,
)
from app.commissions.rules.table import Table
from app.fraud.rules import Standing
from app.orders.rules import State
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

    from app.commissions.rules.world import Terms, World

BEFORE_LIVE = "before_live"  # settled by another service
_NOTHING = frozenset({State.CANCELLED, State.REFUNDED})


def hold_end(start: datetime, days: int, zone: ZoneInfo) -> datetime:
    """Return the same local time `days` later; a time that the clock skips comes an hour later.

    With 0 days that is the start itself.
    """
    if days == 0:
        return start
    local = start.astimezone(zone).replace(tzinfo=None) + timedelta(days=days)
    return local.replace(tzinfo=zone).astimezone(start.tzinfo)


def due(
    orders: Sequence[OrderInput],
    world: World,
    taken: Taken,
    now: datetime,
    *,
    enrolments: Sequence[Enrolment] = (),
    bindable: bool = True,
) -> DueResult:
    """Say what all orders of one customer earn, in minor units of the merchant's currency.

    Give all orders of the customer, whatever their state: who wins one may depend on the others.
    A guest without e-mail and phone is not bindable: give such orders one at a time. `taken` is what
    the other orders of the month take of its caps.
    """
    asked = [_claims(order) for order in orders]
    attribution = verdicts(asked, enrolments, world, bindable=bindable)
    ordered = sorted(orders, key=_place)
    numbers = _numbers(ordered)
    whole = History(ordered, attribution.verdicts, numbers)
    deals = [_deal(order, whole, world, now) for order in ordered]
    placed = dict(zip((_place(o) for o in ordered), deals, strict=True))
    [result], _served = share_out([capped(placed, attribution, world)], taken)
    return result


def _numbers(ordered: Sequence[OrderInput]) -> Mapping[int, int]:
    """Count the customer's orders that were not cancelled, from 1, by created_at and the shop's id."""
    found, last = {}, 0
    for order in ordered:
        last += order.folded.state not in _NOTHING
        found[order.order_id] = last
    return found


def _place(order: OrderInput) -> tuple[datetime, str, int]:
    return order.folded.snapshot.created_at, order.external_id, order.order_id


def _claims(order: OrderInput) -> OrderClaims:
    created_at = order.folded.snapshot.created_at
    return OrderClaims(order.order_id, created_at, order.buyer, order.claims, order.external_id)


def _deal(order: OrderInput, whole: History, world: World, now: datetime) -> Deal:
    state, verdict = order.folded.state, whole.verdicts[order.order_id]
    won = verdict.winner
    if won is None or won.partner_id is None:
        return Deal(order.order_id, state, verdict, verdict.reason.value, case=order.case)
    terms = _terms(order, won.partner_id, world)
    available_at = _available_at(order, terms, world)
    seen = looked_at(order, won.partner_id, terms, world, available_at, whole)
    bucket = kept_back(_bucket(state, available_at, now), seen)
    shares: tuple[Share, ...] = ()
    notes: tuple[Note, ...] = ()
    reason: str | None = state.value if state in _NOTHING else "refused"
    table = Table(order, won.partner_id, terms, world)
    if order.terms_word is not None and order.terms_id is None:
        table.notes.append(Note("unknown_terms"))
    barred = _barred(order, won.partner_id, world, whole.numbers[order.order_id])
    if bucket is not None and barred is not None:
        reason, notes = barred, (*table.notes, Note(barred))
    elif bucket is None:
        # Who would have earned is shown at nothing, whether or not it was ever booked.
        shares = tuple(replace(s, amount=0) for s in table.shares(Bucket.TAKEN_BACK))
        notes = tuple(table.notes)
    else:
        shares, notes = table.shares(bucket), tuple(table.notes)
        reason = None if any(part.amount for part in shares) else table.reason(shares)
    said = None if barred == BEFORE_LIVE else set_by_hand(table, bucket, shares)
    if said is not None:
        shares = said
        reason = _reason_by_hand(shares, reason if bucket is None else "by_hand")
    return Deal(
        order_id=order.order_id,
        state=state,
        verdict=verdict,
        reason=reason,
        partner_id=won.partner_id,
        terms_id=terms.id,
        terms_label=terms.label,
        bucket=bucket,
        available_at=None if seen.standing is Standing.HELD else available_at,
        shares=shares,
        notes=(*said_of(seen, state in _NOTHING), *notes),
        partner=world.names.get(won.partner_id),
        rated_at=order.rated_at,
        case=order.case,
        seen=seen,
    )


def _terms(order: OrderInput, partner_id: int, world: World) -> Terms:
    """Return the terms of the order: those that staff named for it, else those the partner was on."""
    if order.terms_id is not None:
        return world.set_of_terms(order.terms_id, order.rated_at)
    return world.terms_of(partner_id, order.rated_at)


def _reason_by_hand(shares: Sequence[Share], otherwise: str | None) -> str | None:
    return None if any(part.amount for part in shares) else otherwise


def _barred(order: OrderInput, partner_id: int, world: World, number: int) -> str | None:
    """Return why the whole order earns nothing: settled elsewhere, not one of the first ones, a foreign coupon."""
    live = world.live_from
    if live is not None and order.folded.snapshot.created_at < live:
        return BEFORE_LIVE
    earning = world.earning(order.rated_at)
    if earning.first_orders is not None and number > earning.first_orders:
        return "beyond_first"
    if earning.coupons:
        return None
    own = {
        fold_code(c.evidence)
        for c in order.claims
        if c.partner_id == partner_id or (c.given and earning.first_coupons)
    }
    foreign = {fold_code(coupon) for coupon in order.folded.snapshot.coupons}
    return "foreign_coupon" if foreign - own - earning.allowed - {""} else None


def _available_at(order: OrderInput, terms: Terms, world: World) -> datetime | None:
    since = order.folded.completed_since
    return None if since is None else hold_end(since, terms.hold_days, world.zone)


def _bucket(state: State, available_at: datetime | None, now: datetime) -> Bucket | None:
    """Return the bucket of everything the order earns; None: due is zero."""
    if state in _NOTHING:
        return None
    if state is State.REGISTERED:
        return Bucket.EXPECTED
    over = available_at is not None and available_at <= now
    return Bucket.AVAILABLE if over else Bucket.PENDING
