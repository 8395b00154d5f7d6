"""The back office: partner deals, and what partners earned from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask_babel import lazy_gettext as _l

from app import clock
from app.attribution.queries import journal
from app.commissions import explain
from app.commissions.models import Deal
from app.commissions.queries import accruals, deal_view, deals, order_of_deal
from app.errors import NotFound
from app.installation import public_address
from app.members.rules import masked
from app.orders.models import Order
from app.orders.office import COLUMNS, STATES
from app.orders.rules import folded_from_json
from app.partners.models import Partner
from app.partners.queries import by_refcode, cards
from app.reports.queries import sources
from app.site.access import allowed, requires
from app.site.lists import by_shop, with_undone
from app.web.filters import money_text
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

bp = Blueprint("commissions", __name__)

BUCKETS = [
    ("expected", _l("Expected")),
    ("pending", _l("On hold")),
    ("available", _l("Available")),
    ("taken_back", _l("Taken back")),
]
HOW = [
    ("click", _l("Click")),
    ("coupon", _l("Coupon")),
    ("partner_code", _l("Typed code")),
    ("binding", _l("Binding")),
    ("ref", _l("Shop's mark")),
    ("entry", _l("First address")),
    ("staff", _l("Staff")),
]


def _search(statement: Select[Any], words: str) -> Select[Any]:
    text = words.casefold()
    return statement.where(
        Order.search.contains(text, autoescape=True)
        | Partner.search.contains(text, autoescape=True)
    )


DEALS = Table(
    name="deals",
    caption=_l("Deals"),
    key=Order.id,
    default="-created_at",
    columns=COLUMNS,
    filters=(
        Filter("state", _l("State"), STATES, lambda s, v: s.where(Order.state == v)),
        Filter("how", _l("Brought by"), HOW, lambda s, v: s.where(Deal.how == v)),
    ),
    search=_search,
    search_label=_l("Order, customer or partner"),
    empty=Empty(
        _l("No deals yet"),
        _l("An order with a partner's link, code or binding becomes a deal."),
        icon="shopping-cart",
    ),
)


def _accruals() -> tuple[Select[Any], Table]:
    """The statement and its table share one subquery, so they are made together."""
    statement = accruals()
    columns = statement.selected_columns
    table = Table(
        name="accruals",
        caption=_l("Accruals"),
        key=columns["key"],
        default="-created_at",
        columns=(
            Column("number", _l("Order"), main=True, href=_address),
            Column("created_at", _l("Ordered"), render="datetime", sort=Deal.created_at),
            Column("partner", _l("Partner"), render="name", sort=Partner.name),
            Column("level", _l("Level"), render="number", end=True),
            Column("amount", _l("Sum"), render="money", sort=columns["amount"], end=True),
            Column("bucket", _l("State"), render="badge"),
            Column("available_at", _l("Free from"), render="date", quiet=True),
        ),
        filters=(
            Filter("bucket", _l("State"), BUCKETS, lambda s, v: s.where(columns["bucket"] == v)),
        ),
        search=_search,
        search_label=_l("Order, customer or partner"),
        empty=Empty(
            _l("No accruals yet"),
            _l("What partners earn from deals is listed here, level by level."),
            icon="coins",
        ),
    )
    return statement, table


def _address(row: Any) -> str | None:
    if not allowed("office.orders.show"):
        return None  # the accountant reads what was earned, and no orders
    return url_for("office.orders.show", deal=row.deal)


@bp.get("/deals/")
@requires("read")
def deal_list() -> Response:
    """List the orders that partners brought."""
    table, statement = with_undone(by_shop(DEALS, Order.shop_id), deals())
    return page("commissions/office/deals.html", "_deals.html", deals=table.load(statement))


@bp.get("/deals/<string:deal>/<string:refcode>")
@requires("read")
def as_partner(deal: str, refcode: str) -> Response:
    """Show a sale just as the partner sees it: what the link that partners share opens for staff."""
    partner = by_refcode(refcode)
    if partner is None:
        raise NotFound
    return page("commissions/office/as_partner.html", partner=partner, **sale(deal, partner.id))


def sale(deal: str, partner_id: int) -> dict[str, Any]:
    """Return what a partner may know of a sale: own shares with why, own claims, the buyer masked.

    Raises NotFound where nothing of it is the partner's.
    """
    order = order_of_deal(deal)
    view = deal_view(order.id) if order else None
    if order is None or view is None:
        raise NotFound
    own = [row for row in view.shares if row.partner_id == partner_id]
    claims = journal(order.id, partner_id)
    brought = view.partner is not None and view.partner.id == partner_id
    if not (own or brought or claims):
        raise NotFound
    said = folded_from_json(order.folded).snapshot
    lines = {line.id: line.name or line.product or line.id for line in said.lines}
    me = cards([partner_id])[partner_id]
    known = sources(explain.owners(own), order.created_at)
    reader = explain.Reader(money_text, known, staff=False)
    return {
        "order": order,
        "view": view,
        "shares": own,
        "claims": claims,
        "brought": brought,
        "buyer": masked(said.customer.name, said.customer.email),
        "how": explain.KINDS.get(view.deal.how or "") if own or brought else None,
        "link": public_address(url_for("public.commissions.why", deal=deal, refcode=me.refcode)),
        **explain.spoken(view, reader, lines, {me.id: me.name}, clock.now(), mine=me.id),
    }


@bp.get("/accruals/")
@requires("money.read")
def index() -> Response:
    """List what partners earn, level by level; `?partner=<refcode>` shows one."""
    statement, table = _accruals()
    table, statement = with_undone(by_shop(table, Order.shop_id), statement)
    refcode = request.args.get("partner", "")
    if refcode:
        statement = statement.where(Partner.refcode == refcode)
    return page(
        "commissions/office/index.html",
        "_table.html",
        accruals=table.load(statement),
        partner=refcode,
    )
