"""Whom a mass operation is about, and what became of it: lines of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, and_, func, select

from app.extensions import db
from app.members.models import Member
from app.runs.models import RunLine

if TYPE_CHECKING:
    from collections.abc import Sequence

MASS, UNDO = "bonus_mass", "bonus_undo"
# Kinds of lines: who is asked for, who is in, who is out, to whom it was done.
ASKED, IN, OUT, DONE = "asked", "member", "out", "done"


def asked_after(run_id: int, kind: str, cursor: int, most: int) -> Sequence[int]:
    """Return the next customers of a run's lines of a kind, by id."""
    query = select(RunLine.subject).where(
        RunLine.run_id == run_id, RunLine.kind == kind, RunLine.subject > cursor
    )
    return db.session.scalars(query.order_by(RunLine.subject).limit(most)).all()


def done_after(run_id: int, cursor: int, most: int) -> Sequence[int]:
    """Return the next customers to whom a run did something."""
    return asked_after(run_id, DONE, cursor, most)


def outcomes(run_id: int) -> dict[str, tuple[int, int]]:
    """Return {kind of line: (how many, what they change in all)}."""
    query = select(RunLine.kind, func.count(), func.sum(RunLine.change)).where(
        RunLine.run_id == run_id
    )
    rows = db.session.execute(query.group_by(RunLine.kind))
    return {kind: (number, int(change)) for kind, number, change in rows}


def lines_of(run_id: int, kind: str) -> Select[Any]:
    """Return the statement of a run's lines of a kind, with their customers."""
    columns: tuple[Any, ...] = (RunLine, Member)
    return (
        select(*columns)
        .join(Member, and_(Member.tenant_id == RunLine.tenant_id, Member.id == RunLine.subject))
        .where(RunLine.run_id == run_id, RunLine.kind == kind)
    )
