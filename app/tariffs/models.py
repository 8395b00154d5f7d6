"""Plans as dated rows, and the invoices of months with their lines."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class TariffPlan(Tenanted, Model):
    """What a plan says from an instant on; the platform's row, and never changed."""

    __tablename__ = "tariff_plan"

    code: Mapped[str]
    since: Mapped[datetime]
    terms: Mapped[dict[str, Any]]  # rules.Plan as JSON
    offered: Mapped[bool]  # whether merchants may choose it
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (Index("ix_tariff_plan_code", "tenant_id", "code", "since"),)


class TariffInvoice(Tenanted, Model):
    """What a month costs the merchant in scope, as it was closed; sums in minor units."""

    __tablename__ = "tariff_invoice"

    public_id: Mapped[str]
    number: Mapped[int] = mapped_column(server_default=text("nextval('invoice_number')"))
    month: Mapped[date]  # its first day
    currency: Mapped[str]
    total: Mapped[int]  # below zero: it was given back
    credited: Mapped[int] = mapped_column(server_default=text("0"))  # by counter lines since
    state: Mapped[str]
    usage: Mapped[dict[str, Any]]  # what was counted when it was made
    payee: Mapped[dict[str, Any]]
    payer: Mapped[str]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "month"),
        CheckConstraint("state in ('open','paid','nothing')", name="state"),
        CheckConstraint("credited between 0 and greatest(total, 0)", name="credited"),
        CheckConstraint("(state = 'paid') = (paid_at is not null)", name="paid"),
        Index("uq_tariff_invoice_number", "number", unique=True),
        Index(
            "ix_tariff_invoice_open",
            "tenant_id",
            "due_at",
            postgresql_where=text("state = 'open'"),
        ),
    )

    @property
    def outstanding(self) -> int:
        """What is to be paid, less what counter lines took off."""
        return self.total - self.credited


class TariffLine(Tenanted, Model):
    """A line of an invoice; what corrects it is another line, below zero."""

    __tablename__ = "tariff_line"

    invoice_id: Mapped[int]
    n: Mapped[int]
    item: Mapped[str]
    plan: Mapped[str]
    quantity: Mapped[int]
    days: Mapped[int]
    price: Mapped[int]
    amount: Mapped[int]
    about: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "invoice_id", "n"),
        CheckConstraint("days > 0", name="days"),
        CheckConstraint("amount <> 0", name="amount"),
        CheckConstraint(
            "item in ('first_till','further_tills','integration','receipts','later','correction')",
            name="item",
        ),
        ref("tariff_invoice", "invoice_id"),
    )
