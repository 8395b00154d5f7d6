"""What an order or a cart earns its customer, paid and completed; nothing is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app import clock
from app.earnings import queries
from app.orders import service as orders
from app.orders.rules import Message, State, absorb
from app.orders.service import Standing
from app.profiles import queries as profiles
from app.profiles.rules.due import due_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.orders.rules import Snapshot
    from app.receipts.rules import Quoted
    from app.tenants.models import Tenant

LIVING = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})
NOWHERE = -1  # the id of an order that is not there


def foreseen(merchant: Tenant, order: Standing, shares: Mapping[str, int] | None = None) -> int:
    """Return what an order earns its customer once it is paid, or has earned (bonus minor units).

    `shares`: what bonuses would pay of each line, for an order that need not be there.
    """
    if order.member_id is None or not queries.with_accounts([order.member_id]):
        return 0
    others = [o for o in orders.of_members([order.member_id]) if o.id != order.id]
    known = queries.shares_of([order]) if shares is None else {order.id: shares}
    return _sum(merchant, order, [*others, order], known)


def foreseen_cart(
    merchant: Tenant, shop_id: int, snapshot: Snapshot, member_id: int | None, quoted: Quoted
) -> int:
    """Return what a cart would earn its customer as an order, with what bonuses pay of it."""
    if member_id is None:
        return 0
    cart = replace(snapshot, bonus_spend=quoted.spend)
    order = Standing(
        id=NOWHERE,
        shop_id=shop_id,
        external_id="",
        member_id=member_id,
        guest_id=None,
        folded=absorb(None, Message(cart, clock.now(), State.COMPLETED)),
        booking=0,
        fresh=True,
    )
    named = {NOWHERE: _shares(snapshot, quoted)}
    return _sum(merchant, order, [*orders.of_members([member_id]), order], named)


def _shares(snapshot: Snapshot, quoted: Quoted) -> dict[str, int]:
    return {line.id: share for line, share in zip(snapshot.lines, quoted.shares, strict=False)}


def _sum(
    merchant: Tenant,
    order: Standing,
    own: Sequence[Standing],
    shares: Mapping[int, Mapping[str, int]],
) -> int:
    program = queries.earning()
    seen = [
        replace(each, state=State.COMPLETED)
        if each.order_id == order.id and each.state in LIVING
        else each
        for each in profiles.seen_of(merchant, own, shares)
    ]
    keys = {f"order:{each.id}" for each in own}
    taken = queries.taken(merchant, queries.rules_of(own), keys)
    found = due_of(seen, program, ZoneInfo(merchant.timezone), taken)
    mine = (d for d in found if d.order_id == order.id and d.to.who == "member")
    return sum(due.amount for due in mine)
