"""What the desk keeps of each deal, staff's words on it, and payment details that can be compared."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class File(Model):
    """An order's file: what was seen around it, the signs, and how it stands with the desk."""

    __tablename__ = "fraud_file"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    trace: Mapped[dict[str, Any]]
    partner_id: Mapped[int | None]
    signs: Mapped[list[Any]]  # [sign, facts] each
    kinds: Mapped[str]  # " email loop ": for the list's filter
    standing: Mapped[str]
    opened_at: Mapped[datetime | None]  # when it was first held

    __table_args__ = (
        CheckConstraint("standing in ('clear','held','released','refused')", name="standing"),
        ref("orders", "order_id"),
        ref("partner", "partner_id"),
        Index(
            "ix_fraud_file_held",
            "tenant_id",
            "order_id",
            postgresql_where=text("standing = 'held'"),
        ),
        Index("ix_fraud_file_partner", "tenant_id", "partner_id", "order_id"),
    )


class Device(Model):
    """Which orders came from which device, for who looks at one of them."""

    __tablename__ = "fraud_device"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    device: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(primary_key=True)

    __table_args__ = (ref("orders", "order_id"),)


class Decision(Tenanted, Model):
    """Staff's word on a deal; the newest row of an order holds, so the rows are their own history."""

    __tablename__ = "fraud_decision"

    order_id: Mapped[int]
    batch: Mapped[str]  # the act's outside id: one or many orders
    word: Mapped[str]
    said: Mapped[str]  # what the partner reads
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("word in ('hold','release','refuse','none')", name="word"),
        UniqueConstraint("tenant_id", "batch", "order_id"),
        ref("orders", "order_id"),
        Index("ix_fraud_decision_order", "tenant_id", "order_id", "id"),
    )


class Mark(Tenanted, Model):
    """Payment details that a partner gave, as a keyed digest: two who gave the same have the same."""

    __tablename__ = "fraud_mark"

    partner_id: Mapped[int]
    digest: Mapped[str]
    since: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "digest", "partner_id"),
        ref("partner", "partner_id"),
        Index("ix_fraud_mark_partner", "tenant_id", "partner_id"),
    )
