"""Read what shops said about an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, exists, select

from app.extensions import db
from app.orders.models import Order, OrderMessage
from app.tenants.queries import maps

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SHOWN = 100
# Who never tells of an order again once it was placed: what became of it, staff say.
ONCE_TOLD = ("staff", "postback", "tilda")
WORDS = 50  # of a shop that its map does not have; more are a mistake, and nobody reads them


def messages(order_id: int) -> Sequence[OrderMessage]:
    """Return the newest messages of an order, newest first."""
    return db.session.scalars(
        select(OrderMessage)
        .where(OrderMessage.order_id == order_id)
        .order_by(OrderMessage.id.desc())
        .limit(SHOWN)
    ).all()


def is_told_once(order_id: int) -> bool:
    """Tell whether nobody who knows what becomes of an order has told of it: then staff may."""
    others = exists().where(
        OrderMessage.order_id == order_id, OrderMessage.source.not_in(ONCE_TOLD)
    )
    return not db.session.scalar(select(others))


def unexplained() -> dict[int, list[str]]:
    """Return by shop the words of orders that the shop's map does not have, as it holds now."""
    said = db.session.execute(
        select(Order.shop_id, Order.status)
        .join(
            OrderMessage,
            and_(OrderMessage.tenant_id == Order.tenant_id, OrderMessage.order_id == Order.id),
        )
        .where(OrderMessage.state.is_(None), OrderMessage.status == Order.status)
        .group_by(Order.shop_id, Order.status)
        .order_by(Order.shop_id, Order.status)
        .limit(WORDS)
    ).all()
    known = maps({row.shop_id for row in said}) if said else {}
    found: dict[int, list[str]] = {}
    for row in said:
        if row.status not in known.get(row.shop_id, {}):
            found.setdefault(row.shop_id, []).append(row.status)
    return found


def external_ids(order_ids: Iterable[int]) -> dict[int, str]:
    """Return the shops' own ids of orders."""
    found = db.session.execute(
        select(Order.id, Order.external_id).where(Order.id.in_(set(order_ids)))
    )
    return {row.id: row.external_id for row in found}
