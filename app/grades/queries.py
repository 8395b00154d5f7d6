"""Read the ladder of groups, what partners did, and who would move."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from app import clock, sql
from app.extensions import db
from app.facts import service as facts
from app.grades.models import GradeWarning
from app.grades.rules import (
    Measures,
    Move,
    Plan,
    Rung,
    Standing,
    judge,
    next_rung,
)
from app.partners.models import Partner
from app.partners.queries import levels_of
from app.programs import queries as programs
from app.programs.rules import over
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from app.grades.rules import Verdict
    from app.programs.models import Group

SHOWN = 200  # movers that a preview lists


@dataclass(frozen=True)
class Ladder:
    """The merchant's plan and rungs, the lowest first, and the groups' names."""

    plan: Plan
    rungs: list[Rung]
    names: Mapping[int, str]


@dataclass(frozen=True)
class Candidate:
    """A partner as a review finds him."""

    id: int
    name: str
    refcode: str
    standing: Standing


@dataclass(frozen=True)
class Preview:
    """Who would rise and who would be warned now: how many, and the first of them."""

    rises: int
    warnings: int
    movers: list[tuple[Candidate, Verdict]]


@dataclass(frozen=True)
class Step:
    """A rung as a partner sees it: what it gives by level, what it asks, and what is reached."""

    group: str
    levels: list[str | None]  # written rates
    days: int | None  # the window; None: this calendar month
    conditions: list[tuple[str, int, int]]  # name, done, asked


@dataclass(frozen=True)
class Progress:
    """How a partner stands on the ladder: his group, the next one, and how groups change."""

    here: Step | None
    above: Step | None
    own_rates: bool  # his card's rates stand above those of groups
    plan: Plan
    warning: GradeWarning | None
    pinned: bool

    @property
    def group(self) -> str | None:
        """The name of the group in which he is."""
        return self.here.group if self.here else None


def ladder() -> Ladder:
    """Return how partners move now."""
    groups = programs.all_groups()
    known = facts.current([f"group:{group.id}" for group in groups], ["rule"])
    rules = {g.id: known.get(f"group:{g.id}", {}).get("rule") for g in groups}
    rungs = [Rung(group_id=i, **rule) for i, rule in rules.items() if rule]
    plan = facts.current(["merchant"], ["grades"]).get("merchant", {}).get("grades")
    return Ladder(
        Plan.read(plan),
        sorted(rungs, key=lambda rung: (rung.place, rung.group_id)),
        {group.id: group.name for group in groups},
    )


def rung_of(group: Group) -> Rung | None:
    """Return what one group asks, if it is a rung."""
    return next((rung for rung in ladder().rungs if rung.group_id == group.id), None)


def sizes() -> dict[int, int]:
    """Return how many partners are in each group."""
    query = select(Partner.group_id, func.count()).where(Partner.group_id.is_not(None))
    found = db.session.execute(query.group_by(Partner.group_id))
    return {int(row[0] or 0): row[1] for row in found}


def is_pinned(partner_id: int) -> bool:
    """Return whether a partner stays where he is, whatever he does."""
    return bool(_pinned([partner_id]))


def open_warning(partner_id: int) -> GradeWarning | None:
    """Return the warning that stands against a partner."""
    query = select(GradeWarning).where(
        GradeWarning.partner_id == partner_id, GradeWarning.closed_at.is_(None)
    )
    return db.session.scalar(query)


def preview() -> Preview:
    """Return who would move if the ladder were switched on now, in a bounded number of statements."""
    found, on = ladder(), today()
    told = [
        (each, judge(each.standing, found.rungs, found.plan, on, review=True))
        for each in candidates(found, None)
    ]
    movers = [(each, v) for each, v in told if v.move in {Move.RISE, Move.WARN, Move.FALL}]
    rises = sum(1 for _, verdict in movers if verdict.move is Move.RISE)
    return Preview(rises, len(movers) - rises, movers[:SHOWN])


def progress(partner: Partner) -> Progress | None:
    """Return a partner's way to the next group; None where no ladder is on, or he is not on it."""
    found = ladder()
    if not found.plan.on or not found.rungs:
        return None
    if partner.group_id is not None and partner.group_id not in {r.group_id for r in found.rungs}:
        return None
    own = {rung.group_id: rung for rung in found.rungs}
    here, above = own.get(partner.group_id or 0), next_rung(found.rungs, partner.group_id)
    wanted = [rung for rung in (here, above) if rung]
    done = _measures(wanted, [partner.id], _windows(wanted)).get(partner.id, {})
    gives = _gives([rung.group_id for rung in wanted])

    def step(rung: Rung | None) -> Step | None:
        if rung is None:
            return None
        reached, name = done.get(rung.group_id, Measures()), found.names[rung.group_id]
        asked = [(n, getattr(reached, n), v) for n, v in rung.asks.items()]
        return Step(name, gives[rung.group_id], rung.days, asked)

    warning = open_warning(partner.id)
    return Progress(
        here=step(here),
        above=step(above),
        own_rates=any(levels_of([partner.id])[partner.id]),
        plan=found.plan,
        warning=warning if warning and warning.group_id == partner.group_id else None,
        pinned=is_pinned(partner.id),
    )


def _gives(group_ids: Sequence[int]) -> dict[int, list[str | None]]:
    """Return what each group earns by level: its own rates, and those of its terms below them."""
    groups = [group for group in map(programs.group_by_id, group_ids) if group]
    offers, base = programs.group_offers(group_ids), programs.base_terms()
    found = {}
    for group in groups:
        terms = programs.terms_by_id(group.terms_id) if group.terms_id else None
        held = terms if terms is not None and programs.is_open(terms, clock.now()) else base
        found[group.id] = over(offers[group.id][0], programs.conditions([held.id])[held.id].levels)
    return found


def today() -> date:
    """Return the merchant's day."""
    return clock.today(_zone())


def candidates(found: Ladder, ids: Collection[int] | None) -> list[Candidate]:
    """Return active partners who may move, with what they did; of `ids`, or of all.

    Asked for all, partners without a group who did nothing are left out: nothing can move them.
    """
    if not found.rungs:
        return []
    now, closed = _windows(found.rungs), _closed_month()
    done = _measures(found.rungs, ids, now)
    monthly = [rung for rung in found.rungs if rung.days is None]
    before = _measures(monthly, ids, {None: closed}) if monthly else {}
    rows = _partners(found.rungs, ids, {*done, *before})
    pinned = _pinned([row.id for row in rows])
    warned = _warned([row.id for row in rows])
    return [
        Candidate(
            row.id,
            row.name,
            row.refcode,
            Standing(
                group_id=row.group_id,
                now=done.get(row.id, {}),
                closed=before.get(row.id, {}),
                pinned=row.id in pinned,
                warned_until=warned.get((row.id, row.group_id)),
            ),
        )
        for row in rows
    ]


def batch(after: int, most: int) -> list[int]:
    """Return the next active partners' ids."""
    query = select(Partner.id).where(Partner.id > after, Partner.status == "active")
    return list(db.session.scalars(query.order_by(Partner.id).limit(most)))


_DONE = """
SELECT d.partner_id, count(*) AS orders, coalesce(sum(o.total), 0) AS turnover
FROM deal d JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
WHERE d.state = 'completed' AND d.partner_id IS NOT NULL
  AND d.created_at >= %(since)s AND d.created_at < %(until)s
  AND (%(ids)s::bigint[] IS NULL OR d.partner_id = ANY(%(ids)s))
GROUP BY d.partner_id
"""
_RECRUITS = """
SELECT e.sponsor_id AS partner_id, count(*) AS recruits
FROM sponsor_edge e JOIN partner p ON p.tenant_id = e.tenant_id AND p.id = e.partner_id
WHERE e.sponsor_id IS NOT NULL AND p.status = 'active'
  AND e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
  AND (%(ids)s::bigint[] IS NULL OR e.sponsor_id = ANY(%(ids)s))
GROUP BY e.sponsor_id
"""


def _measures(
    rungs: Iterable[Rung],
    ids: Collection[int] | None,
    windows: Mapping[int | None, tuple[datetime, datetime]],
) -> dict[int, dict[int, Measures]]:
    """Return {partner: {group: measures}}: a statement a window, and one for the first lines."""
    asked, wanted = list(rungs), None if ids is None else sorted(ids)
    recruits: dict[int, int] = {}
    if any(rung.recruits is not None for rung in asked):
        rows = sql.rows(_RECRUITS, {"now": clock.now(), "ids": wanted})
        recruits = {row.partner_id: row.recruits for row in rows}
    found: dict[int, dict[int, Measures]] = defaultdict(dict)
    for days, (since, until) in windows.items():
        rows = sql.rows(_DONE, {"since": since, "until": until, "ids": wanted})
        done = {row.partner_id: (int(row.turnover), row.orders) for row in rows}
        for rung in (each for each in asked if each.days == days):
            for partner in {*done, *recruits}:
                turnover, orders = done.get(partner, (0, 0))
                measures = Measures(turnover, orders, recruits.get(partner, 0))
                found[partner][rung.group_id] = measures
    return found


def _windows(rungs: Iterable[Rung]) -> dict[int | None, tuple[datetime, datetime]]:
    now = clock.now()
    month = _month_start(today())
    return {
        rung.days: (month if rung.days is None else now - timedelta(days=rung.days), now)
        for rung in rungs
    }


def _closed_month() -> tuple[datetime, datetime]:
    first = today().replace(day=1)
    return _month_start(first - timedelta(days=1)), _month_start(first)


def _month_start(day: date) -> datetime:
    return datetime.combine(day.replace(day=1), time(), tzinfo=ZoneInfo(_zone()))


def _zone() -> str:
    tenant = tenants.tenant(current_tenant())
    return tenant.timezone if tenant else "UTC"


def _partners(
    rungs: Sequence[Rung], ids: Collection[int] | None, active: Collection[int]
) -> Sequence[Any]:
    query = select(Partner.id, Partner.name, Partner.refcode, Partner.group_id)
    query = query.where(Partner.status == "active").order_by(Partner.id)
    if ids is not None:
        return db.session.execute(query.where(Partner.id.in_(ids))).all()
    groups = [rung.group_id for rung in rungs]
    grouped = db.session.execute(query.where(Partner.group_id.in_(groups))).all()
    others = query.where(Partner.group_id.is_(None), Partner.id == func.any(sorted(active)))
    return [*grouped, *db.session.execute(others).all()] if active else grouped


def _pinned(ids: Collection[int]) -> set[int]:
    known = facts.current([f"partner:{i}" for i in ids], ["pinned"]) if ids else {}
    return {int(owner.partition(":")[2]) for owner, said in known.items() if said.get("pinned")}


def _warned(ids: Collection[int]) -> dict[tuple[int, int], date]:
    if not ids:
        return {}
    query = select(GradeWarning).where(
        GradeWarning.partner_id.in_(ids), GradeWarning.closed_at.is_(None)
    )
    return {(w.partner_id, w.group_id): w.falls_on for w in db.session.scalars(query)}
