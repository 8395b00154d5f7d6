"""Reads for payout pages, and the settings that payouts follow."""

from __future__ import annotations

from sqlalchemy import func, select

from app.extensions import db
from app.facts import service as facts
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import OPEN
from app.tenancy import current_tenant
from app.tenants.models import Tenant

OPEN_STATES = sorted(state.value for state in OPEN)


def currency() -> str:
    """Return the merchant's currency."""
    return db.session.scalars(select(Tenant.currency).where(Tenant.id == current_tenant())).one()


def minimum() -> int:
    """Return the smallest sum a partner may ask for, in minor units."""
    known = facts.current(["merchant"], ["minimum_payout"]).get("merchant", {})
    return int(known.get("minimum_payout") or 0)


def has_open(partner_id: int) -> bool:
    """Say whether the partner has a payout that is not over."""
    query = select(Payout.id).where(Payout.partner_id == partner_id, Payout.state.in_(OPEN_STATES))
    return db.session.scalar(query.limit(1)) is not None


def methods() -> list[PayoutMethod]:
    """Return the methods in use, in the merchant's order."""
    query = select(PayoutMethod).where(PayoutMethod.retired_at.is_(None))
    return list(db.session.scalars(query.order_by(PayoutMethod.position, PayoutMethod.id)))


def find(public_id: str) -> Payout | None:
    """Return the payout with this outside id."""
    return db.session.scalar(select(Payout).where(Payout.public_id == public_id))


def counters() -> dict[str, tuple[int, int]]:
    """Return {state: (how many, sum in minor units)}."""
    query = select(Payout.state, func.count(), func.sum(Payout.amount)).group_by(Payout.state)
    return {state: (count, int(total)) for state, count, total in db.session.execute(query)}
