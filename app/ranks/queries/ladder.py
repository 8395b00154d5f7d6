"""What ranks ask, what customers have done for them, and how everybody stands."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock, sql
from app.extensions import db
from app.facts import service as facts
from app.members.models import Member
from app.ranks.models import MetricBucket, Rank, RankCursor, RankHold
from app.ranks.queries.known import marks, ranks
from app.ranks.rules import STRUCTURE, Hold, Ladder, Plan, Rung, Series, Span, standing
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from app.ranks.rules import Ranked

# Whom customers brought, and those whom these brought, as far down as is asked; by the tree of today.
_BELOW = """
WITH RECURSIVE down AS (
  SELECT p.member_id AS head, p.id AS partner_id, 1 AS level FROM partner p
  WHERE p.member_id IS NOT NULL AND (%(heads)s::bigint[] IS NULL OR p.member_id = ANY(%(heads)s))
  UNION ALL
  SELECT d.head, e.partner_id, d.level + 1 FROM down d
  JOIN sponsor_edge e ON e.sponsor_id = d.partner_id
    AND e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
  WHERE d.level < %(depth)s
), friend AS (
  SELECT DISTINCT d.head, b.member_id FROM down d JOIN binding b ON b.partner_id = d.partner_id
  WHERE b.member_id <> d.head
)
"""
_FRIENDS_SUM = """
SELECT f.head, m.day, sum(m.value)::bigint AS value FROM friend f
JOIN metric_bucket m ON m.member_id = f.member_id AND m.metric = 'sum'
WHERE m.day >= %(since)s GROUP BY f.head, m.day
"""
# Who bought counts once: on the last day he did (an open window), or in each part of the calendar.
_FRIENDS_LAST = """
SELECT head, day, count(*) AS value FROM (
  SELECT f.head, f.member_id, max(m.day) AS day FROM friend f
  JOIN metric_bucket m ON m.member_id = f.member_id AND m.metric = 'orders'
  WHERE m.day >= %(since)s GROUP BY f.head, f.member_id) AS each GROUP BY head, day
"""
_FRIENDS_BY = """
SELECT head, day, count(*) AS value FROM (
  SELECT DISTINCT f.head, f.member_id, date_trunc(%(span)s, m.day)::date AS day FROM friend f
  JOIN metric_bucket m ON m.member_id = f.member_id AND m.metric = 'orders'
  WHERE m.day >= %(since)s) AS each GROUP BY head, day
"""
_HEADS = """
WITH RECURSIVE up AS (
  SELECT p AS partner_id, 1 AS level FROM unnest(%(partners)s::bigint[]) AS p
  UNION
  SELECT e.sponsor_id, u.level + 1 FROM up u
  JOIN sponsor_edge e ON e.partner_id = u.partner_id AND e.sponsor_id IS NOT NULL
    AND e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
  WHERE u.level < %(depth)s
)
SELECT DISTINCT m.id FROM up u JOIN partner p ON p.id = u.partner_id
JOIN member m ON m.id = p.member_id WHERE m.key LIKE 'id:%%' ORDER BY m.id
"""


@dataclass(frozen=True, slots=True)
class Look:
    """A customer as a look at the ladder finds him."""

    member_id: int
    rank_id: int | None
    pinned: bool
    hold: Hold
    kept: bool  # whether anything was kept of him
    seen: Mapping[int, Mapping[str, Series]] = field(default_factory=dict)


def today() -> date:
    """Return the merchant's day."""
    tenant = tenants.tenant(current_tenant())
    return clock.today(tenant.timezone if tenant else "UTC")


def plan() -> Plan:
    """Return how customers rise and fall now."""
    return Plan.read(facts.current(["merchant"], ["ranks"]).get("merchant", {}).get("ranks"))


def ladder(instead: Mapping[int, Rung | None] | None = None) -> Ladder:
    """Return the plan and what ranks ask, the lowest first; `instead`: what some of them are to ask."""
    known = ranks()
    owners = {rank.id: f"rank:{rank.id}" for rank in known}
    said = facts.current(owners.values(), ["rule"]) if owners else {}
    rungs = {}
    for rank in known:
        stored = said.get(owners[rank.id], {}).get("rule")
        rungs[rank.id] = Rung.read(rank.id, rank.place, stored) if stored else None
    rungs |= instead or {}
    return Ladder(
        plan(),
        tuple(rung for rung in rungs.values() if rung is not None),
        {rank.id: rank.place for rank in known},
    )


def rung_of(rank: Rank) -> Rung | None:
    """Return what a rank asks, if anything."""
    return ladder().rung(rank.id)


def looks(found: Ladder, member_ids: Collection[int]) -> list[Look]:
    """Return customers with their ranks and what they have done; a few statements, however many."""
    ids = sorted(set(member_ids))
    if not ids:
        return []
    words, holds = marks(ids), holds_of(ids)
    seen = series(found.rungs, ids)
    made = []
    for member_id in ids:
        now = standing(words[member_id])
        made.append(
            Look(
                member_id=member_id,
                rank_id=now.rank_id if now else None,
                pinned=_pinned(words[member_id]),
                hold=_hold(holds.get(member_id)),
                kept=member_id in holds,
                seen=seen.get(member_id, {}),
            )
        )
    return made


def _pinned(words: Sequence[Ranked]) -> bool:
    now = standing(words)
    return now is not None and now.by_hand and now.pinned


def _hold(row: RankHold | None) -> Hold:
    return Hold(row.rank_id, row.falls_on, row.told_at is not None) if row else Hold()


def holds_of(member_ids: Collection[int]) -> Mapping[int, RankHold]:
    """Return until when customers' ranks by results hold."""
    query = select(RankHold).where(RankHold.member_id.in_(set(member_ids)))
    found = db.session.scalars(query.execution_options(populate_existing=True))
    return {row.member_id: row for row in found}


def series(
    rungs: Iterable[Rung], member_ids: Collection[int] | None
) -> Mapping[int, Mapping[int, Mapping[str, Series]]]:
    """Return {customer: {rank: {metric: by day}}}; of everybody for None."""
    asked = list(rungs)
    wanted = {name for rung in asked for name in rung.asks} - STRUCTURE
    own = _own(wanted, member_ids) if wanted else {}
    found: dict[int, dict[int, dict[str, Series]]] = defaultdict(lambda: defaultdict(dict))
    made: dict[tuple[str, Span, int], Mapping[int, Series]] = {}
    for rung in asked:
        for name in rung.asks:
            if name in STRUCTURE:
                key = (name, rung.window.span, rung.depth)
                if key not in made:
                    made[key] = _friends(name, rung, member_ids)
                by_member = made[key]
            else:
                by_member = own.get(name, {})
            for member_id, days in by_member.items():
                found[member_id][rung.rank_id][name] = days
    return found


def _own(
    names: Collection[str], member_ids: Collection[int] | None
) -> Mapping[str, Mapping[int, Series]]:
    query = select(MetricBucket).where(MetricBucket.metric.in_(names))
    if member_ids is not None:
        query = query.where(MetricBucket.member_id.in_(set(member_ids)))
    columns = MetricBucket.metric, MetricBucket.member_id, MetricBucket.day, MetricBucket.value
    days: dict[tuple[str, int], dict[date, int]] = defaultdict(dict)
    for metric, member_id, day, value in db.session.execute(query.with_only_columns(*columns)):
        days[metric, member_id][day] = value
    found: dict[str, dict[int, Series]] = defaultdict(dict)
    for (metric, member_id), by_day in days.items():
        found[metric][member_id] = Series(by_day)
    return found


def _friends(name: str, rung: Rung, heads: Collection[int] | None) -> Mapping[int, Series]:
    span = rung.window.span
    opened = span in {Span.DAYS, Span.EVER}
    statement = _FRIENDS_LAST if opened else _FRIENDS_BY
    if name == "friends_sum":
        statement = _FRIENDS_SUM
    values = {
        "heads": None if heads is None else sorted(set(heads)),
        "now": clock.now(),
        "depth": rung.depth,
        "since": "-infinity",
        "span": span.value,
    }
    days: dict[int, dict[date, int]] = defaultdict(dict)
    for row in sql.rows(_BELOW + statement, values):
        days[row.head][row.day] = int(row.value)
    return {head: Series(by_day) for head, by_day in days.items()}


def heads_of(partner_ids: Collection[int], depth: int) -> list[int]:
    """Return the customers with accounts who are, or stand above, partners, as many levels up."""
    values = {"partners": sorted(set(partner_ids)), "depth": depth, "now": clock.now()}
    return [row.id for row in sql.rows(_HEADS, values)] if partner_ids else []


def due(day: date, most: int) -> list[int]:
    """Return customers whose rank is to be looked at on a day."""
    query = select(RankHold.member_id).where(RankHold.look_on <= day)
    return list(db.session.scalars(query.order_by(RankHold.member_id).limit(most)))


def is_counted() -> bool:
    """Tell whether all customers' days were counted once."""
    return bool(db.session.scalar(select(RankCursor.counted)))


_HAVE = """
SELECT r.rank_id, count(*) AS many FROM (
  SELECT DISTINCT ON (a.member_id) a.member_id, a.rank_id FROM rank_assignment a
  LEFT JOIN LATERAL (
    SELECT h.pinned, h.at, h.source FROM rank_assignment h
    WHERE h.tenant_id = a.tenant_id AND h.member_id = a.member_id AND h.undone_at IS NULL
      AND h.source LIKE 'hand:%%' ORDER BY h.at DESC, h.source DESC LIMIT 1
  ) AS hand ON true
  WHERE a.undone_at IS NULL
    AND (NOT coalesce(hand.pinned, false) OR (a.at, a.source) = (hand.at, hand.source))
  ORDER BY a.member_id, a.at DESC, a.source DESC
) AS r WHERE r.rank_id IS NOT NULL GROUP BY r.rank_id
"""


def having() -> Mapping[int, int]:
    """Return how many customers have each rank now."""
    return {row.rank_id: row.many for row in sql.rows(_HAVE, {})}


def preview(found: Ladder) -> Mapping[int | None, int]:
    """Return how many customers would have each rank by their results alone now; None: none of them."""
    on, seen = today(), series(found.rungs, None)
    ordered = sorted(found.rungs, key=lambda rung: -rung.place)
    many: dict[int | None, int] = {rung.rank_id: 0 for rung in ordered}
    accounts = set(db.session.scalars(select(Member.id).where(Member.key.like("id:%"))))
    for by_rank in (asked for member_id, asked in seen.items() if member_id in accounts):
        best = next((r for r in ordered if r.met(by_rank.get(r.rank_id, {}), on)), None)
        if best is not None:
            many[best.rank_id] += 1
    many[None] = len(accounts) - sum(many.values())
    return many


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a rank asks: how much of it is done, of how much."""

    metric: str
    done: int
    asked: int

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return min(100, self.done * 100 // self.asked) if self.asked else 100


@dataclass(frozen=True, slots=True)
class Progress:
    """A customer's way up: the rank he has and until when, the next one and what it asks."""

    rank: Rank | None
    pinned: bool
    falls_on: date | None
    warned: bool
    lacks: Mapping[str, int]
    next_rank: Rank | None
    rung: Rung | None
    conditions: Sequence[Condition]
    ladder: Sequence[Rank]


def progress(member_id: int) -> Progress | None:
    """Return how a customer stands on the ladder; None where there is none."""
    found = ladder()
    if not found.plan.on or not found.rungs:
        return None
    by_id = {rank.id: rank for rank in ranks()}
    [look] = looks(found, [member_id])
    hold = holds_of([member_id]).get(member_id)
    mine = hold if hold is not None and hold.rank_id == look.rank_id and not look.pinned else None
    above = found.above(look.rank_id)
    return Progress(
        rank=by_id.get(look.rank_id or 0),
        pinned=look.pinned,
        falls_on=mine.falls_on if mine else None,
        warned=mine is not None and mine.told_at is not None,
        lacks=mine.lacks if mine else {},
        next_rank=by_id.get(above.rank_id) if above else None,
        rung=above,
        conditions=_conditions(above, look) if above else (),
        ladder=list(by_id.values()),
    )


def _conditions(rung: Rung, look: Look) -> list[Condition]:
    found = look.seen.get(rung.rank_id, {})
    done = rung.done(found, *rung.window.at(today())[0])
    return [Condition(name, done[name], asked) for name, asked in rung.asks.items()]


def history(member_id: int) -> Sequence[Ranked]:
    """Return all words that stand about a customer's rank, the newest first."""
    return list(reversed(marks([member_id])[member_id]))


def buckets(member_ids: Iterable[int] | None = None) -> dict[tuple[int, str, date], int]:
    """Return what customers did by day, of everybody for None."""
    query = select(MetricBucket)
    if member_ids is not None:
        query = query.where(MetricBucket.member_id.in_(set(member_ids)))
    columns = MetricBucket.member_id, MetricBucket.metric, MetricBucket.day, MetricBucket.value
    rows = db.session.execute(query.with_only_columns(*columns))
    return {(member_id, metric, day): value for member_id, metric, day, value in rows}


def next_members(after: int, most: int) -> list[int]:
    """Return the next customers who have, or had, anything to count."""
    query = select(Member.id).where(Member.id > after).order_by(Member.id).limit(most)
    return list(db.session.scalars(query))
