"""The merchant's feed, for programs that would rather ask than be told."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from app.events import queries
from app.site.access import requires
from app.webhooks.queries import told
from app.webhooks.schemas import EventList, EventsIn

bp = APIBlueprint("events", __name__, url_prefix="/events", tag="Webhooks")


@bp.get("")
@bp.input(EventsIn, location="query")
@bp.output(EventList)
@requires("read")
def feed(query_data: EventsIn) -> dict[str, Any]:
    """List what happened after a place, in order. Nothing is ever skipped: keep the last `position` done."""
    limit = query_data.limit
    found = queries.after(query_data.after, limit + 1)
    items = told(found[:limit])
    return {"items": items, "next": str(items[-1]["position"]) if len(found) > limit else None}
