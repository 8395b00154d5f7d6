"""Verbs on the ladder of ranks: what is asked, how customers rise and fall, and what a look found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import DomainError, FieldError
from app.events.models import Event
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.ranks import queries
from app.ranks.models import Rank, RankCursor, RankHold
from app.ranks.rules import METRICS, RESULTS, Move, Ranked, Span
from app.ranks.rules.climbing import MOST_DEPTH, MOST_GRACE, MOST_WARNING
from app.ranks.rules.windows import MOST_DAYS
from app.ranks.service.keeping import give
from app.tenancy import current_tenant, public_id

if TYPE_CHECKING:
    from app.ranks.queries import Look
    from app.ranks.rules import Plan, Rung, Verdict


def set_plan(plan: Plan) -> bool:
    """Put how customers rise and fall, from now on. Raises DomainError; False: so it was."""
    errors = []
    for name, value, most in (
        ("warning", plan.warning, MOST_WARNING),
        ("grace", plan.grace, MOST_GRACE),
    ):
        if not 0 <= value <= most:
            words = _("Between %(low)s and %(high)s days.", low=0, high=most)
            errors.append(FieldError(name, words))
    if errors:
        raise DomainError("invalid_plan", errors[0].message, *errors)
    before = queries.plan()
    if not facts.put("merchant", "ranks", plan.written(), actor=actor()):
        return False
    changes = {"ranks": [before.written(), plan.written()]}
    record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)
    look_anew()
    return True


def set_rung(rank: Rank, rung: Rung | None) -> bool:
    """Let a rank ask something, or (None) nothing more. Raises DomainError; False: so it was."""
    if rung is not None:
        _check(rung)
    owner = f"rank:{rank.id}"
    before = facts.current([owner], ["rule"]).get(owner, {}).get("rule")
    said = None if rung is None else rung.written()
    if said == before or not facts.put(owner, "rule", said, actor=actor()):
        return False
    changes = {"rule": [before, said]}
    record("rank.defined", owner, rank=rank.public_id, name=rank.name, changes=changes)
    look_anew()
    return True


def look_anew() -> None:
    """Let everybody be looked at again from the first: what is asked has changed."""
    values = {"place": 0, "counted": False}
    made = insert(RankCursor).values(tenant_id=current_tenant(), **values)
    db.session.execute(
        made.on_conflict_do_update(index_elements=["tenant_id"], set_=values)
    )  # fmt: skip
    db.session.flush()


def count_anew() -> None:
    """Let everybody be counted from the first once there are bonuses again."""
    mine = update(RankCursor).where(RankCursor.counted.is_(True))
    db.session.execute(mine.values(counted=False, place=0))


def cursor() -> RankCursor | None:
    """Hold how far customers were looked at; None while somebody else does."""
    newest = select(func.coalesce(func.max(Event.position), 0)).scalar_subquery()
    made = insert(RankCursor).values(tenant_id=current_tenant(), position=newest)
    db.session.execute(made.on_conflict_do_nothing())
    query = select(RankCursor).where(RankCursor.tenant_id == current_tenant())
    held = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.scalar(held)


def settle(look: Look, verdict: Verdict) -> bool:
    """Keep what a look at a locked customer found; tell whether he has another rank by it."""
    moved = verdict.move in {Move.RISE, Move.FALL}
    if moved:
        why = {"move": verdict.move.value, "done": verdict.done, "lacks": verdict.lacks}
        source = f"{RESULTS}{public_id('ra')}"
        give(look.member_id, Ranked(verdict.rank_id, clock.now(), source, why=why))
    if verdict.move is Move.WARN:
        _warn(look, verdict)
    _keep(look, verdict)
    return moved


def _warn(look: Look, verdict: Verdict) -> None:
    rank = db.session.scalar(select(Rank).where(Rank.id == verdict.rank_id))
    day = verdict.falls_on
    if rank is None or day is None:
        return
    record(
        "rank.warned",
        f"member:{look.member_id}",
        member_id=look.member_id,
        rank=rank.name,
        falls_on=day.isoformat(),
        lacks=dict(verdict.lacks),
    )


def _keep(look: Look, verdict: Verdict) -> None:
    now = clock.now() if verdict.told else None
    values: dict[str, Any] = {
        "rank_id": verdict.rank_id,
        "falls_on": verdict.falls_on,
        "look_on": verdict.look_on,
        "told_at": now,
        "lacks": dict(verdict.lacks),
    }
    if look.hold.told and verdict.told:
        values.pop("told_at")
    if (look.hold.rank_id, look.hold.falls_on, look.hold.told) == (None, None, False) and (
        verdict.rank_id,
        verdict.look_on,
    ) == (None, None):
        return
    made = insert(RankHold).values(member_id=look.member_id, **values)
    db.session.execute(
        made.on_conflict_do_update(index_elements=["tenant_id", "member_id"], set_=values)
    )


def _check(rung: Rung) -> None:
    errors = []
    if not rung.asks:
        errors.append(FieldError("orders", _("Say at least one condition.")))
    if any(value <= 0 for value in rung.asks.values()) or not set(rung.asks) <= set(METRICS):
        errors.append(FieldError("orders", _("A condition is above zero, or empty.")))
    if rung.window.span is Span.DAYS and not 1 <= (rung.window.days or 0) <= MOST_DAYS:
        words = _("Between %(low)s and %(high)s days.", low=1, high=MOST_DAYS)
        errors.append(FieldError("days", words))
    if not 1 <= rung.depth <= MOST_DEPTH:
        errors.append(FieldError("depth", _("A number from 1 to %(most)s.", most=MOST_DEPTH)))
    if errors:
        raise DomainError("invalid_rung", _("These conditions cannot stand."), *errors)
