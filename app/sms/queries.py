"""Read the merchant's SMS service and what it sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.sms.models import Count, Gateway

if TYPE_CHECKING:
    from datetime import date

ALL = "all"


def gateway() -> Gateway | None:
    """Return the merchant's service, off or on."""
    return db.session.scalar(select(Gateway))


def is_on() -> bool:
    """Whether SMS can go out."""
    found = gateway()
    return found is not None and found.is_on


def spent(day: date) -> tuple[int, int]:
    """Return how many SMS went on a day, and what they cost by the merchant's price, minor units."""
    query = select(Count.sent, Count.cost).where(Count.day == day, Count.scope == ALL)
    row = db.session.execute(query).one_or_none()
    return (row.sent, row.cost) if row else (0, 0)
