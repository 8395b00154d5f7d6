"""A shadow month: the program computes beside the merchant's former service, until one button goes live."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted


class ShadowMonth(Tenanted, Model):
    """At most one for each merchant. `live_from`: set when he goes live; `ended_at`: when all is taken back."""

    __tablename__ = "shadow_month"

    source: Mapped[str]  # the former service, as imports name it
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    live_from: Mapped[datetime | None]
    live_by: Mapped[str | None] = mapped_column()
    ended_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("tenant_id"),)
