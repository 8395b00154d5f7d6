"""Reads of the calls of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from app.calls.models import ApiCall
from app.extensions import db

if TYPE_CHECKING:
    from sqlalchemy import Select


def calls() -> Select[tuple[ApiCall]]:
    """Return the statement of the merchant's kept calls."""
    return select(ApiCall)


def call(call_id: int) -> ApiCall | None:
    """Return one call of the scope."""
    return db.session.scalar(select(ApiCall).where(ApiCall.id == call_id))
