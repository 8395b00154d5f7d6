"""What orders pay in bonuses: stored when it is spent, and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class OrderBonus(Tenanted, Model):
    """One version of an order's bonuses: the shares of its lines and its receipt. Append-only.

    The newest version holds; when the order's lines change there is a new one. See checkout.rules.
    """

    __tablename__ = "order_bonus"

    order_id: Mapped[int]
    version: Mapped[int]
    member_id: Mapped[int]
    amount: Mapped[int]  # bonus minor units, the sum of shares
    signature: Mapped[str]  # of the lines and the wish that it was made for
    shares: Mapped[list[Any]]  # [line, value, share]
    rows: Mapped[list[Any]]  # of the receipt
    consideration: Mapped[int]
    made_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "version"),
        CheckConstraint("amount >= 0", name="amount"),
        ref("orders", "order_id"),
        ref("member", "member_id"),
    )


class OrderSpending(Tenanted, Model):
    """What an order did with its customer's bonuses: spent them, gave them back, held them. Append-only.

    `reference` is the act's in the ledger; `of`: the spending that was given back.
    """

    __tablename__ = "order_spending"

    order_id: Mapped[int]
    n: Mapped[int]
    member_id: Mapped[int]
    act: Mapped[str]  # spend, back, hold
    amount: Mapped[int]
    reference: Mapped[str]
    of: Mapped[str | None]
    version: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "n"),
        UniqueConstraint("tenant_id", "reference"),
        CheckConstraint("act in ('spend','back','hold')", name="act"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(act = 'back') = (of is not null)", name="of"),
        ref("orders", "order_id"),
        ref("member", "member_id"),
    )


class CheckoutHold(Tenanted, Model):
    """Bonuses that a shop reserved by the API, and for which of its orders; the hold itself is bonuses'."""

    __tablename__ = "checkout_hold"

    public_id: Mapped[str]
    shop_id: Mapped[int]
    order_key: Mapped[str | None]  # the shop's own id of the order
    member_id: Mapped[int]
    amount: Mapped[int]
    reference: Mapped[str]  # the hold's
    lines: Mapped[list[Any] | None]  # what was quoted, as answered
    rows: Mapped[list[Any] | None]
    made_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "reference"),
        ref("shop", "shop_id"),
        ref("member", "member_id"),
        Index(
            "ix_checkout_hold_order",
            "tenant_id",
            "shop_id",
            "order_key",
            postgresql_where=text("order_key is not null"),
        ),
    )
