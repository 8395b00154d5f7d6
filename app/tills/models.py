"""Tills, and the receipts that cashiers made at them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Till(Tenanted, Model):
    """Where sales are made. `external_id`: what the shop calls it, and what orders say in `till`."""

    __tablename__ = "till"

    shop_id: Mapped[int]
    external_id: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    place: Mapped[str]
    made_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "external_id"),
        CheckConstraint("kind in ('register','point','workplace')", name="kind"),
        ref("shop", "shop_id"),
    )


class TillReceipt(Tenanted, Model):
    """A receipt of a cashier's: which order it is, by whom, and what it came to. Minor units.

    The order holds the truth; here stands what the cashier was told.
    """

    __tablename__ = "till_receipt"

    till_id: Mapped[int]
    receipt: Mapped[str]
    order_id: Mapped[int]
    member_id: Mapped[int | None]
    actor: Mapped[str]
    amount: Mapped[int]
    spent: Mapped[int]
    made_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "receipt"),
        CheckConstraint("amount > 0 and spent >= 0 and spent <= amount", name="sums"),
        ref("till", "till_id"),
        ref("orders", "order_id"),
        ref("member", "member_id"),
        Index("ix_till_receipt_till", "tenant_id", "till_id", "made_at"),
    )
