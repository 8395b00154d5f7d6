"""The cabinet: what a partner's links and codes brought, and from where; and files of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from app.site.access import requires
from app.statistics import queries
from app.statistics.forms import DIMENSIONS, asked, called
from app.statistics.rules import change
from app.web.pages import page
from app.web.statistics import file

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("statistics", __name__, url_prefix="/statistics")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show a period beside the one before, and where its visits and sales came from."""
    wishes = asked(request.args, g.tenant.timezone, list(DIMENSIONS))
    return page(
        "statistics/cabinet/index.html",
        asked=wishes,
        partner=None,
        dims=DIMENSIONS,
        report=queries.report(wishes.period, g.partner_id),
        lines=queries.lines(wishes.by, wishes.period, g.partner_id),
        as_of=queries.as_of(),
        called=called,
        change=change,
    )


@bp.get("/file")
@requires("partner")
def download() -> Response:
    """Answer with the lines as CSV: by day, or as the page tells them."""
    wishes = asked(request.args, g.tenant.timezone, list(DIMENSIONS))
    return file(wishes, request.args.get("what", ""), g.partner_id)[0]
