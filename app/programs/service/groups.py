"""Verbs on partner groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import clock
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.programs.models import Group
from app.programs.service.levels import free_name, read_by_buyer, read_levels
from app.tenancy import public_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def create_group(
    name: str,
    levels: Sequence[str | None] = (),
    *,
    levels_by_buyer: Mapping[str, Sequence[str | None]] | None = None,
    terms_id: int | None = None,
) -> Group:
    """Make a partner group; its members are on its terms, if it names some, unless their card does.

    Raises DomainError for levels that cannot be read, Conflict for a taken name.
    """
    first = {
        "levels": read_levels(levels),
        "levels_by_buyer": read_by_buyer(levels_by_buyer),
        "terms": terms_id,
    }
    group = Group(
        public_id=public_id("gr"),
        name=free_name(Group, name),
        terms_id=terms_id,
        created_at=clock.now(),
    )
    db.session.add(group)
    db.session.flush()
    facts.found(f"group:{group.id}", first, actor())
    record("group.changed", f"group:{group.id}", name=group.name, levels=first["levels"])
    return group


def change_group(group: Group, *, name: str | None = None, **said: Any) -> Group:
    """Change what is given of a group, from now on: name, levels, levels_by_buyer, terms_id.

    Raises as create_group does.
    """
    owner = f"group:{group.id}"
    changes: dict[str, Any] = {}
    if name is not None and name.strip() != group.name:
        changes["name"] = [group.name, free_name(Group, name)]
        group.name = changes["name"][1]
    wanted: dict[str, Any] = {}
    if said.get("levels") is not None:
        wanted["levels"] = read_levels(said["levels"])
    if said.get("levels_by_buyer") is not None:
        wanted["levels_by_buyer"] = read_by_buyer(said["levels_by_buyer"])
    if "terms_id" in said:
        wanted["terms"] = group.terms_id = said["terms_id"]
    before = facts.current([owner]).get(owner, {})
    for each, value in wanted.items():
        if facts.put(owner, each, value, actor=actor()):
            changes[each] = [before.get(each), value]
    if changes:
        record("group.changed", owner, name=group.name, changes=changes)
        db.session.flush()
    return group
