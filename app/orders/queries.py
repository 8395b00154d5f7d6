"""Read what shops said about an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.orders.models import OrderMessage

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 100


def messages(order_id: int) -> Sequence[OrderMessage]:
    """Return the newest messages of an order, newest first."""
    return db.session.scalars(
        select(OrderMessage)
        .where(OrderMessage.order_id == order_id)
        .order_by(OrderMessage.id.desc())
        .limit(SHOWN)
    ).all()
