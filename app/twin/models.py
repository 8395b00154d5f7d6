"""Test sales: which order was made to try everything out, and how far it went."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Index, Interval, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class TestSale(Tenanted, Model):
    """A sale that staff made in test mode: from the click to the payout, and back."""

    __test__ = False
    __tablename__ = "test_sale"

    public_id: Mapped[str]
    shop_id: Mapped[int]
    partner_id: Mapped[int]
    order_id: Mapped[int]
    payout_id: Mapped[int | None]
    click: Mapped[str]
    made_at: Mapped[datetime]
    matured_at: Mapped[datetime | None]
    moved: Mapped[timedelta] = mapped_column(Interval, server_default=text("'0'"))
    earned: Mapped[int] = mapped_column(server_default=text("0"))  # minor units
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        ref("shop", "shop_id"),
        ref("partner", "partner_id"),
        ref("orders", "order_id"),
        ref("payout", "payout_id"),
        Index(
            "uq_test_sale_open",
            "tenant_id",
            unique=True,
            postgresql_where=text("undone_at is null"),
        ),
    )
