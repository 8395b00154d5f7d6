"""The merchant's feed, for programs that would rather ask than be told."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import request
from flask_babel import gettext as _

from app.errors import DomainError, FieldError
from app.events import queries
from app.site.access import requires
from app.webhooks.queries import told
from app.webhooks.schemas import EventList

bp = APIBlueprint("events", __name__, url_prefix="/events", tag="Webhooks")
DIGITS = 18


@bp.get("")
@bp.output(EventList)
@requires("read")
def feed() -> dict[str, Any]:
    """List what happened after a place, in order: `?after=` a `position` (0: from the start), `&limit=` 1 to 200.

    Nothing is ever skipped: keep the last `position` that you have done, and ask after it.
    """
    limit = _number("limit", "50", 1, 200)
    found = queries.after(_number("after", "0", 0, 10**DIGITS), limit + 1)
    items = told(found[:limit])
    return {"items": items, "next": str(items[-1]["position"]) if len(found) > limit else None}


def _number(name: str, default: str, least: int, most: int) -> int:
    said = request.args.get(name) or default
    fits = said.isascii() and said.isdecimal() and len(said) <= DIGITS
    if not (fits and least <= int(said) <= most):
        words = _("This is out of range.")
        raise DomainError("invalid", words, FieldError(name, words))
    return int(said)
