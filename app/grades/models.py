"""Moves between groups by results: how far the events are read, and who was warned of a fall.

The rules themselves are dated facts: "rule" of a group, "grades" of the merchant, "pinned" of a partner.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import CURRENT, Tenanted, ref


class GradeCursor(Model):
    """Up to which event partners were looked at for a rise, and the last day that was reviewed."""

    __tablename__ = "grade_cursor"

    tenant_id: Mapped[int] = mapped_column(primary_key=True, server_default=CURRENT)
    position: Mapped[int] = mapped_column(server_default=text("0"))
    reviewed_on: Mapped[date | None]
    place: Mapped[int] = mapped_column(
        server_default=text("0")
    )  # the last partner of today's review


class GradeWarning(Tenanted, Model):
    """A partner was told that he falls from a group on a day unless he makes up what is missing."""

    __tablename__ = "grade_warning"

    partner_id: Mapped[int]
    group_id: Mapped[int]  # from which he would fall
    falls_on: Mapped[date]
    short: Mapped[dict[str, Any]]  # what was missing when he was told
    told_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("outcome in ('fell','saved','void')", name="outcome"),
        ref("partner", "partner_id"),
        ref("partner_group", "group_id"),
        Index(
            "uq_grade_warning_open",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("closed_at is null"),
        ),
    )
