"""What customers bought, who brought them, and what was paid for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, func, select

from app import sql
from app.attribution.models import Claim
from app.commissions.models import Deal
from app.commissions.queries import orders
from app.extensions import db
from app.members.models import Member
from app.orders.models import Order
from app.partners.models import Partner

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Select

SHOWN = 50
_SUMS = """
SELECT o.member_id, count(*) AS orders,
       count(*) FILTER (WHERE o.state NOT IN ('cancelled', 'refunded')) AS kept,
       coalesce(sum(o.total) FILTER (WHERE o.state NOT IN ('cancelled', 'refunded')), 0)::bigint
           AS turnover,
       count(d.partner_id) AS deals,
       coalesce(sum(d.commission), 0)::bigint AS commission,
       max(o.created_at) AS last
FROM orders o LEFT JOIN deal d ON d.tenant_id = o.tenant_id AND d.order_id = o.id
WHERE o.member_id = ANY(%(members)s) GROUP BY o.member_id
"""
_BY_LEVEL = """
SELECT s.level, s.bucket, sum(s.amount)::bigint AS amount
FROM share s JOIN orders o ON o.tenant_id = s.tenant_id AND o.id = s.order_id
WHERE o.member_id = %(member)s GROUP BY s.level, s.bucket ORDER BY s.level
"""


@dataclass(frozen=True)
class CustomerSums:
    """What one customer's orders come to; sums in minor units, cancelled orders left out of turnover."""

    orders: int = 0
    kept: int = 0
    turnover: int = 0
    deals: int = 0
    commission: int = 0
    last: datetime | None = None


def brought() -> ColumnElement[bool]:
    """Say of a customer that a partner brought one of the orders."""
    same = (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id)
    own = (Order.tenant_id == Member.tenant_id) & (Order.member_id == Member.id)
    found = select(Order.id).join(Deal, same).where(own, Deal.partner_id.is_not(None))
    return exists(found.correlate(Member))


def customer_sums(member_ids: Collection[int]) -> dict[int, CustomerSums]:
    """Return what customers' orders come to, by customer."""
    rows = sql.rows(_SUMS, {"members": sorted(member_ids)}) if member_ids else ()
    found = {
        r.member_id: CustomerSums(r.orders, r.kept, r.turnover, r.deals, r.commission, r.last)
        for r in rows
    }
    return {member_id: found.get(member_id, CustomerSums()) for member_id in member_ids}


def commission_by_level(member_id: int) -> dict[int, dict[str, int]]:
    """Return what partners earn from a customer's orders: {level: {bucket: minor units}}."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in sql.rows(_BY_LEVEL, {"member": member_id}):
        found[row.level][row.bucket] = row.amount
    return dict(found)


def orders_of(member_id: int) -> Select[Any]:
    """Return the statement of a customer's orders, with their deals."""
    return orders().where(Order.member_id == member_id)


def claims_of(member_id: int) -> Sequence[Any]:
    """Return the newest claims on a customer's orders, won and lost, with the orders' numbers."""
    query = (
        select(
            Claim.kind,
            Claim.evidence,
            Claim.won,
            Claim.why,
            func.coalesce(Claim.touch_at, Order.created_at).label("at"),
            Partner.name.label("partner"),
            Order.number,
        )
        .join(Order, (Order.tenant_id == Claim.tenant_id) & (Order.id == Claim.order_id))
        .outerjoin(
            Partner, (Partner.tenant_id == Claim.tenant_id) & (Partner.id == Claim.partner_id)
        )
        .where(Order.member_id == member_id)
        .order_by(Order.created_at.desc(), Claim.won.desc(), Claim.id)
        .limit(SHOWN)
    )
    return db.session.execute(query).all()
