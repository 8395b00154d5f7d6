"""The back office: what is owed to partners and when, and the rows behind each figure."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app import clock
from app.errors import NotFound
from app.liability import queries
from app.liability.forms import NAMES, NOTES
from app.liability.rules import ALL, DAY, OF_SALES, WEEK, What, bars, read_span
from app.lists.service import told
from app.money import exponent
from app.partners import queries as partners
from app.partners.models import Partner
from app.payouts.models import Payout
from app.programs.models import Terms
from app.programs.queries import all_terms
from app.site.access import allowed, requires
from app.web.files import attachment
from app.web.lists import cells
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import ColumnElement, Select, Subquery

    from app.liability.rules import Span

bp = Blueprint("liability", __name__, url_prefix="/liability")
MOST = 100_000  # rows of a file
EMPTY = Empty(_l("Nothing is owed here"), icon="scale")


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """Show what is owed now, what becomes available when, and to whom and by which terms."""
    by = WEEK if request.args.get("by") == WEEK else DAY
    sums = queries.sums(g.tenant)
    return page(
        "liability/office/index.html",
        sums=sums,
        by=by,
        bars=bars(sums.maturing, clock.today(g.tenant.timezone), by),
        terms=queries.by_terms(),
        partners=queries.by_partner(),
        names=NAMES,
        notes=NOTES,
        whats=What,
        of_sales=OF_SALES,
        all=ALL,
    )


@bp.get("/file")
@requires("money.read")
def download() -> Response:
    """Answer with the breakdown by partner as CSV or XLSX."""
    kind = "xlsx" if request.args.get("as") == "xlsx" else "csv"
    places = -exponent(g.tenant.currency)
    rows = [
        [part.name, part.key, *(Decimal(part.of[what]).scaleb(places) for what in What)]
        for part in queries.by_partner(MOST)
    ]
    head = [str(_("Partner")), str(_("Code")), *(str(NAMES[what]) for what in What)]
    told("liability", len(rows), kind)
    return attachment("liability", str(_("What you owe")), kind, head, rows)


@bp.get("/<any(available,debt,expected,hold,reserved,undated):what>/<string:when>/")
@requires("money.read")
def rows(what: str, when: str) -> Response:
    """Show the rows that sum to one figure."""
    kind, span = What(what), _span(what, when)
    table, statement, amount = _listed(kind, span)
    narrowed = table.narrow(statement, table.ask(request.args))
    return page(
        "liability/office/rows.html",
        "_rows.html",
        rows=table.load(statement),
        total=queries.total(narrowed, amount),
        what=kind,
        when=when,
        span=span,
        names=NAMES,
        notes=NOTES,
        query=request.query_string.decode(),
    )


@bp.get("/<any(available,debt,expected,hold,reserved,undated):what>/<string:when>/file")
@requires("money.read")
def file(what: str, when: str) -> Response:
    """Answer with the rows as CSV or XLSX: exactly what the filter shows."""
    kind = "xlsx" if request.args.get("as") == "xlsx" else "csv"
    table, statement, _amount = _listed(What(what), _span(what, when))
    narrowed = table.narrow(statement, table.ask(request.args)).order_by(table.key)
    shown = [cells(table.columns, row) for row in queries.rows(narrowed, MOST)]
    told(f"liability-{what}", len(shown), kind)
    head = [str(column.label) for column in table.columns]
    return attachment(f"liability-{what}", str(NAMES[What(what)]), kind, head, shown)


def _span(what: str, when: str) -> Span | None:
    try:
        span = read_span(when)
    except ValueError as error:
        raise NotFound from error
    if span is not None and what != What.HOLD:
        raise NotFound
    return span


def _listed(what: What, span: Span | None) -> tuple[Table, Select[Any], ColumnElement[int]]:
    """Return the table of one kind, its statement, and the column that is summed."""
    if what in OF_SALES:
        statement, waiting = queries.sales(what, span, queries.zone_of(g.tenant))
        return _of_sales(what, waiting), statement, waiting.c.amount
    if what is What.RESERVED:
        return _of_payouts(), queries.payouts(), Payout.amount.expression
    statement = queries.balances(what)
    amount = statement.selected_columns["amount"]
    return _of_partners(amount), statement, amount


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(Partner.search.contains(words.casefold(), autoescape=True))


def _filters() -> list[Filter]:
    """Offer the one partner whom the address names."""
    code = request.args.get("partner", "")
    partner = partners.by_refcode(code) if code and "\x00" not in code else None
    if partner is None:
        return []
    mine = Partner.id == partner.id
    return [
        Filter("partner", _l("Partner"), [(code, partner.name)], lambda s, _v: s.where(mine)),
    ]


def _of_sales(what: What, waiting: Subquery) -> Table:
    terms = [(row.public_id, row.name) for row in all_terms()]
    dated = Column(
        "matures_at", _l("Becomes available"), render="datetime", sort=waiting.c.matures_at
    )
    made = Column("created_at", _l("Ordered"), render="datetime", sort=waiting.c.created_at)
    return Table(
        name="waiting",
        caption=NAMES[what],
        key=waiting.c.key,
        default="matures_at" if what is What.HOLD else "-created_at",
        columns=(
            Column("number", _l("Order"), main=True, href=_deal),
            Column("partner", _l("Partner"), render="name"),
            Column("refcode", _l("Code"), render="code", quiet=True),
            Column("terms", _l("Terms"), quiet=True),
            Column("amount", _l("Sum"), render="money", sort=waiting.c.amount, end=True),
            *((dated, made) if what is What.HOLD else (made,)),
        ),
        filters=(
            *_filters(),
            Filter("terms", _l("Terms"), terms, lambda s, v: s.where(Terms.public_id == v)),
        ),
        search=_search,
        search_label=_l("Partner or code"),
        empty=EMPTY,
    )


def _of_payouts() -> Table:
    return Table(
        name="open",
        caption=NAMES[What.RESERVED],
        key=Payout.id,
        default="requested_at",
        columns=(
            Column("partner", _l("Partner"), render="name", main=True, href=_payout),
            Column("refcode", _l("Code"), render="code", quiet=True),
            Column("amount", _l("Sum"), render="money", sort=Payout.amount, end=True),
            Column("method", _l("Method")),
            Column("state", _l("State"), render="badge"),
            Column("requested_at", _l("Asked for"), render="datetime", sort=Payout.requested_at),
        ),
        filters=_filters(),
        search=_search,
        search_label=_l("Partner or code"),
        empty=EMPTY,
    )


def _of_partners(amount: Any) -> Table:
    return Table(
        name="owed",
        caption=NAMES[What.AVAILABLE],
        key=Partner.id,
        default="-amount",
        columns=(
            Column(
                "partner", _l("Partner"), render="name", main=True, sort=Partner.name, href=_card
            ),
            Column("refcode", _l("Code"), render="code", quiet=True),
            Column("amount", _l("Sum"), render="money", sort=amount, end=True),
        ),
        filters=_filters(),
        search=_search,
        search_label=_l("Partner or code"),
        empty=EMPTY,
    )


def _deal(row: Any) -> str | None:
    if not allowed("office.commissions.as_partner"):
        return None
    return url_for("office.commissions.as_partner", deal=row.deal, refcode=row.refcode)


def _payout(row: Any) -> str:
    return url_for("office.payouts.show", public_id=row.payout)


def _card(row: Any) -> str | None:
    if not allowed("office.partners.card"):
        return None
    return url_for("office.partners.card", refcode=row.refcode)
