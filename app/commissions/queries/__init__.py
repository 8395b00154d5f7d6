"""Read the world an order was made in, what is booked, and deals with their shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app import sql
from app.commissions.models import Deal, Share
from app.commissions.rules import Key, Nets, Override, World, facts_from_rows
from app.extensions import db
from app.members.rules import region_of
from app.orders.models import Order
from app.partners.models import Partner
from app.partners.queries import identity_of
from app.partners.rules import Edge, tree_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Select

    from app.orders.rules import Folded
    from app.tenants.models import Tenant

CALLED = ("name", "email", "phone")  # how a buyer is called, the first that is known
LEVELS = 16  # more than any program has: order and level make one number

# Everything that an order of these partners and products may read, in one round trip: the partners
# and all who ever stood above them, and the facts of whoever the facts name.
_WORLD = """
WITH RECURSIVE above(id) AS (
    SELECT unnest(%(partners)s::bigint[])
    UNION
    SELECT e.sponsor_id FROM sponsor_edge e JOIN above a ON e.partner_id = a.id
    WHERE e.sponsor_id IS NOT NULL
), products AS (
    SELECT external_id, id FROM product WHERE shop_id = %(shop)s AND external_id = ANY(%(products)s)
), named AS (
    SELECT external_id, id FROM category
    WHERE shop_id = %(shop)s AND external_id = ANY(%(categories)s)
), families(id) AS (
    (SELECT id FROM named UNION
     SELECT (f.value #>> '{}')::bigint FROM fact f JOIN products p ON f.owner = 'product:' || p.id
     WHERE f.name = 'category' AND jsonb_typeof(f.value) = 'number')
    UNION
    SELECT (f.value #>> '{}')::bigint FROM fact f JOIN families c ON f.owner = 'category:' || c.id
    WHERE f.name = 'parent' AND jsonb_typeof(f.value) = 'number'
), owners(owner) AS (
    SELECT 'merchant' UNION ALL SELECT 'terms:' || id FROM terms
    UNION ALL SELECT 'partner:' || id FROM above
    UNION ALL SELECT 'product:' || id FROM products
    UNION ALL SELECT 'category:' || id FROM families
    UNION ALL SELECT 'group:' || id FROM partner_group
    UNION ALL SELECT 'campaign:' || id FROM campaign WHERE ends_at IS NULL OR ends_at >= %(oldest)s
)
SELECT
    (SELECT id FROM terms WHERE is_base) AS base_terms,
    (SELECT jsonb_object_agg(external_id, id) FROM products) AS products,
    (SELECT jsonb_object_agg(external_id, id) FROM named) AS categories,
    (SELECT jsonb_agg(jsonb_build_array(e.partner_id, e.sponsor_id, e.valid_from, e.valid_to))
     FROM sponsor_edge e JOIN above a ON a.id = e.partner_id) AS edges,
    (SELECT jsonb_agg(jsonb_build_array(p.id, p.member_id, p.email, p.phone))
     FROM partner p JOIN above a ON a.id = p.id) AS partners,
    (SELECT jsonb_agg(jsonb_build_array(f.owner, f.name, f.valid_from, f.value))
     FROM fact f JOIN owners o ON o.owner = f.owner) AS facts
"""

_BOOKED = """
SELECT order_id, line, level, partner_id,
       sum(CASE WHEN target = pending THEN amount WHEN source = pending THEN -amount ELSE 0 END)
           AS pending,
       sum(CASE WHEN target IN (available, debt) THEN amount ELSE 0 END
         - CASE WHEN source IN (available, debt) THEN amount ELSE 0 END) AS settled
FROM (SELECT *, 'partner:' || partner_id || ':pending' AS pending,
                'partner:' || partner_id || ':available' AS available,
                'partner:' || partner_id || ':debt' AS debt
      FROM transfer WHERE order_id = ANY(%(orders)s)) t
GROUP BY order_id, line, level, partner_id
"""

# Three looks, each by its own index; none of them where cashback never was on.
_THEMSELVES = """
WITH cashback AS (
    SELECT FROM fact WHERE owner = 'merchant' AND name = 'cashback' AND value = 'true'::jsonb
)
SELECT id FROM partner WHERE EXISTS (TABLE cashback) AND member_id = ANY(%(members)s::bigint[])
UNION SELECT id FROM partner
WHERE EXISTS (TABLE cashback) AND email = ANY(%(emails)s) AND status <> 'removed'
UNION SELECT id FROM partner WHERE EXISTS (TABLE cashback) AND phone = ANY(%(phones)s)
"""


def who_earn_cashback(
    members: Iterable[int | None], emails: Iterable[str | None], phones: Iterable[str | None]
) -> set[int]:
    """Return the partners who buyers are themselves, where own purchases earn or ever earned.

    E-mails normalised, phones in E.164.
    """
    values = {
        "members": sorted({each for each in members if each is not None}),
        "emails": sorted({each for each in emails if each}),
        "phones": sorted({each for each in phones if each}),
    }
    return {row.id for row in sql.rows(_THEMSELVES, values)} if any(values.values()) else set()


def world_of(
    tenant: Tenant,
    shop_id: int,
    folded: Collection[Folded],
    partners: Collection[int],
    oldest: datetime,
) -> World:
    """Load every dated fact that orders may read, in one statement; `oldest` as `world` says."""
    products = {line.product for f in folded for line in f.snapshot.lines if line.product}
    categories = {str(r.value) for f in folded for r in f.facts if r.name == "category"}
    return world(tenant, shop_id, products, categories, partners, oldest)


def world(
    tenant: Tenant,
    shop_id: int,
    products: Iterable[str],
    categories: Iterable[str],
    partners: Iterable[int],
    oldest: datetime,
) -> World:
    """Load every dated fact that sales of these products (the shop's ids) may read, in one statement.

    `oldest`: the first instant that they are rated by: campaigns that were over then are left out.
    """
    values = {
        "shop": shop_id,
        "partners": sorted(partners),
        "oldest": oldest,
        "products": sorted(products),
        "categories": sorted(categories),
    }
    row = sql.one(_WORLD, values)
    region = region_of(tenant.currency)
    facts = [(owner, name, _instant(at), value) for owner, name, at, value in row.facts]
    return World(
        zone=ZoneInfo(tenant.timezone),
        currency=tenant.currency,
        base_terms=row.base_terms,
        facts=facts_from_rows(facts, tenant.currency),
        products=row.products or {},
        categories=row.categories or {},
        edges=tree_of(
            Edge(partner, sponsor, _instant(start), _instant(end) if end else None)
            for partner, sponsor, start, end in row.edges or ()
        ),
        identities={
            partner: identity_of(member, email, phone, region)
            for partner, member, email, phone in row.partners or ()
        },
    )


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def booked(order_ids: Collection[int]) -> dict[Key, Nets]:
    """Return what the ledger holds about the orders: net per order, line, level and partner.

    Minor units; `settled` is available and debt together.
    """
    found = {
        Key(r.order_id, r.line, r.level, r.partner_id): Nets(int(r.pending), int(r.settled))
        for r in sql.rows(_BOOKED, {"orders": sorted(order_ids)})
    }
    return {key: nets for key, nets in found.items() if nets != Nets()}


_OVERRIDES = """
SELECT DISTINCT ON (order_id, level, partner_id) order_id, level, partner_id, amount, reason, by, at
FROM commission_override WHERE order_id = ANY(%(orders)s) AND partner_id IS NOT NULL
ORDER BY order_id, level, partner_id, id DESC
"""


def overrides(order_ids: Collection[int]) -> dict[int, tuple[Override, ...]]:
    """Return what staff set partners to earn, by order; what was set free again is absent."""
    found: dict[int, list[Override]] = defaultdict(list)
    for row in sql.rows(_OVERRIDES, {"orders": sorted(order_ids)}) if order_ids else ():
        if row.amount is not None:
            said = Override(row.level, row.partner_id, row.amount, row.reason, row.by, row.at)
            found[row.order_id].append(said)
    return {order_id: tuple(said) for order_id, said in found.items()}


@dataclass(frozen=True)
class ShareRow:
    """One partner's earning at one level of a deal, summed over lines; minor units."""

    level: int
    partner_id: int
    refcode: str
    name: str
    amount: int
    bucket: str
    lines: tuple[Any, ...]  # with line, amount and why


@dataclass(frozen=True)
class DealPartner:
    """Who brought an order."""

    id: int
    refcode: str
    name: str


@dataclass(frozen=True)
class DealView:
    """A deal as answers and pages show it; `deal` has the columns of the table."""

    deal: Any
    partner: DealPartner | None
    shares: tuple[ShareRow, ...]

    @property
    def held(self) -> bool:
        """Whether the merchant looks at the sale before its money can be free."""
        return any(note["reason"] == "held" for note in self.deal.notes)


_DEALS = """
SELECT d.*, p.refcode, p.name FROM deal d
LEFT JOIN partner p ON p.tenant_id = d.tenant_id AND p.id = d.partner_id
WHERE d.order_id = ANY(%(orders)s)
"""
_SHARES = """
SELECT s.order_id, s.line, s.level, s.partner_id, s.amount, s.bucket, s.why, p.refcode, p.name
FROM share s JOIN partner p ON p.tenant_id = s.tenant_id AND p.id = s.partner_id
WHERE s.order_id = ANY(%(orders)s) ORDER BY s.order_id, s.level, s.position
"""


def deal_view(order_id: int) -> DealView | None:
    """Return the verdict on one order with shares by level and partner; None before any."""
    return deal_views([order_id]).get(order_id)


def deal_views(order_ids: Collection[int]) -> dict[int, DealView]:
    """Return deals with shares for several orders, in one round trip."""
    values = {"orders": sorted(order_ids)}
    with sql.together():
        deals = sql.send(_DEALS, values)
        shares = sql.send(_SHARES, values)
    found: dict[int, dict[tuple[int, int], list[Any]]] = defaultdict(dict)
    for share in shares.fetchall():
        found[share.order_id].setdefault((share.level, share.partner_id), []).append(share)
    return {
        deal.order_id: DealView(
            deal,
            DealPartner(deal.partner_id, deal.refcode, deal.name) if deal.partner_id else None,
            tuple(_row(lines) for lines in found[deal.order_id].values()),
        )
        for deal in deals.fetchall()
    }


def _row(lines: list[Any]) -> ShareRow:
    first = lines[0]
    return ShareRow(
        level=first.level,
        partner_id=first.partner_id,
        refcode=first.refcode,
        name=first.name,
        amount=sum(line.amount for line in lines),
        bucket=first.bucket,
        lines=tuple(lines),
    )


def orders() -> Select[Any]:
    """Orders with their deals, for the merchant's list: those of partners carry the star.

    `customer`: his name, else his e-mail, else his phone, as the order has them.
    """
    buyer = Order.folded["snapshot"]["customer"]
    customer: Any = func.coalesce(*(func.nullif(buyer[name].astext, "") for name in CALLED))
    return (
        select(
            Order.id,
            Order.number,
            Order.created_at,
            Order.status,
            Order.state,
            Order.total,
            customer.label("customer"),
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


def latest_accruals(partner_id: int, limit: int) -> Sequence[Any]:
    """What a partner earned last, order by order."""
    statement = accruals()
    columns = statement.selected_columns
    mine = statement.where(columns["partner_id"] == partner_id)
    return db.session.execute(mine.order_by(columns["created_at"].desc()).limit(limit)).all()


def order_of_deal(public_id: str) -> Order | None:
    """Return the order of a deal by the deal's outside id."""
    return db.session.scalar(
        select(Order)
        .join(Deal, (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id))
        .where(Deal.public_id == public_id)
    )
