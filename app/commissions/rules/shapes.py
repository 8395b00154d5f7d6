"""What goes into due() and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from app.attribution.rules import Attribution, Buyer, Claim, Verdict
    from app.orders.rules import Folded, State


class Bucket(StrEnum):
    """Where a share stands; expected is computed and never in the ledger."""

    EXPECTED = "expected"
    PENDING = "pending"
    AVAILABLE = "available"
    TAKEN_BACK = "taken_back"


# What a period's caps have already given, by the cap's own key, minor units; no cap reads it yet.
Taken = Mapping[tuple[str, ...], int]
NOTHING_TAKEN: Taken = {}


@dataclass(frozen=True, slots=True)
class OrderInput:
    """One order of the customer: as it stands, who bought, and what speaks for partners."""

    order_id: int
    folded: Folded
    buyer: Buyer
    claims: tuple[Claim, ...]
    external_id: str = ""  # the shop's own; our ids depend on who came first


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

    @property
    def commission(self) -> int:
        """All levels together, minor units."""
        return sum(share.amount for share in self.shares)


@dataclass(frozen=True, slots=True)
class DueResult:
    """Deals by created_at and id, and how the customer is attributed."""

    deals: tuple[Deal, ...]
    attribution: Attribution

    @property
    def shares(self) -> tuple[Share, ...]:
        """Every share of every order."""
        return tuple(share for deal in self.deals for share in deal.shares)
