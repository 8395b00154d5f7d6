"""Reads for blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.partners.models import Partner
from app.trust.models import Block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def standing_block(partner_id: int) -> Block | None:
    """Return the block under which a partner is now; None where he was blocked another way, or is not."""
    query = select(Block).where(Block.partner_id == partner_id, Block.undone_at.is_(None))
    return db.session.scalar(query)


def partners(ids: Iterable[int]) -> Sequence[Partner]:
    """Return partners by their ids."""
    return db.session.scalars(select(Partner).where(Partner.id.in_(set(ids)))).all()
