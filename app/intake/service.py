"""The conductor: what an order does to money, in one readable function and one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app import clock
from app.attribution.rules import Buyer
from app.attribution.service import keep_binding, keep_verdicts, read_journal
from app.commissions import service as commissions
from app.commissions.queries import booked, world_of
from app.commissions.rules import NOTHING_TAKEN, OrderInput, World, due
from app.errors import Retry
from app.events.service import record
from app.extensions import db
from app.members import service as members
from app.members.rules import region_of
from app.orders import service as orders
from app.tenancy import current_tenant, role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from datetime import timedelta

    from app.attribution.service import Journal
    from app.commissions.rules import DueResult
    from app.members.service import Resolution
    from app.orders.service import Incoming, Standing
    from app.partners.rules import Tree


@dataclass(frozen=True)
class Applied:
    """What one message did: its order, and whether it said anything new."""

    order_id: int
    changed: bool


def apply(incoming: Incoming) -> Applied:
    """Take in one message of a shop and book what it makes due, all in the caller's transaction.

    New order, status change, refund, duplicate, late or reordered message: the same path. A double
    writes nothing. Raises Retry when another transaction moved the order meanwhile.
    """
    seen, doubled = orders.peek(incoming)
    if seen is not None and doubled:
        return Applied(seen.id, changed=False)
    contact = orders.contact_of(incoming.snapshot, incoming.shop_id, region_of(tenant().currency))
    whose = members.resolve(contact)
    moved = _will_move(whose)
    if moved or not (seen is None and whose.made):
        held = {whose.member_id, whose.guest_id, *moved}
        members.lock(held | ({seen.member_id, seen.guest_id} if seen else set()))
    order = _take_in(incoming, seen, whose)
    if moved and whose.owned_guest_id and whose.owner_id:
        orders.take_over(whose.owned_guest_id, whose.owner_id)
    if order is None:
        return Applied(seen.id if seen else 0, changed=False)
    if incoming.state is None:
        record("order.unmapped_status", f"order:{order.id}", status=incoming.snapshot.status)
    if whose.member_id is not None and not whose.made and order.member_id == whose.member_id:
        members.refresh(whose.member_id, contact)
    touched = {order.member_id, *moved, *([seen.member_id] if seen else [])}
    reconcile([order], members=touched, alone=order.fresh and whose.made and not moved)
    return Applied(order.id, changed=True)


def _take_in(incoming: Incoming, seen: Standing | None, whose: Resolution) -> Standing | None:
    """Make the order, or fold the message into it under its lock; None for a double."""
    if seen is None:
        return orders.open_(incoming, whose.member_id, whose.guest_id)
    order = orders.lock(seen.id)
    if (order.member_id, order.guest_id) != (seen.member_id, seen.guest_id):
        raise Retry("the order went to another customer meanwhile")
    return orders.take_in(order, incoming, whose.member_id, whose.guest_id)


def delete(shop_id: int, external_id: str) -> int:
    """Take in a shop's deletion: the order is cancelled until a later message revives it.

    Returns the order's id; raises NotFound.
    """
    order = _hold(orders.find(shop_id, external_id))
    reconcile([orders.delete(order, clock.now())], members=[order.member_id])
    return order.id


def rework(order_id: int) -> None:
    """Reconcile one order as it stands: the end of its hold, a replay, a re-run. Raises NotFound."""
    order = _hold(orders.get(order_id))
    reconcile([order], members=[order.member_id])


def _hold(seen: Standing) -> Standing:
    members.lock([seen.member_id])
    order = orders.lock(seen.id)
    if order.member_id != seen.member_id:
        raise Retry("the order went to another customer meanwhile")
    return order


def reconcile(
    changed: Sequence[Standing], *, members: Iterable[int | None], alone: bool = False
) -> None:
    """Compute what is due to the orders and to all others of their customers; book the difference.

    The callers hold the members' locks; `alone` says that the customer has no other orders. A guest
    who cannot be told apart is never bound: each of his orders stands alone. A replay posts nothing.
    """
    known = sorted({m for m in members if m is not None})
    if alone and known:
        _reconcile_customer(changed)
        return
    by_member: dict[int | None, list[Standing]] = {m: [] for m in known}
    for order in orders.of_members(known):
        by_member[order.member_id].append(order)
    for member_id, own in by_member.items():
        if own:
            _reconcile_customer(own)
        elif member_id is not None:
            keep_binding(member_id, None)
    settled = {order.id for own in by_member.values() for order in own}
    for order in sorted(changed, key=lambda order: order.id):
        if order.id not in settled:
            _reconcile_customer([order])


def _reconcile_customer(own: Sequence[Standing]) -> None:
    """Due, booked, difference: for all orders of one customer, or one order of a nobody."""
    merchant, member_id = tenant(), own[0].member_id
    fresh = all(order.fresh for order in own)
    journal = read_journal({order.id: order.folded for order in own}, member_id, fresh=fresh)
    world = _world(merchant, own, journal)
    inputs = [
        OrderInput(
            o.id, o.folded, _buyer(o, journal, merchant), journal.claims[o.id], o.external_id
        )
        for o in own
    ]
    result = due(
        inputs,
        world,
        NOTHING_TAKEN,
        clock.now(),
        explicit_bindings=journal.bindings,
        bindable=member_id is not None,
    )
    standing = {} if fresh else booked([order.id for order in own])
    numbers = {order.id: order for order in own}
    commissions.book(
        result.deals, standing, merchant.currency, lambda i: orders.number_booking(numbers[i])
    )
    created = {order.id: order.folded.snapshot.created_at for order in own}
    commissions.show(result.deals, created, merchant.currency, journal.displays, fresh=fresh)
    keep_verdicts(result.attribution.verdicts.values(), journal)
    if member_id is not None:
        keep_binding(member_id, result.attribution.binding, journal)


def rehearse(
    own: Sequence[Standing], move: Callable[[Tree], Tree], also: Collection[int]
) -> tuple[DueResult, DueResult]:
    """Return what is due to one customer's orders, and what would be were the sponsor tree another.

    `also` are partners whose facts the other tree may read. The same rules as reconcile; writes nothing.
    """
    merchant, member_id = tenant(), own[0].member_id
    journal = read_journal({order.id: order.folded for order in own}, member_id, fresh=False)
    claimed = {c.partner_id for found in journal.claims.values() for c in found}
    known = {p for p in claimed | {b.partner_id for b in journal.bindings} if p is not None}
    world = world_of(merchant, own[0].shop_id, [o.folded for o in own], known | set(also))
    inputs = [
        OrderInput(
            o.id, o.folded, _buyer(o, journal, merchant), journal.claims[o.id], o.external_id
        )
        for o in own
    ]
    bound = {"explicit_bindings": journal.bindings, "bindable": member_id is not None}
    as_is, other = (
        due(inputs, each, NOTHING_TAKEN, clock.now(), **bound)  # type: ignore[arg-type]
        for each in (world, replace(world, edges=move(world.edges)))
    )
    return as_is, other


def _world(merchant: Tenant, own: Sequence[Standing], journal: Journal) -> World:
    partners = {c.partner_id for found in journal.claims.values() for c in found}
    partners |= {b.partner_id for b in journal.bindings}
    known = {p for p in partners if p is not None}
    if not known:
        # Nobody claims anything, so no fact can matter.
        return World(ZoneInfo(merchant.timezone), merchant.currency, base_terms=0, facts={})
    return world_of(merchant, own[0].shop_id, [order.folded for order in own], known)


def _buyer(order: Standing, journal: Journal, merchant: Tenant) -> Buyer:
    contact = orders.contact_of(order.folded.snapshot, order.shop_id, region_of(merchant.currency))
    return Buyer(order.member_id, contact.email, contact.phone, journal.registered_at)


def _will_move(resolution: Resolution) -> set[int]:
    """Return the customers between whom a guest's orders move, once an id has shown his e-mail."""
    if resolution.owned_guest_id is None or resolution.owner_id is None:
        return set()
    now = orders.members_of_guest(resolution.owned_guest_id)
    return now | {resolution.owner_id} if now - {resolution.owner_id} else set()


_RIPE = text(
    """
    SELECT d.tenant_id, d.order_id, t.clock_offset
    FROM deal d JOIN tenant t ON t.id = d.tenant_id
    WHERE d.matures_at <= :now + t.clock_offset
    ORDER BY d.matures_at LIMIT :most
    """
)


def ripe(most: int = 500) -> list[tuple[int, int, timedelta]]:
    """Return (tenant, order, clock offset) of deals whose hold has ended by their tenants' clocks.

    The job then calls `rework` for each, a transaction an order, in the tenant's scope.
    """
    with role("partnerka_drain"):
        rows = db.session.execute(_RIPE, {"now": clock.now(), "most": most}).all()
    return [(row.tenant_id, row.order_id, row.clock_offset) for row in rows]


def tenant() -> Tenant:
    """Return the merchant in scope."""
    found = db.session.get(Tenant, current_tenant())
    if found is None:
        raise LookupError("the tenant in scope does not exist")
    return found
