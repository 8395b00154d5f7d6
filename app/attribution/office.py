"""The back office: the counter that goes into the shop's pages, and whether it works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, url_for

from app.attribution import queries
from app.installation import public_address
from app.links.queries import tracking_address
from app.site.access import requires
from app.tenants.queries import settings
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("attribution", __name__, url_prefix="/counters")


@bp.get("/")
@requires("read")
def snippet() -> Response:
    """Show the line for the shop's pages, what it keeps, and the last visit that it saw."""
    return page(
        "attribution/office/snippet.html",
        "_seen.html",
        script=tracking_address(f"/t/{g.tenant.slug}.js"),
        now=settings(),
        visit=queries.last_visit(),
        code_page=public_address(url_for("public.codes.typed")),
    )
