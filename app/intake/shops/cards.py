"""The six partner fields of an order: as they are to stand in the shop, and what we wrote of them there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.commissions.queries import deal_view
from app.extensions import db
from app.intake.models import ShopCard
from app.intake.service import tenant
from app.intake.shops import echo
from app.money import to_decimal_string
from app.orders.models import Order

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.intake.shops.echo import Write

FIELDS = ("commission", "promo_code", "refcode", "partner", "terms", "deal_id")
_OWN = """
SELECT o.shop_id, o.external_id, c.own
FROM json_to_recordset(%(rows)s) AS r(shop bigint, external text)
JOIN orders o ON o.shop_id = r.shop AND o.external_id = r.external
JOIN shop_card c ON c.tenant_id = o.tenant_id AND c.order_id = o.id
"""


def own_of(names: Collection[tuple[int, str]]) -> Mapping[tuple[int, str], Sequence[Write]]:
    """Return what we wrote on orders' cards, by their shops and their ids there."""
    rows = sql.recordset({"shop": shop, "external": external} for shop, external in set(names))
    found = sql.rows(_OWN, {"rows": rows})
    return {(row.shop_id, row.external_id): echo.from_json(row.own) for row in found}


def wanted(order_id: int) -> dict[str, str]:
    """Return the six fields as they are to stand on an order's card; empty ones for an order of nobody."""
    view = deal_view(order_id)
    if view is None or view.partner is None:
        return dict.fromkeys(FIELDS, "")
    deal = view.deal
    return {
        "commission": to_decimal_string(deal.commission, tenant().currency),
        "promo_code": deal.promo_code or "",
        "refcode": view.partner.refcode,
        "partner": view.partner.name,
        "terms": deal.terms_label or "",
        "deal_id": deal.public_id,
    }


def place(order_id: int) -> tuple[int, str] | None:
    """Return an order's shop and its id there."""
    row = db.session.execute(
        select(Order.shop_id, Order.external_id).where(Order.id == order_id)
    ).one_or_none()
    return None if row is None else (row[0], row[1])


def own(order_id: int) -> list[Write]:
    """Return what we wrote on an order's card."""
    stored = db.session.scalar(select(ShopCard.own).where(ShopCard.order_id == order_id))
    return echo.from_json(stored or [])


def keep(order_id: int, writes: Sequence[Write]) -> None:
    """Remember what we wrote on an order's card."""
    values = {"own": echo.to_json(writes), "changed_at": clock.wall()}
    statement = insert(ShopCard).values(order_id=order_id, **values)
    db.session.execute(
        statement.on_conflict_do_update(index_elements=["tenant_id", "order_id"], set_=values)
    )
