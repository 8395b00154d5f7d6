"""Record what happened, in the transaction that made it true."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from sqlalchemy import event as sqlalchemy_event

from app import clock
from app.events.models import Event
from app.events.rules import CATALOG
from app.extensions import db, queue
from app.tenancy import current_tenant, public_id

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

_actor: ContextVar[str] = ContextVar("actor", default="system")


@contextmanager
def acting_as(actor: str) -> Iterator[None]:
    """Name who acts in the block: "person:3", "api:9", "partner:7", "system"."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def actor() -> str:
    """Return who acts now."""
    return _actor.get()


def record(kind: str, subject: str, **facts: Any) -> Event:
    """Write an event of a declared type about `subject` ("payout:17"); facts are JSON, never a secret.

    Raises KeyError for a type that events.rules.CATALOG does not declare. The transaction's commit
    kicks the drain once, however many events it holds.
    """
    event = Event(
        public_id=public_id("ev"),
        type=kind,
        subject=subject,
        audience=CATALOG[kind].value,
        actor=actor(),
        facts=facts,
        at=clock.now(),
        position=None,
        drained_at=None,
    )
    db.session.add(event)
    db.session.info.setdefault("drain", set()).add(current_tenant())
    db.session.flush([event])
    return event


@sqlalchemy_event.listens_for(db.session, "after_commit")
def _kick(session: Session) -> None:
    if session.info.pop("drain", None):
        queue.enqueue("drain")


@sqlalchemy_event.listens_for(db.session, "after_rollback")
def _forget(session: Session) -> None:
    session.info.pop("drain", None)
