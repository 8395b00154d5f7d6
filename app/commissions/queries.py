"""Read the world an order was made in, what is booked, and deals with their shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.catalog.queries import categories_by_key, products_by_key
from app.commissions.models import Deal, Share
from app.commissions.rules import Key, Nets, World, facts_from_rows
from app.extensions import db
from app.facts.models import Fact
from app.orders.models import Order
from app.members.rules import region_of
from app.partners.models import Partner
from app.partners.queries import identities, upline_edges
from app.partners.rules import tree_of
from app.programs.models import Terms
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from sqlalchemy import Select

    from app.orders.rules import Folded

LEVELS = 16  # more than any program has: order and level make one number

_BOOKED = text(
    """
    SELECT order_id, line, level, partner_id,
           sum(CASE WHEN target = pending THEN amount WHEN source = pending THEN -amount ELSE 0 END)
               AS pending,
           sum(CASE WHEN target IN (available, debt) THEN amount ELSE 0 END
             - CASE WHEN source IN (available, debt) THEN amount ELSE 0 END) AS settled
    FROM (SELECT *, 'partner\\:' || partner_id || '\\:pending' AS pending,
                    'partner\\:' || partner_id || '\\:available' AS available,
                    'partner\\:' || partner_id || '\\:debt' AS debt
          FROM transfer WHERE order_id = ANY(:orders)) t
    GROUP BY order_id, line, level, partner_id
    """
).bindparams(bindparam("orders", type_=ARRAY(BigInteger)))


def world_of(
    tenant: Tenant, shop_id: int, folded: Iterable[Folded], partners: Collection[int]
) -> World:
    """Load every dated fact that the orders of one customer may read, in a few statements."""
    lines = [line for f in folded for line in f.snapshot.lines]
    named = {str(row.value) for f in folded for row in f.facts if row.name == "category"}
    products = products_by_key(shop_id, {line.product for line in lines if line.product})
    categories = categories_by_key(shop_id, named)
    edges = upline_edges(partners)
    everyone = {p for e in edges for p in (e.partner_id, e.sponsor_id) if p is not None} | set(partners)
    facts = _facts(everyone, set(products.values()), set(categories.values()))
    return World(
        zone=ZoneInfo(tenant.timezone),
        currency=tenant.currency,
        base_terms=db.session.scalars(select(Terms.id).where(Terms.is_base)).one(),
        facts=facts_from_rows(facts, tenant.currency),
        products=products,
        categories=categories,
        edges=tree_of(edges),
        identities=identities(everyone, region_of(tenant.currency)),
    )


def _facts(partners: set[int], products: set[int], categories: set[int]) -> list[Any]:
    """Rows of the owners, then of the owners that those rows name: terms, groups, categories."""
    owners = {
        "merchant",
        *(f"terms:{t}" for t in db.session.scalars(select(Terms.id))),
        *(f"partner:{p}" for p in partners),
        *(f"product:{p}" for p in products),
        *(f"category:{c}" for c in categories),
    }
    rows: list[Any] = []
    seen: set[str] = set()
    while owners:
        seen |= owners
        found = db.session.execute(
            select(Fact.owner, Fact.name, Fact.valid_from, Fact.value).where(Fact.owner.in_(owners))
        ).all()
        rows += found
        owners = {
            f"{kind}:{row.value}"
            for row in found
            if row.value is not None
            and (kind := {"group": "group", "category": "category", "parent": "category"}.get(row.name))
        } - seen
    return rows


def booked(order_ids: Collection[int]) -> dict[Key, Nets]:
    """Return what the ledger holds about the orders: net per order, line, level and partner.

    Minor units; `settled` is available and debt together.
    """
    rows = db.session.execute(_BOOKED, {"orders": sorted(order_ids)})
    found = {
        Key(r.order_id, r.line, r.level, r.partner_id): Nets(int(r.pending), int(r.settled))
        for r in rows
    }
    return {key: nets for key, nets in found.items() if nets != Nets()}


@dataclass(frozen=True)
class ShareRow:
    """One partner's earning at one level of a deal, summed over lines; minor units."""

    level: int
    partner_id: int
    refcode: str
    name: str
    amount: int
    bucket: str
    lines: tuple[Share, ...]


@dataclass(frozen=True)
class DealView:
    """A deal as answers and pages show it."""

    deal: Deal
    partner: Partner | None
    shares: tuple[ShareRow, ...]


def deal_view(order_id: int) -> DealView | None:
    """Return the verdict on one order with shares by level and partner; None before any."""
    found = deal_views([order_id])
    return found.get(order_id)


def deal_views(order_ids: Collection[int]) -> dict[int, DealView]:
    """Return deals with shares for several orders, in three statements."""
    deals = db.session.scalars(select(Deal).where(Deal.order_id.in_(order_ids))).all()
    shares = db.session.scalars(
        select(Share).where(Share.order_id.in_(order_ids)).order_by(Share.order_id, Share.level, Share.position)
    ).all()
    ids = {s.partner_id for s in shares} | {d.partner_id for d in deals if d.partner_id}
    people = {p.id: p for p in db.session.scalars(select(Partner).where(Partner.id.in_(ids)))}
    return {
        deal.order_id: DealView(
            deal,
            people.get(deal.partner_id) if deal.partner_id else None,
            _rows([s for s in shares if s.order_id == deal.order_id], people),
        )
        for deal in deals
    }


def _rows(shares: list[Share], people: dict[int, Partner]) -> tuple[ShareRow, ...]:
    grouped: dict[tuple[int, int], list[Share]] = {}
    for share in shares:
        grouped.setdefault((share.level, share.partner_id), []).append(share)
    return tuple(
        ShareRow(
            level=level,
            partner_id=partner_id,
            refcode=people[partner_id].refcode,
            name=people[partner_id].name,
            amount=sum(s.amount for s in lines),
            bucket=lines[0].bucket,
            lines=tuple(lines),
        )
        for (level, partner_id), lines in grouped.items()
    )


def orders() -> Select[Any]:
    """Orders with their deals, for the merchant's list: those of partners carry the star."""
    return (
        select(
            Order.id,
            Order.number,
            Order.created_at,
            Order.status,
            Order.state,
            Order.total,
            Order.folded["snapshot"]["customer"]["name"].astext.label("customer"),
            Deal.public_id.label("deal"),
            Deal.partner_id,
            Partner.name.label("partner"),
            Deal.commission,
        )
        .join(Deal, (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id))
        .outerjoin(Partner, (Partner.tenant_id == Deal.tenant_id) & (Partner.id == Deal.partner_id))
    )


def deals() -> Select[Any]:
    """Orders that partners brought."""
    return orders().where(Deal.partner_id.is_not(None))


def accruals() -> Select[Any]:
    """What each partner earns from each order at each level, summed over lines, newest first."""
    sums = (
        select(
            Share.tenant_id,
            Share.order_id,
            Share.level,
            Share.partner_id,
            func.sum(Share.amount).label("amount"),
            func.max(Share.bucket).label("bucket"),
        )
        .group_by(Share.tenant_id, Share.order_id, Share.level, Share.partner_id)
        .subquery()
    )
    return (
        select(
            (sums.c.order_id * LEVELS + sums.c.level).label("key"),
            sums.c.level,
            sums.c.amount,
            sums.c.bucket,
            sums.c.partner_id,
            Partner.name.label("partner"),
            Partner.refcode,
            Order.number,
            Order.state,
            Deal.public_id.label("deal"),
            Deal.created_at,
            Deal.available_at,
        )
        .select_from(sums)
        .join(Deal, (Deal.tenant_id == sums.c.tenant_id) & (Deal.order_id == sums.c.order_id))
        .join(Order, (Order.tenant_id == sums.c.tenant_id) & (Order.id == sums.c.order_id))
        .join(Partner, (Partner.tenant_id == sums.c.tenant_id) & (Partner.id == sums.c.partner_id))
    )


def order_of_deal(public_id: str) -> Order | None:
    """Return the order of a deal by the deal's outside id."""
    return db.session.scalar(
        select(Order)
        .join(Deal, (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id))
        .where(Deal.public_id == public_id)
    )
