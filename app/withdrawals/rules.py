"""Withdrawals of bonuses as money: their states, what rules ask of them, and what is kept back."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING

from app.lifecycle import Lifecycle
from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Sequence


class State(StrEnum):
    """Where a request stands. What became of an approved one is its payout's to say."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    CANCELLED = "cancelled"


LIFECYCLE = Lifecycle(
    {
        (State.REQUESTED, "approve"): State.APPROVED,
        (State.REQUESTED, "reject"): State.REJECTED,
        (State.REQUESTED, "cancel"): State.CANCELLED,  # the partner's own word
    }
)
# What is shown: of an approved one how its payout ended. An ended payout that did not arrive left the
# money with the partner, who asks for it again as for any other.
SHOWN = ("requested", "approved", "paid", "failed", "rejected", "cancelled")


@dataclass(frozen=True, slots=True)
class Terms:
    """What rules ask of a withdrawal: the strictest of all that are met. Sums in minor units."""

    minimum: int = 0
    fee: Fraction = Fraction(0)
    hold_days: int = 0

    @property
    def percent(self) -> Decimal:
        """The fee in percents."""
        return Decimal(self.fee.numerator * 100) / Decimal(self.fee.denominator)


def strictest(said: Sequence[Terms]) -> Terms:
    """Return terms under which all of them hold."""
    return Terms(
        minimum=max((one.minimum for one in said), default=0),
        fee=max((one.fee for one in said), default=Fraction(0)),
        hold_days=max((one.hold_days for one in said), default=0),
    )


def fee_of(amount: int, terms: Terms) -> int:
    """Return what is kept back of `amount`, minor units, half up."""
    return min(half_up(amount * terms.fee), amount)
