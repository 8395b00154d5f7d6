"""Invitations, the batches in which they were asked for, and pages of partners without an account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.invitations.rules import OPEN, State
from app.tenancy import Tenanted, ref

_OPEN = text("state in ('queued','sent','opened')")


class Batch(Tenanted, Model):
    """What was pasted at once: its texts by language, its pace a minute, and the lines left out."""

    __tablename__ = "invitation_batch"

    public_id: Mapped[str]
    texts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    pace: Mapped[int]
    report: Mapped[list[Any]] = mapped_column(server_default=text("'[]'"))  # {line, said, why}
    next_at: Mapped[datetime | None]  # when more letters may go; None: none wait
    is_paused: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime]
    created_by: Mapped[str]

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        CheckConstraint("pace > 0", name="pace"),
        Index("ix_invitation_batch_next", "next_at", postgresql_where=text("next_at is not null")),
    )


class Invitation(Tenanted, Model):
    """One person asked to join; `partner_id`: who joined, or the partner who is to get an account."""

    __tablename__ = "invitation"

    public_id: Mapped[str]
    batch_id: Mapped[int]
    email: Mapped[str]  # normalised
    name: Mapped[str]
    locale: Mapped[str]
    group_id: Mapped[int | None]
    terms_id: Mapped[int | None]
    sponsor_id: Mapped[int | None]
    code: Mapped[str | None]
    code_key: Mapped[str | None]  # folded, for the one open invitation that promises it
    partner_id: Mapped[int | None]
    state: Mapped[str]
    token_hash: Mapped[str]
    times: Mapped[int] = mapped_column(server_default=text("0"))  # letters
    sent_at: Mapped[datetime | None]
    opened_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    @property
    def is_open(self) -> bool:
        """Whether it still waits for an answer."""
        return State(self.state) in OPEN

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        UniqueConstraint("tenant_id", "token_hash"),
        ref("invitation_batch", "batch_id"),
        ref("partner_group", "group_id"),
        ref("terms", "terms_id"),
        ref("partner", "sponsor_id"),
        ref("partner", "partner_id"),
        CheckConstraint("state in ('queued','sent','opened','joined','withdrawn')", name="state"),
        Index("uq_invitation_email", "tenant_id", "email", unique=True, postgresql_where=_OPEN),
        Index("uq_invitation_code", "tenant_id", "code_key", unique=True, postgresql_where=_OPEN),
        Index("ix_invitation_batch", "tenant_id", "batch_id", "state", "id"),
        Index("ix_invitation_created", "tenant_id", "created_at", "id"),
        Index("ix_invitation_partner", "tenant_id", "partner_id"),
    )


class PartnerPage(Tenanted, Model):
    """A page of one partner's sales for whoever has its address; only a hash of it is kept."""

    __tablename__ = "partner_page"

    public_id: Mapped[str]
    partner_id: Mapped[int]
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("tenant_id", "token_hash"),
        ref("partner", "partner_id"),
        Index(
            "uq_partner_page_open",
            "tenant_id",
            "partner_id",
            unique=True,
            postgresql_where=text("revoked_at is null"),
        ),
    )
