"""Record what happened, in the transaction that made it true."""

from __future__ import annotations

import json
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.events.models import Event, Feed
from app.events.rules import CATALOG
from app.extensions import db, kick_after_commit
from app.tenancy import RANDOM, current_tenant, public_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


BATCH = 200

_actor: ContextVar[str] = ContextVar("actor", default="system")
_run: ContextVar[str | None] = ContextVar("run", default=None)


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Name who acts in the block: "person:3", "api:9", "partner:7", "system"."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


@contextmanager
def part_of(run: str) -> Iterator[None]:
    """Let the block's events say of which long work they are part, by its outside id (fact `run`)."""
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


def actor() -> str:
    """Return who acts now."""
    return _actor.get()


def record(kind: str, subject: str, /, **facts: Any) -> Event:
    """Write an event of a declared type about `subject` ("payout:17"); facts are JSON, no secret.

    Raises KeyError for a type that events.rules.CATALOG does not declare. The transaction's commit
    kicks the drain once, however many events it holds.
    """
    event = Event(
        public_id=public_id("ev"),
        type=kind,
        subject=subject,
        audience=CATALOG[kind].value,
        actor=actor(),
        facts=_told(facts),
        at=clock.now(),
        position=None,
        drained_at=None,
    )
    db.session.add(event)  # written with the others by the next flush, in one statement
    kick_after_commit("drain")
    return event


@dataclass(frozen=True, slots=True)
class Happened:
    """An event about to be recorded with others: its declared type, its subject, its facts."""

    kind: str
    subject: str
    facts: Mapping[str, Any]


_RECORD = """
INSERT INTO event (public_id, type, subject, audience, actor, facts, at)
SELECT public_id, type, subject, audience, %(actor)s, facts, %(at)s
FROM json_to_recordset(%(rows)s)
     AS r(public_id text, type text, subject text, audience text, facts jsonb)
"""


def record_all(happened: Sequence[Happened]) -> None:
    """Write many events in one statement, in their order; what `record` says holds for each."""
    if not happened:
        return
    rows = (
        {
            "public_id": public_id("ev"),
            "type": one.kind,
            "subject": one.subject,
            "audience": CATALOG[one.kind].value,
            "facts": _told(one.facts),
        }
        for one in happened
    )
    values = {"actor": actor(), "at": clock.now(), "rows": sql.recordset(rows)}
    sql.send(_RECORD, values)
    kick_after_commit("drain")


# The words between are ours: `{random}` draws an outside id, `{happened}` is the caller's query.
_RECORD_FROM = """
INSERT INTO event (public_id, type, subject, audience, actor, facts, at)
SELECT 'ev_' || {random}, %(event)s, q.subject, %(audience)s, %(actor)s,
       %(told)s::jsonb || q.facts, %(now)s
FROM ({happened}) q
"""


def record_from(kind: str, happened: str, values: Mapping[str, Any]) -> None:
    """Write an event for each row of a query with the columns subject and facts (jsonb), in its order.

    What `record` says holds for each. `values` are the query's.
    """
    own = {"event": kind, "audience": CATALOG[kind].value, "actor": actor(), "now": clock.now()}
    statement = _RECORD_FROM.format(random=RANDOM, happened=happened)
    sql.send(statement, {**values, **own, "told": json.dumps(_told({}))})
    kick_after_commit("drain")


def _told(facts: Mapping[str, Any]) -> dict[str, Any]:
    run = _run.get()
    return dict(facts) if run is None else {"run": run, **facts}


def drain(limit: int = BATCH) -> Sequence[Event]:
    """Take the tenant's oldest undrained events, give each its place in the feed, and return them.

    Only committed rows are seen, and the feed's row is held until this transaction ends: so places
    are given in the order in which they become visible, and a reader who asks for what follows a
    place misses nothing. Empty when nothing waits.
    """
    tenant = current_tenant()
    start = insert(Feed).values(tenant_id=tenant, position=0)
    db.session.execute(start.on_conflict_do_nothing())
    held = select(Feed).where(Feed.tenant_id == tenant).with_for_update()
    feed = db.session.scalars(held.execution_options(populate_existing=True)).one()
    waiting = (
        select(Event)
        .where(Event.tenant_id == tenant, Event.drained_at.is_(None))
        .order_by(Event.id)
        .limit(limit)
    )
    events = db.session.scalars(waiting).all()
    for event in events:
        feed.position += 1
        event.position = feed.position
        event.drained_at = clock.wall()
    db.session.flush()
    return events
