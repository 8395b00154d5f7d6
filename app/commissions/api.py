"""Partner deals with shares and their explanation."""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import g
from sqlalchemy import select

from app.commissions.models import Deal
from app.commissions.queries import deal_views
from app.errors import NotFound
from app.extensions import db
from app.orders import service as orders
from app.orders.api import deal_of
from app.orders.models import Order
from app.orders.schemas import DealList, DealRow
from app.site.access import requires
from app.web.bodies import PageIn

bp = APIBlueprint("commissions", __name__, url_prefix="/deals", tag="Deals")


@bp.get("/", endpoint="slash")
@bp.get("")
@bp.input(PageIn, location="query")
@bp.output(DealList)
@requires("orders")
def index(query_data: PageIn) -> dict[str, Any]:
    """List deals, newest first."""
    limit = query_data.limit
    query = (
        select(Order)
        .join(Deal, (Deal.tenant_id == Order.tenant_id) & (Deal.order_id == Order.id))
        .where(Deal.partner_id.is_not(None), Order.shop_id == g.shop_id)
    )
    if query_data.before is not None:
        query = query.where(Order.id < query_data.before)
    found = list(db.session.scalars(query.order_by(Order.id.desc()).limit(limit + 1)))
    views = deal_views([order.id for order in found[:limit]])
    return {
        "items": [{"order": o.external_id, **deal_of(views[o.id])} for o in found[:limit]],
        "next": str(found[limit - 1].id) if len(found) > limit else None,
    }


@bp.get("/<path:external_id>")
@bp.output(DealRow)
@requires("orders")
def show(external_id: str) -> dict[str, Any]:
    """Return the deal of one order by the shop's own id."""
    order = orders.find(g.shop_id, external_id)
    view = deal_views([order.id]).get(order.id)
    if view is None or view.partner is None:
        raise NotFound("No partner brought this order.")
    return {"order": order.external_id, **deal_of(view)}
