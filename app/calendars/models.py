"""The secret addresses by which calendar programs read a money calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted


class CalendarFeed(Tenanted, Model):
    """One reader's address; only its hash is kept, and a new one ends the one before."""

    __tablename__ = "calendar_feed"

    owner: Mapped[str]  # "partner:7", "person:3"
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "token_hash"),
        Index(
            "uq_calendar_feed_owner",
            "tenant_id",
            "owner",
            unique=True,
            postgresql_where=text("revoked_at is null"),
        ),
    )
