"""A month of money: days with what becomes free, what is paid and what is planned; and the same as iCalendar."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MONTHS_BACK, MONTHS_AHEAD = 60, 36  # how far the page goes
FEED_BACK, FEED_AHEAD = 31, 366  # days that a feed covers
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_FOLD = 73  # octets of a line, leaving room for the space that goes on


class Kind(StrEnum):
    """What happens with money on a day."""

    FREE = "free"  # a hold ends
    RUN = "run"  # a pay run is planned; the sum is what will have become available by then
    PAID = "paid"  # was paid


@dataclass(frozen=True)
class Item:
    """One line of a day; `amount` in minor units, `count` of sums that make it, where that is known."""

    day: date
    kind: Kind
    amount: int
    count: int = 0


@dataclass(frozen=True)
class Day:
    """A day of the page."""

    day: date
    inside: bool  # of the month shown
    items: Sequence[Item] = ()


def read_month(text: str, today: date) -> date:
    """Return the first day of the month that an address names; today's, for what is none or too far."""
    this = today.replace(day=1)
    found = _MONTH.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= 12 or not 1970 <= int(found[1]) <= 9000:
        return this
    asked = date(int(found[1]), int(found[2]), 1)
    distance = (asked.year - this.year) * 12 + asked.month - this.month
    return asked if -MONTHS_BACK <= distance <= MONTHS_AHEAD else this


def turned(first: date, by: int) -> date:
    """Return the first day of the month so many months on."""
    index = first.year * 12 + first.month - 1 + by
    return date(index // 12, index % 12 + 1, 1)


def weeks(first: date, items: Iterable[Item]) -> list[list[Day]]:
    """Return a month's whole weeks, from Monday on, with the items of each day in the order of kinds."""
    by_day: dict[date, list[Item]] = {}
    for item in items:
        by_day.setdefault(item.day, []).append(item)
    order = list(Kind)
    begin = first - timedelta(days=first.weekday())
    end = turned(first, 1)
    found = []
    while begin < end:
        days = (begin + timedelta(days=n) for n in range(7))
        found.append(
            [
                Day(
                    day,
                    day.month == first.month and day.year == first.year,
                    sorted(by_day.get(day, ()), key=lambda item: order.index(item.kind)),
                )
                for day in days
            ]
        )
        begin += timedelta(days=7)
    return found


def estimate(runs: Sequence[date], available: int, maturing: Mapping[date, int]) -> list[Item]:
    """Say what planned runs will find: all that is available by then and that no run before took."""
    found, taken, left = [], date.min, available
    for day in sorted(set(runs)):
        left += sum(amount for on, amount in maturing.items() if taken < on <= day)
        found.append(Item(day, Kind.RUN, left))
        taken, left = day, 0
    return found


@dataclass(frozen=True)
class Note:
    """An all-day entry of a calendar: a key that stays the same, and its words."""

    day: date
    key: str
    words: str


def icalendar(name: str, notes: Iterable[Note], now: datetime) -> str:
    """Write entries as RFC 5545 has it: all-day, folded, escaped, each with an id that stays."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Partnerka//Money calendar//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_escaped(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT6H",
    ]
    for note in notes:
        uid = sha256(f"{note.day}:{note.key}".encode()).hexdigest()[:32]
        lines += [
            "BEGIN:VEVENT",
            f"UID:{uid}@partnerka",
            f"DTSTAMP:{stamp}",
            f"DTSTART;VALUE=DATE:{note.day:%Y%m%d}",
            f"DTEND;VALUE=DATE:{note.day + timedelta(days=1):%Y%m%d}",
            f"SUMMARY:{_escaped(note.words)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "\r\n".join(_folded(line) for line in lines) + "\r\n"


def _escaped(text: str) -> str:
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    parts, part, size = [], "", 0
    for char in line:
        width = len(char.encode())
        if size + width > _FOLD:
            parts.append(part)
            part, size = "", 0
        part, size = part + char, size + width
    return "\r\n ".join([*parts, part])
