"""Rules as they were published at any moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from app import clock
from app.extensions import db
from app.facts import service as facts
from app.profiles.models import ProfileRule, RuleVersion
from app.profiles.rules import leaves, parse
from app.profiles.rules.due import Published
from app.profiles.rules.shape import trees
from app.tenancy import role

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from app.facts.rules import Timeline

_WITH = text(
    "SELECT DISTINCT tenant_id FROM rule_version WHERE body ->> 'trigger' = :trigger ORDER BY 1"
)


def owner(rule_id: int) -> str:
    """Return the name under which the dated facts of a rule are kept."""
    return f"rule:{rule_id}"


def published_at(moments: Sequence[datetime]) -> tuple[list[tuple[Published, ...]], frozenset[int]]:
    """Return the rules that held at each moment, and the windows (days) that any of them counts over."""
    ids, lines, known = facts.once("published rules", _published)
    found = [
        tuple(
            known[version]
            for each in ids
            if (line := lines.get((owner(each), "live"))) is not None
            and (version := line.at(at)) in known
        )
        for at in moments
    ]
    windows = {
        leaf.days
        for each in known.values()
        for _path, _scope, tree in trees(each.rule)
        for leaf in leaves(tree)
        if leaf.days is not None
    }
    return found, frozenset(windows)


def _published() -> tuple[
    Sequence[int], dict[tuple[str, str], Timeline[Any]], dict[int, Published]
]:
    """Return the rules that were ever published, which version held when, and the versions."""
    ids = db.session.scalars(
        select(ProfileRule.id).where(ProfileRule.version_id.is_not(None)).order_by(ProfileRule.id)
    ).all()
    lines = facts.history([owner(each) for each in ids], ["live"]) if ids else {}
    wanted = {
        value for timeline in lines.values() for _, value in timeline.rows if value is not None
    }
    return ids, lines, _versions(wanted)


def live(trigger: str) -> tuple[Published, ...]:
    """Return the rules of a trigger that hold now."""
    [found], _windows = published_at([clock.now()])
    return tuple(each for each in found if each.rule.trigger == trigger)


def merchants_with(trigger: str) -> list[int]:
    """Return all merchants who have ever published a rule of a trigger; asked outside any scope."""
    with role("partnerka_drain"):
        rows = db.session.execute(_WITH, {"trigger": trigger})
        return [row.tenant_id for row in rows]


def versions_of(ids: Iterable[int]) -> tuple[Published, ...]:
    """Return published versions, by their rules."""
    found = _versions(set(ids))
    return tuple(sorted(found.values(), key=lambda each: each.rule_id))


def _versions(ids: set[int]) -> dict[int, Published]:
    if not ids:
        return {}
    rows = db.session.scalars(select(RuleVersion).where(RuleVersion.id.in_(ids)))
    return {row.id: Published(row.rule_id, row.id, parse(row.body)) for row in rows}
