"""Blocks of partners with all that they did, and disputes about sales."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Block(Tenanted, Model):
    """One act: a partner blocked, what became of deals, money, requests and links; undone whole."""

    __tablename__ = "block"

    public_id: Mapped[str]
    partner_id: Mapped[int]
    reason: Mapped[str]  # the partner reads it, where he is written to
    letter: Mapped[bool]
    refuse_from: Mapped[datetime | None]  # deals of orders made since then are refused; None: kept
    money: Mapped[str]  # keep: may still be paid; hold: waits; write_off
    reject: Mapped[bool]  # an open payout request is rejected
    links_off: Mapped[bool]
    effects: Mapped[dict[str, Any]]  # what was done, by its ids, so that it can be undone
    actor: Mapped[str]
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("money in ('keep','hold','write_off')", name="money"),
        UniqueConstraint("tenant_id", "public_id"),
        ref("partner", "partner_id"),
        Index(
            "uq_block_standing",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("undone_at is null"),
        ),
        Index("ix_block_partner", "tenant_id", "partner_id", "id"),
    )


class Dispute(Tenanted, Model):
    """A sale that a partner misses and the journal could not settle; staff answer by `due_at`."""

    __tablename__ = "dispute"

    public_id: Mapped[str]
    partner_id: Mapped[int]
    number: Mapped[str]  # as the partner typed it
    order_id: Mapped[int | None]  # found by the number; the partner is not told whether it was
    verdict: Mapped[str]  # what the journal said at once
    state: Mapped[str]
    said: Mapped[str | None]  # staff's closing word
    opened_at: Mapped[datetime]
    due_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("state in ('open','attributed','declined','withdrawn')", name="state"),
        CheckConstraint("(state = 'open') = (decided_at is null)", name="decided"),
        UniqueConstraint("tenant_id", "public_id"),
        ref("partner", "partner_id"),
        ref("orders", "order_id"),
        Index(
            "uq_dispute_open",
            "tenant_id",
            "partner_id",
            "number",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_dispute_partner", "tenant_id", "partner_id", "id"),
        Index(
            "ix_dispute_due",
            "tenant_id",
            "due_at",
            postgresql_where=text("state = 'open' and reminded_at is null"),
        ),
        Index("ix_dispute_open", "tenant_id", "id", postgresql_where=text("state = 'open'")),
    )


class Remark(Tenanted, Model):
    """One line of a dispute's thread."""

    __tablename__ = "dispute_remark"

    dispute_id: Mapped[int]
    by_staff: Mapped[bool]
    actor: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        ref("dispute", "dispute_id"),
        Index("ix_dispute_remark_dispute", "tenant_id", "dispute_id", "id"),
    )
