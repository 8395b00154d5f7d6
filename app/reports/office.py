"""The back office's first page: how it goes, what is owed, and what waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, redirect, url_for

from app.onboarding.queries import steps_dismissed
from app.reports import queries
from app.reports.rules import change, steps
from app.site.access import may, requires
from app.site.lists import chosen_shop, name_of
from app.tenants import queries as tenants
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response
    from werkzeug.wrappers import Response as Redirect

bp = Blueprint("reports", __name__)


@bp.get("/")
@requires("member")
def index() -> Response | Redirect:
    """Show the overview; an accountant has the money desk alone, and starts there."""
    if not may("read"):
        return redirect(url_for("office.payouts.index"))
    seen = None if steps_dismissed() else queries.first_steps(g.tenant)
    shop = chosen_shop()
    chosen = shop.id if shop else None
    return page(
        "reports/office/index.html",
        shop=shop,
        shops=tenants.shops(),
        name_of=name_of,
        figures=queries.overview(g.tenant, chosen),
        liability=queries.liability(g.tenant),
        top=queries.top_partners(g.tenant, chosen),
        waiting=queries.waiting(),
        steps=steps(seen, queries.STEPS) if seen and not all(seen.values()) else [],
        change=change,
    )
