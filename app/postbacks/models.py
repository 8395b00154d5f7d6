"""Addresses that partners have called, and every call with its fate."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Postback(Tenanted, Model):
    """An address with macros, called when a deal of the partner's is in one of the states."""

    __tablename__ = "postback"

    public_id: Mapped[str]
    partner_id: Mapped[int]
    method: Mapped[str]
    url: Mapped[str]
    states: Mapped[list[Any]]
    failures: Mapped[int] = mapped_column(server_default=text("0"))  # in a row
    created_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]  # by the partner, or after too many failures
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("method in ('GET','POST')", name="method"),
        UniqueConstraint("tenant_id", "public_id"),
        ref("partner", "partner_id"),
        Index("ix_postback_partner", "tenant_id", "partner_id"),
    )


class Delivery(Tenanted, Model):
    """One call: of which postback, about which order; what is said is what holds when it is made."""

    __tablename__ = "postback_delivery"

    postback_id: Mapped[int]
    order_id: Mapped[int]
    event_id: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'due'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    url: Mapped[str | None]  # as it was called last
    said: Mapped[str | None]  # the deal's state, as it was told last
    status: Mapped[int | None]
    problem: Mapped[str | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('due','sending','sent','dead')", name="state"),
        UniqueConstraint("tenant_id", "postback_id", "event_id"),
        ref("postback", "postback_id"),
        ref("orders", "order_id"),
        ref("event", "event_id"),
        Index(
            "ix_postback_delivery_due",
            "due_at",
            "id",
            postgresql_where=text("state in ('due','sending')"),
        ),
        Index("ix_postback_delivery_order", "tenant_id", "order_id"),
        Index("ix_postback_delivery_log", "tenant_id", "postback_id", "id"),
    )
