"""The cabinet: those whom the partner has brought, and whom they have brought."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from app.errors import NotFound
from app.network import queries
from app.partners import queries as partners
from app.partners import service as partner_service
from app.partners.cabinet import invitation
from app.site.access import requires
from app.web.forms import storable
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("network", __name__, url_prefix="/network")
LONGEST = 100


@bp.get("")
@requires("partner")
def index() -> Response:
    words = " ".join(request.args.get("q", "")[:LONGEST].split())
    return _tree(g.partner_id, words if storable(words) else "")


@bp.get("/<string:public_id>")
@requires("partner")
def branch(public_id: str) -> Response:
    found = partners.by_public_id(public_id)
    if found is None or found.id == g.partner_id:
        raise NotFound
    return _tree(found.id)


def _tree(top: int, words: str = "") -> Response:
    """Open one's own network, or a branch of it; anybody else's is not there."""
    viewer, own = queries.as_partner(g.partner_id), top == g.partner_id
    way = queries.way_up(viewer, top)
    if way is None:
        raise NotFound
    after = partners.by_public_id(request.args.get("after", "")[:LONGEST])
    me = partners.by_id(g.partner_id)
    return page(
        "network/cabinet/index.html",
        "network/_below.html",
        door="cabinet",
        last_day=partner_service.day_before,
        viewer=viewer,
        top=None if own else queries.node(viewer, top),
        way=None if own else way,
        level=way.length + 1,
        below=queries.below(viewer, top, after.id if after else 0),
        words=words,
        found=queries.searched(viewer, words) if words else None,
        summary=queries.summary(viewer, top),
        invitation=invitation(me) if me and own else None,
    )
