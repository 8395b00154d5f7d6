"""Roll-ups of clicks and sales, a piece a transaction; a job that is cut goes on where it was.

What changed is found without a word of the hot paths: messages by the transactions that wrote them,
deals by their events, clicks by their number in a day. A piece makes a day anew as one, so it may be
done twice, and late facts correct the days that they touch.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.extensions import db
from app.statistics.models import RollUp
from app.statistics.service import clicks, sales
from app.statistics.service import statements as say
from app.tenancy import current_tenant
from app.tenants.models import Tenant

if TYPE_CHECKING:
    from datetime import date

PATIENCE = timedelta(seconds=2)  # a piece that took longer gives the merchant's figures a rest
REST = 5  # so many times as long as it took


def step(*, rests: bool = True) -> bool:
    """Do one piece of the scope's roll-up; False when all is up to date, or another worker is at it.

    `rests`: keep the pauses that a merchant with long pieces is given; a command that is to end with
    everything counted does not.
    """
    zone = _zone()
    state = _held(zone)
    resting = state is not None and state.rest_until is not None and state.rest_until > clock.wall()
    if state is None or (rests and resting):
        return False
    several = sql.one(say.SEVERAL, {}).several
    if (state.zone, state.by_shop) != (zone, several) or _is_restored(state):
        state.by_shop = several
        forget(state, zone)
        return True
    began = clock.wall()
    worked = sales.work(state) or clicks.work(state)
    took = clock.wall() - began
    state.rest_until = (
        clock.wall() + REST * took if took > PATIENCE and not _behind(state) else None
    )
    if not worked:
        state.ready_at = clock.now()
    db.session.flush()
    return worked


def _is_restored(state: RollUp) -> bool:
    return bool(sql.one(say.OLDEST, {}).xid < state.message_xid)


def refresh(most: int = 10_000) -> int:
    """Do every piece there is, in the caller's transaction; return how many: for tests and commands."""
    done = 0
    while done < most and step(rests=False):
        done += 1
    return done


def forget(state: RollUp, zone: str) -> None:
    """Begin anew: after a change of the zone, a second shop, or a restore.

    Days whose clicks are gone keep their sums.
    """
    first = sql.one(say.FIRST_CLICK, {"since": clicks.start_of(clicks.EVER, zone)}).at
    day = first.astimezone(ZoneInfo(zone)).date() if first else clock.today(zone)
    for statement in say.FORGET_ALL:
        sql.send(statement, {})
    sql.send(say.FORGET_CLICKS_SINCE, {"day": day})
    sql.send(say.COUNT_ANEW, {})
    state.zone, state.deal_place, state.click_day = zone, 0, None
    _begin(state)


def _behind(state: RollUp) -> bool:
    """Whether a first reading, or one begun anew, is under way: that is not to rest."""
    today: date = clock.today(state.zone)
    return state.deal_place is not None or state.click_day is None or state.click_day < today


def _begin(state: RollUp) -> None:
    """Remember from where on changes are followed; all deals from before are read one after another."""
    state.message_xid = sql.one(say.OLDEST, {}).xid
    state.event_position = sql.one(say.FEED, {}).position
    db.session.flush()


def _held(zone: str) -> RollUp | None:
    made = insert(RollUp).values(
        tenant_id=current_tenant(), zone=zone, by_shop=sql.one(say.SEVERAL, {}).several
    )
    new = db.session.execute(made.on_conflict_do_nothing().returning(RollUp.tenant_id)).first()
    query = select(RollUp).where(RollUp.tenant_id == current_tenant())
    held = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    state = db.session.scalar(held)
    if new is not None and state is not None:
        _begin(state)
    return state


def _zone() -> str:
    query = select(Tenant.timezone).where(Tenant.id == current_tenant())
    return str(db.session.scalar(query))
