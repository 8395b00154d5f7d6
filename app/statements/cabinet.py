"""The cabinet: the account over a month or any days, as a page, a sheet for print, and a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request

from app.errors import NotFound
from app.ledger.queries import partner_balances
from app.lists.rules import FORMATS
from app.partners import queries as partners
from app.proofs.queries import newest
from app.site.access import requires
from app.web import statements
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("statements", __name__, url_prefix="/account/statement")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show what stood, came, went and stands; `?month=2026-09`, or `?from=` and `?to=`."""
    return page(
        "statements/cabinet/index.html",
        statement=statements.read(g.partner_id, statements.wanted_span()),
        months=statements.recent_months(),
        parts_of=statements.parts_of,
        balance=partner_balances([g.partner_id])[g.partner_id],
        partner=partners.by_id(g.partner_id),
        mark=newest(),
    )


@bp.get("/file")
@requires("partner")
def download() -> Response:
    """Answer with all lines as CSV or XLSX (`?format=`)."""
    kind = request.args.get("format", "csv")
    partner = partners.by_id(g.partner_id)
    if kind not in FORMATS or partner is None:
        raise NotFound
    found = statements.read(g.partner_id, statements.wanted_span())
    return statements.file(found, kind, partner.refcode)
