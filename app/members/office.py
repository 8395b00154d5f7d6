"""The back office: the shops' customers, whose they are, and what was paid for their orders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app import clock
from app.attribution import explain as claimed
from app.attribution.queries import bound_to, enrolments
from app.bonuses import queries as bonuses
from app.commissions import explain
from app.earnings import queries as earnings
from app.errors import NotFound
from app.events.service import actor
from app.lists.queries import views
from app.members import queries, service
from app.members.forms import BirthdayForm, TagForm
from app.members.models import Member
from app.members.rules import Tagged, worn
from app.orders.models import Order
from app.orders.office import COLUMNS
from app.partners.queries import actor_names, by_refcode
from app.ranks import queries as ranks
from app.ranks.forms import RankForm
from app.ranks.rules import standing
from app.reports import queries as reports
from app.site.access import may, requires
from app.site.lists import by_shop
from app.tenancy import public_id
from app.tenants import queries as tenants
from app.web import lists
from app.web.pages import page, see_other
from app.web.ranges import Range
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.reports.queries import CustomerSums

bp = Blueprint("members", __name__, url_prefix="/customers")


HISTORY = 20  # words about the rank that are shown
ENROLLED = {"registered": _l("Registration"), "subscribed": _l("Subscription")}


@dataclass(frozen=True)
class Row:
    """A line of the list: the customer, and what the orders come to."""

    member: Member
    sums: CustomerSums


def _card(row: Row) -> str:
    return url_for("office.members.show", member_id=row.member.id)


def _brought(statement: Select[Any], value: str) -> Select[Any]:
    brought = reports.brought()
    return statement.where(brought if value == "yes" else ~brought)


MEMBERS = Table(
    name="customers",
    listing="customers",
    caption=_l("Customers"),
    key=Member.id,
    default="-created",
    columns=(
        Column("name", lazy_pgettext("person", "Name"), render="name", main=True, href=_card,
               value=lambda row: row.member.name or row.member.email or row.member.key.partition(":")[2]),
        Column("email", _l("E-mail"), render="name", value=lambda row: row.member.email),
        Column("phone", _l("Phone"), render="name", spare=True, value=lambda row: row.member.phone),
        Column("external", _l("The shop's id"), render="name", spare=True,
               value=lambda row: row.member.key.partition(":")[2]),
        Column("group", _l("Group"), render="name", quiet=True, value=lambda row: row.member.group),
        Column("created", _l("Known since"), render="date", sort=Member.created_at,
               value=lambda row: row.member.created_at),
        Column("registered", _l("Registered"), render="date", sort=Member.registered_at, nullable=True, spare=True,
               value=lambda row: row.member.registered_at),
        Column("orders", _l("Orders"), render="number", end=True, value=lambda row: row.sums.orders),
        Column("last", _l("Last order"), render="date", spare=True, value=lambda row: row.sums.last),
        Column("turnover", _l("Turnover"), render="money", end=True,
               value=lambda row: row.sums.turnover),
        Column("commission", _l("Commission"), render="money", end=True,
               value=lambda row: row.sums.commission),
    ),
    filters=(Filter("partner", _l("Partner"), [("yes", _l("With a partner")), ("no", _l("Without"))], _brought),),
    ranges=(
        Range("created", _l("Known since"), Member.created_at, "date"),
        Range("registered", _l("Registered"), Member.registered_at, "date"),
    ),
    search=queries.matching,
    search_label=_l("Name, e-mail, phone or the shop's id"),
    empty=Empty(
        _l("No customers yet"),
        _l("They appear here with their first order."),
        icon="users",
    ),
)  # fmt: skip
ORDERS = Table(
    name="orders",
    caption=_l("Orders"),
    key=Order.id,
    default="-created_at",
    columns=tuple(column for column in COLUMNS if column.key != "customer"),
    empty=Empty(_l("No orders yet"), icon="shopping-cart"),
)


def _table() -> Table:
    return by_shop(MEMBERS, Member.shop_id)


def _lines(found: list[Member]) -> list[Row]:
    sums = reports.customer_sums([member.id for member in found])
    return [Row(member, sums[member.id]) for member in found]


lists.register(lists.Listing("customers", "office.members.index", _table, queries.listed, _lines))


@bp.get("/")
@requires("read")
def index() -> Response:
    """List the customers."""
    view = _table().load(queries.listed())
    view.rows = _lines(view.rows)
    view.saved, view.shares = views("customers", g.person.id), may("manage")
    return page("members/office/index.html", "_table.html", members=view)


@bp.get("/<int:member_id>")
@requires("read")
def show(member_id: int) -> Response:
    """Show one customer: contact, to whom he belongs and by what evidence, orders, commission."""
    return _card_page(_member(member_id), TagForm(formdata=None))


@bp.post("/<int:member_id>/tags")
@requires("manage")
def put_tag(member_id: int) -> Response:
    """Put a tag on a customer by hand."""
    member, form = _member(member_id), TagForm()
    if not form.validate_on_submit():
        return _card_page(member, form, 422)
    _mark(member, form.tag.data.strip(), added=True)
    return see_other("office.members.show", member_id=member.id, message=_("Saved."))


@bp.post("/<int:member_id>/tags/off")
@requires("manage")
def take_tag(member_id: int) -> Response:
    """Take a tag off a customer by hand; one that he does not bear stays off."""
    member, tag = _member(member_id), request.form.get("tag", "").strip()
    borne = {each.tag for each in worn(queries.tags([member.id])[member.id])}
    if tag in borne:
        _mark(member, tag, added=False)
    return see_other("office.members.show", member_id=member.id, message=_("Saved."))


@bp.post("/<int:member_id>/birthday")
@requires("manage")
def set_birthday(member_id: int) -> Response:
    """Set a birthday right by hand; it is recorded, with the reason."""
    member, form = _member(member_id), BirthdayForm()
    if not form.validate_on_submit():
        return _card_page(member, TagForm(formdata=None), 422, form)
    service.lock([member.id])
    service.correct_birthday(member, form.birthday.data, form.reason.data.strip())
    return see_other("office.members.show", member_id=member.id, message=_("Saved."))


def _mark(member: Member, tag: str, *, added: bool) -> None:
    service.lock([member.id])
    said = Tagged(tag, added, clock.now(), f"hand:{public_id('tg')}", actor())
    service.mark(member.id, said)


def _member(member_id: int) -> Member:
    found = queries.by_id(member_id)
    if found is None:
        raise NotFound
    return found


def _card_page(
    member: Member, form: TagForm, status: int = 200, born: BirthdayForm | None = None
) -> Response:
    born = born or BirthdayForm(formdata=None, data={"birthday": member.birthday})
    return page(
        "members/office/show.html",
        "_orders.html",
        status=status,
        form=form,
        born=born,
        **_told(member),
    )


def _rank_form(member: Member) -> RankForm:
    held = standing(ranks.marks([member.id])[member.id])
    rank = ranks.rank_of(member.id)
    pinned = held.pinned if held is not None else True
    said = {"rank": rank.public_id if rank is not None else "", "pinned": pinned}
    return RankForm(formdata=None, data=said).offer(ranks.ranks())


def _told(member: Member) -> dict[str, Any]:
    binding = bound_to(member.id)
    return {
        "member": member,
        "shop": tenants.shop_by_id(member.shop_id),
        "sums": reports.customer_sums([member.id])[member.id],
        "levels": reports.commission_by_level(member.id),
        "binding": binding,
        "partner": by_refcode(binding.refcode) if binding else None,
        "enrolments": enrolments(member.id),
        "claims": reports.claims_of(member.id),
        "orders": ORDERS.load(reports.orders_of(member.id)),
        "kinds": explain.KINDS,
        "enrolled": ENROLLED,
        "rank": ranks.rank_of(member.id),
        "history": ranks.history(member.id)[:HISTORY],
        "people": actor_names(h.actor for h in ranks.history(member.id) if h.actor),
        "progress": ranks.progress(member.id),
        "goals": earnings.goals(member.id, g.tenant.timezone),
        "rank_names": {each.id: each.name for each in ranks.ranks()},
        "rank_form": _rank_form(member),
        "awards": ranks.borne(member.id),
        "tags": worn(queries.tags([member.id])[member.id]),
        "bonuses": bonuses.balance(member.id).available,
        "nothing": explain.nothing,
        "evidence": claimed.evidence,
        "enrolled_by": claimed.ENROLLED,
        "enrolled_why": claimed.why,
    }
