"""Groups as rungs: what each asks, which one a partner has earned, and when he may fall."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.ranks.rules.windows import Review, first_of_next_month, review_came

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "Review",
    "first_of_next_month",
    "review_came",
]  # as ranks of customers have them, too

MEASURES = ("turnover", "orders", "recruits")
MOST_DAYS, MOST_WARNING, MOST_RUNGS = 730, 60, 30


@dataclass(frozen=True, slots=True)
class Measures:
    """What a partner did in a window: completed orders of his own and their turnover in minor units.

    `recruits`: how many active partners stand in his first line now.
    """

    turnover: int = 0
    orders: int = 0
    recruits: int = 0


@dataclass(frozen=True, slots=True)
class Rung:
    """What a group asks; None asks nothing. `days` None: a calendar month in the merchant's zone."""

    group_id: int
    place: int  # the higher, the better
    days: int | None = None
    turnover: int | None = None
    orders: int | None = None
    recruits: int | None = None

    def short(self, done: Measures) -> dict[str, int]:
        """Return how much of each condition is missing; empty: all are met."""
        gaps = {name: (getattr(self, name) or 0) - getattr(done, name) for name in MEASURES}
        return {name: gap for name, gap in gaps.items() if gap > 0}

    @property
    def asks(self) -> dict[str, int]:
        """The conditions that are set."""
        said = {name: getattr(self, name) for name in MEASURES}
        return {name: value for name, value in said.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a merchant's partners move."""

    on: bool = False
    at_once: bool = True  # else only on a review day
    review: Review = Review.NIGHTLY
    warning: int = 14  # days between the warning and the fall

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Plan:
        """Return a stored plan; what was never set is off."""
        said = dict(stored or {})
        said["review"] = Review(said.get("review", Review.NIGHTLY))
        return cls(**said)

    def written(self) -> dict[str, Any]:
        """Return the plan as it is stored."""
        return {**asdict(self), "review": self.review.value}


class Move(StrEnum):
    """What becomes of a partner on a day."""

    STAY = "stay"
    RISE = "rise"
    WARN = "warn"
    FALL = "fall"
    SAVE = "save"  # an open warning is over: he has made it up


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done, whither, and why: what was done, or what is missing."""

    move: Move
    group_id: int | None = None
    falls_on: date | None = None
    short: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner as the day finds him. Measures by the rung they are for: now, and of the month before.

    `closed` holds the measures of the last full calendar month, for rungs that count by the month.
    """

    group_id: int | None
    now: Mapping[int, Measures]
    closed: Mapping[int, Measures]
    pinned: bool = False
    warned_until: date | None = None


def fall_day(today: date, plan: Plan, rung: Rung) -> date | None:
    """Return on which day a partner who is short today would fall; None: it is too early to say.

    A rung by days: the first review after the whole warning time. A rung by the month: the first of
    the next month, told only when that is not further than the warning time, for a month that has
    just begun says nothing.
    """
    if rung.days is None:
        turn = first_of_next_month(today)
        return turn if (turn - today).days <= plan.warning else None
    day = today + timedelta(days=max(plan.warning, 1))
    return day if plan.review is Review.NIGHTLY or day.day == 1 else first_of_next_month(day)


def earned(rungs: Sequence[Rung], done: Mapping[int, Measures]) -> Rung | None:
    """Return the highest rung whose conditions are all met; None: none is, and the ladder's foot is earned."""
    met = [rung for rung in rungs if not rung.short(done.get(rung.group_id, Measures()))]
    return max(met, key=lambda rung: rung.place, default=None)


def judge(
    standing: Standing, rungs: Sequence[Rung], plan: Plan, today: date, *, review: bool
) -> Verdict:
    """Say what becomes of a partner today; `review`: this is the look of a review day.

    Who is pinned, or in a group that is no rung, stays. Rises are judged by what was done by now (on
    a review day by the full month before as well). A fall needs an open warning whose day has come,
    is judged by the full month before where the rung counts by the month, and leads to the highest
    rung that is earned then, or to no group.
    """
    own = {rung.group_id: rung for rung in rungs}
    if standing.pinned or (standing.group_id is not None and standing.group_id not in own):
        return Verdict(Move.STAY)
    here = own.get(standing.group_id or 0)
    reached = _reached(standing, rungs, by_closed=review)
    if (plan.at_once or review) and _place(reached) > _place(here):
        return Verdict(Move.RISE, reached.group_id if reached else None)
    if here is None:
        return Verdict(Move.STAY)
    return _hold(standing, here, rungs, plan, today, review=review)


def _hold(
    standing: Standing,
    here: Rung,
    rungs: Sequence[Rung],
    plan: Plan,
    today: date,
    *,
    review: bool,
) -> Verdict:
    due = standing.warned_until is not None and today >= standing.warned_until
    judged = standing.closed if due and here.days is None else standing.now
    short = here.short(judged.get(here.group_id, Measures()))
    if standing.warned_until is not None:
        if not short:
            return Verdict(Move.SAVE, here.group_id)
        if not due or not review:
            return Verdict(Move.STAY)
        below = [rung for rung in rungs if rung.place < here.place]
        reached = _reached(standing, below, by_closed=True)
        return Verdict(Move.FALL, reached.group_id if reached else None, short=short)
    day = fall_day(today, plan, here) if short else None
    if day is None:
        return Verdict(Move.STAY)
    return Verdict(Move.WARN, here.group_id, day, short)


def _reached(standing: Standing, rungs: Sequence[Rung], *, by_closed: bool) -> Rung | None:
    found = earned(rungs, standing.now)
    monthly = [rung for rung in rungs if rung.days is None]
    last = earned(monthly, standing.closed) if by_closed else None
    return max((r for r in (found, last) if r), key=lambda rung: rung.place, default=None)


def _place(rung: Rung | None) -> int:
    return rung.place if rung else -1


def next_rung(rungs: Sequence[Rung], group_id: int | None) -> Rung | None:
    """Return the rung above a group (the lowest, above none); None at the top, or off the ladder."""
    own = {rung.group_id: rung for rung in rungs}
    if group_id is not None and group_id not in own:
        return None
    here = _place(own.get(group_id or 0))
    return min((r for r in rungs if r.place > here), key=lambda rung: rung.place, default=None)
