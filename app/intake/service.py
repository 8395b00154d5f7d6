"""The conductor: what an order does to money, in one readable function and one transaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import text

from app import clock, sql
from app.attribution.rules import Buyer
from app.attribution.service import (
    Customer,
    forget_bindings,
    keep_bindings,
    keep_verdicts,
    read_journals,
)
from app.commissions import service as commissions
from app.commissions.queries import booked, who_earn_cashback, world_of
from app.commissions.rules import NOTHING_TAKEN, OrderInput, World, due, share_out
from app.errors import Retry
from app.events import service as events
from app.events.service import Happened
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.service import AlreadyPosted
from app.members import service as members
from app.members.rules import region_of
from app.orders import service as orders
from app.orders.service import Incoming, Standing, Word
from app.tenancy import current_tenant, role
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from app.attribution.service import Journal
    from app.commissions.rules import DueResult
    from app.commissions.service import Shown
    from app.members.service import Contact, Resolution
    from app.orders.rules import Folded

Name = tuple[int, str]  # an order's shop, and its id there
News = tuple[Incoming, Standing | None]  # a message that is no double, and its order so far


@dataclass(frozen=True)
class Applied:
    """What one message did: its order as it now stands, and whether it said anything new."""

    order: Standing
    changed: bool


def apply(incoming: Incoming) -> Applied:
    """Take in one message of a shop: see `apply_all`."""
    return apply_all([incoming])[0]


def apply_all(incoming: Sequence[Incoming]) -> list[Applied]:
    """Take in messages of the scope's shops and book what they make due, all in the caller's transaction.

    New order, status change, refund, duplicate, late or reordered message: the same path. A double
    writes nothing. Answers stand in the order asked. Raises Retry when another transaction moved
    an order meanwhile.
    """
    peeked = orders.peek(incoming)
    news = [
        (one, seen) for one, (seen, doubled) in zip(incoming, peeked, strict=True) if not doubled
    ]
    standing = _book_news(news) if news else {}
    return [
        Applied(standing.get(_name(one)) or _known(seen), changed=_name(one) in standing)
        for one, (seen, _doubled) in zip(incoming, peeked, strict=True)
    ]


def _name(incoming: Incoming) -> Name:
    return incoming.shop_id, incoming.external_id


def _known(order: Standing | None) -> Standing:
    if order is None:
        raise LookupError("a message that is no double has an order")
    return order


def _book_news(news: Sequence[News]) -> dict[Name, Standing]:
    """Take in messages that are no doubles; return the orders that changed, by shop and id."""
    region = region_of(tenant().currency)
    contacts = [orders.contact_of(one.snapshot, one.shop_id, region) for one, _seen in news]
    whose = members.resolve(contacts)
    owners, moved = _moves(whose)
    before = {_name(one): seen for one, seen in news if seen is not None}
    held = moved | {m for seen in before.values() for m in (seen.member_id, seen.guest_id)}
    made = {w.member_id for w in whose if w.made} - held
    members.lock(held | {m for w in whose for m in (w.member_id, w.guest_id)} - made)
    changed = _take_in(news, whose, before)
    orders.take_over(owners)
    events.record_all(list(_unmapped(news, changed)))
    members.refresh(_newest(news, contacts, whose, changed))
    touched = moved | {order.member_id for order in changed.values()}
    touched |= {seen.member_id for name, seen in before.items() if name in changed}
    reconcile(list(changed.values()), touched, alone={m for m in made if m is not None})
    return changed


def _moves(whose: Sequence[Resolution]) -> tuple[dict[int, int], set[int | None]]:
    """Return {guest: owner} where an id has shown a guest's e-mail, and the customers concerned."""
    owned = {
        w.owned_guest_id: w.owner_id
        for w in whose
        if w.owned_guest_id is not None and w.owner_id is not None
    }
    now = orders.members_of_guests(owned)
    moving = {guest: owner for guest, owner in owned.items() if now.get(guest, set()) - {owner}}
    return moving, {m for guest, owner in moving.items() for m in (owner, *now[guest])}


def _unmapped(news: Sequence[News], changed: Mapping[Name, Standing]) -> Iterator[Happened]:
    for one, _seen in news:
        if one.state is None and _name(one) in changed:
            facts = {"status": one.snapshot.status}
            yield Happened("order.unmapped_status", f"order:{changed[_name(one)].id}", facts)


def _take_in(
    news: Sequence[News], whose: Sequence[Resolution], before: Mapping[Name, Standing]
) -> dict[Name, Standing]:
    """Make the orders that are new, and fold the messages into the others under their locks."""
    words: dict[Name, list[Word]] = defaultdict(list)
    for (one, _seen), resolved in zip(news, whose, strict=True):
        words[_name(one)].append(Word(one, resolved.member_id, resolved.guest_id))
    locked = _locked(before.values())
    fresh = orders.open_all([said for name, said in words.items() if name not in before])
    folded = orders.take_in([(locked[seen.id], words[name]) for name, seen in before.items()])
    return {(order.shop_id, order.external_id): order for order in (*fresh, *folded)}


def _newest(
    news: Sequence[News],
    contacts: Sequence[Contact],
    whose: Sequence[Resolution],
    changed: Mapping[Name, Standing],
) -> dict[int, Contact]:
    """Return what to show on contact cards: what orders that changed say of whose they are.

    Cards that were made just now, of one message, show it already.
    """
    shown = {}
    spoken = Counter(resolved.member_id for resolved in whose)
    for (one, _seen), contact, resolved in zip(news, contacts, whose, strict=True):
        order, member_id = changed.get(_name(one)), resolved.member_id
        if order is None or member_id is None or order.member_id != member_id:
            continue
        if not resolved.made or spoken[member_id] > 1:
            shown[member_id] = contact
    return shown


def delete(shop_id: int, external_id: str) -> Standing:
    """Take in a shop's deletion: the order is cancelled until a later message revives it.

    Returns the order as it now stands; raises NotFound.
    """
    [order] = _hold([orders.find(shop_id, external_id)])
    gone = orders.delete(order, clock.now())
    reconcile([gone], [gone.member_id])
    return gone


def rework(order_ids: Iterable[int]) -> None:
    """Reconcile orders as they stand: the end of their hold, a replay, a re-run.

    Orders that are not there are passed over.
    """
    held = _hold(orders.get_all(order_ids))
    reconcile(held, [order.member_id for order in held])


def _hold(seen: Sequence[Standing]) -> list[Standing]:
    members.lock(order.member_id for order in seen)
    return list(_locked(seen).values())


def _locked(seen: Iterable[Standing]) -> dict[int, Standing]:
    """Lock orders whose customers are held; raises Retry when one has gone to another meanwhile."""
    seen = list(seen)
    locked = orders.lock(order.id for order in seen)
    for order in seen:
        now = locked[order.id]
        if (now.member_id, now.guest_id) != (order.member_id, order.guest_id):
            raise Retry("an order went to another customer meanwhile")
    return locked


def reconcile(
    changed: Sequence[Standing], of: Iterable[int | None], *, alone: Collection[int] = frozenset()
) -> None:
    """Compute what is due to the orders and to all others of the customers `of`; book the difference.

    The callers hold the customers' locks; `alone` are those who have no other orders. A guest who
    cannot be told apart is never bound: each of his orders stands alone. A replay posts nothing.
    """
    known = {member_id for member_id in of if member_id is not None}
    by_member: dict[int | None, list[Standing]] = {m: [] for m in sorted(known)}
    alone = known & set(alone)
    for order in (
        *orders.of_members(known - alone),
        *(order for order in changed if order.member_id in alone),
    ):
        by_member[order.member_id].append(order)
    _settle(_customers(changed, by_member))
    forget_bindings([m for m, own in by_member.items() if m is not None and not own])


def _customers(
    changed: Iterable[Standing], by_member: Mapping[int | None, Sequence[Standing]]
) -> list[Sequence[Standing]]:
    """Return all orders of each customer, and each order of a nobody by itself."""
    settled = {order.id for own in by_member.values() for order in own}
    nobodies = [[order] for order in changed if order.id not in settled]
    return [*(own for own in by_member.values() if own), *nobodies]


def _others(order_ids: Collection[int]) -> list[Sequence[Standing]]:
    """Hold the customers of orders that a cap leaves another sum, with all their orders."""
    held = _hold(orders.get_all(order_ids))
    by_member: dict[int | None, list[Standing]] = defaultdict(list)
    for order in orders.of_members({o.member_id for o in held if o.member_id is not None}):
        by_member[order.member_id].append(order)
    return _customers(held, by_member)


def _settle(customers: Sequence[Sequence[Standing]]) -> None:
    """Due, booked, difference: for all orders of each customer, or one order of a nobody.

    Where a cap of a month leaves other orders another sum, their customers are settled along.
    """
    merchant = tenant()
    standing = {order.id: order for own in customers for order in own}
    fresh = {order.id for order in standing.values() if order.fresh}
    asked = [Customer(own[0].member_id, {o.id: o.folded for o in own}) for own in customers]
    journals = read_journals(asked, fresh)
    worlds = _worlds(merchant, customers, journals)
    results = [
        _due(merchant, own, journal, worlds[own[0].shop_id])
        for own, journal in zip(customers, journals, strict=True)
    ]
    before = commissions.shown(sorted(standing.keys() - fresh))
    asks = [ask for result in results for ask in result.asked]
    month = commissions.hold(standing, asks, before.asks)
    results, served = share_out(results, month.taken)
    if moved := month.moved(served):
        _settle([*customers, *_others(moved)])
        return
    found = list(zip(asked, journals, results, strict=True))
    _write(merchant, standing, found, before, lambda: month.keep(served, merchant.currency))


def _write(
    merchant: Tenant,
    standing: Mapping[int, Standing],
    found: Sequence[tuple[Customer, Journal, DueResult]],
    before: Shown,
    keep_caps: Callable[[], list[Happened]],
) -> None:
    """Post the difference between due and booked, and write what pages and disputes read."""
    deals = [deal for _customer, _journal, result in found for deal in result.deals]
    fresh = {order.id for order in standing.values() if order.fresh}
    known = sorted(standing.keys() - fresh)
    booking = commissions.prepare(
        deals,
        booked(known) if known else {},
        merchant.currency,
        lambda order_id: orders.next_booking(standing[order_id]),
    )
    created = {order.id: order.folded.snapshot.created_at for order in standing.values()}
    codes = {w: code for _c, journal, _r in found for w, code in journal.displays.items()}
    with sql.together():
        receipt = ledger.send_all(booking.postings, merchant.currency)
        orders.number_bookings({i: n for i, n in booking.numbers.items() if i not in fresh})
        shown = commissions.show(deals, created, merchant.currency, codes, before)
        events.record_all([*booking.happened, *shown, *keep_caps()])
        keep_verdicts((journal, r.attribution.verdicts.values()) for _c, journal, r in found)
        keep_bindings(
            (customer.member_id, result.attribution.binding, journal)
            for customer, journal, result in found
            if customer.member_id is not None
        )
    try:
        receipt.check()
    except AlreadyPosted as error:
        raise Retry(error.code) from error


def _due(merchant: Tenant, own: Sequence[Standing], journal: Journal, world: World) -> DueResult:
    inputs = [
        OrderInput(
            o.id, o.folded, _buyer(o, journal, merchant), journal.claims[o.id], o.external_id
        )
        for o in own
    ]
    return due(
        inputs,
        world,
        NOTHING_TAKEN,
        clock.now(),
        explicit_bindings=journal.bindings,
        bindable=own[0].member_id is not None,
    )


def _worlds(
    merchant: Tenant, customers: Sequence[Sequence[Standing]], journals: Sequence[Journal]
) -> dict[int, World]:
    """Return the world of each shop whose orders these are."""
    folded: dict[int, list[Folded]] = defaultdict(list)
    partners: dict[int, set[int]] = defaultdict(set)
    region = region_of(merchant.currency)
    buyers = [
        orders.contact_of(order.folded.snapshot, order.shop_id, region)
        for own in customers
        for order in own
    ]
    ids = {own[0].member_id for own in customers}
    themselves = who_earn_cashback(ids, {b.email for b in buyers}, {b.phone for b in buyers})
    for own, journal in zip(customers, journals, strict=True):
        folded[own[0].shop_id] += [order.folded for order in own]
        found = {c.partner_id for claims in journal.claims.values() for c in claims}
        found |= {b.partner_id for b in journal.bindings}
        partners[own[0].shop_id] |= {p for p in found if p is not None} | themselves
    nobody = World(ZoneInfo(merchant.timezone), merchant.currency, base_terms=0, facts={})
    return {
        # Where nobody claims anything no fact can matter.
        shop: world_of(merchant, shop, own, partners[shop]) if partners[shop] else nobody
        for shop, own in folded.items()
    }


def _buyer(order: Standing, journal: Journal, merchant: Tenant) -> Buyer:
    contact = orders.contact_of(order.folded.snapshot, order.shop_id, region_of(merchant.currency))
    return Buyer(order.member_id, contact.email, contact.phone, journal.registered_at)


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

    The job then calls `rework` for them, in the tenants' scopes.
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
