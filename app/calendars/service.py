"""Give a reader a secret address of his money calendar, and take it away."""

from __future__ import annotations

from sqlalchemy import update

from app import clock, crypto
from app.calendars.models import CalendarFeed
from app.events import service as events
from app.extensions import db


def link(owner: str) -> str:
    """Return a new secret for the reader's address ("partner:7", "person:3"); the one before ends.

    Only its hash is kept: the address is told once.
    """
    unlink(owner)
    token = crypto.token(size=24)
    row = CalendarFeed(owner=owner, token_hash=crypto.digest(token), created_at=clock.wall())
    db.session.add(row)
    db.session.flush()
    events.record("calendar.linked", owner, owner=owner)
    return token


def unlink(owner: str) -> bool:
    """Let the reader's address hold no more; False where there is none."""
    mine = (CalendarFeed.owner == owner) & CalendarFeed.revoked_at.is_(None)
    ended = update(CalendarFeed).where(mine).values(revoked_at=clock.wall())
    return db.session.scalar(ended.returning(CalendarFeed.id)) is not None
