"""When runs prepare themselves, and the calendar by which their days move."""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import DomainError, FieldError
from app.events.service import record
from app.extensions import db
from app.payouts import queries as payout_queries
from app.payruns import queries
from app.payruns.models import PayDay, PayPlan
from app.payruns.rules import Calendar, Pays, Plan, due
from app.payruns.service.verbs import make, settle
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

EARLIEST = time(6)  # of the day of payment, in the merchant's zone
LONGEST_SPAN = 31  # days marked at once


def change_plan(
    plan: Plan, pays: Pays, *, weekend: Collection[int], second_above: int | None
) -> PayPlan:
    """Set when runs prepare themselves, which days of the week are off, and the limit of one person.

    `second_above` in minor units, None: no limit. Days that are past are not made up for. Raises
    DomainError for a day that the period does not have, or a week without a working day.
    """
    highest = 7 if plan.every == "week" else 31
    if not 1 <= plan.day <= highest:
        words = _("Between %(low)s and %(high)s.", low=1, high=highest)
        raise DomainError("invalid", words, FieldError("day", words))
    if len(set(weekend)) >= 7:
        words = _("Leave at least one working day in the week.")
        raise DomainError("invalid", words, FieldError("weekend", words))
    row = queries.plan()
    if row is None:
        row = PayPlan()
    row.every, row.day, row.shift, row.pays = plan.every, plan.day, plan.shift, pays.value
    row.weekend = "".join(str(day) for day in sorted(set(weekend)))
    row.second_above = second_above
    row.since = clock.today(queries.tenant().timezone)
    row.changed_at = clock.now()
    db.session.add(row)
    db.session.flush()
    record(
        "merchant.settings_changed",
        f"merchant:{current_tenant()}",
        pay_runs={"every": plan.every, "day": plan.day, "second_above": second_above},
    )
    return row


def mark_day(day: date) -> bool:
    """Turn a day over: a working one becomes a holiday, another one a working day; return which it is now."""
    works = not queries.calendar().works(day)
    mark_days(day, day, works=works)
    return works


def mark_days(first: date, last: date, *, works: bool, name: str = "") -> int:
    """Say of days that they are worked or not; where their day of the week says the same, nothing is kept.

    Raises DomainError for an end before the start, or too many at once.
    """
    number = (last - first).days + 1
    if not 1 <= number <= LONGEST_SPAN:
        words = _("From one to %(num)s days, the last not before the first.", num=LONGEST_SPAN)
        raise DomainError("invalid", words, FieldError("last", words))
    days = [first + timedelta(days=n) for n in range(number)]
    usual = Calendar(queries.calendar().weekend)
    db.session.execute(delete(PayDay).where(PayDay.day.in_(days)))
    rows = [
        {"day": day, "works": works, "name": name.strip()}
        for day in days
        if usual.works(day) is not works
    ]
    if rows:
        db.session.execute(insert(PayDay).values(rows).on_conflict_do_nothing())
    return number


def tick() -> None:
    """End the runs whose payouts are all over, and make the run whose day has come; it prepares itself.

    It never pays by itself: the money desk is told, and decides.
    """
    for run in queries.unfinished():
        settle(run)
    row = queries.plan()
    if row is None or row.every == "never" or queries.open_draft() is not None:
        return
    if payout_queries.by_platform():
        return
    zone = ZoneInfo(queries.tenant().timezone)
    local = clock.now().astimezone(zone)
    found = due(queries.rule_of(row), queries.calendar(row), row.since, local.date())
    if found is None or queries.has_run_for(found[0]):
        return
    if local.date() == found[1] and local.time() < EARLIEST:
        return
    make(Pays(row.pays), local.date(), planned_for=found[0], pay_on=found[1])
