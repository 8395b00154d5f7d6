"""Coupons by which a shop's cart takes off what bonuses pay, those a shop made beforehand, and the settings."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class CartCoupon(Tenanted, Model):
    """One coupon of one customer; its bonuses are held under `reference`, as checkout_hold names them.

    `state`: making (the shop is being asked), made, used (an order named it), let_go, ended, failed.
    What became of the order is the order's; `taken` and `odd` are what was seen of it when it came.
    """

    __tablename__ = "cart_coupon"

    public_id: Mapped[str]
    shop_id: Mapped[int]
    connection_id: Mapped[int | None]  # where it was made; None: of the shop's own codes
    member_id: Mapped[int]
    code: Mapped[str]
    key: Mapped[str]  # as codes are compared
    reference: Mapped[str]
    amount: Mapped[int]  # minor units, held and taken off
    minimum: Mapped[int]  # what the cart is worth at least, minor units; 0: says nothing
    state: Mapped[str]
    problem: Mapped[str | None]
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]  # when the shop was seen to have it no more
    order_key: Mapped[str | None]  # the shop's id of the order that named it first
    taken: Mapped[int | None]  # what the shop took off by it, minor units
    odd: Mapped[str | None]  # words of ODD, by spaces

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "reference"),
        CheckConstraint(
            "state in ('making','made','used','let_go','ended','failed')", name="state"
        ),
        CheckConstraint("amount > 0 and minimum >= 0", name="amount"),
        ref("shop", "shop_id"),
        ref("connection", "connection_id"),
        ref("member", "member_id"),
        Index("ix_cart_coupon_key", "tenant_id", "shop_id", "key"),
        Index(
            "uq_cart_coupon_open",
            "tenant_id",
            "shop_id",
            "member_id",
            unique=True,
            postgresql_where=text("state in ('making','made')"),
        ),
        Index(
            "ix_cart_coupon_ends", "ends_at", postgresql_where=text("state in ('making','made')")
        ),
    )


class CartCode(Tenanted, Model):
    """A coupon that a shop made beforehand, of one sum: for shops in which we cannot make any.

    Once shown to a customer it stays his, for the shop goes on taking it.
    """

    __tablename__ = "cart_code"

    shop_id: Mapped[int]
    code: Mapped[str]
    key: Mapped[str]
    amount: Mapped[int]
    member_id: Mapped[int | None]
    used_at: Mapped[datetime | None]
    added_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "key"),
        CheckConstraint("amount > 0", name="amount"),
        ref("shop", "shop_id"),
        ref("member", "member_id"),
        Index(
            "ix_cart_code_free",
            "tenant_id",
            "shop_id",
            "amount",
            postgresql_where=text("used_at is null"),
        ),
    )


class CartSetting(Tenanted, Model):
    """Whether and how the merchant lets bonuses become coupons; one row, none: not at all."""

    __tablename__ = "cart_setting"

    on: Mapped[bool]
    minutes: Mapped[int]
    alone: Mapped[bool]  # no other coupon beside it
    whole: Mapped[bool]  # the cart must not become smaller
    changed_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id"),
        CheckConstraint("minutes between 5 and 120", name="minutes"),
    )


class CartCheck(Tenanted, Model):
    """What was found when a shop was last looked at: what would stand in the way, and whether a trial held."""

    __tablename__ = "cart_check"

    connection_id: Mapped[int]
    looked_at: Mapped[datetime | None]
    found: Mapped[str] = mapped_column(server_default=text("''"))  # words, by spaces
    tried_at: Mapped[datetime | None]
    trial: Mapped[str | None]  # ok, or what went wrong

    __table_args__ = (
        UniqueConstraint("tenant_id", "connection_id"),
        ref("connection", "connection_id"),
    )
