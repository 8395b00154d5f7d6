"""Questions and their threads. Rows belong to who answers: the merchant, or the platform."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped

from app.extensions import Model
from app.tenancy import Tenanted, ref


class Request(Tenanted, Model):
    """A question, what page it was asked from, and how far it is. `moved_at`: of the newest line."""

    __tablename__ = "help_request"

    public_id: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    asker_tenant: Mapped[int | None]  # whose staff ask the platform
    partner_id: Mapped[int | None]  # who asks the merchant
    person_id: Mapped[int]
    name: Mapped[str]
    merchant: Mapped[str]  # the slug, as it stands in addresses
    role: Mapped[str]
    locale: Mapped[str]
    page: Mapped[str]  # a path of ours
    asked_at: Mapped[datetime]
    moved_at: Mapped[datetime]
    unread: Mapped[bool]  # by who asked: an answer came that was not opened

    __table_args__ = (
        CheckConstraint("kind in ('support','setup','idea')", name="kind"),
        CheckConstraint("state in ('open','answered','closed')", name="state"),
        CheckConstraint("(asker_tenant is null) <> (partner_id is null)", name="asker"),
        UniqueConstraint("tenant_id", "public_id"),
        ref("partner", "partner_id"),
        Index("ix_help_request_state", "tenant_id", "state", "id"),
        Index("ix_help_request_partner", "tenant_id", "partner_id", "id"),
        Index("ix_help_request_asker", "tenant_id", "asker_tenant", "id"),
    )


class Line(Tenanted, Model):
    """One line of a thread."""

    __tablename__ = "help_line"

    request_id: Mapped[int]
    by_helper: Mapped[bool]
    actor: Mapped[str]
    text: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        ref("help_request", "request_id"),
        Index("ix_help_line_request", "tenant_id", "request_id", "id"),
    )
