"""Reads of pay runs: whom a batch is about, what came of it, the plan and its calendar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import and_, func, select

from app import clock, sql
from app.extensions import db
from app.identity.queries import people
from app.partners.models import Partner
from app.payouts.models import Payout, PayoutMethod
from app.payouts.queries import OPEN_STATES
from app.payruns.models import PayDay, PayLine, PayPlan, PayRun
from app.payruns.rules import Calendar, Plan, State
from app.tenancy import current_tenant
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Select

    from app.identity.models import Person

# Whoever has something available; with `asked` also whoever waits for a request of his.
_WHOM = """
    (EXISTS (SELECT 1 FROM balance b WHERE b.account = 'partner:' || p.id || ':available'
                 AND b.currency = %(currency)s AND b.balance > 0)
     OR %(asked)s AND EXISTS (SELECT 1 FROM payout o WHERE o.partner_id = p.id AND o.state = 'requested'))
"""
# Parts of our own, and no value among them.
_TAKE = (
    f"SELECT p.id FROM partner p WHERE p.id > %(cursor)s AND {_WHOM} ORDER BY p.id LIMIT %(most)s"  # noqa: S608
)
_COUNT = f"SELECT count(*) AS n FROM partner p WHERE {_WHOM}"  # noqa: S608
_LOOK = """
SELECT p.id, p.status, p.pays_blocked, p.details_for, p.details_usable_at, p.details_frozen_at,
       coalesce(a.balance, 0) AS available, coalesce(d.balance, 0) AS debt,
       coalesce(late.amount, 0)::bigint AS later,
       o.id AS payout_id, o.state AS payout_state, o.amount AS payout_amount, o.run_id AS payout_run,
       o.details IS NOT NULL AS payout_details
FROM unnest(%(ids)s::bigint[]) AS u(id)
JOIN partner p ON p.id = u.id
LEFT JOIN balance a ON a.account = 'partner:' || p.id || ':available' AND a.currency = %(currency)s
LEFT JOIN balance d ON d.account = 'partner:' || p.id || ':debt' AND d.currency = %(currency)s
LEFT JOIN payout o ON o.partner_id = p.id AND o.state = ANY(%(open)s)
LEFT JOIN (
    SELECT partner_id, sum(amount) AS amount FROM transfer
    WHERE partner_id = ANY(%(ids)s) AND at >= %(cutoff)s AND target LIKE 'partner:%%:available'
      AND kind <> 'payout_returned' GROUP BY partner_id
) late ON late.partner_id = p.id
ORDER BY p.id
"""

BETWEEN = timedelta(days=1)  # two reminders of missing details to one partner, whatever the run
# Looking anew forgets a run's lines; the event of the reminder stays.
UNREMINDED = """
    l.run_id = %(run)s AND l.amount >= 0 AND l.reason = 'no_details' AND NOT EXISTS (
        SELECT FROM event e WHERE e.subject = 'partner:' || l.partner_id AND e.type = 'pay_run.details_missing'
           AND (e.at > %(since)s OR e.facts->>'pay_run' = %(number)s))
"""
_UNREMINDED = f"SELECT count(*) AS n FROM pay_line l WHERE {UNREMINDED}"  # noqa: S608
# Who is in beyond doubt, as rules.judge has it (a test compares them): what became available by the cutoff,
# and the first of the usable methods. Whoever is not among these is judged one by one. Each row is found
# through its key, whatever the statistics say: the planner takes ten rows of an array it cannot see, and
# what is limited is not joined otherwise.
PLAIN = """
SELECT p.id AS partner_id, a.balance - coalesce(late.amount, 0) AS free, way.id AS method_id
FROM unnest((SELECT %(ids)s::bigint[])) AS u(id)
JOIN partner p ON p.id = u.id
CROSS JOIN LATERAL (
    SELECT balance FROM balance WHERE account = 'partner:' || p.id || ':available'
        AND currency = %(currency)s LIMIT 1) a
LEFT JOIN LATERAL (
    SELECT balance FROM balance WHERE account = 'partner:' || p.id || ':debt'
        AND currency = %(currency)s LIMIT 1) d ON true
LEFT JOIN LATERAL (
    SELECT o.id FROM payout o WHERE o.partner_id = p.id
        AND o.state in ('requested','approved','sending','unknown') LIMIT 1) o ON true
LEFT JOIN LATERAL (
    SELECT sum(amount)::bigint AS amount FROM transfer
    WHERE %(looks_back)s AND partner_id = p.id AND at >= %(cutoff)s
        AND target = 'partner:' || p.id || ':available' AND kind <> 'payout_returned') late ON true
CROSS JOIN LATERAL (
    SELECT w.id FROM unnest(%(codes)s::text[], %(methods)s::bigint[]) WITH ORDINALITY AS w(code, id, place)
    WHERE w.code = ANY(p.details_for) ORDER BY w.place LIMIT 1) way
WHERE %(unasked)s AND p.status = 'active' AND p.details_frozen_at IS NULL
  AND coalesce(p.details_usable_at, %(now)s) <= %(now)s AND o.id IS NULL
  AND coalesce(d.balance, 0) = 0 AND a.balance - coalesce(late.amount, 0) >= greatest(%(minimum)s, 1)
  AND p.id <> ALL(%(own)s::bigint[])
  AND p.id <> ALL(%(lacking)s::bigint[])
"""


def take(currency: str, cursor: int, most: int, *, asked: bool) -> list[int]:
    """Return the next partners a run looks at, in the order of their ids."""
    values = {"currency": currency, "cursor": cursor, "most": most, "asked": asked}
    return [row.id for row in sql.rows(_TAKE, values)]


def count(currency: str, *, asked: bool) -> int:
    """Return how many partners a run looks at."""
    return int(sql.one(_COUNT, {"currency": currency, "asked": asked}).n)


def standings(partner_ids: Sequence[int], currency: str, cutoff: datetime) -> list[Any]:
    """Return what decides on each partner, by rows named as in the statement; `later`: since the cutoff."""
    values = {"ids": list(partner_ids), "currency": currency, "cutoff": cutoff}
    return sql.rows(_LOOK, values | {"open": OPEN_STATES})


def find(public_id: str) -> PayRun | None:
    """Return a run by its outside id."""
    return db.session.scalar(select(PayRun).where(PayRun.public_id == public_id))


def by_id(number: int) -> PayRun:
    """Return a run that is known to be there."""
    return db.session.get_one(PayRun, (current_tenant(), number))


def listed() -> Select[Any]:
    """Return the statement of all runs."""
    return select(PayRun)


def unfinished() -> Sequence[PayRun]:
    """Return the runs that are being paid, oldest first."""
    query = select(PayRun).where(PayRun.state == State.PAYING.value).order_by(PayRun.id)
    return db.session.scalars(query).all()


def open_draft() -> PayRun | None:
    """Return the run that is being made, of which there is one at a time."""
    states = (State.DRAFT.value, State.PREPARING.value)
    return db.session.scalar(select(PayRun).where(PayRun.state.in_(states)))


def has_run_for(day: date) -> bool:
    """Whether the plan's day has its run."""
    return db.session.scalar(select(PayRun.id).where(PayRun.planned_for == day)) is not None


@dataclass(frozen=True)
class Sums:
    """What a run's lines come to: (how many, minor units), in all, by reason, and by the payout's state."""

    chosen: tuple[int, int]
    out: dict[str, tuple[int, int]]
    states: dict[str, tuple[int, int]]

    @property
    def left_out(self) -> tuple[int, int]:
        """All who are not paid."""
        return sum(n for n, _ in self.out.values()), sum(a for _, a in self.out.values())


def sums(run_id: int) -> Sums:
    """Count a run's lines: one statement."""
    state = Payout.state.label("state")
    query = (
        select(PayLine.reason, state, func.count(), func.sum(PayLine.amount))
        .join_from(
            PayLine,
            Payout,
            and_(Payout.tenant_id == PayLine.tenant_id, Payout.id == PayLine.payout_id),
            isouter=True,
        )
        .where(PayLine.run_id == run_id, PayLine.amount >= 0)
        .group_by(PayLine.reason, state)
    )
    count_in, total_in = 0, 0
    out: dict[str, tuple[int, int]] = {}
    states: dict[str, tuple[int, int]] = {}
    for reason, payout, number, amount in db.session.execute(query):
        pair = (number, int(amount))
        if reason is not None:
            known = out.get(reason, (0, 0))
            out[reason] = (known[0] + pair[0], known[1] + pair[1])
            continue
        count_in, total_in = count_in + pair[0], total_in + pair[1]
        if payout is not None:
            known = states.get(payout, (0, 0))
            states[payout] = (known[0] + pair[0], known[1] + pair[1])
    return Sums((count_in, total_in), dict(sorted(out.items())), states)


def lines(run_id: int) -> Select[Any]:
    """Return the statement of a run's lines with partner, payout and method."""
    found = (
        select(
            PayLine,
            Partner.refcode.label("refcode"),
            Partner.name.label("partner"),
            Payout.public_id.label("payout"),
            Payout.state.label("state"),
            Payout.reason.label("said"),
            PayoutMethod.name.label("method"),
        )
        .join(
            Partner, and_(Partner.tenant_id == PayLine.tenant_id, Partner.id == PayLine.partner_id)
        )
        .outerjoin(
            Payout, and_(Payout.tenant_id == PayLine.tenant_id, Payout.id == PayLine.payout_id)
        )
        .outerjoin(
            PayoutMethod,
            and_(PayoutMethod.tenant_id == Payout.tenant_id, PayoutMethod.id == Payout.method_id),
        )
        .where(PayLine.run_id == run_id, PayLine.amount >= 0)
    )
    return cast("Select[Any]", found)


def all_of(statement: Select[Any]) -> Sequence[Any]:
    """Return all rows of a statement of lines, for a file."""
    return db.session.execute(statement).all()


def without_details(run: PayRun) -> int:
    """Return how many of a run's partners lack details and may be reminded now."""
    return int(sql.one(_UNREMINDED, unreminded(run)).n)


def unreminded(run: PayRun) -> dict[str, Any]:
    """Return the values of UNREMINDED for a run."""
    return {"run": run.id, "number": run.public_id, "since": clock.now() - BETWEEN}


def payouts(run_id: int, states: Sequence[str]) -> list[int]:
    """Return a run's payouts that stand in one of these states."""
    query = select(Payout.id).where(Payout.run_id == run_id, Payout.state.in_(states))
    return list(db.session.scalars(query.order_by(Payout.id)))


def count_payouts(run_id: int, states: Sequence[str]) -> int:
    """Return how many of a run's payouts stand in one of these states."""
    query = select(func.count()).where(Payout.run_id == run_id, Payout.state.in_(states))
    return int(db.session.scalar(query) or 0)


def tenant() -> Tenant:
    """Return the merchant."""
    return db.session.get_one(Tenant, current_tenant())


def plan() -> PayPlan | None:
    """Return the merchant's plan, if one was set."""
    return db.session.scalar(select(PayPlan))


def rule_of(row: PayPlan | None) -> Plan:
    """Return the plan as the rules know it."""
    return Plan(row.every, row.day, row.shift) if row else Plan()


def calendar(row: PayPlan | None = None) -> Calendar:
    """Return which days are worked."""
    found = row or plan()
    weekend = frozenset(int(d) for d in found.weekend) if found else Calendar().weekend
    days = db.session.execute(select(PayDay.day, PayDay.works))
    return Calendar(weekend, {row.day: row.works for row in days})


def exceptions(year: int) -> Sequence[PayDay]:
    """Return the days of a year that are otherwise than their day of the week says."""
    query = select(PayDay).where(func.extract("year", PayDay.day) == year)
    return db.session.scalars(query.order_by(PayDay.day)).all()


def names(run: PayRun) -> dict[str, Person]:
    """Return the people who made, prepared and approved a run, by the actor's name."""
    actors = {run.made_by, run.prepared_by, run.first_approved_by, run.approved_by}
    ids = {int(a.partition(":")[2]) for a in actors if a and a.startswith("person:")}
    return {f"person:{number}": person for number, person in people(ids).items()}
