"""Counts and sums of every branch: level by level, in set statements, a piece a transaction.

A run is built beside the one that pages read. A job that is cut goes on where it was: each piece is
done within the transaction that moves `place` on, so it is done once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.extensions import db
from app.network.models import NetworkRun
from app.network.service import statements as say
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

ROWS, LEVELS = 50_000, 500  # a transaction ends after so many rows, or levels of a thin tree
PARTNERS = 5_000
SHOWN = 9  # levels of the whole network that are counted one by one
OLD = timedelta(minutes=10)  # sums of merchants who sell are read anew after this
MONTH = timedelta(days=30)
REST = 5  # a merchant's tree rests so many times as long as its last run took
PATIENCE = timedelta(seconds=20)  # a run shorter than this is no burden


@dataclass(frozen=True)
class Reading:
    """One run: its number and the instant it shows."""

    run: int
    at: datetime

    def values(self, **more: Any) -> dict[str, Any]:
        """Return what every statement is given."""
        return {"run": self.run, "at": self.at, "since": self.at - MONTH, **more}


def step() -> bool:
    """Do one piece of the scope's roll-up; False when it is up to date, or another worker is at it."""
    state = _held()
    if state is None:
        return False
    if state.stage == "idle":
        return _begin(state)
    if state.stage in {"walk", "own", "sum"}:
        sql.send(say.BY_INDEX, {})
    reading = Reading(state.building or 0, state.read_at or clock.now())
    _STAGES[state.stage](state, reading)
    db.session.flush()
    return True


def _held() -> NetworkRun | None:
    db.session.execute(
        insert(NetworkRun).values(tenant_id=current_tenant()).on_conflict_do_nothing()
    )
    query = select(NetworkRun).where(NetworkRun.tenant_id == current_tenant())
    held = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.scalar(held)


def _begin(state: NetworkRun) -> bool:
    version, now = sql.one(say.VERSION, {}).version, clock.now()
    over_due = state.due_at is not None and state.due_at <= now
    resting = state.rest_until is not None and state.rest_until > clock.wall()
    if resting or (state.ready is not None and version == state.version and not over_due):
        return False
    if state.ready_at is not None and version == state.version and not _moved_on(state, now):
        state.due_at = _due(now)
        return False
    state.building, state.stage, state.place = (state.ready or 0) + 1, "walk", 0
    state.building_version, state.read_at, state.started_at = version, now, clock.wall()
    sql.send(say.SETTLE, {"at": now})
    for statement in (say.FORGET_BRANCHES, say.FORGET_EARNINGS):
        sql.send(statement, {"run": state.building})
    db.session.flush()
    return True


def _moved_on(state: NetworkRun, now: datetime) -> bool:
    """Say whether time alone made the run old: an edge began or ended since, or there are sales to sum."""
    found = _next_change(state.ready_at or now, now)
    edges = [moment for moment in (found.begins, found.ends) if moment is not None]
    return found.sells or any(moment <= now for moment in edges)


def _next_change(at: datetime, now: datetime) -> Any:
    return sql.one(say.NEXT_CHANGE, {"at": at, "since": now - MONTH - timedelta(days=1)})


def _walk(state: NetworkRun, reading: Reading) -> None:
    """Go down from those at the top, a level at a time."""
    rows = 0
    for _level in range(LEVELS):
        if state.place == 0:
            found = sql.send(say.ROOTS, reading.values()).rowcount
        else:
            found = sql.send(say.BELOW, reading.values(level=state.place)).rowcount
        if not found:
            state.stage, state.place = "own", 0
            return
        state.place += 1
        rows += found
        if rows >= ROWS:
            return


def _own(state: NetworkRun, reading: Reading) -> None:
    """Write what each partner brought by himself, for some thousand at a time."""
    values = reading.values(after=state.place, most=PARTNERS)
    last = sql.one(say.NEXT_PARTNERS, values).last
    if last is not None:
        sql.send(say.OWN, {**values, "last": last})
        state.place = last
        return
    state.stage, state.place = "sum", int(sql.one(say.DEEPEST, reading.values()).level or 0)


def _sum(state: NetworkRun, reading: Reading) -> None:
    """Add up from the deepest level to the top."""
    rows = 0
    for _level in range(LEVELS):
        if state.place <= 0:
            state.stage, state.place = "earn", 0
            return
        rows += sql.send(say.UP, reading.values(level=state.place)).rowcount
        state.place -= 1
        if rows >= ROWS:
            return


def _earn(state: NetworkRun, reading: Reading) -> None:
    """Write what those above earned from each branch, for some thousand partners at a time."""
    values = reading.values(after=state.place, most=PARTNERS)
    last = sql.one(say.NEXT_PARTNERS, values).last
    if last is not None:
        sql.send(say.EARN, {**values, "last": last})
        state.place = last
        return
    took = clock.wall() - (state.started_at or clock.wall())
    state.rest_until = clock.wall() + REST * took if took > PATIENCE else None
    state.summary = _summary(reading)
    state.ready, state.ready_at = state.building, reading.at
    state.version, state.due_at = state.building_version, _due(reading.at)
    state.stage, state.place, state.building = "clean", 0, None


def _summary(reading: Reading) -> dict[str, Any]:
    """Return the whole network in numbers: by level from the top, and what all brought together."""
    rows = sql.rows(say.SUMMARY, reading.values())
    sums = sql.one(say.TOTALS, reading.values())._asdict()
    return {
        "levels": [int(row.partners) for row in rows[:SHOWN]],
        "partners": sum(int(row.partners) for row in rows),
        "depth": int(rows[-1].level) + 1 if rows else 0,
        **{name: int(value) for name, value in sums.items()},
    }


def _due(at: datetime) -> datetime:
    """Return when to look again: an edge begins or ends, or sales may have gone on."""
    found = _next_change(at, at)
    return min(time for time in (found.begins, found.ends, at + OLD) if time is not None)


def _clean(state: NetworkRun, _reading: Reading) -> None:
    """Forget runs that nobody reads any more."""
    values = {"ready": state.ready, "most": ROWS}
    gone = sum(sql.send(s, values).rowcount for s in (say.OLD_BRANCHES, say.OLD_EARNINGS))
    if not gone:
        state.stage = "idle"


_STAGES: dict[str, Callable[[NetworkRun, Reading], None]] = {
    "walk": _walk,
    "own": _own,
    "sum": _sum,
    "earn": _earn,
    "clean": _clean,
}
