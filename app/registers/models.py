"""Files that went to the bank, and files that came from it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Register(Tenanted, Model):
    """A file that was made for the bank; the file itself is not kept, it is made anew from its lines."""

    __tablename__ = "register"

    public_id: Mapped[str]
    format: Mapped[str]
    number: Mapped[int]  # per merchant, without gaps
    run_id: Mapped[int | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    counted: Mapped[int]
    total: Mapped[int]  # what the bank is to pay, minor units

    __table_args__ = (
        CheckConstraint("format in ('csv','xlsx','1c','pain')", name="format"),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "number"),
        ref("pay_run", "run_id"),
    )


class RegisterLine(Tenanted, Model):
    """A payout in a register, by its place there."""

    __tablename__ = "register_line"

    register_id: Mapped[int]
    payout_id: Mapped[int]
    n: Mapped[int]

    __table_args__ = (
        UniqueConstraint("tenant_id", "register_id", "payout_id"),
        UniqueConstraint("tenant_id", "register_id", "n"),
        ref("register", "register_id"),
        ref("payout", "payout_id"),
        Index("ix_register_line_payout", "tenant_id", "payout_id"),
    )


class BankFile(Tenanted, Model):
    """A statement of the bank that was loaded; the same bytes twice are one file."""

    __tablename__ = "bank_file"

    public_id: Mapped[str]
    digest: Mapped[str]  # SHA-256 of the bytes
    name: Mapped[str]
    format: Mapped[str]
    account: Mapped[str]  # its end only
    since: Mapped[date | None]
    until: Mapped[date | None]
    loaded_by: Mapped[str]
    loaded_at: Mapped[datetime]
    applied_by: Mapped[str | None]
    applied_at: Mapped[datetime | None]
    sums: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        CheckConstraint("format in ('1c','camt')", name="format"),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "digest"),
        Index("ix_bank_file_loaded", "tenant_id", "loaded_at", "id"),
    )


class BankLine(Tenanted, Model):
    """A line of a statement, and what became of it."""

    __tablename__ = "bank_line"

    file_id: Mapped[int]
    n: Mapped[int]
    incoming: Mapped[bool]
    amount: Mapped[int]  # minor units
    on_day: Mapped[date | None]
    sealed: Mapped[bytes]  # purpose and other party
    payout_id: Mapped[int | None]
    verdict: Mapped[str]
    applied: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (
        UniqueConstraint("tenant_id", "file_id", "n"),
        ref("bank_file", "file_id"),
        ref("payout", "payout_id"),
        Index("ix_bank_line_verdict", "tenant_id", "file_id", "verdict", "n"),
    )
