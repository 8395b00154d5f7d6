"""What a block does, what a dispute's states are, and the journal's verdict on a missed sale."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from app.lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from zoneinfo import ZoneInfo

REASON = 500  # characters
MOST_DEALS = 2000  # that one block refuses
REMARK = 2000  # characters of one line of a thread
MOST_OPEN = 20  # disputes of one partner
ANSWER_DAYS = 7
FEW_ORDERS = 10  # a day with fewer says nothing of a site's share


class Money(StrEnum):
    """What becomes of what a blocked partner has earned."""

    KEEP = "keep"  # it may still be paid
    HOLD = "hold"  # it stays his, and payouts wait
    WRITE_OFF = "write_off"  # what is available now is written off; what comes later waits


@dataclass(frozen=True, slots=True)
class Wish:
    """How a partner is to be blocked. `refuse_from`: deals of orders made since then are refused."""

    reason: str
    letter: bool = False
    refuse_from: datetime | None = None
    money: Money = Money.HOLD
    reject: bool = False
    links_off: bool = False


class State(StrEnum):
    """Where a dispute stands."""

    OPEN = "open"
    ATTRIBUTED = "attributed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


LIFECYCLE = Lifecycle(
    {
        (State.OPEN, "attribute"): State.ATTRIBUTED,
        (State.OPEN, "decline"): State.DECLINED,
        (State.OPEN, "withdraw"): State.WITHDRAWN,
        (State.ATTRIBUTED, "reopen"): State.OPEN,
        (State.DECLINED, "reopen"): State.OPEN,
    }
)


class Answer(StrEnum):
    """What the journal says to a partner who misses a sale."""

    WON = "won"  # it is counted for him
    HELD = "held"  # it is, and the merchant looks at it
    REFUSED = "refused"
    NOTHING_DUE = "nothing_due"  # it is his, and pays nothing
    LEVEL = "level"  # he earns from it as a sponsor
    LOST = "lost"  # something spoke for him and did not count
    UNKNOWN = "unknown"  # nothing of his is on any such order, or there is none


@dataclass(frozen=True, slots=True)
class Claimed:
    """One of the partner's own claims on an order."""

    won: bool
    why: str


def answer(
    *,
    brought: bool,
    held: bool,
    reason: str | None,
    earns: bool,
    claims: Sequence[Claimed],
) -> tuple[Answer, str | None]:
    """Return the verdict on a sale, and the code of the reason where there is one.

    `brought`: the order is counted for the partner; `reason`: why it pays nothing; `earns`: he has a
    share in it. Of several claims that lost, the one that came nearest speaks. An order on which
    nothing is the partner's is answered as one that does not exist.
    """
    if brought and held:
        return Answer.HELD, None
    if brought and reason == "refused":
        return Answer.REFUSED, None
    if brought:
        return (Answer.WON, None) if reason is None else (Answer.NOTHING_DUE, reason)
    if earns:
        return Answer.LEVEL, None
    lost = [claim.why for claim in claims if not claim.won]
    if lost:
        return Answer.LOST, "weaker" if "weaker" in lost else lost[0]
    return Answer.UNKNOWN, None


def too_much(orders: int, brought: Mapping[str, int], most: int) -> dict[str, Decimal]:
    """Return the sites that bring more than `most` per cent of a day's orders, and how much they bring.

    `brought`: orders of each site. On a day of few orders nothing is said.
    """
    if orders < FEW_ORDERS:
        return {}
    shares = {site: Decimal(100 * own) / orders for site, own in brought.items()}
    return {site: round(part, 1) for site, part in shares.items() if part > most}


def day_in(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when a day begins and ends by a merchant's clock."""
    return (
        datetime.combine(day, time.min, zone),
        datetime.combine(day + timedelta(days=1), time.min, zone),
    )


def read_number(text: str) -> str:
    """Return an order's number as it is looked up: without spaces around and the sign people put before it."""
    return text.strip().lstrip("#№").strip()[:128]


def due_at(opened_at: datetime, zone: ZoneInfo) -> datetime:
    """Return by when a dispute is to be answered: the same local time a week later."""
    local = opened_at.astimezone(zone).replace(tzinfo=None) + timedelta(days=ANSWER_DAYS)
    return local.replace(tzinfo=zone).astimezone(opened_at.tzinfo)
