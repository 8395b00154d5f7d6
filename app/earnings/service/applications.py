"""What effects gave, as limits and explanations read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
            },
        )
    )
