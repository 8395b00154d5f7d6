"""What figures mean: whose touch a sale was, rates of figures, and periods with the one before."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LATE = timedelta(minutes=10)  # the last minutes before an order
ALL = ("all", "")  # the dimension of everything together
OTHERS = "*"  # the key of what is too rare to have a line of its own
DIRECT = "direct"  # the source of a visit that names none
NO_CLICK = ""  # the key of sales without a click: by code, binding, staff's word
SUBS = ("sub1", "sub2", "sub3", "sub4", "sub5")
DIMENSIONS = ("source", "medium", "campaign", "page", "link", *SUBS)
MOST_DAYS = 400


class Touch(StrEnum):
    """What part a partner had in a sale of his."""

    ONLY = "only"  # nobody else brought the buyer
    FIRST = "first"  # others came after him
    LATE = "late"  # others came before him, and he in the last minutes
    LATER = "later"  # others came before him


@dataclass(frozen=True, slots=True)
class Contact:
    """Something that brought the buyer: a partner's (None: another source), and when; None: with the order."""

    partner_id: int | None
    at: datetime | None


def touch(partner_id: int, ordered_at: datetime, contacts: Iterable[Contact]) -> Touch:
    """Return what part the winner had in an order.

    A code typed with the order counts as of the order. A source that is not a partner's, and says no
    time, came before the last minutes.
    """
    mine, others = [ordered_at], []
    for contact in contacts:
        if contact.partner_id == partner_id:
            mine.append(contact.at or ordered_at)
        elif contact.partner_id is None:
            others.append(contact.at or ordered_at - LATE)
        else:
            others.append(contact.at or ordered_at)
    if not others:
        return Touch.ONLY
    if min(mine) < min(others):
        return Touch.FIRST
    return Touch.LATE if min(mine) > ordered_at - LATE else Touch.LATER


@dataclass(frozen=True, slots=True)
class Numbers:
    """Visits and sales of some time; money in minor units, turnover after refunds, of orders that stand."""

    people: int = 0  # first visits of a day
    repeats: int = 0  # the same people's others
    bots: int = 0
    orders: int = 0
    fallen: int = 0
    turnover: int = 0
    expected: int = 0
    pending: int = 0
    available: int = 0
    network: int = 0  # earned from the sales of those below
    opener: int = 0  # of the orders: he came first, others later
    sole: int = 0  # nobody else came
    late: int = 0  # others came before, he in the last minutes

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(*(getattr(self, f) + getattr(other, f) for f in NAMES))

    @property
    def clicks(self) -> int:
        """Visits of people, repeated ones too."""
        return self.people + self.repeats

    @property
    def commission(self) -> int:
        """What the sales earn, whatever its state, minor units."""
        return self.expected + self.pending + self.available

    @property
    def earned(self) -> int:
        """The commission, and what those below bring, minor units."""
        return self.commission + self.network

    @property
    def average(self) -> int | None:
        """Turnover of an order, minor units, half up; None without orders."""
        return half_up(Fraction(self.turnover, self.orders)) if self.orders else None

    @property
    def epc(self) -> int | None:
        """Commission of a click, minor units, half up; None without clicks."""
        return half_up(Fraction(self.commission, self.clicks)) if self.clicks else None

    @property
    def conversion(self) -> Decimal | None:
        """Orders of a hundred clicks, two decimals; orders by code alone count too. None without clicks."""
        return percent(self.orders, self.clicks)

    @property
    def cost(self) -> Decimal | None:
        """Commission of a hundred of turnover, two decimals; None without turnover."""
        return percent(self.commission, self.turnover)

    @property
    def brought(self) -> dict[str, Decimal | None]:
        """Percent of the orders by the part the partner had: only, first (only included), late."""
        said = {"first": self.opener + self.sole, "only": self.sole, "late": self.late}
        return {name: percent(count, self.orders) for name, count in said.items()}


NAMES = tuple(f.name for f in fields(Numbers))


def percent(part: int, whole: int) -> Decimal | None:
    """Return what part this is of a whole, percent with two decimals, half up; None of nothing."""
    return Decimal(half_up(Fraction(part * 10_000, whole))) / 100 if whole else None


@dataclass(frozen=True, slots=True)
class Period:
    """Days, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def days(self) -> list[date]:
        """Each of them, oldest first."""
        return [self.first + timedelta(days=n) for n in range(self.length)]

    @property
    def before(self) -> Period:
        """As many days before."""
        return Period(self.first - timedelta(days=self.length), self.first - timedelta(days=1))


PRESETS = {"1": 1, "7": 7, "30": 30, "90": 90}


def period_of(today: date, said: str, since: date | None, until: date | None) -> Period:
    """Return the period that somebody asks for: a preset, or a span of his own; else 30 days.

    A span that ends before it begins is turned round; it ends today at the latest, and has at most
    MOST_DAYS days.
    """
    if said == "own" and (since or until):
        last = min(until or today, today)
        first = min(since or last, today)
        first, last = min(first, last), max(first, last)
        return Period(max(first, last - timedelta(days=MOST_DAYS - 1)), last)
    return Period(today - timedelta(days=PRESETS.get(said, 30) - 1), today)


def total(by_day: Mapping[date, Numbers], days: Sequence[date]) -> Numbers:
    """Return the sum over days; a day that is absent had nothing."""
    return sum((by_day[day] for day in days if day in by_day), Numbers())


def change(now: Decimal | int | None, before: Decimal | int | None) -> int | None:
    """Return the change in whole percents, half up; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return half_up((Fraction(now) - Fraction(before)) * 100 / Fraction(before))
