"""What orders are due, read and computed: for the conductor, and for looks that write nothing."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app import clock
from app.attribution.rules import Buyer, Kind
from app.attribution.service import Customer, read_journals
from app.checkout.queries import as_paid
from app.commissions.queries import overrides, who_earn_cashback, world_of
from app.commissions.rules import NOTHING_TAKEN, OrderInput, World, due
from app.extensions import db
from app.fraud import service as fraud
from app.fraud.rules import NO_CASE, NOTHING, merge
from app.fraud.service import Watched
from app.members.rules import region_of
from app.orders import service as orders
from app.programs import queries as programs
from app.tenancy import current_tenant
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from app.attribution.service import Journal
    from app.commissions.rules import DueResult, Override
    from app.fraud.rules import Case
    from app.orders.service import Standing


def foresee(
    customers: Sequence[Sequence[Standing]],
    alter: Callable[[World], World] | None = None,
    also: Collection[int] = (),
) -> list[DueResult]:
    """Say what customers' orders, as they are given, would earn; nothing is locked or written.

    `alter` may put other facts into the world, those of the partners `also` among them. The caps of a
    month are left aside: they depend on the orders of everybody else.
    """
    return judge(tenant(), as_paid(customers), frozenset(), alter, also)[2]


def reckon(
    merchant: Tenant, customers: Sequence[Sequence[Standing]]
) -> tuple[list[Customer], list[Journal], list[DueResult]]:
    """Compute what the orders of customers are due, and from which evidence; only reads."""
    fresh = {order.id for own in customers for order in own if order.fresh}
    return judge(merchant, as_paid(customers), fresh)


def judge(
    merchant: Tenant,
    customers: Sequence[Sequence[Standing]],
    fresh: Collection[int],
    alter: Callable[[World], World] | None = None,
    also: Collection[int] = (),
    *,
    hold: bool = False,
) -> tuple[list[Customer], list[Journal], list[DueResult]]:
    """Read what speaks for partners and what held, and say what is due.

    `hold`: lock the codes that are good for so many orders, for what is written after it.
    """
    asked = [_customer(own) for own in customers]
    journals = read_journals(asked, fresh, hold=hold)
    worlds = _worlds(merchant, customers, journals, also)
    if alter is not None:
        worlds = {shop: alter(world) for shop, world in worlds.items()}
    known = {order.id for own in customers for order in own} - set(fresh)
    said, cases = overrides(known), _cases(customers, journals, worlds, fraud.read(known))
    named = _named_terms(journals)
    results = [
        _due(merchant, own, journal, worlds[own[0].shop_id], said, cases, named)
        for own, journal in zip(customers, journals, strict=True)
    ]
    return asked, journals, results


def _due(
    merchant: Tenant,
    own: Sequence[Standing],
    journal: Journal,
    world: World,
    said: Mapping[int, tuple[Override, ...]],
    cases: Mapping[int, Case],
    named: Mapping[str, int],
) -> DueResult:
    inputs = [
        OrderInput(
            o.id,
            o.folded,
            _buyer(o, journal, merchant),
            journal.claims[o.id],
            o.external_id,
            said.get(o.id, ()),
            o.rated_as_of,
            cases.get(o.id, NO_CASE),
            named.get(journal.terms.get(o.id, "")),
            journal.terms.get(o.id),
        )
        for o in own
    ]
    return due(
        inputs,
        world,
        NOTHING_TAKEN,
        clock.now(),
        enrolments=journal.enrolments,
        bindable=own[0].member_id is not None,
    )


def _cases(
    customers: Sequence[Sequence[Standing]],
    journals: Sequence[Journal],
    worlds: Mapping[int, World],
    known: Mapping[int, Case],
) -> Mapping[int, Case]:
    """Look around orders where the merchant's policy asks for it; what was seen before stays seen."""
    watched = []
    for own, journal in zip(customers, journals, strict=True):
        partners = frozenset(_partners(journal))
        for order in own:
            made = order.folded.snapshot.created_at
            policy = worlds[own[0].shop_id].fraud_policy(made)
            clicks = (c for c in journal.claims[order.id] if c.kind is Kind.CLICK)
            tokens = tuple(click.evidence for click in clicks)
            watched.append(Watched(order.id, made, policy, tokens, partners))
    seen = fraud.watch(watched)
    cases = {order_id: known.get(order_id, NO_CASE) for order_id in {*known, *seen}}
    return {
        order_id: case._replace(trace=merge(case.trace, seen.get(order_id, NOTHING)))
        for order_id, case in cases.items()
    }


def _customer(own: Sequence[Standing]) -> Customer:
    return Customer(
        own[0].member_id,
        {o.id: o.folded for o in own},
        own[0].shop_id,
        {o.id: o.external_id for o in own},
    )


def _named_terms(journals: Sequence[Journal]) -> dict[str, int]:
    """Return the sets of terms that staff named on orders, by what they wrote."""
    words = {word for journal in journals for word in journal.terms.values()}
    return programs.terms_meant(words) if words else {}


def _worlds(
    merchant: Tenant,
    customers: Sequence[Sequence[Standing]],
    journals: Sequence[Journal],
    also: Collection[int],
) -> dict[int, World]:
    """Return the world of each shop whose orders these are, with the facts of the partners `also`."""
    made: dict[int, list[Standing]] = defaultdict(list)
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
        made[own[0].shop_id] += own
        partners[own[0].shop_id] |= _partners(journal) | themselves | set(also)
    return {
        shop: world_of(
            merchant,
            shop,
            [order.folded for order in own],
            partners[shop],
            min(order.rated_as_of or order.folded.snapshot.created_at for order in own),
        )
        if partners[shop]
        else _nobody(merchant)
        for shop, own in made.items()
    }


def world_without(merchant: Tenant, journals: Sequence[Journal]) -> World:
    """Return the world of customers who have no orders: what speaks for partners there is theirs."""
    partners = {p for journal in journals for p in _partners(journal)}
    if not partners:
        return _nobody(merchant)
    return world_of(merchant, 0, [], partners, clock.now())


def _partners(journal: Journal) -> set[int]:
    """Return every partner for whom something speaks."""
    found = {c.partner_id for claims in journal.claims.values() for c in claims}
    found |= {e.claim.partner_id for e in journal.enrolments}
    return {p for p in found if p is not None}


def _nobody(merchant: Tenant) -> World:
    """Where nobody claims anything no fact can matter."""
    return World(ZoneInfo(merchant.timezone), merchant.currency, base_terms=0, facts={})


def _buyer(order: Standing, journal: Journal, merchant: Tenant) -> Buyer:
    contact = orders.contact_of(order.folded.snapshot, order.shop_id, region_of(merchant.currency))
    return Buyer(order.member_id, contact.email, contact.phone, journal.registered_at)


def tenant() -> Tenant:
    """Return the merchant in scope."""
    found = db.session.get(Tenant, current_tenant())
    if found is None:
        raise LookupError("the tenant in scope does not exist")
    return found
