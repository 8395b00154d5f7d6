"""Read long work: what is open, what there was, and the lines of a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from app.extensions import db
from app.runs.models import Run, RunLine
from app.runs.rules import OPEN, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def find(public_id: str) -> Run | None:
    """Return a run by its outside id."""
    return db.session.scalar(select(Run).where(Run.public_id == public_id))


def listed(kinds: Iterable[str]) -> Select[Any]:
    """Return the statement of the runs of some kinds."""
    return select(Run).where(Run.kind.in_(list(kinds)))


def latest(kind: str, **parameters: object) -> Run | None:
    """Return the newest run of a kind that has these parameters."""
    query = select(Run).where(Run.kind == kind).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query.where(Run.parameters.contains(parameters)))


def unfinished(kind: str, *, under_way: bool = False, **parameters: object) -> bool:
    """Whether a run of a kind with these parameters is under way, or (else) may be taken up again."""
    states = OPEN if under_way else set(State) - {State.DONE}
    query = select(Run.id).where(Run.kind == kind, Run.state.in_(states)).limit(1)
    return db.session.scalar(query.where(Run.parameters.contains(parameters))) is not None


def open_runs(limit: int = 500) -> list[tuple[int, int]]:
    """Return (tenant, id) of runs that a worker is to go on with; to be asked as partnerka_drain.

    Those that were worked on longest ago come first, so merchants take turns.
    """
    query = select(Run.tenant_id, Run.id).where(Run.state.in_(OPEN)).order_by(Run.changed_at)
    return [(row.tenant_id, row.id) for row in db.session.execute(query.limit(limit))]


def lines_of(run_id: int, kind: str, subjects: Iterable[int]) -> dict[int, RunLine]:
    """Return the lines about some subjects."""
    query = select(RunLine).where(
        RunLine.run_id == run_id, RunLine.kind == kind, RunLine.subject.in_(set(subjects))
    )
    return {line.subject: line for line in db.session.scalars(query)}


def problems(run_id: int, limit: int = 20) -> Sequence[RunLine]:
    """Return the first things that were passed over."""
    query = select(RunLine).where(RunLine.run_id == run_id, RunLine.kind == "problem")
    return db.session.scalars(query.order_by(RunLine.id).limit(limit)).all()
