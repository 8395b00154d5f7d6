"""The back office: statistics of all partners, or of one; and files of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from app.errors import NotFound
from app.lists.service import told
from app.partners import queries as partners
from app.site.access import requires
from app.statistics import queries
from app.statistics.forms import OFFICE, Asked, asked, called
from app.statistics.rules import change
from app.web.pages import page
from app.web.statistics import file

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner

bp = Blueprint("statistics", __name__, url_prefix="/statistics")


def _asked() -> tuple[Asked, Partner | None]:
    """Return what the address asks for, and of which partner. Raises NotFound for nobody's code."""
    code = request.args.get("partner", "")
    partner = partners.by_refcode(code) if code else None
    if code and partner is None:
        raise NotFound
    dims = [name for name in OFFICE if not (partner and name in {"partner", "how", "shop"})]
    return asked(request.args, g.tenant.timezone, dims), partner


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show a period beside the one before, and where its visits and sales came from."""
    wishes, partner = _asked()
    partner_id = partner.id if partner else 0
    dims = {n: w for n, w in OFFICE.items() if not (partner and n in {"partner", "how", "shop"})}
    return page(
        "statistics/office/index.html",
        asked=wishes,
        partner=partner,
        dims=dims,
        report=queries.report(wishes.period, partner_id),
        lines=queries.lines(wishes.by, wishes.period, partner_id),
        as_of=queries.as_of(),
        called=called,
        change=change,
    )


@bp.get("/file")
@requires("read")
def download() -> Response:
    """Answer with the lines as CSV: by day, or as the page tells them."""
    wishes, partner = _asked()
    answer, rows = file(wishes, request.args.get("what", ""), partner.id if partner else 0)
    told("statistics", rows, "csv")
    return answer
