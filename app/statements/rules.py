"""An account over a span of days: what stood, what came and went by kind, what stands; and what a line corrects."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_SPAN = timedelta(days=3660)  # ten years, and leap days


class Part(StrEnum):
    """What a line of a statement is about; the parts of a statement in their order."""

    CREDITED = "credited"
    REVERSED = "reversed"
    BY_HAND = "by_hand"
    SPENT = "spent"
    WITHDRAWN = "withdrawn"
    FEE = "fee"
    WITHHELD = "withheld"
    OTHER = "other"


# The parts by kinds of transfers. A payout's way out is told by where it went: what arrived, fee, tax.
PARTS: Mapping[str, Part] = {
    "accrual": Part.CREDITED,
    "release": Part.CREDITED,
    "reversal": Part.REVERSED,
    "return": Part.REVERSED,
    "clawback": Part.REVERSED,
    "adjustment": Part.BY_HAND,
    "opening": Part.BY_HAND,
    "write_off": Part.BY_HAND,
    "adjustment_undone": Part.BY_HAND,
    "spending": Part.SPENT,
    "spending_back": Part.SPENT,
    "conversion": Part.SPENT,
    "bonus_withdrawal": Part.CREDITED,
    "payout_left": Part.WITHDRAWN,
    "payout_fee": Part.FEE,
    "fee": Part.FEE,
    "payout_withheld": Part.WITHHELD,
    "withheld": Part.WITHHELD,
}
# What changes the sum of an order; the end of a hold does not.
CORRECTING = frozenset({"accrual", "reversal", "return", "clawback"})


def part_of(kind: str) -> Part:
    """Return the part of a statement that a kind of transfer belongs to."""
    return PARTS.get(kind, Part.OTHER)


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a zone, both included, and their moments [starts, ends)."""

    first: date
    last: date
    starts: datetime
    ends: datetime

    @property
    def month(self) -> date | None:
        """The month that the span is, as its first day; None for another span."""
        whole = self.first.day == 1 and self.last == month_end(self.first)
        return self.first if whole else None


def span_of(first: date, last: date, zone: str) -> Span:
    """Return the span of days; put in order, and cut to ten years from its end."""
    first, last = min(first, last), max(first, last)
    first = max(first, last - LONGEST_SPAN)
    return Span(first, last, midnight(first, zone), midnight(last + timedelta(days=1), zone))


def month_span(first: date, zone: str) -> Span:
    """Return the month that a day lies in."""
    return span_of(first.replace(day=1), month_end(first), zone)


def month_of(at: datetime, zone: str) -> date:
    """Return the first day of the month that a moment lies in on a zone's clock."""
    return at.astimezone(ZoneInfo(zone)).date().replace(day=1)


def month_end(day: date) -> date:
    """Return the last day of a day's month."""
    return next_month(day) - timedelta(days=1)


def next_month(day: date) -> date:
    """Return the first day of the month after a day's."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def month_before(day: date) -> date:
    """Return the first day of the month before a day's."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def midnight(day: date, zone: str) -> datetime:
    """Return the moment at which a day begins on a zone's clock."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(zone))


def asked_span(
    month: str, first: str, last: str, *, today: date, zone: str, whole: bool = False
) -> Span:
    """Read a span as an address has it ("2026-09", or two days); what cannot be read is this month.

    `whole`: without any wish, the last month that has ended.
    """
    named = _day(f"{month}-01") if month else None
    if named is not None:
        return month_span(named, zone)
    since, until = _day(first), _day(last)
    if since is None and until is None:
        return month_span(month_before(today) if whole else today, zone)
    return span_of(since or (until or today).replace(day=1), until or today, zone)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text) if text else None
    except ValueError:
        return None
    return found if found is not None and 1990 <= found.year <= 2200 else None


@dataclass(frozen=True, slots=True)
class Totals:
    """A partner's account over a span in minor units: opening + the sum of the parts = closing."""

    opening: int = 0
    parts: Mapping[Part, int] = field(default_factory=dict)

    def of(self, part: Part) -> int:
        """Return what a part comes to; what was taken is below zero."""
        return self.parts.get(part, 0)

    @property
    def change(self) -> int:
        """What the span changed."""
        return sum(self.parts.values())

    @property
    def closing(self) -> int:
        """What stands at the end."""
        return self.opening + self.change

    @property
    def moved(self) -> bool:
        """Whether anything stands or happened."""
        return bool(self.opening or any(self.parts.values()))

    def __add__(self, other: Totals) -> Totals:
        """Add up the accounts of several partners."""
        parts = {p: n for p in Part if (n := self.of(p) + other.of(p)) or p in self.parts}
        return Totals(self.opening + other.opening, parts)


def totals(rows: Iterable[tuple[str, int, int]]) -> Totals:
    """Put together (kind, moved before the span, moved within it), minor units, of one partner."""
    opening, parts = 0, dict.fromkeys(Part, 0)
    for kind, before, within in rows:
        opening += before
        parts[part_of(kind)] += within
    return Totals(opening, {part: sum_ for part, sum_ in parts.items() if sum_})


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a statement, minor units; what one booking moved by one kind is one line."""

    id: int
    at: datetime
    kind: str
    amount: int
    balance: int  # after it
    order_id: int | None = None
    level: int | None = None
    reason: str | None = None
    reference: str = ""
    corrects: date | None = None  # first day of the closed month that it corrects

    @property
    def part(self) -> Part:
        """What the line is about."""
        return part_of(self.kind)


def correction(
    kind: str, first: datetime | None, at: datetime, closed_until: datetime | None, zone: str
) -> date | None:
    """Return the closed month that a line corrects, as its first day; None where it corrects none.

    `first`: when the order was first booked. What changes an order's sum later than the month of its
    first booking, when that month is closed, is a correction of that month.
    """
    if kind not in CORRECTING or first is None or closed_until is None:
        return None
    month = month_of(first, zone)
    is_closed = midnight(next_month(month), zone) <= closed_until
    return month if is_closed and month < month_of(at, zone) else None
