"""Read what happened: whose events wait for the drain, and the feed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.events.models import Event
from app.events.rules import Audience
from app.extensions import db

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

FEED = (Audience.MERCHANT.value, Audience.PARTNER.value)  # internal events stay inside


def waiting_tenants(limit: int = 500) -> Sequence[int]:
    """Return the tenants that have undrained events; to be asked as partnerka_drain."""
    query = select(Event.tenant_id).where(Event.drained_at.is_(None)).distinct().limit(limit)
    return db.session.scalars(query).all()


def after(position: int, limit: int = 100) -> Sequence[Event]:
    """Return the merchant's feed after a place, in its order; nothing in it is ever skipped."""
    query = (
        select(Event)
        .where(Event.position > position, Event.audience.in_(FEED))
        .order_by(Event.position)
        .limit(limit)
    )
    return db.session.scalars(query).all()


def log() -> Select[Any]:
    """Return the statement of everything that happened, but for what stays inside."""
    return select(Event).where(Event.audience.in_(FEED))


def latest(subject: str, kind: str) -> Event | None:
    """Return the last event of a type about a subject."""
    query = select(Event).where(Event.subject == subject, Event.type == kind)
    return db.session.scalar(query.order_by(Event.id.desc()).limit(1))


def history(subject: str, limit: int = 50) -> Sequence[Event]:
    """Return what happened to one subject ("payout:17"), newest first."""
    query = select(Event).where(Event.subject == subject).order_by(Event.id.desc()).limit(limit)
    return db.session.scalars(query).all()
