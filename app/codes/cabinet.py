"""The cabinet: the partner's codes, with what each is good for and where a buyer types it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, url_for

from app.codes import queries
from app.codes.forms import last_day
from app.installation import public_address
from app.site.access import requires
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("codes", __name__, url_prefix="/codes")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show the partner's codes."""
    where = public_address(url_for("public.codes.typed", merchant=g.tenant.slug))
    rows = queries.of_partner(g.partner_id)
    return page("codes/cabinet/index.html", codes=rows, where=where, last_day=last_day)
