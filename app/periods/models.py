"""Who closed and reopened which month. What is closed now stands in the tenant's row."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted


class Closing(Tenanted, Model):
    """One act: closing closes the month and all before it, reopening opens it and all after it."""

    __tablename__ = "closing"

    act: Mapped[str]
    month: Mapped[date]  # its first day
    at: Mapped[datetime]
    actor: Mapped[str]
    reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("act in ('closed','reopened')", name="act"),
        CheckConstraint("act = 'closed' or reason is not null", name="reason"),
    )
