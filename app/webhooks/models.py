"""Addresses of the merchant's servers that are told what happened, and each message with its fate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Endpoint(Tenanted, Model):
    """A server that is told of events of these types (none: of all that are offered)."""

    __tablename__ = "webhook_endpoint"

    public_id: Mapped[str]
    url: Mapped[str]
    note: Mapped[str]
    types: Mapped[list[Any]]
    secret: Mapped[bytes]  # sealed
    old_secret: Mapped[bytes | None]  # signs beside the new one until `old_until`
    old_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    failing_since: Mapped[datetime | None]  # of the first failure since the last success
    taken_at: Mapped[datetime | None]  # of the last success
    stopped_at: Mapped[datetime | None]
    stopped_why: Mapped[str | None]
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("stopped_why in ('hand','failing','gone')", name="stopped_why"),
    )


class WebhookDelivery(Tenanted, Model):
    """One event for one endpoint: `status` is the last answer's, `ms` what it took."""

    __tablename__ = "webhook_delivery"

    endpoint_id: Mapped[int]
    event_id: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'due'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    status: Mapped[int | None]
    problem: Mapped[str | None]
    ms: Mapped[int | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('due','sending','sent','dead')", name="state"),
        UniqueConstraint("tenant_id", "endpoint_id", "event_id"),
        ref("webhook_endpoint", "endpoint_id"),
        ref("event", "event_id"),
        Index(
            "ix_webhook_delivery_due",
            "due_at",
            "id",
            postgresql_where=text("state in ('due','sending')"),
        ),
        Index("ix_webhook_delivery_log", "tenant_id", "endpoint_id", "id"),
    )
