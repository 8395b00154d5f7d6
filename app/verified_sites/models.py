"""Sites of partners: named, proved, lost."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class VerifiedSite(Tenanted, Model):
    """A site that a partner names as his; `link_id` is the link that its visitors count for, once proved."""

    __tablename__ = "verified_site"

    public_id: Mapped[str]
    partner_id: Mapped[int]
    host: Mapped[str]
    token: Mapped[str]
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"))
    how: Mapped[str | None]
    problem: Mapped[str | None]
    misses: Mapped[int] = mapped_column(server_default=text("0"))
    link_id: Mapped[int | None]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    check_at: Mapped[datetime | None]  # when it is looked at next, by the wall's clock

    __table_args__ = (
        CheckConstraint("state in ('waiting','verified','lost','withdrawn')", name="state"),
        CheckConstraint("how in ('file','meta','dns')", name="how"),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "partner_id", "host"),
        ref("partner", "partner_id"),
        ref("link", "link_id"),
        Index(
            "uq_verified_site_host",
            "tenant_id",
            "host",
            unique=True,
            postgresql_where=text("state = 'verified'"),
        ),
        Index("ix_verified_site_check", "check_at", postgresql_where=text("check_at is not null")),
    )
