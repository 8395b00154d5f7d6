"""What the overview says of figures: averages, conversion, and the change from the period before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

PERIOD = 30  # days, today included
SOON = (7, 14, 30)  # days within which money on hold becomes available


@dataclass(frozen=True, slots=True)
class Figures:
    """What partners brought in some time: orders that stand, their turnover and commissions, and clicks.

    Money in minor units; turnover is after refunds.
    """

    orders: int = 0
    turnover: int = 0
    commission: int = 0
    clicks: int = 0

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            self.orders + other.orders,
            self.turnover + other.turnover,
            self.commission + other.commission,
            self.clicks + other.clicks,
        )

    @property
    def average(self) -> int | None:
        """Turnover of an order, minor units, half up; None without orders."""
        return half_up(Fraction(self.turnover, self.orders)) if self.orders else None

    @property
    def epc(self) -> int | None:
        """Commissions of a click, minor units, half up; None without clicks."""
        return half_up(Fraction(self.commission, self.clicks)) if self.clicks else None

    @property
    def cost(self) -> Decimal | None:
        """Commissions of a hundred of turnover, two decimals; None without turnover."""
        return _percent(self.commission, self.turnover)

    @property
    def conversion(self) -> Decimal | None:
        """Orders of a hundred clicks, two decimals; orders by code alone count too. None without clicks."""
        return _percent(self.orders, self.clicks)


def _percent(part: int, whole: int) -> Decimal | None:
    return Decimal(half_up(Fraction(part * 10_000, whole))) / 100 if whole else None


def change(now: Decimal | int | None, before: Decimal | int | None) -> int | None:
    """Return the change in whole percents, half up; None where there is nothing to compare with."""
    if now is None or not before:
        return None
    return half_up((Fraction(now) - Fraction(before)) * 100 / Fraction(before))


def days_until(today: date, count: int = PERIOD) -> list[date]:
    """Return so many days up to today, oldest first."""
    return [today - timedelta(days=n) for n in reversed(range(count))]


def total(by_day: Mapping[date, Figures], days: Iterable[date]) -> Figures:
    """Return the sum over days; a day that is absent had nothing."""
    return sum((by_day.get(day, Figures()) for day in days), Figures())


@dataclass(frozen=True, slots=True)
class Hold:
    """Money on hold, minor units: by how soon it becomes available, or without a day yet."""

    soon: tuple[tuple[int, int, int], ...]  # (from day, to day, sum), today being day 0
    later: int
    undated: int  # agreed orders: the hold begins when they are completed

    @property
    def total(self) -> int:
        """All of it."""
        return sum(amount for _first, _last, amount in self.soon) + self.later + self.undated


def hold_of(maturing: Mapping[date, int], undated: int, today: date) -> Hold:
    """Sort what matures by how soon it does; what is due already counts as soonest."""
    ahead = {day: max((day - today).days, 0) for day in maturing}
    soon, first = [], 0
    for last in SOON:
        inside = sum(maturing[day] for day, n in ahead.items() if first <= n <= last)
        soon.append((first, last, inside))
        first = last + 1
    later = sum(maturing[day] for day, n in ahead.items() if n >= first)
    return Hold(tuple(soon), later, undated)


@dataclass(frozen=True, slots=True)
class Step:
    """One of a new merchant's first steps, and whether we have seen it done."""

    name: str
    done: bool


def steps(seen: Mapping[str, bool], order: Sequence[str]) -> list[Step]:
    """Return the first steps in their order."""
    return [Step(name, done=seen[name]) for name in order]
