"""Count the clicks of days: those that have ended once, the running one whenever there are more."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app import clock, sql
from app.attribution.queries import machines_among
from app.extensions import db
from app.statistics.models import RollUp
from app.statistics.service import statements as say
from app.tenancy import current_tenant

EVER = date(2000, 1, 1)
SETTLED = timedelta(minutes=10)  # so long after its end a day may still get clicks
DAY = timedelta(days=1)


def work(state: RollUp) -> bool:
    """Count one day of the scope that needs it; False when none does."""
    late = [row.day for row in sql.rows(say.LATE_DAYS, {})]
    for day in late:
        if state.click_day is not None and day < state.click_day:
            count(day, state)
    if late:
        return True
    now = clock.now().astimezone(ZoneInfo(state.zone))
    if state.click_day is None or state.click_day < (now - SETTLED).date():
        return _settle_next(state, (now - SETTLED).date())
    day = state.click_day
    while day <= now.date():
        if _number(day, state.zone) != _seen(day):
            count(day, state)
            return True
        day += DAY
    return False


def _settle_next(state: RollUp, today: date) -> bool:
    """Count the next day that has ended, days without clicks passed over."""
    after = state.click_day or EVER
    first = sql.one(say.FIRST_CLICK, {"since": start_of(after, state.zone)}).at
    day = first.astimezone(ZoneInfo(state.zone)).date() if first else today
    if day < today:
        count(day, state)
        day += DAY
    state.click_day = min(day, today)
    return True


def verify() -> None:
    """Compare each counted day with its clicks, and have those that differ counted again."""
    state = db.session.get(RollUp, current_tenant())
    if state is not None and state.click_day is not None:
        sql.send(say.MISSED, {"zone": state.zone, "before": state.click_day})


def count(day: date, state: RollUp) -> None:
    """Count a day's clicks anew, and move the figures of partners along."""
    zone = state.zone
    span = {"since": start_of(day, zone), "until": start_of(day + DAY, zone)}
    machines = machines_among(row.agent for row in sql.rows(say.AGENTS, span))
    values = {**span, "day": day, "zone": zone, "machines": machines}
    values["several"] = state.by_shop
    sql.send(say.MOVE_CLICKS, {"day": day, "sign": -1})
    sql.send(say.FORGET_CLICKS, {"day": day})
    sql.send(say.CLICKS, values)
    sql.send(say.MOVE_CLICKS, {"day": day, "sign": 1})
    sql.send(say.CLICK_DAY, {"day": day, "seen": _number(day, zone)})


def start_of(day: date, zone: str) -> datetime:
    """Return the moment at which a day begins in a zone."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def _number(day: date, zone: str) -> int:
    span = {"since": start_of(day, zone), "until": start_of(day + DAY, zone)}
    return int(sql.one(say.COUNT_CLICKS, span).n)


def _seen(day: date) -> int:
    row = sql.one(say.SEEN, {"day": day})
    return int(row.seen) if row else 0
