"""What is to be asked of shops or told to them: asked for any number of times, done once, tried for two days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.extensions import db, kick_after_commit
from app.intake.models import ShopErrand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Select

    from app.intake.shops import ShopError

JOB = "run_errands"
LEASE = timedelta(minutes=5)  # longer than all the calls of one errand may take
KEPT = timedelta(days=30)
LANE = 50
OPEN = ("due", "doing")
_PAUSES = (
    *(timedelta(seconds=s) for s in (10, 60)),
    *(timedelta(minutes=m) for m in (5, 15, 40)),
    *(timedelta(hours=h) for h in (1, 2, 4, 8, 12, 18)),
)
MOST_ATTEMPTS = len(_PAUSES) + 1


@dataclass(frozen=True)
class Errand:
    """One errand as it is carried out now."""

    id: int
    connection_id: int
    kind: str
    subject: str
    said: Mapping[str, Any]
    attempts: int


def ask(
    connection_id: int,
    kind: str,
    subjects: Iterable[str],
    said: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Have something done soon (or `at`); what is under way is done once more after that."""
    wanted = sorted(set(subjects))
    if not wanted:
        return
    now = clock.wall()
    rows = [
        {
            "connection_id": connection_id,
            "kind": kind,
            "subject": subject,
            "said": dict(said or {}),
            "due_at": at or now,
            "created_at": now,
        }
        for subject in wanted
    ]
    statement = insert(ShopErrand).values(rows)
    open_now = ShopErrand.state.in_(OPEN)
    again = {
        "wanted": ShopErrand.wanted + 1,
        "said": statement.excluded.said,
        # A pause that a failure has begun, and a lease, stay as they are.
        "due_at": _kept(open_now, ShopErrand.due_at, at or now),
        "state": _kept(open_now, ShopErrand.state, "due"),
        "attempts": _kept(open_now, ShopErrand.attempts, 0),
        "problem": _kept(open_now, ShopErrand.problem, None),
        "created_at": _kept(open_now, ShopErrand.created_at, now),
    }
    keys = ["tenant_id", "connection_id", "kind", "subject"]
    db.session.execute(statement.on_conflict_do_update(index_elements=keys, set_=again))
    kick_after_commit(JOB)


def due(limit: int = 1000) -> list[tuple[int, int, int]]:
    """Return (tenant, connection, errand) whose time has come; to be asked as partnerka_drain.

    Of each connection the oldest ones only, every shop's first before anybody's second, in turns as it
    falls: however many are away, they hide no other's.
    """
    place = func.row_number().over(
        partition_by=(ShopErrand.tenant_id, ShopErrand.connection_id),
        order_by=(ShopErrand.due_at, ShopErrand.id),
    )
    ready = ShopErrand.state.in_(OPEN) & (ShopErrand.due_at <= clock.wall())
    columns = (ShopErrand.tenant_id, ShopErrand.connection_id, ShopErrand.id, ShopErrand.due_at)
    ranked = select(*columns, place.label("place")).where(ready).subquery()
    query = select(ranked.c.tenant_id, ranked.c.connection_id, ranked.c.id)
    query = query.where(ranked.c.place <= LANE)
    query = query.order_by(ranked.c.place, func.random())
    return [(row[0], row[1], row[2]) for row in db.session.execute(query.limit(limit))]


def take(errand_id: int) -> Errand | None:
    """Take the lease of an errand for one attempt; None when another has it, or it is done."""
    now = clock.wall()
    statement = (
        update(ShopErrand)
        .where(ShopErrand.id == errand_id, ShopErrand.state.in_(OPEN), ShopErrand.due_at <= now)
        .values(
            state="doing",
            taken=ShopErrand.wanted,
            attempts=ShopErrand.attempts + 1,
            due_at=now + LEASE,
        )
        .returning(
            ShopErrand.id,
            ShopErrand.connection_id,
            ShopErrand.kind,
            ShopErrand.subject,
            ShopErrand.said,
            ShopErrand.attempts,
        )
    )
    row = db.session.execute(statement).one_or_none()
    if row is None:
        return None
    if row.attempts > MOST_ATTEMPTS:  # whoever tried was killed each time
        _end(row.id, row.attempts, state="dead", problem="interrupted", due_at=now)
        return None
    return Errand(*row)


def done(errand: Errand, note: str | None = None, at: datetime | None = None) -> None:
    """Write that an errand is done, or is to be done again: asked for meanwhile, or due `at`."""
    now = clock.wall()
    row = db.session.scalar(_own(errand))
    if row is None:
        return
    row.problem, row.done_at, row.attempts = note, now, 0
    again = row.wanted > row.taken
    row.state = "due" if again or at else "done"
    row.due_at = now if again or at is None else at
    if again:
        kick_after_commit(JOB)


def failed(errand: Errand, error: ShopError) -> bool:
    """Write that an attempt failed, and when the next one is; return whether it was the last."""
    row = db.session.scalar(_own(errand))
    if row is None:
        return False
    now = clock.wall()
    row.problem = str(error)[:500]
    pause = _PAUSES[errand.attempts - 1] if errand.attempts <= len(_PAUSES) else None
    if pause is None or not (error.later or error.code in _MENDABLE):
        row.state, row.due_at = "dead", now
        return True
    row.state, row.due_at = "due", now + max(pause, error.wait or timedelta(0))
    _let_be(errand.connection_id, now + max(_PAUSES[0], error.wait or timedelta(0)))
    return False


def _let_be(connection_id: int, until: datetime) -> None:
    """Let a shop that is busy or away be until then, whatever else is to be asked of it."""
    own = (ShopErrand.connection_id == connection_id) & (ShopErrand.state == "due")
    later = update(ShopErrand).where(own, ShopErrand.due_at < until)
    db.session.execute(later.values(due_at=until))


# What somebody may mend meanwhile: keys, the address, a firewall.
_MENDABLE = frozenset(
    {"keys", "rights", "read_only", "blocked", "not_a_shop", "https", "moved", "address"}
)


def again(connection_id: int) -> int:
    """Try everything that failed or was given up at once; return how many there are."""
    statement = (
        update(ShopErrand)
        .where(
            ShopErrand.connection_id == connection_id,
            (ShopErrand.state == "dead")
            | ((ShopErrand.state == "due") & (ShopErrand.attempts > 0)),
        )
        .values(state="due", attempts=0, due_at=clock.wall())
        .returning(ShopErrand.id)
    )
    found = db.session.scalars(statement).all()
    kick_after_commit(JOB)
    return len(found)


def counts(connection_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """Return how many errands of each connection wait ("due") and were given up ("dead"), by kind, too."""
    query = select(ShopErrand.connection_id, ShopErrand.kind, ShopErrand.state, func.count())
    query = query.where(ShopErrand.connection_id.in_(list(connection_ids)))
    grouped = query.group_by(ShopErrand.connection_id, ShopErrand.kind, ShopErrand.state)
    found: dict[int, dict[str, int]] = {}
    for connection, kind, state, number in db.session.execute(grouped):
        own, name = found.setdefault(connection, {}), "due" if state in OPEN else state
        for each in (name, f"{kind}.{name}"):
            own[each] = own.get(each, 0) + number
    return found


def failed_of(connection_id: int, most: int = 20) -> Sequence[ShopErrand]:
    """Return errands of a connection that failed, given up or to be tried again, the newest first."""
    query = select(ShopErrand).where(
        ShopErrand.connection_id == connection_id,
        ShopErrand.problem.is_not(None),
        ShopErrand.state != "done",
    )
    return db.session.scalars(query.order_by(ShopErrand.id.desc()).limit(most)).all()


def prune() -> None:
    """Forget errands that ended long ago."""
    old = ShopErrand.done_at < clock.wall() - KEPT
    db.session.execute(delete(ShopErrand).where(old, ShopErrand.state == "done"))


def forget(connection_id: int) -> None:
    """Let nothing more be asked of a shop or told to it."""
    db.session.execute(
        delete(ShopErrand).where(
            ShopErrand.connection_id == connection_id, ShopErrand.state != "done"
        )
    )


def _own(errand: Errand) -> Select[ShopErrand]:
    query = select(ShopErrand).where(
        ShopErrand.id == errand.id,
        ShopErrand.state == "doing",
        ShopErrand.attempts == errand.attempts,
    )
    return query.with_for_update().execution_options(populate_existing=True)


def _end(errand_id: int, attempts: int, **values: Any) -> None:
    own = (ShopErrand.id == errand_id) & (ShopErrand.attempts == attempts)
    db.session.execute(update(ShopErrand).where(own).values(**values))


def _kept(condition: Any, known: Any, fresh: Any) -> Any:
    return case((condition, known), else_=fresh)
