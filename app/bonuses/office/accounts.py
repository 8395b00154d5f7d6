"""The back office: what customers have, one customer's account, and entries by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from flask import g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import BigInteger, literal_column

from app import clock
from app.bonuses import queries, service
from app.bonuses.forms import HandForm
from app.bonuses.office import entries
from app.bonuses.office.door import bp
from app.bonuses.rules import GIVE, Grant
from app.errors import Conflict, DomainError, NotFound
from app.lists.queries import views
from app.members import queries as members
from app.members.models import Member
from app.money import LARGEST
from app.site.access import may, requires
from app.site.lists import by_shop
from app.tenancy import public_id
from app.tenants import queries as tenants
from app.web import lists
from app.web.filters import money_text
from app.web.pages import page, see_other, wants_fragment
from app.web.ranges import Range
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

AHEAD = BACK = 12  # months of the pictures
HAND = "hand:"
BY = queries.STANDING
STATES = [
    ("available", _l("With bonuses to spend")),
    ("pending", _l("With bonuses that wait")),
    ("held", _l("With bonuses in orders")),
    ("debt", _l("In debt")),
]


def _account(row: Any) -> str:
    return url_for("office.bonuses.account", member_id=row.Member.id)


def _having(statement: Select[Any], value: str) -> Select[Any]:
    return statement.where(BY[value] > 0)


BALANCES = Table(
    name="bonus-balances",
    listing="bonus-balances",
    caption=_l("Bonus balances"),
    key=Member.id,
    default="-available",
    columns=(
        Column("name", lazy_pgettext("person", "Name"), render="name", main=True, href=_account,
               value=lambda row: entries.called(row.Member)),
        Column("email", _l("E-mail"), render="name", spare=True, value=lambda row: row.Member.email),
        Column("external", _l("The shop's id"), render="name", spare=True,
               value=lambda row: row.Member.key.partition(":")[2]),
        Column("available", lazy_pgettext("bonuses", "Available"), render="money", end=True, sort=BY["available"]),
        Column("pending", lazy_pgettext("bonuses", "Waiting"), render="money", end=True, sort=BY["pending"]),
        Column("held", _l("In orders"), render="money", end=True, sort=BY["held"]),
        Column("debt", _l("Debt"), render="money", end=True, sort=BY["debt"]),
        Column("next_at", _l("Next to lapse"), render="date", sort=BY["next_at"], nullable=True),
    ),
    filters=(Filter("has", _l("Who"), STATES, _having),),
    ranges=(
        Range("available", lazy_pgettext("bonuses", "Available"), BY["available"], "money"),
        Range("next_at", _l("Next to lapse"), BY["next_at"], "date"),
    ),
    search=members.matching,
    search_label=_l("Name, e-mail, phone or the shop's id"),
    empty=Empty(
        _l("Nobody has bonuses yet"),
        _l("They come with orders, by rules, or by hand: to one customer or to many at once."),
        icon="coin",
        endpoint="office.bonuses.masses",
        act=_l("Accrue to many"),
    ),
)  # fmt: skip


def _balances() -> Table:
    return by_shop(BALANCES, Member.shop_id)


lists.register(
    lists.Listing(
        "bonus-balances",
        "office.bonuses.index",
        _balances,
        queries.accounts,
        needs="money.read",
    )
)
MOVED = literal_column("moved.id", BigInteger)  # as the statement names it
STATEMENT = Table(
    name="bonus-statement",
    caption=_l("Statement"),
    key=MOVED,
    counted=False,
    default="-at",
    columns=(
        Column("at", _l("When"), render="datetime", main=True, sort=MOVED,
               value=lambda row: row.move.at),
        entries.KIND,
        entries.WHAT,
        entries.AMOUNT,
        Column("balance", _l("After it"), render="money", end=True, value=lambda row: row.move.balance),
        entries.REASON,
        entries.ORDER,
        Column("activates_at", _l("Wake"), render="date", quiet=True,
               value=lambda row: row.told.activates_at),
        entries.LAPSES,
        Column("undo", _l("Undo"), render="undo", value=lambda row: row.undo, tool=True),
    ),
    empty=Empty(
        _l("Nothing has moved here yet"),
        _l("What is accrued, spent, given back, lapsed or taken back gets a line here."),
        icon="coin",
    ),
)  # fmt: skip


@bp.get("/")
@requires("read")
def index() -> Response:
    """List what customers have, with what all of them have, and what comes, goes and lapses by month."""
    view = _balances().load(queries.accounts())
    view.saved, view.shares = views("bonus-balances", g.person.id), may("manage")
    told = {} if wants_fragment() else _pictures()
    return page("bonuses/office/index.html", "_table.html", listed=view, **told)


def _pictures() -> dict[str, Any]:
    zone = g.tenant.timezone
    today = clock.today(zone)
    first = date(today.year - 1, today.month, 1)
    since = datetime.combine(first, time(), ZoneInfo(zone))
    return {
        "totals": queries.totals(),
        "lapsing": _soonest(queries.lapsing(zone)),
        "months": queries.months(zone, first, since, BACK + 1),
        "on": bool(tenants.setting("loyalty")),
    }


def _soonest(found: list[queries.Lapsing]) -> dict[str, Any]:
    """Return what lapses in the next months that have any, what later, and what never."""
    dated = [each for each in found if each.month is not None]
    return {
        "months": dated[:AHEAD],
        "later": sum(each.amount for each in dated[AHEAD:]),
        "never": sum(each.amount for each in found if each.month is None),
    }


@bp.get("/accounts/<int:member_id>")
@requires("read")
def account(member_id: int) -> Response:
    """Show one customer's bonuses: what there is, lot by lot, and why."""
    return _account_page(_member(member_id), HandForm(formdata=None))


@bp.post("/accounts/<int:member_id>")
@requires("manage")
def enter(member_id: int) -> Response:
    """Accrue or deduct by hand."""
    member, form = _member(member_id), HandForm()
    if not form.validate_on_submit():
        return _account_page(member, form, 422)
    try:
        _enter(member, form)
    except service.NotEnough as error:
        words = _("There are only %(sum)s.", sum=money_text(error.available))
        form.complain("amount", words)
        return _account_page(member, form, 422)
    except DomainError as error:
        form.tell(error)
        return _account_page(member, form, error.status)
    return see_other("office.bonuses.account", member_id=member_id, message=_("Booked."))


def _enter(member: Member, form: HandForm) -> None:
    amount, reference = form.amount.data.minor, f"{HAND}{form.key.data or public_id('be')}"
    reason, wakes, lapses = form.reason.data.strip(), form.activates_at, form.expires_at
    if amount > LARGEST:
        form.complain("amount", _("The sum is too large."))
    if lapses and lapses <= (wakes or clock.now()):
        form.complain("expires_on", _("They would lapse before they can be spent."))
    if any(form.errors.values()):
        raise DomainError("invalid", _("Some answers cannot stand."))
    if form.act.data == GIVE:
        given = Grant(
            member_id=member.id,
            amount=amount,
            reference=reference,
            kind="hand",
            activates_at=wakes,
            expires_at=lapses,
            reason=reason,
        )
        service.grant([given])
    else:
        service.spend(member.id, amount, reference, reason=reason)


@bp.post("/accounts/<int:member_id>/undo")
@requires("manage")
def undo(member_id: int) -> Response:
    """Take an entry by hand back by a counter entry."""
    member, reference = _member(member_id), request.form.get("entry", "")[:100]
    if not reference.startswith(HAND) or "\x00" in reference:
        raise NotFound
    if not service.undo_by_hand(member.id, reference):
        raise Conflict("not_now", _("This was taken back already."))
    words = _("Taken back by a counter entry.")
    return see_other("office.bonuses.account", member_id=member_id, message=words)


def _member(member_id: int) -> Member:
    found = members.by_id(member_id)
    if found is None:
        raise NotFound
    return found


def _account_page(member: Member, form: HandForm, status: int = 200) -> Response:
    if not form.key.data:
        form.key.data = public_id("be")
    view = STATEMENT.load(queries.statement_of(member.id))
    view.rows = _with_undo(entries.told(view.rows))
    return page(
        "bonuses/office/account.html",
        "_statement.html",
        status=status,
        member=member,
        called=entries.called(member),
        balance=queries.balance(member.id),
        lots=queries.lots_of(member.id),
        most=queries.LOTS_SHOWN,
        statement=view,
        for_what=entries.for_what,
        form=form,
        undo_address=url_for("office.bonuses.undo", member_id=member.id),
    )


def _with_undo(rows: list[entries.Row]) -> list[entries.Row]:
    own = [r.move.reference for r in rows if _by_hand(r.move.reference)] if may("manage") else []
    gone = queries.taken_back(own)
    return [
        replace(r, undo=r.move.reference, undone=r.move.reference in gone)
        if r.move.reference in own
        else r
        for r in rows
    ]


def _by_hand(reference: str) -> bool:
    return reference.startswith(HAND) and reference.count(":") == 1
