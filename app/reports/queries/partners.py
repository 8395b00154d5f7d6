"""What a partner asks of his own money: which claims lost, and when the next of it is free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app.attribution.models import Claim
from app.commissions.models import Deal, Share
from app.extensions import db
from app.orders.models import Order

if TYPE_CHECKING:
    from sqlalchemy import Select


def lost_claims(partner_id: int) -> Select[Any]:
    """What spoke for a partner on an order and lost, with why."""
    columns: tuple[Any, ...] = (
        Claim.id,
        Claim.kind,
        Claim.evidence,
        Claim.why,
        Order.created_at,
        Order.state,
        Deal.public_id.label("deal"),
    )
    return (
        select(*columns)
        .join(Order, (Order.tenant_id == Claim.tenant_id) & (Order.id == Claim.order_id))
        .join(Deal, (Deal.tenant_id == Claim.tenant_id) & (Deal.order_id == Claim.order_id))
        .where(Claim.partner_id == partner_id, Claim.won.is_(False))
    )


def next_free(partner_id: int) -> Any:
    """Return when the next of a partner's held money becomes available, and how much; None: not known."""
    query = (
        select(Deal.matures_at, func.sum(Share.amount).label("amount"))
        .join(Share, (Share.tenant_id == Deal.tenant_id) & (Share.order_id == Deal.order_id))
        .where(
            Share.partner_id == partner_id,
            Share.bucket == "pending",
            Share.amount > 0,
            Deal.matures_at.is_not(None),
        )
        .group_by(Deal.matures_at)
        .order_by(Deal.matures_at)
        .limit(1)
    )
    return db.session.execute(query).first()
