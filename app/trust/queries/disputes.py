"""Reads for disputes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import sql
from app.extensions import db
from app.orders.models import Order
from app.partners.models import Partner
from app.trust.models import Dispute, Remark

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select


def disputes() -> Select[Any]:
    """Every dispute with its partner."""
    columns: tuple[Any, ...] = (Dispute, Partner.name.label("partner"), Partner.refcode)
    same = (Partner.tenant_id == Dispute.tenant_id) & (Partner.id == Dispute.partner_id)
    return select(*columns).join(Partner, same)


def disputes_of(partner_id: int, limit: int = 50) -> Sequence[Dispute]:
    """Return a partner's own disputes, the newest first."""
    query = select(Dispute).where(Dispute.partner_id == partner_id)
    return db.session.scalars(query.order_by(Dispute.id.desc()).limit(limit)).all()


def newest(limit: int, *, before: int = 0, state: str | None = None) -> Sequence[Dispute]:
    """Return disputes, newest first: those made before one (its id; 0: all), of one state or of any."""
    query = select(Dispute).order_by(Dispute.id.desc()).limit(limit)
    if before:
        query = query.where(Dispute.id < before)
    if state is not None:
        query = query.where(Dispute.state == state)
    return db.session.scalars(query).all()


def thread(dispute_id: int) -> Sequence[Remark]:
    """Return the lines of a dispute's thread, the oldest first."""
    query = select(Remark).where(Remark.dispute_id == dispute_id).order_by(Remark.id)
    return db.session.scalars(query.limit(500)).all()


def order_of(dispute: Dispute) -> int | None:
    """Return the order that a dispute is about, also where the shop sent it after the question."""
    if dispute.order_id is not None:
        return dispute.order_id
    query = select(Order.id).where(Order.number == dispute.number)
    return db.session.scalar(query.order_by(Order.created_at.desc()).limit(1))


@dataclass(frozen=True)
class Settled:
    """How disputes ended, and how long an answer took in the middle, in days."""

    open: int
    attributed: int
    declined: int
    withdrawn: int
    days: float | None


_SETTLED = """
SELECT count(*) FILTER (WHERE state = 'open') AS open,
       count(*) FILTER (WHERE state = 'attributed') AS attributed,
       count(*) FILTER (WHERE state = 'declined') AS declined,
       count(*) FILTER (WHERE state = 'withdrawn') AS withdrawn,
       percentile_cont(0.5) WITHIN GROUP (
           ORDER BY extract(epoch FROM decided_at - opened_at) / 86400)
           FILTER (WHERE state IN ('attributed', 'declined')) AS days
FROM dispute
"""


def settled() -> Settled:
    """Return how disputes ended."""
    row = sql.one(_SETTLED, {})
    days = None if row.days is None else float(row.days)
    return Settled(row.open, row.attributed, row.declined, row.withdrawn, days)
