"""Blocks of sealed transfers, and the nights' checks. Append-only: the database refuses changes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted


class Block(Model):
    """Transfers sealed together. `head` is made of the head before it, so it speaks for all blocks up to it."""

    __tablename__ = "proof_block"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1, no gaps
    root: Mapped[str]  # of the tree over the block's groups
    head: Mapped[str]
    rows: Mapped[int]
    sealed_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("number > 0", name="counted"),)


class Group(Model):
    """One partner's transfers in a block (0: those of no partner), in the order of their ids."""

    __tablename__ = "proof_group"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    block: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    partner_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    rows: Mapped[int]
    hash: Mapped[str]


class Leaf(Model):
    """A transfer as it was sealed. The salt keeps who sees the hash from guessing what is behind it."""

    __tablename__ = "proof_leaf"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    transfer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    block: Mapped[int]
    partner_id: Mapped[int]
    salt: Mapped[str]
    reason: Mapped[str | None]  # hash of what somebody wrote: the words may be erased, this stays
    hash: Mapped[str]

    __table_args__ = (
        Index("ix_proof_leaf_block", "tenant_id", "block", "partner_id", "transfer_id"),
    )


class Mark(Model):
    """Every transfer of transactions before `upto` is sealed; after a restore this means nothing."""

    __tablename__ = "proof_mark"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    upto: Mapped[int]


class Checkup(Tenanted, Model):
    """What the nightly check of the books said of one merchant."""

    __tablename__ = "checkup"

    day: Mapped[date]
    at: Mapped[datetime]
    transfers: Mapped[int]
    invariants: Mapped[int]
    broken: Mapped[list[Any]]  # names of those that did not hold
    block: Mapped[int | None]  # the mark as it stood then
    head: Mapped[str | None]

    __table_args__ = (UniqueConstraint("tenant_id", "day"),)
