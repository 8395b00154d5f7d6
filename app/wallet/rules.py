"""What a partner's wallet says: whether the payment details can be used, and what can be paid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Held(StrEnum):
    """How payment details stand; names of badges."""

    NONE = "details_none"
    GIVEN = "details_given"
    COOLING = "details_cooling"
    FROZEN = "details_frozen"


def details_state(
    *, given: bool, frozen_at: datetime | None, usable_at: datetime | None, now: datetime
) -> Held:
    """Return how the details stand, the worst first."""
    if frozen_at is not None:
        return Held.FROZEN
    if not given:
        return Held.NONE
    return Held.COOLING if usable_at is not None and now < usable_at else Held.GIVEN


@dataclass(frozen=True)
class Purse:
    """A partner's money in minor units, as the ledger and the payouts have it."""

    pending: int = 0
    available: int = 0
    reserved: int = 0
    debt: int = 0
    paid: int = 0

    @property
    def accrued(self) -> int:
        """All that was ever credited and not taken back: what stands somewhere, and what has left."""
        return self.pending + self.available + self.reserved - self.debt + self.paid

    @property
    def owed(self) -> int:
        """What the merchant owes now: available, less what the partner owes back."""
        return self.available - self.debt


@dataclass(frozen=True)
class Paid:
    """Payouts that were paid in a month, by a method, or in all: sums in minor units."""

    month: date | None  # the first day; None: in all months
    method_id: int | None  # None: by all methods
    number: int
    total: int
    median: timedelta | None  # half of those that were asked for took no longer

    @property
    def average(self) -> int:
        """The mean payout, half up."""
        return (2 * self.total + self.number) // (2 * self.number) if self.number else 0

    @property
    def days(self) -> Decimal | None:
        """The median from request to payment, in days with a tenth."""
        if self.median is None:
            return None
        days = Decimal(round(self.median.total_seconds())) / 86_400
        return days.quantize(Decimal("0.1"), ROUND_HALF_UP)


def months_back(today: date, number: int) -> list[date]:
    """Return the first days of the last `number` months, this one last."""
    this = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(this - number + 1, this + 1)]


def advance(amount: int, available: int) -> int:
    """Return how much of a payment is not covered by what is available, minor units."""
    return max(amount - max(available, 0), 0)
