"""Tills, by the shop's own ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.errors import NotFound
from app.orders.api import check_id
from app.site.access import requires
from app.tills import queries, service
from app.tills.rules import Kind
from app.tills.schemas import TillIn, TillOut

if TYPE_CHECKING:
    from app.tills.models import Till

bp = APIBlueprint("tills", __name__, url_prefix="/tills", tag="Shops")


@bp.put("/<path:external_id>")
@bp.input(TillIn)
@bp.output(TillOut)
@requires("settings")
def put(external_id: str, json_data: TillIn) -> dict[str, Any]:
    """Make a till, or change it: what `till` of orders names. One out of use is in use again."""
    said = json_data
    till = service.put(g.shop_id, check_id(external_id), said.name, Kind(said.kind), said.place)
    return _said(till)


@bp.get("/<path:external_id>")
@bp.output(TillOut)
@requires("settings")
def get(external_id: str) -> dict[str, Any]:
    """Return a till."""
    found = queries.by_external(g.shop_id, external_id)
    if found is None:
        raise NotFound
    return _said(found)


def _said(till: Till) -> dict[str, Any]:
    return {
        "id": till.external_id,
        "name": till.name,
        "kind": till.kind,
        "place": till.place,
        "active": till.retired_at is None,
    }
