"""Looks of rules at events are kept with every answer for 180 days, and forgotten then."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.extensions import db
from app.profiles import queries
from app.profiles.models import RuleEvaluation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.profiles.rules import Applied, Run
    from app.profiles.rules.due import Published

KEPT = timedelta(days=180)


def keep(
    event_key: str,
    rules: Iterable[Published],
    runs: Iterable[Run],
    applied: Sequence[Applied],
    *,
    member_id: int | None = None,
    order_id: int | None = None,
) -> None:
    """Keep what each rule made of an event; a later look at the same event replaces the former one."""
    versions, now = {each.rule_id: each.version_id for each in rules}, clock.now()
    for run in runs:
        said = {
            "version_id": versions[run.rule_id],
            "member_id": member_id,
            "order_id": order_id,
            "matched": run.evaluation.matched,
            "trace": queries.trace_json(run.evaluation.trace),
            "effects": queries.effects_json(a for a in applied if a.rule == run.rule_id),
            "at": now,
        }
        row = insert(RuleEvaluation).values(event_key=event_key, rule_id=run.rule_id, **said)
        index = ["tenant_id", "event_key", "rule_id"]
        db.session.execute(row.on_conflict_do_update(index_elements=index, set_=said))


def forget() -> None:
    """Forget looks that are older than 180 days."""
    old = delete(RuleEvaluation).where(RuleEvaluation.at < clock.now() - KEPT)
    db.session.execute(old)
