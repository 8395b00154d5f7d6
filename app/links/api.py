"""Codes as the shop's cart asks about them."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g

from app.codes import queries as codes
from app.coupons import queries as coupons
from app.links.schemas import CodeOut
from app.site.access import requires

bp = APIBlueprint("links", __name__, url_prefix="/codes", tag="Codes")


@bp.get("/<string:code>")
@bp.output(CodeOut)
@requires("orders")
def show(code: str) -> dict[str, Any]:
    """Say whether a code or a coupon is somebody's, in any case, holds now in this shop, and what it gives."""
    found = codes.standing(code, g.shop_id) or coupons.standing(code)
    if found is None:
        unknown = {"code": code, "valid": False, "partner": None, "discount": None}
        return {**unknown, "reason": "unknown"}
    return {
        "code": found.display,
        "valid": found.reason is None,
        "partner": {"refcode": found.partner.refcode, "name": found.partner.name},
        "discount": found.gives,
        "reason": found.reason,
    }
