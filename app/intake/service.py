"""The conductor: what an order does to money, in one readable function and one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select, text

from app import clock
from app.attribution.rules import Buyer, Kind
from app.attribution.service import (
    claims_of,
    displays_of,
    explicit_bindings,
    keep_binding,
    keep_verdict,
)
from app.commissions import service as commissions
from app.commissions.queries import booked, world_of
from app.commissions.rules import NOTHING_TAKEN, OrderInput, World, due
from app.errors import Retry
from app.events.service import record
from app.extensions import db
from app.members import service as members
from app.members.models import Member
from app.members.rules import normalise_email, normalise_phone, region_of
from app.orders import service as orders
from app.orders.rules import folded_from_json
from app.tenancy import current_tenant, role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import timedelta

    from app.attribution.rules import Binding, Claim
    from app.commissions.rules import DueResult
    from app.members.service import Resolution
    from app.orders.models import Order
    from app.orders.rules import Folded
    from app.orders.service import Incoming

_BY_CODE = frozenset({Kind.STAFF, Kind.PARTNER_CODE, Kind.COUPON})


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
    region = region_of(tenant().currency)
    place = orders.place(incoming)
    resolution = members.resolve(orders.contact_of(incoming.snapshot, incoming.shop_id, region))
    moved = _will_move(resolution)
    members.lock({place.member_id, place.guest_id, resolution.member_id, resolution.guest_id, *moved})
    order = orders.lock(place.id)
    if (order.member_id, order.guest_id) != (place.member_id, place.guest_id):
        raise Retry("the order went to another customer meanwhile")
    changed = orders.take_in(order, incoming, made=place.made)
    if moved and resolution.owned_guest_id and resolution.owner_id:
        orders.take_over(resolution.owned_guest_id, resolution.owner_id)
    if changed:
        _assign(order, incoming, resolution)
        if incoming.state is None:
            record("order.unmapped_status", f"order:{order.id}", status=incoming.snapshot.status)
    if changed or moved:
        reconcile([order.id], members={place.member_id, order.member_id, *moved})
    return Applied(order.id, changed=changed)


def delete(shop_id: int, external_id: str) -> int:
    """Take in a shop's deletion: the order is cancelled until a later message revives it.

    Returns the order's id; raises NotFound.
    """
    found = orders.find(shop_id, external_id)
    members.lock([found.member_id])
    order = orders.lock(found.id)
    orders.delete(order, clock.now())
    reconcile([order.id], members=[order.member_id])
    return order.id


def rework(order_id: int) -> None:
    """Reconcile one order as it stands: the end of its hold, a replay, a re-run. Raises NotFound."""
    found = orders.get(order_id)
    members.lock([found.member_id])
    order = orders.lock(order_id)
    if order.member_id != found.member_id:
        raise Retry("the order went to another customer meanwhile")
    reconcile([order_id], members=[order.member_id])


def reconcile(order_ids: Collection[int], *, members: Iterable[int | None]) -> None:
    """Compute what is due to the orders and to all others of their customers; book the difference.

    The callers hold the members' locks. A guest who cannot be told apart is never bound: each of
    his orders stands alone. A replay posts nothing.
    """
    known = {m for m in members if m is not None}
    by_member: dict[int | None, list[Order]] = {m: [] for m in sorted(known)}
    for order in orders.of_members(known):
        by_member[order.member_id].append(order)
    for member_id, own in by_member.items():
        if own:
            _reconcile_customer(own)
        elif member_id is not None:
            keep_binding(member_id, None)
    settled = {order.id for own in by_member.values() for order in own}
    for order_id in sorted(set(order_ids) - settled):
        _reconcile_customer([orders.get(order_id)])


def _reconcile_customer(own: Sequence[Order]) -> None:
    """Due, booked, difference: for all orders of one customer, or one order of a nobody."""
    merchant, member_id = tenant(), own[0].member_id
    folded = {order.id: folded_from_json(order.folded) for order in own}
    claims = claims_of(folded)
    explicit = explicit_bindings(member_id) if member_id is not None else ()
    world = _world(merchant, own, folded, claims, explicit)
    buyers = _buyers(own, folded, region_of(merchant.currency))
    inputs = [OrderInput(o.id, folded[o.id], buyers[o.id], claims[o.id], o.external_id) for o in own]
    result = due(
        inputs,
        world,
        NOTHING_TAKEN,
        clock.now(),
        explicit_bindings=explicit,
        bindable=member_id is not None,
    )
    standing = booked([order.id for order in own])
    commissions.book(result.deals, standing, merchant.currency, orders.number_booking)
    _show(own, result, merchant.currency)
    if member_id is not None:
        keep_binding(member_id, result.attribution.binding)


def _show(own: Sequence[Order], result: DueResult, currency: str) -> None:
    created = {order.id: order.created_at for order in own}
    winners = [d.verdict.winner for d in result.deals if d.verdict.winner]
    names = displays_of(c.evidence for c in winners if c.kind in _BY_CODE)
    for deal in result.deals:
        commissions.show(deal, created[deal.order_id], currency, names)
        keep_verdict(deal.verdict)


def _world(
    merchant: Tenant,
    own: Sequence[Order],
    folded: Mapping[int, Folded],
    claims: Mapping[int, tuple[Claim, ...]],
    explicit: Sequence[Binding],
) -> World:
    partners = {c.partner_id for found in claims.values() for c in found} - {None}
    partners |= {b.partner_id for b in explicit}
    if not partners:
        # Nobody claims anything, so no fact can matter.
        return World(ZoneInfo(merchant.timezone), merchant.currency, base_terms=0, facts={})
    known = {p for p in partners if p is not None}
    return world_of(merchant, own[0].shop_id, folded.values(), known)


def _buyers(
    own: Sequence[Order], folded: Mapping[int, Folded], region: str | None
) -> dict[int, Buyer]:
    member_id = own[0].member_id
    registered = (
        db.session.scalar(select(Member.registered_at).where(Member.id == member_id))
        if member_id is not None
        else None
    )
    return {
        order_id: Buyer(
            member_id,
            normalise_email(f.snapshot.customer.email),
            normalise_phone(f.snapshot.customer.phone, region),
            registered,
        )
        for order_id, f in folded.items()
    }


def _will_move(resolution: Resolution) -> set[int]:
    """Return the customers between whom a guest's orders move, once an id has shown his e-mail."""
    if resolution.owned_guest_id is None or resolution.owner_id is None:
        return set()
    now = orders.members_of_guest(resolution.owned_guest_id)
    return now | {resolution.owner_id} if now - {resolution.owner_id} else set()


def _assign(order: Order, incoming: Incoming, resolution: Resolution) -> None:
    """Let the order belong to the customer whom its newest message names."""
    newest = folded_from_json(order.folded).snapshot
    if newest != incoming.snapshot:
        return  # an older word changes no field; the newest one's customer stands
    if (order.member_id, order.guest_id) != (resolution.member_id, resolution.guest_id):
        orders.assign(order, resolution.member_id, resolution.guest_id)
    if resolution.member_id is not None:
        contact = orders.contact_of(newest, incoming.shop_id, region_of(tenant().currency))
        members.refresh(resolution.member_id, contact)


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
