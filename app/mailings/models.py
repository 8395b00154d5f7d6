"""Letters to many partners: the words, to whom, and how far it is."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.mailings.rules import Segment, State
from app.tenancy import Tenanted, ref


class Mailing(Tenanted, Model):
    """One mailing. Partners come in the order of their ids; `place` is the last one written to."""

    __tablename__ = "mailing"

    public_id: Mapped[str]
    state: Mapped[str]
    texts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    segment: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    is_html: Mapped[bool] = mapped_column(server_default=text("false"))
    pace: Mapped[int]  # letters a minute
    event_id: Mapped[int | None]  # of its start: its letters hang on that
    place: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    written: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime | None]
    scheduled_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    created_by: Mapped[str]

    @property
    def standing(self) -> State:
        """The state as the rules know it."""
        return State(self.state)

    @property
    def wishes(self) -> Segment:
        """To whom it goes."""
        return Segment.of(self.segment)

    __table_args__ = (
        UniqueConstraint("tenant_id", "public_id"),
        ref("event", "event_id"),
        CheckConstraint(
            "state in ('draft','scheduled','sending','paused','stopped','done')", name="state"
        ),
        CheckConstraint("pace > 0", name="pace"),
        Index(
            "ix_mailing_open",
            "next_at",
            postgresql_where=text("state in ('scheduled','sending')"),
        ),
        Index("ix_mailing_created", "tenant_id", "created_at", "id"),
    )
