"""Requests of partners to have their bonuses as money."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Withdrawal(Tenanted, Model):
    """One request; its bonuses are held from the start. `key` comes with the form: pressing twice asks once."""

    __tablename__ = "bonus_withdrawal"

    public_id: Mapped[str]
    key: Mapped[str]
    partner_id: Mapped[int]
    member_id: Mapped[int]
    amount: Mapped[int]  # bonus minor units
    fee: Mapped[int]  # of it, kept back
    method: Mapped[str]  # the payout method's code
    state: Mapped[str]
    reason: Mapped[str | None]
    ripe_at: Mapped[datetime]  # not approved before
    requested_at: Mapped[datetime]
    requested_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None]
    payout_id: Mapped[int | None]  # None: the platform pays by itself, or it is not approved

    @property
    def net(self) -> int:
        """What is paid out, minor units of money."""
        return self.amount - self.fee

    @property
    def reference(self) -> str:
        """The name under which its bonuses are held."""
        return f"withdrawal:{self.public_id}"

    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("amount > 0 and fee >= 0 and fee < amount", name="amounts"),
        CheckConstraint("state in ('requested','approved','rejected','cancelled')", name="state"),
        CheckConstraint("(state = 'requested') = (decided_at is null)", name="decided"),
        ref("partner", "partner_id"),
        ref("member", "member_id"),
        ref("payout", "payout_id"),
        Index(
            "uq_bonus_withdrawal_open",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("state = 'requested'"),
        ),
        Index("ix_bonus_withdrawal_partner", "tenant_id", "partner_id", "id"),
    )
