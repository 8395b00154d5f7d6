"""What a month costs: plans, days, lines of an invoice; and where an account stands. Sums in minor units.

A day is charged by the plan in force when it ends. A monthly price is shared by days: units times days
times price, over the days of the month, rounded once a line, half up. Receipts with a customer are free
up to an allowance that grows by days as the prices do; those above it are the month's last ones.
"""

from __future__ import annotations

from calendar import monthrange
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app.lifecycle import Lifecycle
from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

TRIAL_DAYS = 14
REMIND = (7, 3, 1, 0)  # days that are left of the trial when a letter goes out; 0: on its last day
PAY_WITHIN = timedelta(days=14)  # after an invoice is made, before the account stops
WARN_UNPAID = timedelta(days=7)  # before that, a letter says so
HISTORY = timedelta(
    days=31
)  # an order that was older when it came is history moved in, and no receipt
LATE = timedelta(hours=1)  # after midnight, so that what is on its way at a month's end is in
_NEARLY = 80  # per cent of a limit from which a bar warns


class State(StrEnum):
    """How an account stands with the platform."""

    FREE = "free"  # under no tariff at all
    TRIAL = "trial"
    ACTIVE = "active"
    UNPAID = "unpaid"  # an invoice waits, and everything works
    STOPPED = "stopped"  # orders are taken in and booked; pages are read only


class InvoiceState(StrEnum):
    """Where a month's invoice stands."""

    OPEN = "open"
    PAID = "paid"
    NOTHING = "nothing"  # nothing was to be paid


LIFECYCLE = Lifecycle({(InvoiceState.OPEN, "pay"): InvoiceState.PAID})


class Item(StrEnum):
    """What a line is for."""

    FIRST_TILL = "first_till"
    FURTHER_TILLS = "further_tills"
    INTEGRATION = "integration"
    RECEIPTS = "receipts"
    LATER = "later"  # receipts of the month before that came, or were cancelled, after its invoice
    CORRECTION = "correction"  # by the operator


@dataclass(frozen=True)
class Plan:
    """What the platform offers for a month; prices in minor units of `currency`."""

    code: str
    name: str
    currency: str
    first_till: int
    further_till: int
    integration: int
    receipts: int  # with a customer, free with each till; a shop without tills has those of one
    receipt: int  # the price of each above
    tills: int  # at most
    shops: int
    members: int
    cancelled: bool = False  # whether a receipt that was cancelled counts

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON keeps it."""
        return asdict(self)

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Plan:
        """Read what `to_json` wrote."""
        return cls(**{name: kept[name] for name in cls.__dataclass_fields__ if name in kept})


# The numbers that PlusCards publishes for its plan Start, as an example to begin with.
EXAMPLE = Plan(
    code="start", name="Start", currency="RUB", first_till=120_000, further_till=108_000,
    integration=100_000, receipts=1_500, receipt=35, tills=10, shops=3, members=100_000,
)  # fmt: skip


@dataclass(frozen=True)
class Day:
    """One day of a month: the plan it is charged by (None: free), and what was there."""

    plan: Plan | None
    tills: int = 0
    integrations: int = 0
    receipts: int = 0


@dataclass(frozen=True)
class Line:
    """A line of an invoice; `days`: of how many days `quantity` is the sum, 1 where it is a count."""

    item: str
    plan: str
    quantity: int
    days: int
    price: int
    amount: int
    about: str = ""  # the month or the reason

    @property
    def units(self) -> Fraction:
        """How many units of a whole month it is."""
        return Fraction(self.quantity, self.days)


def allowance(days: Sequence[Day], length: int) -> int:
    """Return how many receipts of a month of `length` days are free; a part of one is free as a whole."""
    charged = (day for day in days if day.plan is not None)
    return ceil(sum((Fraction(_free(day), length) for day in charged), Fraction(0)))


def _free(day: Day) -> int:
    return day.plan.receipts * max(day.tills, 1) if day.plan else 0


def reckon(days: Sequence[Day], length: int) -> list[Line]:
    """Return the lines of a month of `length` days; lines of nothing are left out."""
    sums: dict[tuple[Item, str, int], int] = defaultdict(int)
    for day in days:
        for item, price, units in _monthly(day):
            sums[item, day.plan.name if day.plan else "", price] += units
    lines = [
        Line(item, plan, quantity, length, price, half_up(Fraction(price * quantity, length)))
        for (item, plan, price), quantity in sums.items()
        if quantity
    ]
    return [line for line in (*lines, *_above(days, length)) if line.amount]


def _monthly(day: Day) -> Iterator[tuple[Item, int, int]]:
    if day.plan is None:
        return
    yield Item.FIRST_TILL, day.plan.first_till, min(day.tills, 1)
    yield Item.FURTHER_TILLS, day.plan.further_till, max(day.tills - 1, 0)
    yield Item.INTEGRATION, day.plan.integration, day.integrations


def _above(days: Sequence[Day], length: int) -> Iterator[Line]:
    """The receipts above the allowance are the month's last, each at the price of its day."""
    charged = [(day.plan, day.receipts) for day in days if day.plan is not None]
    left = max(sum(count for _plan, count in charged) - allowance(days, length), 0)
    sums: dict[tuple[str, int], int] = defaultdict(int)
    for plan, count in reversed(charged):
        taken = min(left, count)
        left -= taken
        sums[plan.name, plan.receipt] += taken
    for (plan_name, price), count in sums.items():
        if count:
            yield Line(Item.RECEIPTS, plan_name, count, 1, price, price * count)


def later(before: Iterable[Line], now: Iterable[Line], month: str) -> list[Line]:
    """Return counter lines by which the receipts of an earlier month become what they are now."""
    was, found = _receipts(before), _receipts(now)
    changes = {key: found.get(key, 0) - was.get(key, 0) for key in {**was, **found}}
    return [
        Line(Item.LATER, plan, change, 1, price, price * change, month)
        for (plan, price), change in sorted(changes.items())
        if change and price
    ]


def _receipts(lines: Iterable[Line]) -> dict[tuple[str, int], int]:
    return {(e.plan, e.price): e.quantity for e in lines if e.item == Item.RECEIPTS}


def days_of(month: date) -> list[date]:
    """Return the days of a month by its first one."""
    return [month + timedelta(days=n) for n in range(monthrange(month.year, month.month)[1])]


def next_month(month: date) -> date:
    """Return the first day of the month after."""
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def midnight(day: date, zone: str) -> datetime:
    """Return when a day begins in a zone, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def trial_end(now: datetime, zone: str, days: int = TRIAL_DAYS) -> datetime:
    """Return when a trial ends that begins now: so many whole days after today."""
    return midnight(now.astimezone(ZoneInfo(zone)).date() + timedelta(days=days + 1), zone)


def days_left(now: datetime, until: datetime, zone: str) -> int:
    """Return how many days are left after today; 0 on the last one."""
    last = (until - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date()
    return (last - now.astimezone(ZoneInfo(zone)).date()).days


def reminder(left: int) -> int | None:
    """Return of how many days a letter speaks when so many are left, or None: not yet, or over."""
    return min((r for r in REMIND if r >= left), default=None) if left >= 0 else None


def state(
    now: datetime, trial_until: datetime | None, plan: str | None, due: datetime | None
) -> State:
    """Return how an account stands; `due`: by when its oldest unpaid invoice is to be paid."""
    if due is not None and now >= due:
        return State.STOPPED
    if plan is None and trial_until is None:
        return State.UNPAID if due is not None else State.FREE
    if trial_until is not None and now < trial_until:
        return State.TRIAL
    if plan is None:
        return State.STOPPED
    return State.UNPAID if due is not None else State.ACTIVE


@dataclass(frozen=True)
class Bar:
    """How much of a limit is used."""

    name: str
    used: int
    limit: int

    @property
    def percent(self) -> int:
        """Per cent of the limit, whole ones, not above 100."""
        return min(self.used * 100 // self.limit, 100) if self.limit else 100 * bool(self.used)

    @property
    def tone(self) -> str:
        """How it is to be drawn: good, warn, bad."""
        if self.used > self.limit:
            return "bad"
        return "warn" if self.percent >= _NEARLY else "good"


def forecast(used: int, passed: int, length: int) -> int:
    """Return what a month comes to that goes on as it began: `used` in `passed` days of `length`."""
    return half_up(Fraction(used * length, passed)) if passed else used
