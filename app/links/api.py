"""Codes as the shop's cart asks about them."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint

from app.links import queries
from app.links.schemas import CodeOut
from app.partners.rules import Status
from app.site.access import requires

bp = APIBlueprint("links", __name__, url_prefix="/codes", tag="Codes")


@bp.get("/<string:code>")
@bp.output(CodeOut)
@requires("orders")
def show(code: str) -> dict[str, Any]:
    """Say whether a code is somebody's, in any case; discounts are the shop's own so far."""
    found = queries.code_of(code)
    partner = queries.partner_of(found) if found else None
    if found is None or partner is None:
        return {
            "code": code,
            "valid": False,
            "partner": None,
            "discount": None,
            "reason": "unknown",
        }
    active = partner.status == Status.ACTIVE
    return {
        "code": found.display,
        "valid": active,
        "partner": {"refcode": partner.refcode, "name": partner.name},
        "discount": None,
        "reason": None if active else f"partner_{partner.status}",
    }
