"""Papers that lie on the table before a payout is paid: contracts, signed acts, receipts."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Paper(Tenanted, Model):
    """One paper of a partner: a number, a link or a file; a receipt is of a payout, an act of a period."""

    __tablename__ = "paper"

    public_id: Mapped[str]
    kind: Mapped[str]
    partner_id: Mapped[int]
    payout_id: Mapped[int | None]
    period_from: Mapped[date | None]
    period_to: Mapped[date | None]
    number: Mapped[str] = mapped_column(server_default=text("''"))
    link: Mapped[str] = mapped_column(server_default=text("''"))
    digest: Mapped[str | None]  # of the file, which is kept under this name
    media_type: Mapped[str | None]
    filename: Mapped[str | None]
    size: Mapped[int | None]  # bytes
    added_at: Mapped[datetime]
    added_by: Mapped[str]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("kind in ('contract','act','receipt')", name="kind"),
        CheckConstraint("(kind = 'receipt') = (payout_id is not null)", name="receipt"),
        CheckConstraint(
            "(kind = 'act') = (period_from is not null and period_to is not null)", name="act"
        ),
        UniqueConstraint("tenant_id", "public_id"),
        ref("partner", "partner_id"),
        ref("payout", "payout_id"),
        Index("ix_paper_partner", "tenant_id", "partner_id", "kind"),
        Index("ix_paper_payout", "tenant_id", "payout_id"),
    )


class PaperReminder(Tenanted, Model):
    """The partner was reminded of a payout's receipt, so many days after the approval; once each."""

    __tablename__ = "paper_reminder"

    payout_id: Mapped[int]
    days: Mapped[int]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "payout_id", "days"),
        ref("payout", "payout_id"),
    )
