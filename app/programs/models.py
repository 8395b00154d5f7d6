"""Sets of partner terms, partner groups and campaigns. Dated facts hold what they pay."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Terms(Tenanted, Model):
    """A set of terms (партнёрские условия); exactly one is the base on which all are unless said."""

    __tablename__ = "terms"

    public_id: Mapped[str]
    name: Mapped[str]
    text: Mapped[str]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    is_base: Mapped[bool] = mapped_column(server_default=sql("false"))
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "name"),
        Index("uq_terms_base", "tenant_id", unique=True, postgresql_where=sql("is_base")),
    )


class TermsDraft(Tenanted, Model):
    """Terms as they might be: facts by owner ("terms", "merchant") and name, to be tried and published."""

    __tablename__ = "terms_draft"

    public_id: Mapped[str]
    terms_id: Mapped[int]
    facts: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(server_default=sql("1"))
    author: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    holds_from: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        ref("terms", "terms_id"),
        Index("ix_terms_draft_terms", "tenant_id", "terms_id"),
    )


class Group(Tenanted, Model):
    """A partner group; its levels and terms are dated facts of owner "group:N"."""

    __tablename__ = "partner_group"

    public_id: Mapped[str]
    name: Mapped[str]
    terms_id: Mapped[int | None]  # mirrors the newest dated fact, for lists
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("tenant_id", "name"), ref("terms", "terms_id"))


class Campaign(Tenanted, Model):
    """Special rates from moment to moment; the dated fact "offer" of "campaign:N" says what holds.

    The times mirror the newest fact. They never lie in the past when they are said, so no order of
    the past is touched.
    """

    __tablename__ = "campaign"

    public_id: Mapped[str]
    name: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    def state(self, at: datetime) -> str:
        """Return coming, running, over or stopped."""
        if self.stopped_at is not None:
            return "stopped"
        if self.ends_at is not None and self.ends_at <= at:
            return "over"
        return "coming" if self.starts_at > at else "running"

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends"),
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "name"),
    )
