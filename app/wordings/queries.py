"""Read messages to customers: ours, as the merchant changed them, and his own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.wordings import rules
from app.wordings.models import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping


def kept() -> dict[str, Wording]:
    """Return what the merchant keeps, by code; his own messages in the order they were made."""
    query = select(Wording).order_by(Wording.id)
    return {row.code: row for row in db.session.scalars(query)}


def find(code: str) -> Wording | None:
    """Return what the merchant keeps of one message."""
    return db.session.scalar(select(Wording).where(Wording.code == code))


def is_known(code: str) -> bool:
    """Whether there is such a message."""
    return code in rules.CODES or find(code) is not None


def texts(code: str) -> Mapping[str, Mapping[str, str]] | None:
    """Return the texts of a message by language as they go out; None: there is no such message."""
    own = find(code)
    found = rules.standing(code, own.texts if own else None)
    return found or None
