"""What shops said about an order, and the order as it now stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Order(Tenanted, Model):
    """The fold of all its messages: order-free, so any arrival order ends in the same row.

    `folded` is orders.rules.Folded as JSON (newest snapshot, evidence, line facts, delete mark);
    the other columns mirror it for lists and locks.
    """

    __tablename__ = "orders"

    shop_id: Mapped[int]
    external_id: Mapped[str]
    number: Mapped[str]
    search: Mapped[str]
    member_id: Mapped[int | None]  # whose order it is
    guest_id: Mapped[
        int | None
    ]  # the guest it was placed as; a later id with the e-mail takes it over
    status: Mapped[str]  # the shop's word
    state: Mapped[str]
    currency: Mapped[str]
    total: Mapped[int]  # lines + shipping + fees - refunds, minor units
    folded: Mapped[dict[str, Any]]
    booking: Mapped[int] = mapped_column(server_default=text("0"))  # bookings made so far
    created_at: Mapped[datetime]  # the shop's
    received_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    # The instant whose rates it has, where terms were applied to it later; None: its created_at.
    rated_as_of: Mapped[datetime | None]
    hidden_at: Mapped[datetime | None]  # an undone test sale: lists show it only when asked

    __table_args__ = (
        UniqueConstraint("tenant_id", "shop_id", "external_id"),
        CheckConstraint(
            "state in ('registered','agreed','completed','cancelled','refunded')", name="state"
        ),
        ref("shop", "shop_id"),
        ref("member", "member_id"),
        ref("member", "guest_id"),
        Index("ix_orders_created", "tenant_id", "created_at", "id"),
        Index("ix_orders_total", "tenant_id", "total", "id"),
        Index("ix_orders_member", "tenant_id", "member_id"),
        Index("ix_orders_number", "tenant_id", "number"),
        Index("ix_orders_guest", "tenant_id", "guest_id"),
        Index(
            "ix_orders_rated",
            "tenant_id",
            "rated_as_of",
            postgresql_where=text("rated_as_of is not null"),
        ),
    )


class OrderMessage(Tenanted, Model):
    """One message as received, canonical form; doubled ones leave no second row."""

    __tablename__ = "order_message"

    order_id: Mapped[int]
    body_hash: Mapped[str]
    seq: Mapped[int]  # 0 for messages with version or updated_at: their hash alone makes them one
    source: Mapped[str]  # api, woocommerce, postback, till, staff, import
    status: Mapped[str]
    state: Mapped[str | None]  # as mapped at intake; None: unmapped word
    map_version: Mapped[int]
    body: Mapped[dict[str, Any]]
    received_at: Mapped[datetime]
    # The transaction that wrote it: roll-ups read what all have committed, and nothing twice.
    xid: Mapped[int] = mapped_column(server_default=text("(pg_current_xact_id()::text)::bigint"))

    __table_args__ = (
        UniqueConstraint("tenant_id", "order_id", "body_hash", "seq"),
        Index("ix_order_message_xid", "tenant_id", "xid"),
        ref("orders", "order_id"),
        Index(
            "ix_order_message_unmapped",
            "tenant_id",
            "order_id",
            postgresql_where=text("state is null"),
        ),
    )


class OrderWord(Tenanted, Model):
    """Staff's word in the back office on who brought an order; the newest row holds.

    All of it None: nobody, so far as staff know. `over`: what the shop's own card said then, so that a
    card which only repeats it is no newer word. Append-only: the rows are their own history.
    """

    __tablename__ = "order_word"

    order_id: Mapped[int]
    promo_code: Mapped[str | None]
    refcode: Mapped[str | None]
    terms: Mapped[str | None]
    over: Mapped[dict[str, Any] | None]
    by: Mapped[str]  # as people call who said so
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        ref("orders", "order_id"),
        Index("ix_order_word_order", "tenant_id", "order_id", "id"),
    )
