"""Verbs on the ladder: its rules, who is pinned, and the moves; each move is a dated fact and an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.errors import DomainError, FieldError
from app.events.models import Event
from app.events.service import acting_as, actor, record
from app.extensions import db
from app.facts import service as facts
from app.grades import queries
from app.grades.models import GradeCursor, GradeWarning
from app.grades.rules import (
    MOST_DAYS,
    MOST_RUNGS,
    MOST_WARNING,
    Move,
    Plan,
    Rung,
    Verdict,
    judge,
    review_came,
)
from app.partners.models import Partner
from app.programs.service import currency
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from collections.abc import Collection

    from app.grades.queries import Candidate, Ladder
    from app.programs.models import Group

BATCH = 2_000
EVENTS = 500
# After these a partner may have reached the next rung.
TELLING = ("deal.created", "deal.changed", "partner.recruited", "partner.approved")
AT_ONCE = frozenset({Move.RISE, Move.SAVE})


def set_plan(plan: Plan) -> bool:
    """Put how partners move, from now on. Raises DomainError; False: so it was."""
    if not 1 <= plan.warning <= MOST_WARNING:
        words = _("Between %(low)s and %(high)s days.", low=1, high=MOST_WARNING)
        raise DomainError("invalid_warning", words, FieldError("warning", words))
    before = queries.ladder().plan
    if not facts.put("merchant", "grades", plan.written(), actor=actor()):
        return False
    changes = {"grades": [before.written(), plan.written()]}
    record("merchant.settings_changed", f"merchant:{current_tenant()}", changes=changes)
    db.session.flush()
    return True


def set_rung(group: Group, rung: Rung | None) -> bool:
    """Let a group be a rung that asks something, or (None) take it off the ladder. Raises DomainError."""
    if rung is not None:
        _check(rung)
    owner = f"group:{group.id}"
    before = facts.current([owner], ["rule"]).get(owner, {}).get("rule")
    said = None if rung is None else _stored(rung)
    if said == before or not facts.put(owner, "rule", said, actor=actor()):
        return False
    record("group.changed", owner, name=group.name, changes={"rule": [before, said]})
    db.session.flush()
    return True


def pin(partner: Partner, *, on: bool) -> bool:
    """Let a partner stay in his group whatever he does, or be moved again. False: so it was."""
    if queries.is_pinned(partner.id) == on:
        return False
    facts.put(f"partner:{partner.id}", "pinned", on, actor=actor())
    record(
        "partner.changed",
        f"partner:{partner.id}",
        partner_id=partner.id,
        name=partner.name,
        changes={"pinned": [not on, on]},
    )
    db.session.flush()
    return True


def step() -> bool:
    """Do one piece of the scope's moves; False when nothing is left to look at now.

    Once a day everybody is looked at: rises, warnings, falls. In between, where rises are at once,
    those whom an event concerns. Cut anywhere it goes on; done twice it changes nothing.
    """
    found = queries.ladder()
    if not found.plan.on or not found.rungs:
        return False
    cursor = _held()
    if cursor is None:
        return False
    with acting_as("system"):
        if cursor.reviewed_on is None or cursor.reviewed_on < queries.today():
            return _review(cursor, found)
        return found.plan.at_once and _catch_up(cursor, found)


def _held() -> GradeCursor | None:
    newest = select(func.coalesce(func.max(Event.position), 0)).scalar_subquery()
    made = insert(GradeCursor).values(tenant_id=current_tenant(), position=newest)
    db.session.execute(made.on_conflict_do_nothing())
    query = select(GradeCursor).where(GradeCursor.tenant_id == current_tenant())
    held = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return db.session.scalar(held)


def _review(cursor: GradeCursor, found: Ladder) -> bool:
    today = queries.today()
    came = review_came(cursor.reviewed_on, today, found.plan.review)
    ids = queries.batch(cursor.place, BATCH)
    for each in queries.candidates(found, ids) if ids else ():
        _do(found, each, judge(each.standing, found.rungs, found.plan, today, review=came))
    if len(ids) < BATCH:
        cursor.reviewed_on, cursor.place = today, 0
    else:
        cursor.place = ids[-1]
    db.session.flush()
    return True


def _catch_up(cursor: GradeCursor, found: Ladder) -> bool:
    query = select(Event.position, Event.type, Event.facts).where(Event.position > cursor.position)
    rows = db.session.execute(query.order_by(Event.position).limit(EVENTS)).all()
    if not rows:
        return False
    cursor.position = rows[-1].position
    rise(found, {r.facts["partner_id"] for r in rows if r.type in TELLING and _names(r.facts)})
    db.session.flush()
    return len(rows) == EVENTS


def _names(said: dict[str, Any]) -> bool:
    return isinstance(said.get("partner_id"), int)


def rise(found: Ladder, ids: Collection[int]) -> None:
    """Let those of the partners rise who have earned it, and end warnings that are made up for."""
    for each in queries.candidates(found, ids) if ids else ():
        verdict = judge(each.standing, found.rungs, found.plan, queries.today(), review=False)
        if verdict.move in AT_ONCE:
            _do(found, each, verdict)


def _do(found: Ladder, each: Candidate, verdict: Verdict) -> None:
    if verdict.move in {Move.RISE, Move.FALL}:
        _move(found, each, verdict)
    elif verdict.move is Move.SAVE:
        _close(each.id, "saved")
    elif verdict.move is Move.WARN:
        _warn(found, each, verdict)


def _move(found: Ladder, each: Candidate, verdict: Verdict) -> None:
    before, after = each.standing.group_id, verdict.group_id
    moved = (
        update(Partner)
        .where(Partner.id == each.id, Partner.group_id.is_not_distinct_from(before))
        .values(group_id=after)
        .returning(Partner.id)
    )
    if db.session.scalar(moved) is None:
        return  # somebody moved him meanwhile: that word stands
    facts.put(f"partner:{each.id}", "group", after, actor=actor())
    _close(each.id, "fell" if verdict.move is Move.FALL else "saved")
    reached = each.standing.now.get(after or 0) or each.standing.closed.get(after or 0)
    record(
        "partner.group_moved",
        f"partner:{each.id}",
        partner_id=each.id,
        name=each.name,
        move=verdict.move.value,
        changes={"group": [found.names.get(before or 0), found.names.get(after or 0)]},
        done={n: getattr(reached, n) for n in ("turnover", "orders", "recruits")}
        if reached and verdict.move is Move.RISE
        else {},
        short=dict(verdict.short),
        currency=currency(),
    )


def _warn(found: Ladder, each: Candidate, verdict: Verdict) -> None:
    if verdict.falls_on is None or verdict.group_id is None:
        return
    _close(each.id, "void")  # a warning about a group in which he is no longer
    db.session.add(
        GradeWarning(
            partner_id=each.id,
            group_id=verdict.group_id,
            falls_on=verdict.falls_on,
            short=dict(verdict.short),
            told_at=clock.now(),
            closed_at=None,
            outcome=None,
        )
    )
    record(
        "partner.group_warned",
        f"partner:{each.id}",
        partner_id=each.id,
        name=each.name,
        group=found.names.get(verdict.group_id),
        falls_on=verdict.falls_on.isoformat(),
        short=dict(verdict.short),
        currency=currency(),
    )


def _close(partner_id: int, outcome: str) -> None:
    standing = (GradeWarning.partner_id == partner_id, GradeWarning.closed_at.is_(None))
    values = {"closed_at": clock.now(), "outcome": outcome}
    db.session.execute(update(GradeWarning).where(*standing).values(**values))


def _stored(rung: Rung) -> dict[str, Any]:
    names = ("place", "days", "turnover", "orders", "recruits")
    return {name: getattr(rung, name) for name in names}


def _check(rung: Rung) -> None:
    errors = []
    if not rung.asks:
        errors.append(FieldError("turnover", _("Say at least one condition.")))
    if any(value <= 0 for value in rung.asks.values()):
        errors.append(FieldError("turnover", _("A condition is above zero, or empty.")))
    if rung.days is not None and not 1 <= rung.days <= MOST_DAYS:
        words = _("Between %(low)s and %(high)s days.", low=1, high=MOST_DAYS)
        errors.append(FieldError("days", words))
    if not 1 <= rung.place <= MOST_RUNGS:
        words = _("A number from 1 to %(most)s.", most=MOST_RUNGS)
        errors.append(FieldError("place", words))
    taken = [r for r in queries.ladder().rungs if r.place == rung.place]
    if any(r.group_id != rung.group_id for r in taken):
        errors.append(FieldError("place", _("Another group has this place.")))
    if errors:
        raise DomainError("invalid_rung", _("These conditions cannot stand."), *errors)
