"""What goes into due() and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from app.fraud.rules import NO_CASE, UNSEEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from app.attribution.rules import Attribution, Buyer, Claim, Verdict
    from app.fraud.rules import Case, Seen
    from app.orders.rules import Folded, State


# When money becomes available, when its order was made, the shop's id of it, level, and then ours.
Place = tuple["datetime", "datetime", str, int, int, int]


BY_HAND = "hand"  # the source of what staff set


class Bucket(StrEnum):
    """Where a share stands; expected is computed and never in the ledger."""

    EXPECTED = "expected"
    PENDING = "pending"
    AVAILABLE = "available"
    TAKEN_BACK = "taken_back"


class CapKind(StrEnum):
    """What a cap is counted over; the last three begin anew every month of the merchant's zone."""

    ORDER = "order"
    CUSTOMER = "customer"
    PARTNER = "partner"
    TERMS = "terms"
    MONTH = "month"  # the merchant's budget


@dataclass(frozen=True, slots=True)
class Limit:
    """A cap as it stood when the order was made; `key` names its counter: "partner:42:2026-11"."""

    kind: CapKind
    key: str
    most: int  # minor units


@dataclass(frozen=True, slots=True)
class Ask:
    """What one partner is to get at one level of one order, before caps have their say; minor units.

    Of several asks the one with the lowest place is served first. `whole`: what does not fit wholly
    gets nothing.
    """

    place: Place
    order_id: int
    level: int
    partner_id: int
    wanted: int
    limits: tuple[Limit, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """What the caps leave of an ask, minor units, and the one that left the least."""

    given: int
    cut_by: Limit | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What other orders take of a period's caps.

    `given`: by the caps' keys, minor units, before the first of `others` and of the orders in
    question; `others`: what they ask after that, uncut.
    """

    given: Mapping[str, int] = field(default_factory=dict)
    others: tuple[Ask, ...] = ()


NOTHING_TAKEN = Taken()


@dataclass(frozen=True, slots=True)
class Override:
    """What staff say that a partner earns at one level of an order, minor units, while nothing is given back."""

    level: int
    partner_id: int
    amount: int
    reason: str
    by: str  # who said so, as people call him
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderInput:
    """One order of the customer: as it stands, who bought, and what speaks for partners."""

    order_id: int
    folded: Folded
    buyer: Buyer
    claims: tuple[Claim, ...]
    external_id: str = ""  # the shop's own; our ids depend on who came first
    overrides: tuple[Override, ...] = ()  # at most one a level and partner
    rated_as_of: datetime | None = None  # set by "apply to old deals"
    case: Case = NO_CASE  # what the fraud desk knows of it

    @property
    def rated_at(self) -> datetime:
        """The instant whose rates, terms, campaigns and caps the order has."""
        return self.rated_as_of or self.folded.snapshot.created_at


@dataclass(frozen=True, slots=True)
class Share:
    """What a partner earns at a level from a line, minor units; `why` holds plain JSON values."""

    order_id: int
    line: str
    level: int
    partner_id: int
    amount: int
    bucket: Bucket
    why: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Why a level or a line earns nothing."""

    reason: str
    level: int | None = None
    partner_id: int | None = None
    line: str | None = None
    text: str | None = None  # somebody's own words


@dataclass(frozen=True, slots=True)
class Deal:
    """The verdict on one order and what it earns; `reason` says why nothing, when nothing."""

    order_id: int
    state: State
    verdict: Verdict
    reason: str | None
    partner_id: int | None = None
    terms_id: int | None = None
    terms_label: str | None = None
    bucket: Bucket | None = None
    available_at: datetime | None = None
    shares: tuple[Share, ...] = ()
    notes: tuple[Note, ...] = ()
    rated_at: datetime | None = None  # whose rates it has; None: as of the order
    case: Case = NO_CASE
    seen: Seen = UNSEEN  # what the fraud desk makes of it

    @property
    def commission(self) -> int:
        """All levels together, minor units."""
        return sum(share.amount for share in self.shares)


@dataclass(frozen=True, slots=True)
class DueResult:
    """Deals by created_at and id, and how the customer is attributed.

    `uncut`: the deals before the caps of a month had their say; `asked`: what they ask of those.
    """

    deals: tuple[Deal, ...]
    attribution: Attribution
    uncut: tuple[Deal, ...] = ()
    asked: tuple[Ask, ...] = ()

    @property
    def shares(self) -> tuple[Share, ...]:
        """Every share of every order."""
        return tuple(share for deal in self.deals for share in deal.shares)


class Part(Protocol):
    """A part of what an order earns, whoever keeps it."""

    @property
    def amount(self) -> int:
        """Minor units."""

    @property
    def bucket(self) -> str:
        """Where it stands."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What an order costs, minor units by bucket; `part`: percent of what the order is worth."""

    commission: int
    expected: int
    pending: int
    available: int
    part: Decimal | None


def statistics(shares: Iterable[Part], total: int) -> Statistics:
    """Sum an order's shares by bucket; `total` is the order's worth after refunds, minor units."""
    sums = dict.fromkeys(Bucket, 0)
    for share in shares:
        sums[Bucket(share.bucket)] += share.amount
    commission = sum(sums.values())
    return Statistics(
        commission,
        sums[Bucket.EXPECTED],
        sums[Bucket.PENDING],
        sums[Bucket.AVAILABLE],
        round(Decimal(commission) * 100 / total, 2) if total else None,
    )
