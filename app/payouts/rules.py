"""Payouts: their states, who may ask for how much, and when changed details may be used."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import TYPE_CHECKING

from app.ledger.rules import FEES, OUTSIDE, WITHHELD, Move, reserved
from app.ledger.rules import payout as passage
from app.lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Collection

COOLING = timedelta(hours=24)  # after a change of payment details, except for the first
DISOWN = "details_not_mine"  # the purpose of the letter's link
OLD_CONTACT = timedelta(days=7)  # so long a replaced address is still told of changed details


class State(StrEnum):
    """Where a payout stands; `unknown` waits for a person and is never retried by itself."""

    REQUESTED = "requested"
    APPROVED = "approved"
    SENDING = "sending"
    UNKNOWN = "unknown"
    PAID = "paid"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    FAILED = "failed"


LIFECYCLE = Lifecycle(
    {
        (State.REQUESTED, "approve"): State.APPROVED,
        (State.REQUESTED, "reject"): State.REJECTED,
        (State.REQUESTED, "cancel"): State.CANCELLED,  # the partner's own word
        (State.REQUESTED, "withdraw"): State.CANCELLED,  # of a pay run that made it
        (State.APPROVED, "pay"): State.PAID,
        (State.APPROVED, "send"): State.SENDING,
        (State.APPROVED, "reject"): State.REJECTED,
        (State.APPROVED, "withdraw"): State.CANCELLED,
        (State.APPROVED, "fail"): State.FAILED,
        (State.SENDING, "pay"): State.PAID,
        (State.SENDING, "fail"): State.FAILED,
        (State.SENDING, "lose"): State.UNKNOWN,
        (State.UNKNOWN, "pay"): State.PAID,
        (State.UNKNOWN, "fail"): State.FAILED,
    }
)

OPEN = frozenset(State) - LIFECYCLE.terminal
GONE_BACK = (State.REJECTED, State.CANCELLED, State.FAILED)
OFFERED = ("approve", "reject", "pay", "send", "fail", "lose")  # to the staff, on a payout's page


class Refusal(StrEnum):
    """Why a request or an approval is not possible."""

    NOT_POSITIVE = "not_positive"
    OPEN_PAYOUT = "open_payout"
    ABOVE_AVAILABLE = "above_available"
    BELOW_MINIMUM = "below_minimum"
    DEBT = "debt"
    COOLING = "cooling"
    FROZEN = "frozen"
    BLOCKED = "blocked"
    OWN = "own"
    DOCUMENTS = "documents"


def may_request(
    amount: int, *, available: int, minimum: int, has_open: bool, debt: int
) -> Refusal | None:
    """Return why a partner may not ask for `amount` (all minor units), or None.

    Minimum and available bind the partner's own requests; one payout is open at a time.
    """
    if amount <= 0:
        return Refusal.NOT_POSITIVE
    if has_open:
        return Refusal.OPEN_PAYOUT
    if debt > 0:
        return Refusal.DEBT
    if amount > available:
        return Refusal.ABOVE_AVAILABLE
    return Refusal.BELOW_MINIMUM if amount < minimum else None


def may_approve(debt: int) -> Refusal | None:
    """Return why the merchant may not approve now, or None: debt is repaid first."""
    return Refusal.DEBT if debt > 0 else None


def people_needed(total: int, above: int | None) -> int:
    """Return how many different people stand for a payment of this sum (minor units)."""
    return 2 if above is not None and total > above else 1


class Consent(StrEnum):
    """What somebody's approval of a payout or a pay run would be."""

    ENOUGH = "enough"
    FIRST = "first"  # of two: nobody stands for it yet
    REFUSED = "refused"  # the same person stood for it before


def consent(needed: int, stand: Collection[int], deciding: Collection[int]) -> Consent:
    """Say what an approval by the people `deciding` is, where `stand` prepared or approved it before.

    `needed`: how many different people its sum needs. The schedule prepares and is nobody.
    """
    if needed < 2:
        return Consent.ENOUGH
    if not deciding or set(stand) & set(deciding):
        return Consent.REFUSED
    return Consent.ENOUGH if stand else Consent.FIRST


class Obstacle(StrEnum):
    """What a partner sees in place of the request form."""

    INACTIVE = "inactive"
    OPEN_PAYOUT = "open_payout"
    SPENDS_ONLY = "spends_only"
    DEBT = "debt"
    NOTHING = "nothing"
    BELOW_MINIMUM = "below_minimum"
    NO_DETAILS = "no_details"
    FROZEN = "frozen"
    COOLING = "cooling"


@dataclass(frozen=True)
class Standing:
    """What decides whether a partner may ask now; sums in minor units."""

    active: bool
    has_open: bool
    available: int
    debt: int
    minimum: int
    has_details: bool
    usable_from: datetime | None
    frozen: bool = False
    spends_only: bool = False


def obstacle(standing: Standing, now: datetime) -> Obstacle | None:
    """Return the first thing that keeps the partner from asking now, or None; `may_request` has the last word."""
    found = (
        (not standing.active, Obstacle.INACTIVE),
        (standing.has_open, Obstacle.OPEN_PAYOUT),
        (standing.spends_only, Obstacle.SPENDS_ONLY),
        (standing.debt > 0, Obstacle.DEBT),
        (standing.available <= 0, Obstacle.NOTHING),
        (standing.available < standing.minimum, Obstacle.BELOW_MINIMUM),
        (not standing.has_details, Obstacle.NO_DETAILS),
        (standing.frozen, Obstacle.FROZEN),
        (cools(standing.usable_from, now) is not None, Obstacle.COOLING),
    )
    return next((reason for holds, reason in found if holds), None)


def split_payment(amount: int, available: int) -> tuple[int, int]:
    """Divide what the merchant pays: from available, and what exceeds it, an advance (debt)."""
    covered = min(amount, max(available, 0))
    return covered, amount - covered


@dataclass(frozen=True, slots=True)
class Charges:
    """What is kept back of a payout's gross sum, minor units: our fee, and tax the merchant withholds."""

    fee: int = 0
    withheld: int = 0

    @property
    def total(self) -> int:
        """All that does not reach the partner."""
        return self.fee + self.withheld


FREE = Charges()


def leaving(payout_id: int, partner_id: int, amount: int, charges: Charges = FREE) -> list[Move]:
    """Return the moves of paying `amount` (gross, minor units) that is reserved; see `passing`."""
    way = passage(payout_id)
    paid = Move(reserved(partner_id), way, amount, "payout_paid", partner=partner_id)
    return [paid, *passing(payout_id, partner_id, amount, charges)]


def passing(payout_id: int, partner_id: int, amount: int, charges: Charges = FREE) -> list[Move]:
    """Return the moves from a payout's own account, which ends at zero: each charge, and the rest outside.

    Raises ValueError for charges below zero or above the amount.
    """
    rest = amount - charges.total
    if min(charges.fee, charges.withheld, rest) < 0:
        message = f"{charges} cannot be kept back of {amount}"
        raise ValueError(message)
    way = passage(payout_id)
    moves = (
        Move(way, FEES, charges.fee, "fee", partner=partner_id),
        Move(way, WITHHELD, charges.withheld, "withheld", partner=partner_id),
        Move(way, OUTSIDE, rest, "payout_left", partner=partner_id),
    )
    return [move for move in moves if move.amount]


def usable_at(changed_at: datetime, *, first: bool) -> datetime:
    """Return when payment details may be used: the first at once, changed ones a day later."""
    return changed_at if first else changed_at + COOLING


def cools(usable_from: datetime | None, now: datetime) -> Refusal | None:
    """Return why the details cannot be used yet, or None."""
    return Refusal.COOLING if usable_from is not None and now < usable_from else None


OWN, PLATFORM = "own", "platform"  # who sends the money of a payout
LARGEST_PAYMENT = 10**15  # minor units: an advance has no other bound, and sums must fit bigint
METHODS_LIMIT = 5  # of the merchant's own choice


def method_code(name: str, taken: Collection[str]) -> str:
    """Return a method's code for programs: its name in small ASCII letters, else method-2, method-3, ..."""
    plain = "-".join(re.findall(r"[a-z0-9]+", name.casefold()))[:40]
    if plain and plain not in taken:
        return plain
    return next(c for n in count(2) if (c := f"{plain or 'method'}-{n}") not in taken)
