"""Days of payment: weekly or monthly, moved to a working day by a calendar that the merchant edits."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAY = timedelta(days=1)
WEEK = 7
LONGEST_REST = 60  # days in a row without work; beyond, the calendar is taken for a mistake
LATE = timedelta(days=7)  # a day of payment missed for longer is not made up for


@dataclass(frozen=True)
class Calendar:
    """Which days are worked: by the day of the week, and by exceptions, either way."""

    weekend: frozenset[int] = frozenset({6, 7})  # 1 Monday to 7
    exceptions: Mapping[date, bool] = field(default_factory=dict)

    def works(self, day: date) -> bool:
        """Say whether the day is a working one."""
        return self.exceptions.get(day, day.isoweekday() not in self.weekend)


@dataclass(frozen=True)
class Plan:
    """When runs prepare themselves: never, each week on a day, each month on a day (31: its last)."""

    every: str = "never"
    day: int = 1
    shift: str = "before"


def nominal_days(plan: Plan, since: date) -> Iterator[date]:
    """Give the plan's days from `since` on, as if every day were worked; none for a plan of never."""
    if plan.every == "week":
        day = since + DAY * ((plan.day - since.isoweekday()) % WEEK)
        while True:
            yield day
            day += DAY * WEEK
    if plan.every == "month":
        year, month = since.year, since.month
        while True:
            day = date(year, month, min(plan.day, monthrange(year, month)[1]))
            if day >= since:
                yield day
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def on_working_day(day: date, shift: str, calendar: Calendar) -> date:
    """Return the day, or the nearest working one before or after it; the day itself where none is near."""
    step = -DAY if shift == "before" else DAY
    found = (day + step * n for n in range(LONGEST_REST))
    return next((each for each in found if calendar.works(each)), day)


def upcoming(plan: Plan, calendar: Calendar, today: date, number: int) -> list[tuple[date, date]]:
    """Return the next days of payment that are not past: (the plan's day, the day that is worked)."""
    start = nominal_days(plan, today - DAY * LONGEST_REST)
    pairs = ((day, on_working_day(day, plan.shift, calendar)) for day in start)
    return list(islice((pair for pair in pairs if pair[1] >= today), number))


def due(plan: Plan, calendar: Calendar, since: date, today: date) -> tuple[date, date] | None:
    """Return the newest (plan's day, working day) that has come by today, unless it was before `since`.

    What was missed for more than a week is not made up for.
    """
    newest = None
    for day in nominal_days(plan, since - DAY * LONGEST_REST):
        if day > today + DAY * LONGEST_REST:
            break
        worked = on_working_day(day, plan.shift, calendar)
        if max(since, today - LATE) <= worked <= today:
            newest = (day, worked)
    return newest
