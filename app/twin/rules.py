"""How far test mode's time moves, what a test sale is worth, and the steps that it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

FURTHEST = timedelta(days=3653)  # how far the clock may be moved in all
SALE = 100_000  # minor units that a test sale is worth unless somebody says otherwise
LARGEST_SALE = 100_000_000
HOP = timedelta(seconds=1)  # past the end of a hold, so that it has ended
UNITS = {"hours": timedelta(hours=1), "days": timedelta(days=1)}


class ClockError(ValueError):
    """Time cannot be moved there; `code` says why: back or far."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def moved(offset: timedelta, now: datetime, to: datetime) -> timedelta:
    """Return the clock's new offset for a move from now to an instant. Raises ClockError."""
    after = offset + (to - now)
    if to <= now:
        raise ClockError("back")
    if after > FURTHEST:
        raise ClockError("far")
    return after


@dataclass(frozen=True, slots=True)
class Ahead:
    """What will happen up to an instant: counts, and the sum of the holds in minor units."""

    holds: int
    freed: int
    campaigns_begin: int
    campaigns_end: int
    changes: int  # planned facts that begin to hold: terms, rates, sponsors, settings
    details: int  # payment details that become usable
    reviews: bool  # groups, or ranks, are reviewed

    @property
    def anything(self) -> bool:
        """True when something is known to happen."""
        counts = (self.holds, self.campaigns_begin, self.campaigns_end, self.changes, self.details)
        return any(counts) or self.reviews


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a test sale: its name, whether it was gone, and what it came to."""

    name: str  # click, order, hold, payout, undone
    done: bool
    at: datetime | None = None
