"""What orders earn: the deal (verdict on an order) and its shares, both rewritten by each reconcile.

The money itself is in the ledger; these rows are what pages and answers show of it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class Deal(Tenanted, Model):
    """The verdict on one order: the partner who brought it, or None with the reason."""

    __tablename__ = "deal"

    public_id: Mapped[str]
    order_id: Mapped[int]
    partner_id: Mapped[int | None]
    reason: Mapped[str | None]  # code of "why nothing"
    state: Mapped[str]
    how: Mapped[str | None]  # kind of the winning claim
    promo_code: Mapped[str | None]
    terms_id: Mapped[int | None]
    terms_label: Mapped[str | None]  # "Base terms v1", as it was
    commission: Mapped[int]  # all levels, minor units
    currency: Mapped[str]
    available_at: Mapped[datetime | None]
    matures_at: Mapped[datetime | None]  # set while a pending share waits for its hold to end
    created_at: Mapped[datetime]  # the order's
    notes: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # what earns nothing, why

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "order_id"),
        ref("orders", "order_id"),
        ref("partner", "partner_id"),
        ref("terms", "terms_id"),
        Index("ix_deal_partner", "tenant_id", "partner_id", "created_at", "id"),
        Index("ix_deal_created", "tenant_id", "created_at", "id"),
        Index("ix_deal_commission", "tenant_id", "commission", "order_id"),
        Index("ix_deal_agreed", "tenant_id", "id", postgresql_where=text("state = 'agreed'")),
        Index("ix_deal_matures", "matures_at", postgresql_where=text("matures_at is not null")),
    )


class Override(Tenanted, Model):
    """Staff's word on what a partner earns at one level of an order; the newest row of the three holds.

    `amount` None: what the rules say holds again. Append-only, so the rows are their own history.
    """

    __tablename__ = "commission_override"

    order_id: Mapped[int]
    level: Mapped[int]
    partner_id: Mapped[int | None]  # who stood there; nobody: a word of old that holds for nobody
    amount: Mapped[int | None]  # minor units, while nothing is given back
    reason: Mapped[str]
    by: Mapped[str]  # the name of who said so
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("level between 0 and 9", name="level"),
        ref("orders", "order_id"),
        ref("partner", "partner_id"),
        Index("ix_commission_override_order", "tenant_id", "order_id", "level", "id"),
    )


class Cap(Tenanted, Model):
    """A counter of a month: what a cap has given, minor units, and when people were told of 80 %.

    `key` is as in rules.caps: "partner:42:2026-11", "terms:1:2026-11", "month:2026-11". Who changes
    what was given in a month holds the month's rows, locked in the order of their keys.
    """

    __tablename__ = "cap"

    key: Mapped[str]
    most: Mapped[int]  # as the newest order said
    given: Mapped[int] = mapped_column(server_default=text("0"))
    told_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("tenant_id", "key"),)


class CapAsk(Model):
    """What an available share asks of the month's caps, uncut, and what it was given; minor units."""

    __tablename__ = "cap_ask"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[str]
    available_at: Mapped[datetime]
    ordered_at: Mapped[datetime]
    external_id: Mapped[str]
    wanted: Mapped[int]
    given: Mapped[int]
    limits: Mapped[list[Any]]  # [kind, key, most] each
    whole: Mapped[bool]

    __table_args__ = (
        CheckConstraint("given between 0 and wanted", name="given"),
        ref("orders", "order_id"),
        ref("partner", "partner_id"),
        Index("ix_cap_ask_month", "tenant_id", "month", "available_at"),
    )


class Share(Model):
    """What one partner earns at one level from one line, with why."""

    __tablename__ = "share"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    order_id: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[str] = mapped_column(primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    partner_id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]
    currency: Mapped[str]
    bucket: Mapped[str]
    why: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]  # the order's
    position: Mapped[int] = mapped_column(server_default=text("0"))

    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint("bucket in ('expected','pending','available','taken_back')", name="bucket"),
        ref("orders", "order_id"),
        ref("partner", "partner_id"),
        Index("ix_share_partner", "tenant_id", "partner_id", "created_at", "order_id"),
        Index(
            "ix_share_waiting",
            "tenant_id",
            "order_id",
            postgresql_where=text("bucket in ('pending','expected') and amount > 0"),
        ),
    )


class DebtNotice(Tenanted, Model):
    """A partner was warned that a sale repays his debt on a day."""

    __tablename__ = "debt_notice"

    partner_id: Mapped[int]
    order_id: Mapped[int]
    available_at: Mapped[datetime]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "partner_id", "order_id", "available_at"),
        ref("partner", "partner_id"),
        ref("orders", "order_id"),
    )
