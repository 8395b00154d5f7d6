"""The durable inbox: a shop's webhook is one INSERT; and what we ask of shops or write into them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Inbox(Tenanted, Model):
    """One verified delivery of a shop, kept until it is booked; parked ones are shown to the merchant."""

    __tablename__ = "inbox"

    connection_id: Mapped[int]
    topic: Mapped[str]
    body: Mapped[bytes]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None]
    received_at: Mapped[datetime]
    due_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    mark: Mapped[str | None]  # the id that its sender gave it, where it has one

    __table_args__ = (
        CheckConstraint("state in ('waiting','done','parked')", name="state"),
        ref("connection", "connection_id"),
        Index(
            "ix_inbox_waiting",
            "tenant_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_inbox_connection", "tenant_id", "connection_id", "id"),
        Index(
            "uq_inbox_mark",
            "tenant_id",
            "connection_id",
            "mark",
            unique=True,
            postgresql_where=text("mark IS NOT NULL"),
        ),
        Index("ix_inbox_parked", "tenant_id", "id", postgresql_where=text("state = 'parked'")),
    )


class ShopErrand(Tenanted, Model):
    """One thing to ask of a shop or to tell it; asked for again while it is under way, it is done again."""

    __tablename__ = "shop_errand"

    connection_id: Mapped[int]
    kind: Mapped[str]
    subject: Mapped[
        str
    ]  # fetch: the shop's id of an order; card: ours; group: a partner's; coupon: its key
    said: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    state: Mapped[str] = mapped_column(server_default=text("'due'"))
    wanted: Mapped[int] = mapped_column(server_default=text("1"))  # how often it was asked for
    taken: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # `wanted`, as the attempt found it
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    problem: Mapped[str | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state in ('due','doing','done','dead')", name="state"),
        CheckConstraint("kind in ('fetch','card','group','coupon','leave','thanks')", name="kind"),
        UniqueConstraint("tenant_id", "connection_id", "kind", "subject"),
        ref("connection", "connection_id"),
        Index(
            "ix_shop_errand_due",
            "due_at",
            "id",
            postgresql_where=text("state in ('due','doing')"),
        ),
    )


class ShopCard(Tenanted, Model):
    """What we wrote on an order's card in the shop: see app.intake.shops.echo."""

    __tablename__ = "shop_card"

    order_id: Mapped[int]
    own: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))
    changed_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "order_id"), ref("orders", "order_id"))
