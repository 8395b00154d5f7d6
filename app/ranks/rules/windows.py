"""Spans of days over which results count, and the days on which they are reviewed; shared by all ladders."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_DAYS = 730
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_PERIOD_OF = {"monthly": "month", "quarterly": "quarter", "yearly": "year"}


class Review(StrEnum):
    """When somebody may fall, and rise where that is not at once."""

    NIGHTLY = "nightly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class Span(StrEnum):
    """What a window is: the last days, a part of the calendar, or all time."""

    DAYS = "days"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    EVER = "ever"


def period_start(day: date, span: str) -> date:
    """Return the first day of the month, the quarter or the year in which a day is."""
    months = _MONTHS[span]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def next_period(day: date, span: str) -> date:
    """Return the first day of the month, the quarter or the year after."""
    start, months = period_start(day, span), _MONTHS[span]
    month = start.month - 1 + months
    return date(start.year + month // 12, month % 12 + 1, 1)


def first_of_next_month(day: date) -> date:
    """Return the first day of the month after."""
    return next_period(day, "month")


def review_from(day: date, review: Review) -> date:
    """Return the first review day that is not before a day."""
    if review is Review.NIGHTLY:
        return day
    span = _PERIOD_OF[review]
    return day if period_start(day, span) == day else next_period(day, span)


def review_came(last: date | None, today: date, review: Review) -> bool:
    """Whether a review day has come since the last look (a day on which nobody looked is made up for)."""
    if last is None or review is Review.NIGHTLY:
        return last is None or last < today
    return last < period_start(today, _PERIOD_OF[review])


@dataclass(frozen=True, slots=True)
class Window:
    """Over what results count: the last `days`, or a span of the calendar, or all time."""

    span: Span = Span.EVER
    days: int | None = None

    def at(self, day: date) -> tuple[tuple[date, date], ...]:
        """Return the spans [from, to) of which one must be enough on a day.

        What was won in a month holds until the next one ends: on its days both months count.
        """
        end = day + timedelta(days=1)
        if self.span is Span.DAYS:
            return ((end - timedelta(days=self.days or 1), end),)
        if self.span is Span.EVER:
            return ((date.min, end),)
        start = period_start(day, self.span)
        return ((start, end), (period_start(start - timedelta(days=1), self.span), start))

    def turns(self, today: date, known: Mapping[date, int]) -> list[date]:
        """Return the days from today on, on which what counts grows less if nothing more comes."""
        if self.span is Span.EVER:
            return [today]
        if self.span is Span.DAYS:
            left = (each + timedelta(days=self.days or 1) for each in known)
            return [today, *sorted({each for each in left if each > today})]
        first = next_period(today, self.span)
        return [today, first, next_period(first, self.span)]


class Series:
    """Amounts by day, of which any span is summed at once."""

    def __init__(self, by_day: Mapping[date, int] | None = None) -> None:
        self.by_day = dict(by_day or {})
        self._days = sorted(self.by_day)
        self._sums = [0, *accumulate(self.by_day[day] for day in self._days)]

    def within(self, since: date, until: date) -> int:
        """Return the sum over [since, until)."""
        return (
            self._sums[bisect_left(self._days, until)] - self._sums[bisect_left(self._days, since)]
        )
