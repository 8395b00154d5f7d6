"""The durable inbox: a shop's webhook is one INSERT, and a loop makes money of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Inbox(Tenanted, Model):
    """One verified delivery of a shop, kept until it is booked; parked ones are shown to the merchant."""

    __tablename__ = "inbox"

    connection_id: Mapped[int]
    topic: Mapped[str]
    body: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('waiting','done','parked')", name="state"),
        ref("connection", "connection_id"),
        Index(
            "ix_inbox_waiting",
            "tenant_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_inbox_parked", "tenant_id", "id", postgresql_where=text("state = 'parked'")),
    )
