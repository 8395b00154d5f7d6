"""What effects gave, as limits and explanations read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.profiles.models import EffectApplication

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def write_applications(rows: Sequence[Mapping[str, object]]) -> None:
    """Keep what effects gave; an effect that gave before now gives this much."""
    statement = insert(EffectApplication).values([dict(row) for row in rows])
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "event_key", "rule_id", "effect", "recipient", "level"],
            set_={
                "amount": statement.excluded.amount,
                "version_id": statement.excluded.version_id,
                "undone_at": None,
            },
        )
    )


Name = tuple[int, int, str, int]  # rule, effect, recipient, level


def of_event(event_key: str) -> dict[Name, EffectApplication]:
    """Return what effects gave and did for an event, taken back or not."""
    query = select(EffectApplication).where(EffectApplication.event_key == event_key)
    found = db.session.scalars(query.execution_options(populate_existing=True))
    return {(row.rule_id, row.effect, row.recipient, row.level): row for row in found}
