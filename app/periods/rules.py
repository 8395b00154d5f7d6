"""Which months can be closed, and which are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.statements.rules import midnight, month_before, month_of, next_month

# What was begun before midnight is written by then: nothing on its way can still be dated into the month.
GRACE = timedelta(hours=1)
REASON = 500  # characters


@dataclass(frozen=True, slots=True)
class Month:
    """A month as the desk shows it."""

    first: date
    closed: bool
    closable: bool


def may_close(month: date, now: datetime, closed_until: datetime | None, zone: str) -> bool:
    """Whether a month can be closed: it has ended an hour ago, and is not closed."""
    ends = midnight(next_month(month), zone)
    return ends + GRACE <= now and not is_closed(month, closed_until, zone)


def is_closed(month: date, closed_until: datetime | None, zone: str) -> bool:
    """Whether a month is closed."""
    return closed_until is not None and midnight(next_month(month), zone) <= closed_until


def months(
    since: datetime, now: datetime, closed_until: datetime | None, zone: str, most: int = 24
) -> list[Month]:
    """Return the months from the merchant's first to the running one, newest first, at most `most`."""
    first = month_of(since, zone)
    found: list[Month] = []
    month = month_of(now, zone)
    while month >= first and len(found) < most:
        closed = is_closed(month, closed_until, zone)
        found.append(Month(month, closed, may_close(month, now, closed_until, zone)))
        month = month_before(month)
    return found
