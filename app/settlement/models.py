"""What the prepaid balance paid for: one row a payout that it funded."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Funding(Tenanted, Model):
    """A payout paid from the prepaid balance: its price, as it was reckoned then; sums in minor units."""

    __tablename__ = "funding"

    payout_id: Mapped[int]
    partner_id: Mapped[int]
    gross: Mapped[int]
    fee: Mapped[int]
    fee_paid_by: Mapped[str]
    tax: Mapped[int | None]  # withheld, so not drawn; none: of before, when the whole gross was
    rate: Mapped[str]  # per cent, as a decimal
    since: Mapped[datetime]  # of the queue's place that it had
    funded_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    retry_at: Mapped[datetime | None]  # after a failure somebody said: try again

    __table_args__ = (
        UniqueConstraint("tenant_id", "payout_id"),
        CheckConstraint("gross > 0", name="gross"),
        CheckConstraint("fee between 0 and gross", name="fee"),
        CheckConstraint("tax between 0 and gross", name="tax"),
        CheckConstraint("fee_paid_by in ('partner','merchant')", name="fee_paid_by"),
        CheckConstraint("outcome in ('paid','failed')", name="outcome"),
        CheckConstraint("(ended_at is null) = (outcome is null)", name="ended"),
        ref("payout", "payout_id"),
        ref("partner", "partner_id"),
        Index("ix_funding_partner", "tenant_id", "partner_id", "id"),
        Index("ix_funding_funded", "tenant_id", "funded_at"),
        Index(
            "ix_funding_open",
            "tenant_id",
            "id",
            postgresql_where=text("ended_at is null"),
        ),
    )
