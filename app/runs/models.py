"""Long work that merchants start: what it is, how far it is, and the lines of its result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model
from app.runs.rules import State
from app.tenancy import Tenanted

_OPEN = text("state in ('previewing','applying')")


class Run(Tenanted, Model):
    """One long act. Each batch moves `cursor` in the transaction that does its work."""

    __tablename__ = "run"

    public_id: Mapped[str]
    kind: Mapped[str]
    lane: Mapped[str]  # one open run a lane
    parameters: Mapped[dict[str, Any]]
    asked_by: Mapped[str]
    state: Mapped[str]
    phase: Mapped[str | None]  # preview or apply: where it goes on after a stop
    cursor: Mapped[int] = mapped_column(server_default=text("0"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    sums: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))  # of the preview
    applied: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    problem: Mapped[str | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def standing(self) -> State:
        """The state as the rules know it."""
        return State(self.state)

    __table_args__ = (
        CheckConstraint(
            "state in ('draft','previewing','previewed','applying','done','failed','stopped')",
            name="state",
        ),
        CheckConstraint("phase in ('preview','apply')", name="phase"),
        UniqueConstraint("tenant_id", "public_id"),
        Index("uq_run_open", "tenant_id", "lane", unique=True, postgresql_where=_OPEN),
        Index("ix_run_open", "changed_at", postgresql_where=_OPEN),
    )


class RunLine(Tenanted, Model):
    """A line of a run's result, minor units: an order's difference, a partner's total, a problem."""

    __tablename__ = "run_line"

    run_id: Mapped[int]
    kind: Mapped[str]
    subject: Mapped[int]
    before: Mapped[int]
    after: Mapped[int]
    change: Mapped[int]
    facts: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant_id", "run_id"], ["run.tenant_id", "run.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("tenant_id", "run_id", "kind", "subject"),
        Index("ix_run_line_change", "tenant_id", "run_id", "kind", "change", "id"),
    )
