"""The back office: every order, those of partners with a star, and all that is known of one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import Blueprint, url_for
from flask_babel import lazy_gettext as _l

from app import clock
from app.adjustments.queries import set_for_others
from app.attribution.queries import journal
from app.commissions import explain
from app.commissions.models import Deal
from app.commissions.queries import deal_view, order_of_deal, orders
from app.commissions.rules import statistics
from app.errors import NotFound
from app.ledger.queries import order_transfers
from app.ledger.rules import COMMISSIONS
from app.orders.models import Order
from app.orders.queries import messages
from app.orders.rules import folded_from_json, line_value, refunded
from app.partners.queries import cards
from app.reports.queries import customer_sums, sources
from app.site.access import requires
from app.site.lists import by_shop, with_undone
from app.web.filters import money_text
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from flask import Response
    from sqlalchemy import Select

    from app.commissions.queries import DealView
    from app.ledger.models import Transfer
    from app.orders.rules import Folded


@dataclass(frozen=True)
class Booking:
    """What was posted together about an order; `gain`: what partners gained by it, minor units."""

    at: datetime
    transfers: Sequence[Transfer]
    gain: int
    reason: str  # why staff set it by hand, else empty
    summed: bool  # its moves change the sum, and by more than one line


bp = Blueprint("orders", __name__, url_prefix="/orders")

STATES = [
    ("registered", _l("New")),
    ("agreed", _l("Agreed")),
    ("completed", _l("Completed")),
    ("cancelled", _l("Cancelled")),
    ("refunded", _l("Refunded")),
]


def _of_partners(statement: Select[Any], value: str) -> Select[Any]:
    with_partner = Deal.partner_id.is_not(None)
    return statement.where(with_partner if value == "yes" else ~with_partner)


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(Order.search.contains(words.casefold(), autoescape=True))


def _address(row: Any) -> str:
    return url_for("office.orders.show", deal=row.deal)


COLUMNS = (
    Column("number", _l("Number"), render="starred", main=True, href=_address),
    Column("created_at", _l("Ordered"), render="datetime", sort=Order.created_at),
    Column("customer", _l("Customer"), render="name", quiet=True),
    Column("state", _l("State"), render="badge", sort=Order.state),
    Column("total", _l("Total"), render="money", sort=Order.total, end=True),
    Column("partner", _l("Partner"), render="name"),
    Column("commission", _l("Commission"), render="money", sort=Deal.commission, end=True),
)
ORDERS = Table(
    name="orders",
    caption=_l("Orders"),
    key=Order.id,
    default="-created_at",
    columns=COLUMNS,
    filters=(
        Filter("state", _l("State"), STATES, lambda s, v: s.where(Order.state == v)),
        Filter(
            "partner",
            _l("Partner"),
            [("yes", _l("With a partner")), ("no", _l("Without"))],
            _of_partners,
        ),
    ),
    search=_search,
    search_label=_l("Number, name, e-mail or phone"),
    empty=Empty(
        _l("No orders yet"),
        _l("They appear here as soon as the shop sends them by API or webhook."),
        icon="shopping-cart",
    ),
)


@bp.get("/")
@requires("read")
def index() -> Response:
    """List orders; a star marks those that a partner brought."""
    table, statement = with_undone(by_shop(ORDERS, Order.shop_id), orders())
    return page("orders/office/index.html", "_table.html", orders=table.load(statement))


@bp.get("/<string:deal>/")
@requires("read")
def show(deal: str) -> Response:
    """Show one order: lines, partner data, shares with why, claims, money and messages."""
    order = order_of_deal(deal)
    if order is None:
        raise NotFound
    folded = folded_from_json(order.folded)
    back = refunded(folded.snapshot)
    transfers = order_transfers(order.id)
    view = deal_view(order.id)
    lines = [(line, line_value(line), round(back.lines[line.id])) for line in folded.snapshot.lines]
    return page(
        "orders/office/show.html",
        order=order,
        said=folded.snapshot,
        lines=lines,
        view=view,
        claims=journal(order.id),
        bookings=[_booking(list(own)) for _fact, own in groupby(transfers, lambda t: t.reference)],
        goods={line.id: line.name or line.product or line.id for line in folded.snapshot.lines},
        names={i: card.name for i, card in cards(t.partner_id for t in transfers).items()},
        moves=explain.MOVES,
        for_others=set_for_others(view) if view else [],
        messages=messages(order.id),
        statistics=statistics(view.shares, order.total) if view and view.partner else None,
        bought=customer_sums([order.member_id])[order.member_id] if order.member_id else None,
        **(_explained(view, order, folded) if view else {"nothing": explain.nothing}),
    )


def _booking(transfers: Sequence[Transfer]) -> Booking:
    signs = (int(t.source == COMMISSIONS) - int(t.target == COMMISSIONS) for t in transfers)
    gains = [sign * t.amount for sign, t in zip(signs, transfers, strict=True)]
    reasons = {t.reason for t in transfers if t.reason}
    return Booking(
        transfers[0].at,
        transfers,
        sum(gains),
        ", ".join(sorted(reasons)),
        sum(map(bool, gains)) > 1,
    )


def _explained(view: DealView, order: Order, folded: Folded) -> dict[str, Any]:
    reader = explain.Reader(money_text, sources(explain.owners(view.shares), order.created_at))
    lines = {line.id: line.name or line.product or line.id for line in folded.snapshot.lines}
    known = cards(note.get("partner_id") for note in view.deal.notes)
    names = {partner_id: card.name for partner_id, card in known.items()}
    return explain.spoken(view, reader, lines, names, clock.now())
