"""Verbs on the ladder of ranks: what is asked, how customers rise and fall, and what a look found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import gettext as _
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock, sql
from app.errors import DomainError, FieldError
from app.events.models import Event
from app.events.service import Happened, actor, record, record_all
from app.extensions import db
from app.facts import service as facts
from app.ranks import queries
from app.ranks.models import Rank, RankCursor
from app.ranks.rules import METRICS, RESULTS, Move, Span
from app.ranks.rules.climbing import MOST_DEPTH, MOST_GRACE, MOST_WARNING
from app.ranks.rules.windows import MOST_DAYS
from app.tenancy import current_tenant, public_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.ranks.queries import Look
    from app.ranks.rules import Plan, Rung, Verdict

_GIVE = """
INSERT INTO rank_assignment (member_id, rank_id, pinned, source, at, why)
SELECT r.member_id, r.rank_id, false, r.source, %(at)s, r.why
FROM json_to_recordset(%(rows)s)
     AS r(member_id bigint, rank_id bigint, source text, why jsonb)
"""
# Who was told of a day stays told since then.
_HOLD = """
INSERT INTO rank_hold (member_id, rank_id, falls_on, look_on, told_at, lacks)
SELECT r.member_id, r.rank_id, r.falls_on, r.look_on, CASE WHEN r.told THEN %(now)s::timestamptz END, r.lacks
FROM json_to_recordset(%(rows)s) AS r(member_id bigint, rank_id bigint, falls_on date, look_on date,
                                      told boolean, lacks jsonb)
ON CONFLICT (tenant_id, member_id) DO UPDATE
SET rank_id = excluded.rank_id, falls_on = excluded.falls_on, look_on = excluded.look_on,
    lacks = excluded.lacks,
    told_at = CASE WHEN excluded.told_at IS NOT NULL THEN coalesce(rank_hold.told_at, excluded.told_at) END
"""


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


def settle(found: Sequence[tuple[Look, Verdict]]) -> None:
    """Keep what looks at locked customers found: ranks, warnings, the days of the next look; in sets."""
    names = {row.id: row.name for row in db.session.execute(select(Rank.id, Rank.name))}
    moved = [(look, said) for look, said in found if said.move in {Move.RISE, Move.FALL}]
    if moved:
        sql.send(_GIVE, {"rows": sql.recordset(map(_word, moved)), "at": clock.now()})
    happened = [_moved(look, said, names) for look, said in moved]
    happened += [_warned(look, said, names) for look, said in found if said.move is Move.WARN]
    record_all(happened)
    rows = [_hold(look, said) for look, said in found if not _nothing(look, said)]
    if rows:
        sql.send(_HOLD, {"rows": sql.recordset(rows), "now": clock.now()})


def _word(each: tuple[Look, Verdict]) -> dict[str, Any]:
    look, said = each
    why = {"move": said.move.value, "done": dict(said.done), "lacks": dict(said.lacks)}
    source = f"{RESULTS}{public_id('ra')}"
    return {"member_id": look.member_id, "rank_id": said.rank_id, "source": source, "why": why}


def _moved(look: Look, said: Verdict, names: Mapping[int, str]) -> Happened:
    facts = {
        "member_id": look.member_id,
        "rank": names.get(said.rank_id or 0),
        "before": names.get(look.rank_id or 0),
    }
    return Happened("rank.changed", f"member:{look.member_id}", facts)


def _warned(look: Look, said: Verdict, names: Mapping[int, str]) -> Happened:
    facts = {
        "member_id": look.member_id,
        "rank": names.get(said.rank_id or 0),
        "falls_on": said.falls_on.isoformat() if said.falls_on else None,
        "lacks": dict(said.lacks),
    }
    return Happened("rank.warned", f"member:{look.member_id}", facts)


def _hold(look: Look, said: Verdict) -> dict[str, Any]:
    return {
        "member_id": look.member_id,
        "rank_id": said.rank_id,
        "falls_on": said.falls_on.isoformat() if said.falls_on else None,
        "look_on": said.look_on.isoformat() if said.look_on else None,
        "told": said.told,
        "lacks": dict(said.lacks),
    }


def _nothing(look: Look, said: Verdict) -> bool:
    """Tell whether nothing was kept of a customer, and nothing is to be."""
    return not look.kept and said.rank_id is None and said.look_on is None


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
