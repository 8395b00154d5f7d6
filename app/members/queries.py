"""Reads: a shop's customers by the shop's own ids."""

from __future__ import annotations

from sqlalchemy import select

from app.extensions import db
from app.members.models import Member


def by_external(shop_id: int, external_id: str) -> Member | None:
    """Return a customer by the shop's own id."""
    key = f"id:{external_id.strip()}"
    return db.session.scalar(select(Member).where(Member.shop_id == shop_id, Member.key == key))


def by_id(member_id: int) -> Member | None:
    """Return a customer of the scope."""
    return db.session.scalar(select(Member).where(Member.id == member_id))
