"""Reads of plans, of what a month used, and of invoices."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from app import clock, sql
from app.errors import NotFound
from app.extensions import db
from app.facts import service as facts
from app.members.models import Member
from app.tariffs import rules
from app.tariffs.models import TariffInvoice, TariffLine, TariffPlan
from app.tariffs.rules import Bar, Day, Line, Plan
from app.tenancy import PLATFORM, current_tenant, role, tenant_scope
from app.tenants import queries as tenants
from app.tenants.models import Connection, Shop, Tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Select

    from app.facts.rules import Timeline

PLATFORM_OWNER, SWITCH = (
    "platform",
    "tariffs",
)  # the fact that says whether there are tariffs at all
OWNER = "tariff"  # of a merchant's own facts
PLAN, TILLS, TRIAL = "plan", "tills", "trial"
OWN_CHANNEL = "postback"  # every shop has it; it is no integration

# An order counts in the month in which it first came: that never changes afterwards. `created_at` only
# leaves out history that was moved in, and lets the list's index be used.
_RECEIPTS = """
SELECT (o.received_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS all,
       count(*) FILTER (WHERE o.state NOT IN ('cancelled', 'refunded')) AS standing
FROM orders o JOIN member m ON m.id = o.member_id AND m.key LIKE 'id:%%'
WHERE o.created_at >= %(start)s::timestamptz - %(history)s::interval
  AND o.created_at < %(end)s::timestamptz + interval '1 day'
  AND o.received_at >= %(start)s AND o.received_at < %(end)s
  AND o.received_at - o.created_at < %(history)s::interval AND o.hidden_at IS NULL
GROUP BY 1
"""


@dataclass(frozen=True)
class Version:
    """What a plan says from an instant on."""

    since: datetime
    plan: Plan
    offered: bool


@dataclass(frozen=True)
class Usage:
    """What a merchant has, against what the plan allows."""

    receipts: int
    members: int
    shops: int
    tills: int
    integrations: int

    def bars(self, plan: Plan, free: int) -> list[Bar]:
        """Return the bars against the limits; `free`: receipts of the month that cost nothing."""
        return [
            Bar("receipts", self.receipts, free),
            Bar("members", self.members, plan.members),
            Bar("tills", self.tills, plan.tills),
            Bar("shops", self.shops, plan.shops),
        ]


def is_on() -> bool:
    """Tell whether this installation has tariffs at all."""
    with tenant_scope(PLATFORM):
        found = facts.current([PLATFORM_OWNER], [SWITCH], at=clock.wall())
    return bool(found.get(PLATFORM_OWNER, {}).get(SWITCH))


def versions() -> dict[str, list[Version]]:
    """Return every plan's dated rows, oldest first, from any scope."""
    found: dict[str, list[Version]] = defaultdict(list)
    with tenant_scope(PLATFORM):
        query = select(TariffPlan).order_by(TariffPlan.code, TariffPlan.since, TariffPlan.id)
        for row in db.session.scalars(query):
            found[row.code].append(Version(row.since, Plan.of(row.terms), row.offered))
    return dict(found)


def at(known: Sequence[Version], instant: datetime) -> Version:
    """Return what a plan says at an instant; before its first row, what that one says."""
    return next((v for v in reversed(known) if v.since <= instant), known[0])


def plans(now: datetime | None = None) -> list[Version]:
    """Return every plan as it is now."""
    return [at(known, now or clock.now()) for known in versions().values()]


def offers(currency: str) -> list[Plan]:
    """Return the plans that a merchant of this currency may choose."""
    return [v.plan for v in plans() if v.offered and v.plan.currency == currency]


def merchant() -> Tenant:
    """Return the merchant in scope."""
    found = tenants.tenant(current_tenant())
    if found is None:
        raise NotFound
    return found


def plan_now() -> Plan | None:
    """Return the plan of the merchant in scope, as it is now."""
    code = merchant().plan
    known = versions().get(code or "")
    return at(known, clock.now()).plan if known else None


def state() -> rules.State:
    """Return how the merchant in scope stands."""
    here = merchant()
    if not is_on() or here.twin_of is not None:
        return rules.State.FREE
    return rules.state(clock.now(), here.trial_until, here.plan, here.unpaid_due)


def tills() -> int:
    """Return how many tills the merchant in scope has now, as the slice of tills said last."""
    found: int | None = facts.current([OWNER], [TILLS]).get(OWNER, {}).get(TILLS)
    return found or 0


def month(first: date, until: datetime | None = None) -> list[Day]:
    """Return the days of a month of the merchant in scope, up to an instant; days to come are left out."""
    zone, known = merchant().timezone, versions()
    said = facts.history([OWNER])
    days, receipts, found = rules.days_of(first), _receipts(first, zone), []
    links = _integrations()
    for day in days:
        start, end = rules.midnight(day, zone), rules.midnight(day + timedelta(days=1), zone)
        if until is not None and start >= until:
            break
        last = end - timedelta(microseconds=1)
        plan = _plan_of(said, known, start, last)
        every, standing = receipts.get(day, (0, 0))
        found.append(
            Day(
                plan,
                tills=_most(said.get((OWNER, TILLS)), start, last),
                integrations=len(
                    {who for who, a, z in links if a <= last and (not z or z > start)}
                ),
                receipts=every if plan is not None and plan.cancelled else standing,
            )
        )
    return found


def _plan_of(
    said: dict[tuple[str, str], Timeline[Any]],
    known: dict[str, list[Version]],
    start: datetime,
    last: datetime,
) -> Plan | None:
    """Return the plan that a day is charged by: none on a day of the trial as it was said then."""
    trial = said.get((OWNER, TRIAL))
    until = trial.at(last) if trial else None
    if until is not None and start < datetime.fromisoformat(until):
        return None
    chosen = said.get((OWNER, PLAN))
    code = chosen.at(last) if chosen else None
    return at(known[code], last).plan if code in known else None


def _most(said: Timeline[Any] | None, start: datetime, last: datetime) -> int:
    """Return the most that a number was in a day."""
    if said is None:
        return 0
    found: list[int] = [said.at(start)]
    found += [value for since, value in said.rows if start < since <= last]
    return max(found)


def _integrations() -> list[tuple[tuple[int, str], datetime, datetime | None]]:
    query = select(Connection).where(Connection.kind != OWN_CHANNEL)
    return [((c.shop_id, c.kind), c.created_at, c.disabled_at) for c in db.session.scalars(query)]


def _receipts(first: date, zone: str) -> dict[date, tuple[int, int]]:
    """Return {day: (receipts with a customer, those of them that stand)} of a month."""
    values = {
        "zone": zone,
        "start": rules.midnight(first, zone),
        "end": rules.midnight(rules.next_month(first), zone),
        "history": rules.HISTORY,
    }
    return {row.day: (row.all, row.standing) for row in sql.rows(_RECEIPTS, values)}


def usage(days: Sequence[Day]) -> Usage:
    """Return what the merchant has now, and the receipts of these days."""
    members = select(func.count()).where(Member.key.like("id:%"))
    today = days[-1] if days else Day(None)
    return Usage(
        receipts=sum(day.receipts for day in days),
        members=db.session.scalar(members) or 0,
        shops=db.session.scalar(select(func.count(Shop.id))) or 0,
        tills=today.tills,
        integrations=today.integrations,
    )


def charged_since(zone: str) -> date | None:
    """Return the first day on which the merchant had a plan, or None."""
    said = facts.history([OWNER], [PLAN]).get((OWNER, PLAN))
    starts = [since for since, code in said.rows if code is not None] if said else []
    return clock.day_of(starts[0], zone) if starts else None


def invoices() -> Sequence[TariffInvoice]:
    """Return the merchant's invoices, newest month first."""
    return db.session.scalars(select(TariffInvoice).order_by(TariffInvoice.month.desc())).all()


def all_invoices() -> Select[tuple[TariffInvoice]]:
    """Return the statement of the merchant's invoices."""
    return select(TariffInvoice)


def invoice(public_id: str) -> TariffInvoice | None:
    """Return one of the merchant's invoices by its outside id."""
    if "\x00" in public_id:
        return None
    return db.session.scalar(select(TariffInvoice).where(TariffInvoice.public_id == public_id))


def of_month(first: date) -> TariffInvoice | None:
    """Return the invoice of a month."""
    return db.session.scalar(select(TariffInvoice).where(TariffInvoice.month == first))


def unpaid() -> Sequence[TariffInvoice]:
    """Return the merchant's unpaid invoices, oldest first."""
    query = select(TariffInvoice).where(TariffInvoice.state == rules.InvoiceState.OPEN.value)
    return db.session.scalars(query.order_by(TariffInvoice.month)).all()


def lines(invoice_id: int) -> list[Line]:
    """Return the lines of an invoice in their order."""
    query = select(TariffLine).where(TariffLine.invoice_id == invoice_id).order_by(TariffLine.n)
    return [
        Line(e.item, e.plan, e.quantity, e.days, e.price, e.amount, e.about)
        for e in db.session.scalars(query)
    ]


def under_tariffs() -> Sequence[int]:
    """Return the merchants who are or were under a tariff; asked outside any scope."""
    query = select(Tenant.id).where(
        Tenant.twin_of.is_(None),
        Tenant.plan.is_not(None)
        | Tenant.trial_until.is_not(None)
        | Tenant.unpaid_due.is_not(None)
        | Tenant.stopped_at.is_not(None),
    )
    return db.session.scalars(query.order_by(Tenant.id)).all()


def owed(ids: Iterable[int]) -> dict[int, int]:
    """Return {merchant: what is unpaid, minor units}; under the list role."""
    query = (
        select(TariffInvoice.tenant_id, func.sum(TariffInvoice.total - TariffInvoice.credited))
        .where(
            TariffInvoice.tenant_id.in_(set(ids)),
            TariffInvoice.state == rules.InvoiceState.OPEN.value,
        )
        .group_by(TariffInvoice.tenant_id)
    )
    with role("partnerka_list"):
        return {row[0]: int(row[1]) for row in db.session.execute(query)}
