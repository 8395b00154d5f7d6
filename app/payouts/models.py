"""Payout requests and the merchant's payout methods."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.payouts.rules import Charges
from app.tenancy import Tenanted, ref


class PayoutMethod(Tenanted, Model):
    """One of up to five ways to be paid, of the merchant's own choice."""

    __tablename__ = "payout_method"

    code: Mapped[str]  # "bank" is there from the start
    name: Mapped[str]
    hint: Mapped[str] = mapped_column(
        server_default=text("''")
    )  # what the partner is asked to give
    kind: Mapped[str] = mapped_column(server_default=text("'other'"))  # decides the fields asked
    position: Mapped[int] = mapped_column(server_default=text("0"))
    retired_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind in ('bank','iban','card','phone','other')", name="kind"),
        UniqueConstraint("tenant_id", "code"),
    )


class Payout(Tenanted, Model):
    """Money on its way to a partner; details are copied when asked and never change here."""

    __tablename__ = "payout"

    public_id: Mapped[str]
    partner_id: Mapped[int]
    amount: Mapped[int]
    currency: Mapped[str]
    method_id: Mapped[int]
    details: Mapped[bytes | None]  # encrypted copy
    state: Mapped[str]
    reason: Mapped[str | None]
    requested_by: Mapped[str]
    decided_by: Mapped[str | None]
    requested_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    approved_by: Mapped[str | None]  # alone, or as the second of two; none: as part of a run
    first_approved_at: Mapped[datetime | None]  # of two people, above the limit of one
    first_approved_by: Mapped[str | None]
    ended_at: Mapped[datetime | None]
    fee: Mapped[int] = mapped_column(server_default=text("0"))  # kept back of the amount
    withheld: Mapped[int] = mapped_column(server_default=text("0"))  # tax, likewise
    settled_by: Mapped[str] = mapped_column(server_default=text("'own'"))  # who sends the money
    run_id: Mapped[int | None]  # the pay run it is part of

    @property
    def charges(self) -> Charges:
        """What is kept back of the amount."""
        return Charges(self.fee, self.withheld)

    @property
    def net(self) -> int:
        """What reaches the partner, minor units."""
        return self.amount - self.charges.total

    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("fee >= 0 and withheld >= 0 and fee + withheld <= amount", name="charges"),
        CheckConstraint(
            "state in ('requested','approved','sending','unknown','paid','rejected','cancelled','failed')",
            name="state",
        ),
        CheckConstraint(
            "(first_approved_by is null) = (first_approved_at is null)", name="first_approved"
        ),
        CheckConstraint("settled_by in ('own','platform')", name="settled_by"),
        UniqueConstraint("tenant_id", "public_id"),
        ref("partner", "partner_id"),
        ref("payout_method", "method_id"),
        ref("pay_run", "run_id"),
        Index(
            "ix_payout_alone",
            "tenant_id",
            "approved_at",
            postgresql_where=text("approved_by is not null"),
        ),
        Index(
            "uq_payout_open",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("state in ('requested','approved','sending','unknown')"),
        ),
        Index("ix_payout_requested", "tenant_id", "requested_at", "id"),
        Index(
            "ix_payout_run",
            "tenant_id",
            "run_id",
            "id",
            postgresql_where=text("run_id is not null"),
        ),
        Index("ix_payout_partner", "tenant_id", "partner_id", "requested_at", "id"),
    )
