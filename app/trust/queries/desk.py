"""What lies on the fraud desk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app import sql
from app.commissions.models import Deal
from app.extensions import db
from app.fraud.models import Decision, Device, File
from app.fraud.rules import Sign, Standing
from app.orders.models import Order
from app.partners.models import Partner

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Select

CLOSED = ("cancelled", "refunded")  # pays nothing, whatever is decided


def _waits() -> ColumnElement[bool]:
    return (File.standing == Standing.HELD.value) & Order.state.not_in(CLOSED)


def cases(*, waiting: bool) -> Select[Any]:
    """Deals that wait for a decision, or those that were decided, with their partners."""
    statement = (
        select(
            Order.id,
            Order.number,
            Order.state,
            Order.created_at,
            Order.total,
            Deal.public_id.label("deal"),
            Deal.commission,
            Partner.name.label("partner"),
            Partner.refcode,
            File.signs,
            File.standing,
            File.opened_at,
        )
        .select_from(File)
        .join(Order, (Order.tenant_id == File.tenant_id) & (Order.id == File.order_id))
        .join(Deal, (Deal.tenant_id == File.tenant_id) & (Deal.order_id == File.order_id))
        .outerjoin(Partner, (Partner.tenant_id == File.tenant_id) & (Partner.id == File.partner_id))
    )
    decided = File.standing.in_((Standing.RELEASED.value, Standing.REFUSED.value))
    return statement.where(_waits() if waiting else decided)


def held() -> tuple[int, int]:
    """Return how many deals wait on the desk, and for how much commission, minor units."""
    row = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Deal.commission), 0))
        .select_from(File)
        .join(Order, (Order.tenant_id == File.tenant_id) & (Order.id == File.order_id))
        .join(Deal, (Deal.tenant_id == File.tenant_id) & (Deal.order_id == File.order_id))
        .where(_waits())
    ).one()
    return int(row[0]), int(row[1])


def case(order_id: int) -> File | None:
    """Return an order's file; None where nothing was ever seen."""
    return db.session.scalar(select(File).where(File.order_id == order_id))


def order_ids(deals: Iterable[str]) -> dict[str, int]:
    """Return {deal's outside id: order} of deals that a partner has."""
    query = select(Deal.public_id, Deal.order_id).where(
        Deal.public_id.in_(set(deals)), Deal.partner_id.is_not(None)
    )
    return {row.public_id: row.order_id for row in db.session.execute(query)}


def acts(order_id: int) -> Sequence[Decision]:
    """Return what staff said of a deal, the newest first."""
    query = select(Decision).where(Decision.order_id == order_id)
    return db.session.scalars(query.order_by(Decision.id.desc()).limit(50)).all()


def companions(order_id: int, limit: int = 20) -> Sequence[Any]:
    """Return other deals from the devices of an order, the newest first."""
    mine = select(Device.device).where(Device.order_id == order_id)
    others = select(Device.order_id).where(Device.device.in_(mine), Device.order_id != order_id)
    query = (
        select(
            Order.number,
            Order.state,
            Order.created_at,
            Deal.public_id.label("deal"),
            Deal.commission,
            Partner.name.label("partner"),
        )
        .join(Deal, (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id))
        .outerjoin(Partner, (Partner.tenant_id == Deal.tenant_id) & (Partner.id == Deal.partner_id))
        .where(Order.id.in_(others))
        .order_by(Order.created_at.desc())
    )
    return db.session.execute(query.limit(limit)).all()


@dataclass(frozen=True)
class Judged:
    """What became of the deals that a sign held."""

    sign: Sign
    held: int
    released: int
    refused: int

    @property
    def right(self) -> int | None:
        """How many of a hundred decided ones were refused; None before any was decided."""
        decided = self.released + self.refused
        return round(100 * self.refused / decided) if decided else None


_STATISTICS = """
SELECT s ->> 0 AS sign, count(*) FILTER (WHERE standing = 'held') AS held,
       count(*) FILTER (WHERE standing = 'released') AS released,
       count(*) FILTER (WHERE standing = 'refused') AS refused
FROM fraud_file, jsonb_array_elements(signs) AS s WHERE standing <> 'clear' GROUP BY 1
"""


def statistics() -> dict[Sign, Judged]:
    """Return by sign how many deals are held, and how they were decided."""
    found = (Judged(Sign(r.sign), r.held, r.released, r.refused) for r in sql.rows(_STATISTICS, {}))
    return {each.sign: each for each in found}
