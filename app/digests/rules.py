"""Which month is told when, and whether there is anything to tell."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

HOUR = 9  # of the first day, on the merchant's clock
LATEST = timedelta(days=7)  # after that a month is history
LONGEST_TIPS = 5000


@dataclass(frozen=True, slots=True)
class Month:
    """One month of a zone: its first day, and its moments [starts, ends)."""

    first: date
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What a month brought a partner; sums in minor units."""

    sales: int = 0
    earned: int = 0
    paid: int = 0
    recruits: int = 0
    available: int = 0  # as it stands when it is told
    pending: int = 0
    soon: int = 0  # of what is pending, free before the running month ends

    @property
    def is_worth_telling(self) -> bool:
        """Whether anything happened or stands there: nobody is written to about nothing."""
        return any(asdict(self).values())


def month_of(first: date, zone: ZoneInfo) -> Month:
    """Return the month that begins on a day."""
    after = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Month(first, _midnight(first, zone), _midnight(after, zone))


def month_to_tell(now: datetime, zone: ZoneInfo) -> date | None:
    """Return the first day of the month to be told now: the last whole one, in the first days of the next."""
    local = now.astimezone(zone)
    opens = datetime.combine(local.date().replace(day=1), time(HOUR), tzinfo=zone)
    if not opens <= local < opens + LATEST:
        return None
    return (opens.date() - timedelta(days=1)).replace(day=1)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone)
