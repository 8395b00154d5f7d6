"""The back office: statistics of all partners, or of one; and files of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from app.errors import NotFound
from app.lists.service import told
from app.partners import queries as partners
from app.site.access import requires
from app.site.lists import chosen_shop, name_of
from app.statistics import queries
from app.statistics.forms import OFFICE, Asked, asked, called
from app.statistics.rules import change
from app.tenants import queries as tenants
from app.web.pages import page
from app.web.statistics import file, kind_of_file

if TYPE_CHECKING:
    from flask import Response
    from flask_babel import LazyString

    from app.partners.models import Partner
    from app.tenants.models import Shop

bp = Blueprint("statistics", __name__, url_prefix="/statistics")


def _asked() -> tuple[Asked, Partner | None, Shop | None]:
    """Return what the address asks for, of which partner and shop. Raises NotFound for nobody's code."""
    code, shop = request.args.get("partner", ""), chosen_shop()
    partner = partners.by_refcode(code) if code else None
    if code and partner is None:
        raise NotFound
    wishes = asked(request.args, g.tenant.timezone, list(_dims(partner, shop)))
    return replace(wishes, shop=shop.public_id if shop else ""), partner, shop


def _dims(partner: Partner | None, shop: Shop | None) -> dict[str, LazyString]:
    apart = {"partner", "how", "shop"} if partner else {"shop"} if shop else set()
    return {name: words for name, words in OFFICE.items() if name not in apart}


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show a period beside the one before, and where its visits and sales came from."""
    wishes, partner, shop = _asked()
    narrowed = (partner.id if partner else 0, shop.id if shop else 0)
    shops = tenants.shops()
    return page(
        "statistics/office/index.html",
        asked=wishes,
        partner=partner,
        shops=[(each.public_id, name_of(each)) for each in shops] if len(shops) > 1 else [],
        dims=_dims(partner, shop),
        report=queries.report(wishes.period, *narrowed),
        lines=queries.lines(wishes.by, wishes.period, *narrowed),
        as_of=queries.as_of(),
        called=called,
        change=change,
    )


@bp.get("/file")
@requires("read")
def download() -> Response:
    """Answer with the lines as a file: by day, or as the page tells them."""
    wishes, partner, shop = _asked()
    narrowed = (partner.id if partner else 0, shop.id if shop else 0)
    answer, rows = file(wishes, request.args.get("what", ""), *narrowed)
    told("statistics", rows, kind_of_file())
    return answer
