"""What happens with money between two days: of one partner, or of all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select, text

from app import clock, crypto
from app.calendars.models import CalendarFeed
from app.calendars.rules import Item, Kind, estimate
from app.commissions.models import Deal, Share
from app.extensions import db
from app.ledger.models import Balance
from app.ledger.rules import available
from app.payouts import queries as payouts
from app.payouts.models import Payout
from app.payruns import queries as payruns
from app.payruns.models import PayRun
from app.payruns.rules import upcoming

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.tenants.models import Tenant

MOST_RUNS = 200  # of a plan: weekly for as far as the page goes
_PENDING = text("share.bucket IN ('pending', 'expected') AND share.amount > 0")


def items(tenant: Tenant, first: date, last: date, partner_id: int | None = None) -> list[Item]:
    """Return what becomes free, was paid and is planned from `first` to `last`, days of the merchant's zone."""
    free = maturing(tenant, partner_id)
    inside = [
        Item(day, Kind.FREE, amount, count)
        for day, (amount, count) in sorted(free.items())
        if first <= day <= last
    ]
    today = clock.today(tenant.timezone)
    runs = [day for day in planned(today, last) if day >= today]
    expected = estimate(
        runs, _available(partner_id), {day: amount for day, (amount, _count) in free.items()}
    )
    return [
        *inside,
        *(item for item in expected if first <= item.day <= last),
        *_paid(tenant, first, last, partner_id),
    ]


def maturing(tenant: Tenant, partner_id: int | None = None) -> dict[date, tuple[int, int]]:
    """Return {day: (sum in minor units, of how many orders)} of what is on hold with a day."""
    day = func.date(func.timezone(tenant.timezone, Deal.matures_at)).label("day")
    orders = func.count(func.distinct(Share.order_id))
    query = (
        select(day, func.sum(Share.amount), orders)
        .select_from(Share)
        .join(Deal, and_(Deal.tenant_id == Share.tenant_id, Deal.order_id == Share.order_id))
        .where(_PENDING, Share.bucket == "pending", Deal.matures_at.is_not(None))
        .group_by(day)
    )
    if partner_id is not None:
        query = query.where(Share.partner_id == partner_id)
    return {on: (int(total), count) for on, total, count in db.session.execute(query)}


def _paid(tenant: Tenant, first: date, last: date, partner_id: int | None) -> list[Item]:
    zone = ZoneInfo(tenant.timezone)
    day = func.date(func.timezone(tenant.timezone, Payout.ended_at)).label("day")
    net = Payout.amount - Payout.fee - Payout.withheld
    query = (
        select(day, func.sum(net), func.count())
        .where(
            Payout.state == "paid",
            Payout.ended_at >= datetime.combine(first, time(), zone),
            Payout.ended_at < datetime.combine(last + timedelta(days=1), time(), zone),
        )
        .group_by(day)
        .order_by(day)
    )
    if partner_id is not None:
        query = query.where(Payout.partner_id == partner_id)
    rows = db.session.execute(query)
    return [Item(on, Kind.PAID, int(total), count) for on, total, count in rows]


def _available(partner_id: int | None) -> int:
    query = select(func.coalesce(func.sum(Balance.balance), 0))
    if partner_id is None:
        query = query.where(Balance.account.like("partner:%:available"))
    else:
        query = query.where(Balance.account == available(partner_id))
    return int(db.session.scalar(query) or 0)


def planned(today: date, until: date) -> Sequence[date]:
    """Return the days up to one on which partners are paid: of runs that are made and not over, and by plan.

    A day of the plan that has its run already, be it cancelled, is not planned once more; where the
    platform pays by itself there is no plan.
    """
    query = select(PayRun.pay_on).where(
        PayRun.state.not_in(("done", "cancelling", "cancelled")), PayRun.pay_on <= until
    )
    made = db.session.scalars(query).all()
    plan = payruns.plan()
    if plan is None or payouts.by_platform():
        return sorted(made)
    had = set(db.session.scalars(select(PayRun.planned_for).where(PayRun.planned_for.is_not(None))))
    coming = upcoming(payruns.rule_of(plan), payruns.calendar(plan), today, MOST_RUNS)
    return sorted([*made, *(on for day, on in coming if on <= until and day not in had)])


def feed(owner: str) -> CalendarFeed | None:
    """Return the address that a reader has, if there is one."""
    query = select(CalendarFeed).where(
        CalendarFeed.owner == owner, CalendarFeed.revoked_at.is_(None)
    )
    return db.session.scalar(query)


def by_token(token: str) -> CalendarFeed | None:
    """Return the feed at a secret address, while it holds."""
    mine: Any = CalendarFeed.token_hash == crypto.digest(token)
    return db.session.scalar(select(CalendarFeed).where(mine, CalendarFeed.revoked_at.is_(None)))
