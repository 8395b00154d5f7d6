"""Payouts: their states, who may ask for how much, and when changed details may be used."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from app.lifecycle import Lifecycle

COOLING = timedelta(hours=24)  # after a change of payment details, except for the first


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
        (State.APPROVED, "pay"): State.PAID,
        (State.APPROVED, "send"): State.SENDING,
        (State.APPROVED, "reject"): State.REJECTED,
        (State.APPROVED, "fail"): State.FAILED,
        (State.SENDING, "pay"): State.PAID,
        (State.SENDING, "fail"): State.FAILED,
        (State.SENDING, "lose"): State.UNKNOWN,
        (State.UNKNOWN, "pay"): State.PAID,
        (State.UNKNOWN, "fail"): State.FAILED,
    }
)

OPEN = frozenset(State) - LIFECYCLE.terminal


class Refusal(StrEnum):
    """Why a request or an approval is not possible."""

    NOT_POSITIVE = "not_positive"
    OPEN_PAYOUT = "open_payout"
    ABOVE_AVAILABLE = "above_available"
    BELOW_MINIMUM = "below_minimum"
    DEBT = "debt"
    COOLING = "cooling"


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


def split_payment(amount: int, available: int) -> tuple[int, int]:
    """Divide what the merchant pays: from available, and what exceeds it, an advance (debt)."""
    covered = min(amount, max(available, 0))
    return covered, amount - covered


def usable_at(changed_at: datetime, *, first: bool) -> datetime:
    """Return when payment details may be used: the first at once, changed ones a day later."""
    return changed_at if first else changed_at + COOLING


def cools(usable_from: datetime | None, now: datetime) -> Refusal | None:
    """Return why the details cannot be used yet, or None."""
    return Refusal.COOLING if usable_from is not None and now < usable_from else None
