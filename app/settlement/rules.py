"""Settlement through the platform: the fee, who is paid next, and why somebody waits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

OWN, PLATFORM = "own", "platform"  # values of the setting "settlement"
PARTNER, MERCHANT = "partner", "merchant"  # values of the setting "fee_paid_by"
ALARM_AT = (80, 100)  # per cent of the month's sum at which the merchant is told


class Outcome(StrEnum):
    """How a funded payout ended."""

    PAID = "paid"
    FAILED = "failed"


class Wait(StrEnum):
    """Why somebody in the queue is not paid now."""

    FUNDS = "funds"  # the prepaid balance does not suffice for the first in the queue
    CAP = "cap"  # the month's cap on automatic payouts is reached
    TURN = "turn"  # about to be paid


class Out(StrEnum):
    """Why somebody who has available money is not in the queue."""

    OPEN_PAYOUT = "open_payout"
    INACTIVE = "inactive"
    BELOW_MINIMUM = "below_minimum"
    NO_DETAILS = "no_details"
    FROZEN = "frozen"  # the partner said that a change of details was not his
    COOLING = "cooling"
    PAPERS = "papers"  # a paper is missing without which nothing is paid
    CAME_BACK = "came_back"  # the last payout failed, and the details are still the same


@dataclass(frozen=True)
class Candidate:
    """A partner with available money, and what decides whether he queues; sums in minor units."""

    partner_id: int
    amount: int
    since: datetime  # when the oldest unsettled sum became available
    payable: bool  # active, or blocked with leave to be paid
    has_open: bool
    method_id: int | None  # by which he can be paid
    usable_from: datetime | None  # where nothing is in force until then
    came_back: bool
    lacks_papers: bool = False
    frozen: bool = False
    tax: int = 0  # that is withheld of the amount


def out(candidate: Candidate, minimum: int, now: datetime) -> Out | None:
    """Return why a candidate does not queue, or None."""
    usable = candidate.usable_from
    found = (
        (candidate.has_open, Out.OPEN_PAYOUT),
        (not candidate.payable, Out.INACTIVE),
        (candidate.amount < minimum, Out.BELOW_MINIMUM),
        (candidate.frozen, Out.FROZEN),
        (usable is not None and now < usable, Out.COOLING),
        (candidate.method_id is None, Out.NO_DETAILS),
        (candidate.lacks_papers, Out.PAPERS),
        (candidate.came_back, Out.CAME_BACK),
    )
    return next((reason for holds, reason in found if holds), None)


def fee(gross: int, rate: Decimal) -> int:
    """Return the platform's fee for a payout's gross: `rate` per cent, rounded once, half up."""
    return half_up(Fraction(gross) * Fraction(rate) / 100)


@dataclass(frozen=True)
class Price:
    """What a payout of `gross` costs whom, in minor units."""

    gross: int
    fee: int
    paid_by: str
    tax: int = 0  # withheld by the merchant, who owes it to the state: it never leaves the balance

    @property
    def settled(self) -> int:
        """What of the merchant's debt to the partner the balance pays."""
        return self.gross - self.tax

    @property
    def cost(self) -> int:
        """What leaves the prepaid balance."""
        return self.settled + (self.fee if self.paid_by == MERCHANT else 0)

    @property
    def withheld(self) -> int:
        """What the partner bears of the fee."""
        return self.fee if self.paid_by == PARTNER else 0

    @property
    def net(self) -> int:
        """What reaches the partner."""
        return self.gross - self.withheld - self.tax


def price(gross: int, rate: Decimal, paid_by: str, tax: int = 0) -> Price:
    """Return what a payout of `gross` minor units costs; tax is withheld of what the fee leaves at most."""
    plain = Price(gross, fee(gross, rate), paid_by)
    return replace(plain, tax=min(tax, plain.net))


@dataclass(frozen=True)
class Means:
    """What there is to pay with: the prepaid balance, and what is left of the month's cap (None: no cap)."""

    funds: int
    room: int | None = None

    def lacks(self, wanted: Price) -> Wait | None:
        """Return what is missing for a payout, or None: it can be made."""
        if self.room is not None and wanted.gross > self.room:
            return Wait.CAP
        return Wait.FUNDS if wanted.cost > self.funds else None

    def after(self, made: Price) -> Means:
        """Return what is left after a payout."""
        room = None if self.room is None else self.room - made.gross
        return Means(self.funds - made.cost, room)


def served(prices: Sequence[Price], means: Means) -> tuple[int, Wait | None]:
    """Return how many from the head can be paid, strictly in their order, and what stops the next one.

    A head that cannot be paid holds up everybody behind, however little they ask for.
    """
    for number, wanted in enumerate(prices):
        lacking = means.lacks(wanted)
        if lacking is not None:
            return number, lacking
        means = means.after(wanted)
    return len(prices), None


def alarms(spent: int, alarm: int | None) -> list[int]:
    """Return the shares of the month's alarm sum, in per cent, that are reached."""
    if not alarm:
        return []
    return [share for share in ALARM_AT if spent * 100 >= alarm * share]
