"""The back office: the network as a tree that opens where one looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask_babel import gettext as _

from app.errors import NotFound
from app.network import queries, service
from app.network.forms import MaskForm
from app.partners import queries as partners
from app.partners import service as partner_service
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.forms import storable
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner

bp = Blueprint("network", __name__, url_prefix="/partners/network")
LONGEST = 100


@bp.get("/")
@requires("read")
def index() -> Response:
    words = " ".join(request.args.get("q", "")[:LONGEST].split())
    exact = partners.by_refcode(words) if words and storable(words) else None
    if exact is not None:
        return see_other("office.network.branch", refcode=exact.refcode)
    return _tree(None, words if storable(words) else "")


@bp.get("/<string:refcode>")
@requires("read")
def branch(refcode: str) -> Response:
    found = partners.by_refcode(refcode)
    if found is None:
        raise NotFound
    return _tree(found)


@bp.post("/what-partners-see")
@requires("settings")
def mask() -> Response:
    service.mask_referred(on=bool(MaskForm().mask.data))
    return see_other("office.network.index", message=_("Saved."))


def _tree(top: Partner | None, words: str = "") -> Response:
    viewer = queries.as_merchant()
    after = partners.by_public_id(request.args.get("after", "")[:LONGEST])
    way = queries.way_up(viewer, top.id) if top else None
    below = queries.below(viewer, top.id if top else None, after.id if after else 0)
    return page(
        "network/office/index.html",
        "network/_below.html",
        door="office",
        last_day=partner_service.day_before,
        viewer=viewer,
        top=queries.node(viewer, top.id) if top else None,
        way=way,
        level=way.length + 2 if way else 1,
        below=below,
        words=words,
        found=queries.searched(viewer, words) if words else None,
        summary=queries.summary(viewer, top.id if top else None),
        form=MaskForm(formdata=None, data={"mask": tenants.setting("mask_referred")}),
    )
