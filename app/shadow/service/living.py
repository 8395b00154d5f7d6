"""Go live: what was computed in the shadow is taken back by the one way in which anything is, then doors open."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flask_babel import gettext as _
from sqlalchemy import update

from app import clock
from app.bonuses import service as wallet
from app.bonuses.service import TakeBack
from app.errors import Conflict
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.intake import service as intake
from app.runs import service as runs
from app.runs.rules import OPEN, Step
from app.runs.service import Kind
from app.shadow import queries
from app.shadow.models import ShadowMonth
from app.shadow.queries import LATER, LIVE
from app.tenants import service as tenants
from app.tenants.queries import MERCHANT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.runs.models import Run

TOGETHER = 200
WAITING = 0  # in place of an order: there is nothing to do yet
PAUSE = 0.1  # seconds


def go_live() -> Run:
    """Let the program be live from this moment on: what was sold before, the former service settles.

    The moment is written down once and for all; everything booked for older orders is taken back in the
    background, and then payouts, bonuses and letters are free. Pressed again it goes on, and never
    begins anew. Raises Conflict before a shadow month began.
    """
    month = queries.month()
    if month is None:
        raise Conflict("not_begun", _("There is no shadow month yet."))
    mine = update(ShadowMonth).where(ShadowMonth.id == month.id, ShadowMonth.live_from.is_(None))
    now = clock.now()
    pressed = mine.values(live_from=now, live_by=actor()).returning(ShadowMonth.id)
    if db.session.scalar(pressed) is None:
        return _again()
    db.session.refresh(month)
    facts.found(MERCHANT, {"live_from": now.isoformat()}, actor(), since=month.started_at)
    record("shadow.going_live", f"shadow:{month.id}", live_from=now.isoformat())
    return runs.start(LIVE, {"until": now.isoformat()}, "apply")


def _again() -> Run:
    """Return the one going live that there is; one that stopped or failed goes on."""
    run = queries.latest(LIVE)
    if run is None:
        raise Conflict("not_now", _("This is not possible any more. Look at it again."))
    if run.standing in OPEN or run.standing == "done":
        return run
    return runs.resume(run, KINDS)


def _until(run: Run) -> datetime:
    return datetime.fromisoformat(run.parameters["until"])


def _count(run: Run) -> int:
    return queries.to_take_back(_until(run))


def _take(run: Run, cursor: int, most: int) -> Sequence[int]:
    """Return orders first, then bonuses that were given for none, numbered behind them.

    Before the first, whoever was booking as the button was pressed comes to his end: he may not have seen
    the moment, and what he books would stand for good.
    """
    if not cursor and not _all_have_seen(run):
        return [WAITING]
    if cursor < LATER:
        found = queries.booked_orders(_until(run), cursor, most)
        if found:
            return found
    lots = queries.loose_lots(_until(run), max(cursor - LATER, 0), most)
    return [LATER + lot for lot in lots]


def _all_have_seen(run: Run) -> bool:
    """Tell whether every transaction that was under way when this work began is over."""
    if "seen" not in run.parameters:
        run.parameters = {**run.parameters, "seen": queries.newest_under_way()}
    return queries.is_over(run.parameters["seen"])


def _apply(_run: Run, ids: Sequence[int]) -> Step:
    """Bring orders to what they are due now: nothing; and take back what rules gave for no order."""
    if ids[0] == WAITING:
        queries.pause(PAUSE)
        return Step(0, 0)
    if ids[0] < LATER:
        intake.rework(ids)
        return Step(ids[-1], len(ids), {"orders": len(ids)})
    lots = queries.standing_lots([each - LATER for each in ids])
    wallet.take_back(
        [
            TakeBack(
                reference=f"live:{lot.reference}", lot_reference=lot.reference, amount=lot.standing
            )
            for lot in lots
        ],
        quiet=True,
    )
    return Step(ids[-1], len(ids), {"lots": len(lots)})


class StillBooked(RuntimeError):
    """Something of the shadow could not be taken back: doors stay shut, and the work may be begun again."""


def _anew(run: Run, action: str) -> None:
    """Begin from the first again where something was passed over: what is done already books nothing."""
    if action == "resume" and run.applied.get("problems"):
        run.cursor, run.done, run.applied = 0, 0, {**run.applied, "problems": 0}
        db.session.flush()


def _ended(run: Run) -> None:
    """Open the doors. Raises StillBooked where something was passed over: else it would be paid."""
    if run.applied.get("problems"):
        msg = f"{run.applied['problems']} could not be taken back"
        raise StillBooked(msg)
    month = queries.month()
    if month is None:
        raise LookupError(run.kind)
    month.ended_at = clock.now()
    tenants.change_settings({"shadow": False})
    record("shadow.live", f"shadow:{month.id}", live_from=run.parameters["until"])


KINDS: dict[str, Kind] = {
    LIVE: Kind(_count, _take, apply=_apply, may=_anew, together=TOGETHER, ended=_ended)
}
