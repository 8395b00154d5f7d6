"""What orders pay in bonuses: stored when it is spent, and never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

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
    asked: Mapped[int | None]  # what the order wished to spend, where that is more
    money: Mapped[int] = mapped_column(server_default=text("0"))  # partner money, minor units
    money_asked: Mapped[int | None]
    partner_id: Mapped[int | None]  # whose money it is
    signature: Mapped[str]  # of the lines and the wishes that it was made for
    shares: Mapped[list[Any]]  # [line, value, share, money]
    rows: Mapped[list[Any]]  # of the receipt
    consideration: Mapped[int]
    made_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "version"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("money >= 0 and (money = 0 or partner_id is not null)", name="money"),
        ref("orders", "order_id"),
        ref("member", "member_id"),
        ref("partner", "partner_id"),
    )


class OrderSpending(Tenanted, Model):
    """What an order did with its customer's bonuses: spent them, gave them back, held them. Append-only.

    `reference` is the act's in the ledger; `of`: the spending that was given back. `purse` "money": it
    was partner money, of the partner `partner_id`.
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
    purse: Mapped[str] = mapped_column(server_default=text("'bonus'"))
    partner_id: Mapped[int | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "n"),
        UniqueConstraint("tenant_id", "reference"),
        CheckConstraint("act in ('spend','back','hold')", name="act"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("(act = 'back') = (of is not null)", name="of"),
        CheckConstraint(
            "purse in ('bonus','money') and (purse = 'money') = (partner_id is not null)",
            name="purse",
        ),
        ref("orders", "order_id"),
        ref("member", "member_id"),
        ref("partner", "partner_id"),
    )


class CheckoutHold(Tenanted, Model):
    """Bonuses and partner money that a shop reserved by the API, and for which of its orders.

    The hold itself is bonuses', by the reference; of money it is MoneyHold.
    """

    __tablename__ = "checkout_hold"

    public_id: Mapped[str]
    shop_id: Mapped[int]
    order_key: Mapped[str | None]  # the shop's own id of the order
    member_id: Mapped[int]
    amount: Mapped[int]
    money: Mapped[int] = mapped_column(server_default=text("0"))
    reference: Mapped[str]  # the hold's; of partner money: money_reference
    lines: Mapped[list[Any] | None]  # what was quoted, as answered
    rows: Mapped[list[Any] | None]
    made_at: Mapped[datetime]

    @property
    def money_reference(self) -> str:
        """The name under which partner money is held."""
        return f"shop:{self.reference}"

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


class MoneyHold(Tenanted, Model):
    """Partner money taken for an order by a shop's call: held, then captured or let go, once."""

    __tablename__ = "money_hold"

    partner_id: Mapped[int]
    reference: Mapped[str]
    amount: Mapped[int]
    state: Mapped[str]
    until: Mapped[datetime]
    about: Mapped[str | None]  # the shop's id of the order
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "reference"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("state in ('held','captured','voided','timed_out')", name="state"),
        ref("partner", "partner_id"),
        Index("ix_money_hold_until", "until", postgresql_where=text("state = 'held'")),
    )
