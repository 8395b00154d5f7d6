"""One-time links into the cabinet, and what they were exchanged for."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Pass(Tenanted, Model):
    """A link that the shop's server asked for, and the session it was exchanged for. Hashes alone are kept.

    `framed`: the session lives in a frame of the shop's page, without a cookie, and only reads.
    """

    __tablename__ = "cabinet_pass"

    partner_id: Mapped[int]
    link_hash: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    link_until: Mapped[datetime]
    used_at: Mapped[datetime | None]
    session_hash: Mapped[str | None]
    until: Mapped[datetime | None]
    framed: Mapped[bool | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "link_hash"),
        UniqueConstraint("tenant_id", "session_hash"),
        CheckConstraint(
            "(used_at is null) = (session_hash is null) and (used_at is null) = (until is null)"
            " and (used_at is null) = (framed is null)",
            name="used",
        ),
        Index("ix_cabinet_pass_partner", "tenant_id", "partner_id", "id"),
        ref("partner", "partner_id"),
    )
