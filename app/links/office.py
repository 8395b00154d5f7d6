"""The back office: every partner's links, as they see them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import lazy_gettext as _l

from app.attribution.queries import clicks_of_links
from app.creatives.queries import of_a_creative
from app.links import queries
from app.links.models import Link
from app.partners.models import Code, Partner
from app.partners.rules import fold_code
from app.site.access import requires
from app.site.lists import by_shop
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from typing import Any

    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("links", __name__, url_prefix="/links")


def _search(statement: Select[Any], words: str) -> Select[Any]:
    key = fold_code(words)
    return statement.where(Code.key.startswith(key, autoescape=True) | (Partner.refcode == key))


def _of_kind(statement: Select[Any], kind: str) -> Select[Any]:
    if kind == "main":
        return statement.where(Link.is_default)
    taken = of_a_creative()
    return statement.where(taken if kind == "materials" else ~(taken | Link.is_default))


TABLE = Table(
    name="links",
    caption=_l("Links of partners"),
    key=Link.id,
    default="-created",
    columns=(
        Column("code", _l("Code"), main=True, render="code"),
        Column("partner", _l("Partner"), render="name"),
        Column("label", _l("Note"), quiet=True),
        Column("leads_to", _l("Leads to"), quiet=True),
        Column("erid", _l("Token"), render="token", value=lambda row: row),
        Column("clicks", _l("Clicks"), render="number", end=True),
        Column("scans", _l("Of them by QR code"), render="number", end=True, quiet=True),
        Column(
            "created", _l("Made"), render="date", sort=Link.id, quiet=True,
            value=lambda row: row.created_at,
        ),
    ),
    filters=(
        Filter(
            "kind", _l("Kind"),
            [("main", _l("Main links")), ("own", _l("Made by partners")), ("materials", _l("Of materials"))],
            _of_kind,
        ),
        Filter(
            "token", _l("Advertising token"), [("missing", _l("Missing"))],
            lambda s, _v: s.where(Link.erid.is_(None)),
        ),
    ),
    search=_search,
    search_label=_l("Code of a link or a partner"),
    empty=Empty(_l("No links yet"), _l("Each partner gets one with the first shop."), icon="link"),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """Show all links."""
    view = by_shop(TABLE, Link.shop_id).load(queries.listed().where(~Link.is_site))
    lines = [queries.line(row, g.tenant.slug) for row in view.rows]
    clicks = clicks_of_links(line.link_id for line in lines)
    view.rows = [_counted(line, *clicks.get(line.link_id, (0, 0))) for line in lines]
    return page("links/office/index.html", "_table.html", links=view)


def _counted(line: queries.Line, clicks: int, scans: int) -> queries.Line:
    return replace(line, clicks=clicks, scans=scans)
