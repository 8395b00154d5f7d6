"""What happened: audit log, feed and outbox in one table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted


class Event(Tenanted, Model):
    """One fact, written in the transaction that made it true; no secret in it."""

    __tablename__ = "event"

    public_id: Mapped[str]
    type: Mapped[str]
    subject: Mapped[str]  # "payout:17"
    audience: Mapped[str]
    actor: Mapped[str]  # "person:3", "api:9", "system"
    facts: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    position: Mapped[int | None]  # order of the feed, given after commit by the drain
    drained_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("audience in ('internal','merchant','partner')", name="audience"),
        Index("uq_event_position", "tenant_id", "position", unique=True),
        Index("uq_event_public_id", "tenant_id", "public_id", unique=True),
        Index("ix_event_subject", "tenant_id", "subject", "id"),
        Index("ix_event_waiting", "tenant_id", "id", postgresql_where=text("drained_at is null")),
    )


class Feed(Model):
    """The last position given per tenant; its row is the one lock of the feed's order."""

    __tablename__ = "feed"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    position: Mapped[int]
