"""The money desk: accounts of all partners over a month or any days, and each with its lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, request
from flask_babel import gettext as _

from app.errors import NotFound
from app.ledger.queries import partner_balances
from app.lists.rules import FORMATS
from app.lists.service import told
from app.partners import queries as partners
from app.proofs.queries import newest
from app.site.access import requires
from app.statements import queries
from app.statements.forms import PARTS
from app.statements.rules import Part, Totals
from app.web import statements
from app.web.files import attachment
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

    from app.partners.models import Partner
    from app.partners.queries import Card
    from app.statements.rules import Span
    from app.web.lists import Cell

bp = Blueprint("statements", __name__, url_prefix="/statements")
ON_PAGE = 200  # partners; files have them all


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """Show each partner's account over the span, the largest first, and all of them together."""
    span = statements.wanted_span()
    found = _all(span)
    return page(
        "statements/office/index.html",
        span=span,
        found=found[:ON_PAGE],
        number=len(found),
        whole=sum((each for _card, each in found), Totals()),
        months=statements.recent_months(),
        parts_of=statements.parts_of,
    )


@bp.get("/file")
@requires("money.read")
def download() -> Response:
    """Answer with all partners' accounts as CSV or XLSX (`?format=`)."""
    kind, span = _kind(), statements.wanted_span()
    found = _all(span)
    head = [_("Partner"), _("Code"), _("Opening balance"), *PARTS.values(), _("Closing balance")]
    rows: list[list[Cell]] = [[card.name, card.refcode, *_sums(each)] for card, each in found]
    told("statements", len(rows), kind)
    return attachment("statements", statements.days_of(span), kind, [str(h) for h in head], rows)


@bp.get("/<string:refcode>/")
@requires("money.read")
def show(refcode: str) -> Response:
    """Show one partner's account with its lines."""
    partner = _partner(refcode)
    return page(
        "statements/office/show.html",
        statement=statements.read(partner.id, statements.wanted_span()),
        months=statements.recent_months(),
        parts_of=statements.parts_of,
        balance=partner_balances([partner.id])[partner.id],
        partner=partner,
        mark=newest(),
    )


@bp.get("/<string:refcode>/file")
@requires("money.read")
def partner_file(refcode: str) -> Response:
    """Answer with one partner's account as CSV or XLSX (`?format=`)."""
    kind, partner = _kind(), _partner(refcode)
    found = statements.read(partner.id, statements.wanted_span())
    told("statement", len(found.rows), kind)
    return statements.file(found, kind, partner.refcode)


def _kind() -> str:
    kind = request.args.get("format", "csv")
    if kind not in FORMATS:
        raise NotFound
    return kind


def _partner(refcode: str) -> Partner:
    found = partners.by_refcode(refcode) if "\x00" not in refcode else None
    if found is None:
        raise NotFound
    return found


def _all(span: Span) -> list[tuple[Card, Totals]]:
    accounts = {i: each for i, each in queries.accounts(span).items() if each.moved}
    cards = partners.cards(accounts)
    order = sorted(
        accounts, key=lambda i: (-accounts[i].closing, -accounts[i].of(Part.CREDITED), i)
    )
    return [(cards[i], accounts[i]) for i in order]


def _sums(each: Totals) -> list[Cell]:
    between = [statements.amount(each.of(part)) for part in PARTS]
    return [statements.amount(each.opening), *between, statements.amount(each.closing)]
