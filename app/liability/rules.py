"""What a merchant owes partners: which kinds there are, and how days are put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class What(StrEnum):
    """A kind of liability; each opens the rows that sum to it."""

    AVAILABLE = "available"  # can be asked for, or is paid next
    RESERVED = "reserved"  # in payouts that are not over
    HOLD = "hold"  # becomes available on a day that is known
    UNDATED = "undated"  # on hold, and the order is not completed yet
    EXPECTED = "expected"  # the order is new: nothing is booked
    DEBT = "debt"  # what partners owe


OF_SALES = (What.HOLD, What.UNDATED, What.EXPECTED)
DAY, WEEK = "day", "week"
DAYS_AHEAD, WEEKS_AHEAD = 31, 26


@dataclass(frozen=True)
class Span:
    """Some days, both ends included; no end: all that comes later."""

    first: date
    last: date | None

    @property
    def key(self) -> str:
        """The span as an address names it: "2026-12-01", "2026-12-01_2026-12-07", "2026-12-01_"."""
        if self.last == self.first:
            return self.first.isoformat()
        return f"{self.first.isoformat()}_{self.last.isoformat() if self.last else ''}"


ALL = "all"


def read_span(text: str) -> Span | None:
    """Read what `Span.key` wrote; None for all. Raises ValueError for anything else."""
    if text == ALL:
        return None
    first, mark, last = text.partition("_")
    begins = _day(first)
    if not mark:
        return Span(begins, begins)
    ends = _day(last) if last else None
    if ends is not None and ends <= begins:
        raise ValueError(text)
    return Span(begins, ends)


def _day(text: str) -> date:
    found = date.fromisoformat(text)
    if found.isoformat() != text or not 1970 <= found.year <= 9998:
        raise ValueError(text)
    return found


@dataclass(frozen=True)
class Bar:
    """What becomes available within a span, minor units."""

    span: Span
    amount: int


def bars(maturing: Mapping[date, int], today: date, by: str) -> list[Bar]:
    """Put days of maturity together, by day or by calendar week, and all that comes later into one.

    What should have become available before today counts as today's. The bars sum to the whole.
    """
    if by == WEEK:
        end = today + timedelta(days=6 - today.weekday())
        spans = [Span(today, end)]
        while len(spans) < WEEKS_AHEAD:
            begin = end + timedelta(days=1)
            end = begin + timedelta(days=6)
            spans.append(Span(begin, end))
    else:
        days = (today + timedelta(days=n) for n in range(DAYS_AHEAD))
        spans = [Span(day, day) for day in days]
    sums = dict.fromkeys(spans, 0)
    later = 0
    for day, amount in maturing.items():
        place = _place(max(day, today), today, by)
        if place < len(spans):
            sums[spans[place]] += amount
        else:
            later += amount
    found = [Bar(span, amount) for span, amount in sums.items()]
    last = spans[-1].last
    return [*found, Bar(Span(last + timedelta(days=1), None), later)] if later and last else found


def _place(day: date, today: date, by: str) -> int:
    if by == WEEK:
        return (day - (today - timedelta(days=today.weekday()))).days // 7
    return (day - today).days
