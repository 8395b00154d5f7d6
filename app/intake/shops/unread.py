"""Orders in a shop's answer that cannot be read: each is handed on by its number, and stops no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.intake.shops import FETCHED, Fetched, ShopError
from app.intake.shops.figures import text

if TYPE_CHECKING:
    from datetime import datetime


def by_number(said: Any, at: datetime, error: Exception) -> Fetched:
    """Return an order by its number alone: it is set aside and shown. Raises ShopError where it has none.

    `at`: when it changed, as far as is known; a sweep goes on from there.
    """
    external_id = text(said.get("id"), 128) if isinstance(said, dict) else None
    if external_id is None:
        raise ShopError("not_a_shop", f"no order: {type(error).__name__}") from error
    body = json.dumps({"order": {"id": external_id}}).encode()
    return Fetched(external_id, body, FETCHED, at, at, ())
