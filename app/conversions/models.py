"""Partner money turned into bonuses, and bonuses withdrawn as money."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Conversion(Tenanted, Model):
    """One turn; `key` comes with the form or the order, so that pressing twice turns once."""

    __tablename__ = "bonus_conversion"

    public_id: Mapped[str]
    key: Mapped[str]
    partner_id: Mapped[int]
    member_id: Mapped[int]
    way: Mapped[str]
    money: Mapped[int]  # minor units of the merchant's currency
    bonuses: Mapped[int]
    actor: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "key"),
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("way in ('to_bonuses','to_money')", name="way"),
        CheckConstraint("money > 0 and bonuses > 0", name="amounts"),
        ref("partner", "partner_id"),
        ref("member", "member_id"),
        Index("ix_bonus_conversion_partner", "tenant_id", "partner_id", "id"),
    )
