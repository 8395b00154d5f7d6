"""Outgoing webhooks, set up by programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint

from app.site.access import requires
from app.web.bodies import PageIn
from app.webhooks import queries, service
from app.webhooks.schemas import WebhookIn, WebhookList, WebhookMade, WebhookOut

if TYPE_CHECKING:
    from app.webhooks.models import Endpoint

bp = APIBlueprint("webhooks", __name__, url_prefix="/webhooks", tag="Webhooks")


@bp.get("")
@bp.input(PageIn, location="query")
@bp.output(WebhookList)
@requires("settings")
def index(query_data: PageIn) -> dict[str, Any]:
    """List the merchant's endpoints, oldest first."""
    edge = query_data.before or 0
    later = [each for each in queries.endpoints() if each.id > edge]
    found = later[: query_data.limit]
    following = str(found[-1].id) if len(later) > len(found) else None
    return {"items": [_out(each) for each in found], "next": following}


@bp.post("")
@bp.input(WebhookIn)
@bp.output(WebhookMade, status_code=201)
@requires("settings")
def create(json_data: WebhookIn) -> dict[str, Any]:
    """Set up an endpoint. Its `secret` is told here and never again; messages follow Standard Webhooks."""
    made, secret = service.create(json_data.url, json_data.events, json_data.note)
    return _out(made) | {"secret": secret}


@bp.post("/<string:webhook_id>/rotate")
@bp.output(WebhookMade)
@requires("settings")
def rotate(webhook_id: str) -> dict[str, Any]:
    """Give an endpoint a new secret; for a day messages are signed with both."""
    endpoint = service.get(webhook_id)
    return _out(endpoint) | {"secret": service.rotate(endpoint)}


@bp.delete("/<string:webhook_id>")
@bp.output(WebhookOut)
@requires("settings")
def remove(webhook_id: str) -> dict[str, Any]:
    """Take an endpoint away; what it was not told yet is not told."""
    endpoint = service.get(webhook_id)
    service.remove(endpoint)
    return _out(endpoint)


def _out(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.public_id,
        "url": endpoint.url,
        "events": list(endpoint.types),
        "note": endpoint.note,
        "state": endpoint.stopped_why or "active",
        "created_at": endpoint.created_at,
        "taken_at": endpoint.taken_at,
        "failing_since": endpoint.failing_since,
    }
