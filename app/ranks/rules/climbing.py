"""Ranks by results: what each asks over its window, which one is reached, and how long it holds.

What was bought falls out of a window on a day that is known as soon as it is bought: so it is known
when a rank would be lost if nothing more came, and nobody is looked at before that day.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.ranks.rules.windows import Review, Series, Span, Window, review_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# A customer's own paid orders and what of their goods is kept; those whom he brought and who bought,
# and what of their goods is kept.
ORDERS, SUM, FRIENDS, FRIENDS_SUM = METRICS = ("orders", "sum", "friends", "friends_sum")
STRUCTURE = frozenset({FRIENDS, FRIENDS_SUM})
MOST_WARNING, MOST_GRACE, MOST_DEPTH = 90, 365, 10
RESULTS = "results:"  # how the source of a rank by results begins


class Policy(StrEnum):
    """Whither somebody falls."""

    ONE_DOWN = "one_down"
    TO_MATCHING = "to_matching"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Rung:
    """What a rank asks, by metric; `every` of it, or any one. `depth`: how many levels of people count."""

    rank_id: int
    place: int
    window: Window = field(default_factory=Window)
    asks: Mapping[str, int] = field(default_factory=dict)
    every: bool = True
    depth: int = 1

    def done(self, found: Mapping[str, Series], since: date, until: date) -> dict[str, int]:
        """Return what was done in a span of what is asked."""
        return {name: found.get(name, Series()).within(since, until) for name in self.asks}

    def lacks(self, done: Mapping[str, int]) -> dict[str, int]:
        """Return how much of each metric is missing; empty: it is enough."""
        gaps = {name: asked - done.get(name, 0) for name, asked in self.asks.items()}
        short = {name: gap for name, gap in gaps.items() if gap > 0}
        return short if self.every or len(short) == len(gaps) else {}

    def met(self, found: Mapping[str, Series], day: date) -> bool:
        """Tell whether what was done is enough on a day."""
        return any(not self.lacks(self.done(found, *span)) for span in self.window.at(day))

    def written(self) -> dict[str, Any]:
        """Return what it asks as it is stored."""
        return {
            "span": self.window.span.value,
            "days": self.window.days,
            "asks": dict(self.asks),
            "every": self.every,
            "depth": self.depth,
        }

    @classmethod
    def read(cls, rank_id: int, place: int, stored: Mapping[str, Any]) -> Rung:
        """Return what a rank asks from what is stored."""
        return cls(
            rank_id=rank_id,
            place=place,
            window=Window(Span(stored["span"]), stored.get("days")),
            asks=dict(stored["asks"]),
            every=bool(stored.get("every", True)),
            depth=int(stored.get("depth", 1)),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """How customers rise and fall: a rise is at once, a fall on a review day and never without a warning."""

    on: bool = False
    review: Review = Review.NIGHTLY
    policy: Policy = Policy.TO_MATCHING
    grace: int = 0  # days for which a rank still holds after the review that found it short
    warning: int = 14  # days between the warning and the fall; 0: no warning

    @classmethod
    def read(cls, stored: Mapping[str, Any] | None) -> Plan:
        """Return a stored plan; what was never set is off."""
        said = dict(stored or {})
        said["review"] = Review(said.get("review", Review.NIGHTLY))
        said["policy"] = Policy(said.get("policy", Policy.TO_MATCHING))
        return cls(**said)

    def written(self) -> dict[str, Any]:
        """Return the plan as it is stored."""
        return {**asdict(self), "review": self.review.value, "policy": self.policy.value}


@dataclass(frozen=True, slots=True)
class Hold:
    """What was found of a customer's rank before: when it would be lost, and whether he was told."""

    rank_id: int | None = None
    falls_on: date | None = None
    told: bool = False


class Move(StrEnum):
    """What becomes of a customer's rank."""

    STAY = "stay"
    RISE = "rise"
    WARN = "warn"
    FALL = "fall"
    SAVE = "save"  # he was warned, and has made it up


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done; when the rank is lost if nothing more comes, and when to look again."""

    move: Move
    rank_id: int | None = None
    falls_on: date | None = None
    look_on: date | None = None
    told: bool = False
    lacks: Mapping[str, int] = field(default_factory=dict)
    done: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ladder:
    """The plan, what ranks ask, and the places of all ranks, also of those that ask nothing."""

    plan: Plan
    rungs: Sequence[Rung]
    places: Mapping[int, int]

    def rung(self, rank_id: int | None) -> Rung | None:
        """Return what a rank asks, if it asks anything."""
        return next((each for each in self.rungs if each.rank_id == rank_id), None)

    def place(self, rank_id: int | None) -> int:
        """Return how high a rank is; no rank is the lowest."""
        return self.places.get(rank_id, 0) if rank_id is not None else 0

    def above(self, rank_id: int | None) -> Rung | None:
        """Return the next rank above that asks anything."""
        here = self.place(rank_id)
        return min((r for r in self.rungs if r.place > here), key=_place, default=None)


def _place(rung: Rung) -> int:
    return rung.place


def reached(
    rungs: Iterable[Rung], seen: Mapping[int, Mapping[str, Series]], day: date
) -> Rung | None:
    """Return the highest rank whose conditions are met. `seen`: what was done, by the rank it is for."""
    met = [rung for rung in rungs if rung.met(seen.get(rung.rank_id, {}), day)]
    return max(met, key=_place, default=None)


def dry_day(rung: Rung, found: Mapping[str, Series], today: date) -> date | None:
    """Return from which day on a rank is not earned any more if nothing comes; None: it holds for ever."""
    known = {day: 1 for name in rung.asks for day in found.get(name, Series()).by_day}
    days = rung.window.turns(today, known)
    return next((day for day in days if not rung.met(found, day)), None)


def fall_day(dry: date, today: date, plan: Plan) -> date:
    """Return when a rank is lost that is not earned from a day on.

    The first review from then on, or after the whole time of the warning, and the days of grace.
    """
    grace = timedelta(days=plan.grace)
    earliest = max(dry, today + timedelta(days=1), today + timedelta(days=plan.warning) - grace)
    return review_from(earliest, plan.review) + grace


def lacking(rung: Rung, found: Mapping[str, Series], day: date, today: date) -> dict[str, int]:
    """Return what is to be done until a day, so that the rank is earned on it."""
    spans = rung.window.at(day)
    span = next((each for each in spans if each[0] <= today < each[1]), spans[-1])
    return rung.lacks(rung.done(found, *span))


def judge(
    ladder: Ladder,
    rank_id: int | None,
    hold: Hold,
    seen: Mapping[int, Mapping[str, Series]],
    today: date,
) -> Verdict:
    """Say what becomes today of a customer with a rank that nobody pinned.

    He rises at once to the highest rank that he has earned. A rank that asks nothing is never lost.
    A day on which a rank falls, once it is known, moves only by what he does.
    """
    best = reached(ladder.rungs, seen, today)
    if best is not None and best.place > ladder.place(rank_id):
        return _settled(Move.RISE, best, ladder, seen, today)
    here = ladder.rung(rank_id)
    if here is None or ladder.plan.policy is Policy.NEVER:
        return Verdict(Move.SAVE if hold.told else Move.STAY, rank_id)
    found = seen.get(here.rank_id, {})
    dry = dry_day(here, found, today)
    mine = hold if hold.rank_id == rank_id else Hold()
    if dry is None:
        return Verdict(Move.SAVE if mine.told else Move.STAY, rank_id)
    stands = mine.falls_on is not None and dry <= max(mine.falls_on, today)
    if stands and _fell(mine, ladder.plan, today):
        return _fallen(here, ladder, seen, today)
    return _held(here, mine if stands else Hold(told=mine.told), dry, ladder, found, today)


def _fell(hold: Hold, plan: Plan, today: date) -> bool:
    """Tell whether the day has come; who was to be warned, and was not, falls later."""
    return hold.falls_on is not None and hold.falls_on <= today and (hold.told or not plan.warning)


def _held(
    here: Rung,
    hold: Hold,
    dry: date,
    ladder: Ladder,
    found: Mapping[str, Series],
    today: date,
) -> Verdict:
    """Say until when a rank holds, and warn where that is near. `hold` without a day: a new one is set."""
    plan, day = ladder.plan, fall_day(dry, today, ladder.plan)
    standing = hold.falls_on
    if standing is not None and (standing > today or hold.told):
        day = min(day, standing)
    told = hold.told and standing is not None
    lacks = lacking(here, found, max(day - timedelta(days=plan.grace), today), today)
    warn_on = day - timedelta(days=plan.warning)
    if plan.warning and not told and warn_on <= today:
        return Verdict(Move.WARN, here.rank_id, day, day, told=True, lacks=lacks)
    move = Move.SAVE if hold.told and not told else Move.STAY
    look = day if told or not plan.warning else warn_on
    return Verdict(move, here.rank_id, day, look, told=told, lacks=lacks)


def _fallen(
    here: Rung, ladder: Ladder, seen: Mapping[int, Mapping[str, Series]], today: date
) -> Verdict:
    below = [each for each in ladder.rungs if each.place < here.place]
    if ladder.plan.policy is Policy.ONE_DOWN:
        target = max(below, key=_place, default=None)
    else:
        target = reached(below, seen, today)
    lacks = lacking(here, seen.get(here.rank_id, {}), today, today)
    if target is None:
        return Verdict(Move.FALL, None, lacks=lacks)
    found = _settled(Move.FALL, target, ladder, seen, today)
    return Verdict(Move.FALL, target.rank_id, found.falls_on, found.look_on, lacks=lacks)


def _settled(
    move: Move,
    rung: Rung,
    ladder: Ladder,
    seen: Mapping[int, Mapping[str, Series]],
    today: date,
) -> Verdict:
    """Return that somebody has come to a rank, and until when it holds."""
    found, plan = seen.get(rung.rank_id, {}), ladder.plan
    done = rung.done(found, *_best(rung, found, today))
    dry = None if plan.policy is Policy.NEVER else dry_day(rung, found, today)
    if dry is None:
        return Verdict(move, rung.rank_id, done=done)
    day = fall_day(dry, today, plan)
    look = max(day - timedelta(days=plan.warning), today + timedelta(days=1))
    return Verdict(move, rung.rank_id, day, look, done=done)


def _best(rung: Rung, found: Mapping[str, Series], day: date) -> tuple[date, date]:
    spans = rung.window.at(day)
    enough = (each for each in spans if not rung.lacks(rung.done(found, *each)))
    return next(enough, spans[0])
