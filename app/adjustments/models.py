"""Entries by hand on partners' balances; nothing is changed, an undo is an entry of its own."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Batch(Tenanted, Model):
    """Entries that were booked together. The id comes with the form, so pressing twice books once."""

    __tablename__ = "adjustment_batch"

    public_id: Mapped[str]
    undo_of_id: Mapped[int | None]
    number: Mapped[int]
    total: Mapped[int]  # what all partners together gained, minor units
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        ref("adjustment_batch", "undo_of_id"),
    )


class Adjustment(Tenanted, Model):
    """One entry: what the partner gained, minor units, or lost, below zero. An entry is undone once."""

    __tablename__ = "adjustment"

    public_id: Mapped[str]
    batch_id: Mapped[int | None]  # None: by a program, alone
    partner_id: Mapped[int]
    act: Mapped[str]
    amount: Mapped[int]
    reason: Mapped[str]
    undo_of_id: Mapped[int | None]
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "undo_of_id"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint("act in ('accrue','deduct','forgive','expire','undo')", name="act"),
        CheckConstraint("(act = 'undo') = (undo_of_id is not null)", name="undo"),
        ref("adjustment_batch", "batch_id"),
        ref("partner", "partner_id"),
        ref("adjustment", "undo_of_id"),
        Index("ix_adjustment_batch", "tenant_id", "batch_id"),
        Index("ix_adjustment_partner", "tenant_id", "partner_id", "id"),
    )
