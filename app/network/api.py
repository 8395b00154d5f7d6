"""The network read by programs, a level at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.errors import NotFound
from app.money import to_decimal_string
from app.network import queries
from app.network.schemas import NetworkOut
from app.partners import queries as partners
from app.partners import service as partner_service
from app.site.access import requires
from app.web.bodies import PageIn

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.network.queries import Node

bp = APIBlueprint("network", __name__, url_prefix="/partners", tag="Partners")
SUMS = ("turnover_30", "commission_30", "turnover", "commission")


@bp.get("/<string:refcode>/network")
@bp.input(PageIn, location="query")
@bp.output(NetworkOut)
@requires("partners")
def below(refcode: str, query_data: PageIn) -> dict[str, Any]:
    """List those directly below a partner, oldest first."""
    found = partners.by_refcode(refcode) if len(refcode) <= 200 else None
    if found is None:
        raise NotFound
    viewer = queries.as_merchant()
    seen = queries.below(viewer, found.id, query_data.before or 0, query_data.limit)
    return {
        "items": [_out(node) for node in seen.nodes],
        "next": None if seen.next is None else str(seen.next),
        "counted_at": viewer.counted_at,
    }


def _out(node: Node) -> dict[str, Any]:
    said = {name: getattr(node, name) for name in ("refcode", "name", "status", "since")}
    said |= {name: getattr(node, name) for name in ("direct", "whole", "depth")}
    said |= {name: to_decimal_string(getattr(node, name), g.tenant.currency) for name in SUMS}
    return {**said, "id": node.public_id, "until": _last_day(node.until)}


def _last_day(end: datetime | None) -> date | None:
    return None if end is None else partner_service.day_before(end)
