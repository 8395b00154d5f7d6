"""When a feed is looked for again, and when its loss is too large to be believed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER, HOUR, SIX, DAY = "never", "hour", "six", "day"
EVERY: Mapping[str, timedelta | None] = {
    NEVER: None,
    HOUR: timedelta(hours=1),
    SIX: timedelta(hours=6),
    DAY: timedelta(days=1),
}
SPREAD = timedelta(minutes=10)  # feeds of one time do not all set out together
LOST = 50  # per cent of the offers that may go at once, or within `WITHIN`
WITHIN = timedelta(days=2)
_START = datetime(2026, 1, 1, tzinfo=UTC)
PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


def jitter(name: str, within: timedelta = SPREAD) -> timedelta:
    """Return how long after its time a feed sets out; the same each time."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])
    return within * (number % 10_000) / 10_000


def next_load(name: str, every: str, at: time, zone: str, now: datetime) -> datetime | None:
    """Return when a feed is looked for next: at whole hours, or at a time of the merchant's day."""
    step = EVERY[every]
    if step is None:
        return None
    late = jitter(name)
    if every != DAY:
        begun = (now - _START - late) // step + 1
        return _START + late + step * begun
    there = ZoneInfo(zone)
    day = now.astimezone(there).date()
    for _ in range(3):
        found = datetime.combine(day, at, there).astimezone(UTC) + late
        if found > now:
            return found
        day += timedelta(days=1)
    raise AssertionError


def again_after(failures: int) -> timedelta:
    """Return how long a feed that could not be fetched is left alone."""
    return PAUSES[min(failures, len(PAUSES)) - 1]


def lost_too_many(known: int, gone: int, most: int = LOST) -> bool:
    """Tell whether so many of the known offers are gone that somebody must be asked."""
    return known > 0 and gone * 100 > known * most
