"""The back office: every order, those of partners with a star, and all that is known of one."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from flask import g
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from app import clock
from app.adjustments.queries import set_for_others
from app.attribution.queries import journal
from app.checkout.queries import Books, books
from app.commissions import explain
from app.commissions.models import Deal
from app.commissions.queries import deal_view, order_of_deal, orders
from app.commissions.rules import statistics
from app.earnings.queries import earned
from app.errors import NotFound
from app.ledger.queries import order_transfers
from app.ledger.rules import COMMISSIONS
from app.lists.queries import views
from app.orders.forms import PartnerDataForm
from app.orders.models import Order
from app.orders.office.door import bp
from app.orders.queries import is_told_once, messages
from app.orders.rules import PartnerData, folded_from_json, line_value, partner_data, refunded
from app.orders.service import staff_word
from app.partners.queries import cards
from app.programs import queries as programs
from app.reports.queries import activity_of, customer_sums, sources
from app.site.access import may, requires
from app.site.lists import by_shop, with_undone
from app.statements.rules import correction
from app.tenants import queries as tenants
from app.web import lists
from app.web.cells import linked
from app.web.filters import money_text
from app.web.pages import page
from app.web.ranges import Range
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date, datetime

    from flask import Response
    from sqlalchemy import Select

    from app.commissions.queries import DealView
    from app.ledger.models import Transfer
    from app.orders.rules import Folded, StaffWord


@dataclass(frozen=True)
class Booking:
    """What was posted together about an order; `gain`: what partners gained by it, minor units."""

    at: datetime
    transfers: Sequence[Transfer]
    gain: int
    reason: str  # why staff set it by hand, else empty
    summed: bool  # its moves change the sum, and by more than one line
    corrects: date | None = None  # first day of the closed month that it corrects


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


COLUMNS = (
    Column(
        "number",
        _l("Number"),
        render="starred",
        main=True,
        href=linked("office.orders.show", "deal", lambda row: row.deal),
    ),
    Column("created_at", _l("Ordered"), render="datetime", sort=Order.created_at),
    Column("customer", _l("Customer"), render="name", quiet=True),
    Column("state", _l("State"), render="badge", sort=Order.state),
    Column("total", _l("Total"), render="money", sort=Order.total, end=True),
    Column("partner", _l("Partner"), render="name"),
    Column(
        "commission",
        _l("Commission"),
        render="money",
        sort=Deal.commission,
        end=True,
        tie=Deal.order_id,
    ),
)
ORDERS = Table(
    name="orders",
    listing="orders",
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
    ranges=(
        Range("created", _l("Ordered"), Order.created_at, "date"),
        Range("total", _l("Total"), Order.total, "money"),
        Range("commission", _l("Commission"), Deal.commission, "money"),
    ),
    search=_search,
    search_label=_l("Number, name, e-mail or phone"),
    empty=Empty(
        _l("No orders yet"),
        _l("They appear here as soon as the shop sends them by API or webhook."),
        icon="shopping-cart",
    ),
)


def _narrowable() -> tuple[Table, Select[Any]]:
    """Return the list with what it can be narrowed by for this merchant: a shop, undone test sales."""
    return with_undone(by_shop(ORDERS, Order.shop_id), orders())


lists.register(
    lists.Listing(
        "orders",
        "office.orders.index",
        lambda: _narrowable()[0],
        lambda: _narrowable()[1],
    )
)


@bp.get("/")
@requires("read")
def index() -> Response:
    """List orders; a star marks those that a partner brought."""
    table, statement = _narrowable()
    view = table.load(statement)
    view.saved, view.shares = views("orders", g.person.id), may("manage")
    return page("orders/office/index.html", "_table.html", orders=view, own={"starred": starred()})


def starred() -> Callable[[Any, Any, Column], Markup]:
    """Return the cell of an order's number, with a star where a partner brought it; its words are looked up once."""
    words = escape(gettext("Partner deal"))
    star = Markup(
        '<span class="star" title="{0}" aria-hidden="true">★</span>'
        '<span class="visually-hidden">{0}: </span>'
    ).format(words)

    def cell(value: Any, row: Any, _column: Column) -> Markup:
        number = Markup('<bdi class="whole">{}</bdi>').format(value)
        return star + number if row.partner_id else number

    return cell


@bp.get("/<string:deal>/")
@requires("read")
def show(deal: str) -> Response:
    """Show one order: lines, partner data, shares with why, claims, money and messages."""
    order = order_of_deal(deal)
    if order is None:
        raise NotFound
    return shown(order)


def shown(order: Order, form: PartnerDataForm | None = None, status: int = 200) -> Response:
    """Show one order; `form`: staff's word on its partner as it was refused."""
    folded = folded_from_json(order.folded)
    back = refunded(folded.snapshot)
    transfers = order_transfers(order.id)
    view = deal_view(order.id)
    word = staff_word(order.id)
    lines = [(line, line_value(line), round(back.lines[line.id])) for line in folded.snapshot.lines]
    return page(
        "orders/office/show.html",
        status=status,
        form=form or _partner_form(folded, word),
        word=word,
        by_hand=is_told_once(order.id),
        order=order,
        said=folded.snapshot,
        lines=lines,
        view=view,
        happened=activity_of(f"order:{order.id}"),
        claims=journal(order.id),
        bookings=[
            _booking(list(own), transfers[0].at)
            for _fact, own in groupby(transfers, lambda t: t.reference)
        ],
        goods={line.id: line.name or line.product or line.id for line in folded.snapshot.lines},
        names={i: card.name for i, card in cards(t.partner_id for t in transfers).items()},
        moves=explain.MOVES,
        for_others=set_for_others(view) if view else [],
        paid=_paid(order.id),
        gave=_gave(order),
        loyalty=tenants.setting("loyalty"),
        messages=messages(order.id),
        statistics=statistics(view.shares, order.total) if view and view.partner else None,
        bought=customer_sums([order.member_id])[order.member_id] if order.member_id else None,
        **(_explained(view, order, folded) if view else {"nothing": explain.nothing}),
    )


def _paid(order_id: int) -> Books | None:
    """Return how the order is paid in bonuses and partner money; None: not at all."""
    book = books([order_id])[order_id]
    return book if book.version is not None or book.holds or book.money.holds else None


def _gave(order: Order) -> tuple[int, int] | None:
    """Return what the order has given in bonuses that still stand: to the customer, and to others; None: nothing."""
    given = earned([order.id]).get(order.id)
    if not given:
        return None
    own = sum(each.amount for each in given.values() if each.member_id == order.member_id)
    return own, sum(each.amount for each in given.values()) - own


def _partner_form(folded: Folded, word: StaffWord | None) -> PartnerDataForm:
    said = partner_data(folded, word) or PartnerData()
    form = PartnerDataForm(formdata=None, data=asdict(said))
    return form.offer(programs.all_terms(), said.terms)


def _booking(transfers: Sequence[Transfer], first: datetime) -> Booking:
    """`first`: when the order was first booked."""
    until, zone = g.tenant.closed_until, g.tenant.timezone
    months = {correction(t.kind, first, t.at, until, zone) for t in transfers} - {None}
    signs = (int(t.source == COMMISSIONS) - int(t.target == COMMISSIONS) for t in transfers)
    gains = [sign * t.amount for sign, t in zip(signs, transfers, strict=True)]
    reasons = {t.reason for t in transfers if t.reason}
    return Booking(
        transfers[0].at,
        transfers,
        sum(gains),
        ", ".join(sorted(reasons)),
        sum(map(bool, gains)) > 1,
        next(iter(months), None),
    )


def _explained(view: DealView, order: Order, folded: Folded) -> dict[str, Any]:
    reader = explain.Reader(money_text, sources(explain.owners(view.shares), order.created_at))
    lines = {line.id: line.name or line.product or line.id for line in folded.snapshot.lines}
    known = cards(note.get("partner_id") for note in view.deal.notes)
    names = {partner_id: card.name for partner_id, card in known.items()}
    return explain.spoken(view, reader, lines, names, clock.now())
