"""What is told, how a message looks, and how often it is tried."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# By what they are about, in the order of the form; docs/events.md says what each carries.
OFFERED: Mapping[str, tuple[str, ...]] = {
    "orders": (
        "order.partner_data",
        "order.partner_set",
        "order.unmapped_status",
        "order.parked",
        "deal.created",
        "deal.changed",
        "deal.overridden",
        "deal.held",
        "deal.released",
        "deal.refused",
    ),
    "money": (
        "commission.accrued",
        "commission.available",
        "commission.taken_back",
        "partner.adjusted",
        "partner_money.spent",
        "partner_money.returned",
        "payout.requested",
        "payout.approved",
        "payout.rejected",
        "payout.cancelled",
        "payout.paid",
        "payout.failed",
    ),
    "partners": (
        "partner.applied",
        "partner.registered",
        "partner.created",
        "partner.approved",
        "partner.rejected",
        "partner.changed",
        "partner.blocked",
        "partner.unblocked",
        "partner.removed",
        "partner.restored",
        "partner.sponsor_changed",
        "partner.group_moved",
        "partner.customer_group",
        "code.created",
        "code.changed",
        "link.created",
    ),
    "customers": (
        "bonus.granted",
        "bonus.spent",
        "bonus.returned",
        "bonus.taken_back",
        "bonus.expiring",
        "bonus.converted",
        "bonus.cut",
        "rank.changed",
        "coupon.given",
        "coupon.issued",
        "coupon.switched_off",
        "bonus_rule.fired",
        "card.bound",
        "card.unbound",
    ),
}
TRIED = "webhook.tried"  # told to the endpoint that it names, and to no other
TYPES = frozenset(each for kinds in OFFERED.values() for each in kinds)

MOST = 20  # endpoints of one merchant
MOST_AT_ONCE = 100_000  # events that are told again by one order
LEASE = timedelta(seconds=60)
OLD_SECRET = timedelta(hours=24)  # for how long a secret that was changed goes on signing
GIVEN_UP = timedelta(days=5)  # of nothing but failures, until an endpoint is switched off
KEPT = timedelta(days=30)  # for how long ended deliveries are shown
GONE = 410
_PAUSES = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=h) for h in (2, 5, 10, 14, 16)),
)
MOST_ATTEMPTS = len(_PAUSES) + 1
LONGEST_PAUSE = timedelta(hours=24)  # that a receiver may ask for


class State(StrEnum):
    """How far a delivery is."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


class Stopped(StrEnum):
    """Why an endpoint is told nothing."""

    BY_HAND = "hand"
    FAILING = "failing"
    GONE = "gone"


def pause_after(attempts: int, asked: timedelta | None = None) -> timedelta | None:
    """Return how long to wait after so many attempts failed; None: no more.

    `asked`: what the receiver's Retry-After said; it lengthens the pause, up to a day.
    """
    if not 0 < attempts <= len(_PAUSES):
        return None
    return max(_PAUSES[attempts - 1], min(asked or timedelta(0), LONGEST_PAUSE))


def retry_after(said: str | None) -> timedelta | None:
    """Read a Retry-After header in seconds; anything else says nothing."""
    text = (said or "").strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        return None
    return timedelta(seconds=int(text))


def is_taken(status: int) -> bool:
    """Whether the receiver took the message."""
    return 200 <= status < 300


def wants(types: Sequence[str], kind: str) -> bool:
    """Whether an endpoint of these types (none: all that are offered) is told of this type."""
    return kind in TYPES and (not types or kind in types)


def message(told: Mapping[str, Any]) -> bytes:
    """Return the body of a message: the event as the feed shows it, in one written form."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def is_over(failing_since: datetime | None, now: datetime) -> bool:
    """Whether an endpoint that fails since then is to be switched off."""
    return failing_since is not None and now - failing_since >= GIVEN_UP
