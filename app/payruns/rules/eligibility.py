"""Who is paid in a run and how much, and who is not and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime


class Pays(StrEnum):
    """What a run pays: what is available without anybody's asking, what was asked for, or both."""

    AVAILABLE = "available"
    ASKED = "asked"
    BOTH = "both"

    @property
    def unasked(self) -> bool:
        """Whether those are paid who asked for nothing."""
        return self is not Pays.ASKED

    @property
    def asked(self) -> bool:
        """Whether waiting requests are taken into the run."""
        return self is not Pays.AVAILABLE


class Out(StrEnum):
    """Why a partner is not paid in a run."""

    OPEN_PAYOUT = "open_payout"  # another payout of his is under way
    LATER = "later"  # all of it became available after the run's day
    BELOW_MINIMUM = "below_minimum"
    INACTIVE = "inactive"
    BLOCKED = "blocked"
    DEBT = "debt"
    NO_DETAILS = "no_details"
    COOLING = "cooling"
    FROZEN = "frozen"  # the partner said that a change of details was not his
    DOCUMENTS = "documents"  # his tax status asks for papers that are missing
    OWN = "own"  # whoever decides would pay himself
    CHANGED = "changed"  # the payout was decided on outside of the run
    PROBLEM = "problem"  # it could not be done; the run's page tells


@dataclass(frozen=True, slots=True)
class Open:
    """A partner's payout that is not over; the amount in minor units."""

    id: int
    state: str
    amount: int
    run_id: int | None
    has_details: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """What decides on one partner; sums in minor units."""

    status: str
    pays_blocked: bool  # blocked, but what he earned may be paid
    own: bool
    available: int
    later: int  # what became available after the run's day
    debt: int
    open: Open | None
    has_details: bool
    usable_from: datetime | None
    lacks_documents: bool = False
    frozen: bool = False

    @property
    def free(self) -> int:
        """What had become available by the run's day, and still is."""
        return max(0, self.available - self.later)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run pays a partner; with a reason it is what he stays out with. None: nothing to tell."""

    amount: int
    reason: Out | None
    payout_id: int | None = None


def chosen(known: Collection[str], codes: Iterable[str]) -> str:
    """Return the first of the merchant's methods that a partner has details for; who is in has some."""
    return next(code for code in codes if code in known)


def judge(
    standing: Standing, pays: Pays, minimum: int, now: datetime, run_id: int
) -> Verdict | None:
    """Decide on one partner. A request that waits is paid as it was asked for, with no minimum asked again."""
    opened = standing.open
    if opened is not None and opened.run_id == run_id and opened.state == "requested":
        return Verdict(opened.amount, _barred(standing), opened.id)
    if opened is not None:
        waits = opened.state == "requested" and opened.run_id is None
        if not (pays.asked and waits):
            return Verdict(standing.free, Out.OPEN_PAYOUT) if standing.free else None
        reason = _barred(standing) or (None if opened.has_details else Out.NO_DETAILS)
        return Verdict(opened.amount, reason, opened.id)
    if not pays.unasked or (standing.available <= 0 and standing.debt <= 0):
        return None
    return Verdict(standing.free, _barred(standing, minimum) or _unready(standing, now))


def _barred(standing: Standing, minimum: int | None = None) -> Out | None:
    """What stands against paying this partner at all; the minimum binds only what nobody asked for."""
    found = (
        (standing.status == "blocked" and not standing.pays_blocked, Out.BLOCKED),
        (standing.status not in {"active", "blocked"}, Out.INACTIVE),
        (standing.debt > 0, Out.DEBT),
        (standing.frozen, Out.FROZEN),
        (minimum is not None and standing.free <= 0, Out.LATER),
        (minimum is not None and standing.free < (minimum or 0), Out.BELOW_MINIMUM),
        (standing.lacks_documents, Out.DOCUMENTS),
        (standing.own, Out.OWN),
    )
    return next((reason for holds, reason in found if holds), None)


def _unready(standing: Standing, now: datetime) -> Out | None:
    if not standing.has_details:
        return Out.NO_DETAILS
    cools = standing.usable_from is not None and now < standing.usable_from
    return Out.COOLING if cools else None
