"""Write and read dated facts: what decides money, as it was at any moment."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.extensions import db
from app.facts.models import Fact
from app.facts.rules import Timeline
from app.tenancy import tenant_or_none

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from datetime import datetime

Read = TypeVar("Read")

_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("kept_facts", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Read the same facts once in the block, which is short: a booking, an answer.

    Facts are dated, so that what somebody else changes meanwhile holds for later moments; what the
    block itself changes is read anew. Blocks may nest.
    """
    token = _kept.set({} if _kept.get() is None else _kept.get())
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, read: Callable[[], Read]) -> Read:
    """Return what `read` finds of the tenant's facts; within `remembered` it reads once for each key."""
    kept = _kept.get()
    if kept is None:
        return read()
    mine = (tenant_or_none(), key)
    if mine not in kept:
        kept[mine] = read()
    return cast("Read", kept[mine])


def _forget() -> None:
    kept = _kept.get()
    if kept is not None:
        kept.clear()


def found(
    owner: str,
    facts: Mapping[str, Any],
    actor: str | None = None,
    *,
    since: datetime | None = None,
) -> None:
    """Give a new owner the first row of each of its facts, "none" (None) included.

    `since`: when the owner was made, where nothing was said of these facts so far.
    """
    if facts:
        _insert(owner, facts, since or clock.now(), actor)


def put(
    owner: str, name: str, value: Any, *, since: datetime | None = None, actor: str | None = None
) -> bool:
    """Let `name` be `value` from `since` (now, unless later; never earlier). False: it already was.

    A change is a new row: orders made before it keep what held at their time.
    """
    now = clock.now()
    start = now if since is None else max(since, now)
    row = current([owner], [name], at=start).get(owner, {})
    if name in row and row[name] == value:
        return False
    _insert(owner, {name: value}, start, actor)
    return True


def take_back(owner: str, at: datetime, names: Iterable[str] | None = None) -> None:
    """Take back what was to hold from a moment that is yet to come. What holds is never taken back.

    Raises ValueError for a moment that has come.
    """
    if at <= clock.now():
        raise ValueError("what holds, or held, stays")
    _forget()
    query = delete(Fact).where(Fact.owner == owner, Fact.valid_from == at)
    db.session.execute(query if names is None else query.where(Fact.name.in_(set(names))))


def current(
    owners: Iterable[str], names: Iterable[str] | None = None, *, at: datetime | None = None
) -> dict[str, dict[str, Any]]:
    """Return {owner: {name: value}} as it holds at an instant (now)."""
    instant = at or clock.now()
    result: dict[str, dict[str, Any]] = defaultdict(dict)
    for (owner, name), timeline in history(owners, names).items():
        result[owner][name] = timeline.at(instant)
    return dict(result)


def history(
    owners: Iterable[str], names: Iterable[str] | None = None
) -> dict[tuple[str, str], Timeline[Any]]:
    """Return every row of the owners' facts as {(owner, name): Timeline}."""
    asked = frozenset(owners), None if names is None else frozenset(names)
    return dict(once(asked, lambda: _history(*asked)))


def _history(
    owners: frozenset[str], names: frozenset[str] | None
) -> dict[tuple[str, str], Timeline[Any]]:
    query = select(Fact.owner, Fact.name, Fact.valid_from, Fact.value).where(Fact.owner.in_(owners))
    if names is not None:
        query = query.where(Fact.name.in_(names))
    rows: dict[tuple[str, str], list[tuple[datetime, Any]]] = defaultdict(list)
    for owner, name, valid_from, value in db.session.execute(query):
        rows[owner, name].append((valid_from, value))
    return {key: Timeline.of(found) for key, found in rows.items()}


def _insert(owner: str, facts: Mapping[str, Any], start: datetime, actor: str | None) -> None:
    _forget()
    # Two changes in one instant are one change: the later word stands.
    common = {"owner": owner, "valid_from": start, "actor": actor}
    rows = [{**common, "name": name, "value": value} for name, value in facts.items()]
    statement = insert(Fact).values(rows)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "owner", "name", "valid_from"],
            set_={"value": statement.excluded.value, "actor": statement.excluded.actor},
        )
    )
