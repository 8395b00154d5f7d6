"""Letters to send: the outbox. One row per event, person and channel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Message(Tenanted, Model):
    """A promise to tell somebody. The text is made at delivery, so that no secret waits in the table."""

    __tablename__ = "message"

    event_id: Mapped[int]
    recipient: Mapped[str]  # "person:3", "partner:7"
    address: Mapped[str]
    channel: Mapped[str]
    template: Mapped[str]
    locale: Mapped[str]
    context: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default=text("'due'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("state in ('due','sending','sent','dead','unknown')", name="state"),
        CheckConstraint("channel in ('email','sms','telegram','inbox')", name="channel"),
        UniqueConstraint("tenant_id", "event_id", "recipient", "channel"),
        ref("event", "event_id"),
        Index(
            "ix_message_due", "due_at", "id", postgresql_where=text("state in ('due','sending')")
        ),
        Index("ix_message_created", "tenant_id", "created_at", "id"),
    )


class CapturedLetter(Tenanted, Model):
    """A letter, SMS or chat message of test mode: kept for the office to read, and sent to nobody."""

    __tablename__ = "captured_letter"

    message_id: Mapped[int]
    channel: Mapped[str] = mapped_column(server_default=text("'email'"))
    sender: Mapped[str]
    recipient: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str]
    at: Mapped[datetime]  # by the twin's clock

    __table_args__ = (
        UniqueConstraint("tenant_id", "message_id"),
        CheckConstraint("channel in ('email','sms','telegram')", name="channel"),
        ref("message", "message_id"),
    )
