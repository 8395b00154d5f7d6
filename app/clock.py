"""The only reader of the time.

`now()` is the time of the running scope: a test twin's clock can be moved, and the demo and the
tests live at other moments. `wall()` is the real time, for sessions, tokens, leases and limits.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

_offset: ContextVar[timedelta] = ContextVar("clock_offset", default=timedelta(0))
_frozen: ContextVar[datetime | None] = ContextVar("clock_frozen", default=None)


def wall() -> datetime:
    """Return the real time, in UTC."""
    return datetime.now(UTC)


def now() -> datetime:
    """Return the scope's time, in UTC: wall time plus the tenant's offset, or the moment set by moved_to."""
    return _frozen.get() or wall() + _offset.get()


def today(zone: str) -> date:
    """Return the scope's date in an IANA zone."""
    return now().astimezone(ZoneInfo(zone)).date()


def day_of(instant: datetime, zone: str) -> date:
    """Return the date of an instant in an IANA zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


@contextmanager
def moved_to(instant: datetime) -> Iterator[None]:
    """Stand at one instant (with an offset from UTC) for the block: demo, tests, backtests."""
    token = _frozen.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _frozen.reset(token)


@contextmanager
def offset_by(offset: timedelta) -> Iterator[None]:
    """Shift the scope's time for the block: a test twin's moved clock."""
    token = _offset.set(offset)
    try:
        yield
    finally:
        _offset.reset(token)
