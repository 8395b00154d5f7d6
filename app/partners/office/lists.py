"""The back office: the list of partners, applications, and new partners."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from flask import Blueprint, g, request, url_for
from flask_babel import get_locale, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select

from app.errors import DomainError, NotFound
from app.installation import public_address
from app.links import service as links
from app.lists.queries import views
from app.participation import queries as participation
from app.partners import queries, service
from app.partners.forms import (
    NewPartnerForm,
    group_choices,
)
from app.partners.models import Partner
from app.partners.office.lines import lines
from app.partners.rules import Status
from app.programs import queries as programs
from app.site.access import may, requires
from app.statistics.models import PartnerFigures
from app.statistics.rules import percent
from app.web import lists
from app.web.cells import linked
from app.web.pages import page, see_other
from app.web.ranges import Range
from app.web.surroundings import surroundings
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from flask import Response
    from flask_babel import LazyString
    from sqlalchemy import Select
    from werkzeug.datastructures import MultiDict


bp = Blueprint("partners", __name__, url_prefix="/partners")


STATUSES = [
    ("active", _l("Active")),
    ("pending", _l("Waiting")),
    ("blocked", _l("Blocked")),
    ("rejected", _l("Rejected")),
    ("removed", _l("Removed")),
]


_card = linked("office.partners.card", "refcode", lambda row: row.partner.refcode)


# fmt: off
NAME = Column("name", lazy_pgettext("person", "Name"), render="named", main=True, sort=Partner.name, href=_card,
              value=lambda row: row.partner.name, tie=Partner.id)
APPLICANT = Column("name", lazy_pgettext("person", "Name"), render="name", main=True, sort=Partner.name,
                   href=lambda row: url_for("office.participation.card", refcode=row.partner.refcode),
                   value=lambda row: row.partner.name)
REFCODE = Column("refcode", _l("Refcode"), render="code", sort=Partner.refcode, tie=Partner.id, spare=True,
                 value=lambda row: row.partner.refcode)
STATUS = Column("status", _l("State"), render="status", value=lambda row: row.partner.status)
PARENT = Column("sponsor", _l("Parent"), render="name", spare=True,
                value=lambda row: row.sponsor)
GROUP = Column("group", _l("Group"), render="name", spare=True)
JOINED = Column("created", _l("Joined"), render="date", sort=Partner.created_at, tie=Partner.id,
                value=lambda row: row.partner.created_at)
EMAIL = Column("email", _l("E-mail"), render="name", value=lambda row: row.partner.email)
EMAIL_SPARE = replace(EMAIL, spare=True)
PHONE = Column("phone", _l("Phone"), render="name", value=lambda row: row.partner.phone, spare=True)
TICK = Column("tick", _l("Choose"), render="tick", value=lambda row: row.partner.refcode, tool=True)
RECRUITS = Column("recruits", _l("Brought"), render="number", end=True, spare=True)
ACTS = Column("acts", _l("Decision"), render="decide", tool=True)
ANSWERS = Column("answers", _l("Answers"), render="answered", quiet=True, value=lambda row: row.partner.id)
CHOOSE = Column("choose", _l("Choose"), render="choose", value=lambda row: row.partner.refcode)
BALANCES = (
    Column("pending", _l("On hold"), render="money", end=True, spare=True,
           value=lambda row: row.pending),
    Column("available", _l("Available"), render="money", end=True, sort=PartnerFigures.available,
           tie=PartnerFigures.partner_id, value=lambda row: row.available),
    Column("debt", _l("Debt"), render="money", end=True, spare=True,
           value=lambda row: -row.debt),
)


def _figure(name: str, label: LazyString, render: str = "number", *, spare: bool = False) -> Column:
    return Column(name, label, render=render, end=True, spare=spare, sort=getattr(PartnerFigures, name),
                  tie=PartnerFigures.partner_id, value=lambda row: getattr(row.figures, name))


def _of_clicks(name: str, label: LazyString, render: str, made: Callable[[int], Any]) -> Column:
    """Make the column of a rate that means nothing without clicks."""
    return Column(name, label, render=render, end=True, sort=getattr(PartnerFigures, name),
                  tie=PartnerFigures.partner_id,
                  value=lambda row: made(getattr(row.figures, name)) if row.figures.clicks else None)


def _touched(name: str, label: LazyString, part: Callable[[PartnerFigures], int]) -> Column:
    """Make the column of a share of the sales, by the part that the partner had."""
    return Column(name, label, render="percent", end=True, spare=True,
                  value=lambda row: percent(part(row.figures), row.figures.orders))


FIGURES = (
    _figure("clicks", _l("Clicks")),
    _figure("orders", _l("Sales")),
    _of_clicks("conversion", _l("Conversion"), "percent", lambda value: Decimal(value) / 100),
    Column("last_sale", _l("Last sale"), render="date", sort=PartnerFigures.last_sale_at, nullable=True,
           tie=PartnerFigures.partner_id, value=lambda row: row.figures.last_sale_at, spare=True),
    _touched("first", _l("First touch"), lambda f: f.opener + f.sole),
    _touched("only", _l("Only touch"), lambda f: f.sole),
    _touched("late", _l("Last minutes"), lambda f: f.late),
)
EARNINGS = (
    _figure("turnover", _l("Turnover"), "money"),
    _figure("own", _l("Commission"), "money", spare=True),
    _figure("network", _l("From the network"), "money", spare=True),
    _of_clicks("epc", _l("Earned per click"), "money", lambda value: value),
)
RANGES = (
    Range("clicks", _l("Clicks"), PartnerFigures.clicks),
    Range("orders", _l("Sales"), PartnerFigures.orders),
    Range("conversion", _l("Conversion, %"), PartnerFigures.conversion, "percent"),
    Range("last_sale", _l("Last sale"), PartnerFigures.last_sale_at, "date"),
    Range("created", _l("Joined"), Partner.created_at, "date"),
)
MONEY_RANGES = (
    Range("turnover", _l("Turnover"), PartnerFigures.turnover, "money"),
    Range("own", _l("Commission"), PartnerFigures.own, "money"),
    Range("epc", _l("Earned per click"), PartnerFigures.epc, "money"),
    Range("available", _l("Available"), PartnerFigures.available, "money"),
)
# fmt: on


def _table(choices: Sequence[Any] = ()) -> Table:
    """Make the list; groups are the merchant's, and sums are for whoever may see money."""
    money, sets = may("money.read"), choices or programs.sets()
    groups = [(str(each.id), each.name) for each in sets if each.kind == "group"]
    columns: tuple[Column, ...] = (
        NAME,
        REFCODE,
        STATUS,
        PARENT,
        GROUP,
        EMAIL_SPARE,
        PHONE,
        RECRUITS,
    )
    columns = (*columns, JOINED, *FIGURES, *((*EARNINGS, *BALANCES) if money else ()))
    by_status = Filter("status", _l("State"), STATUSES, lambda s, v: s.where(Partner.status == v))
    by_group = Filter(
        "group", _l("Group"), groups, lambda s, v: s.where(Partner.group_id == int(v))
    )
    return Table(
        name="partners",
        listing="partners",
        caption=_l("Partners"),
        key=Partner.id,
        default="-created",
        columns=(TICK, *columns) if may("manage") or may("money") else columns,
        filters=(by_status, *((by_group,) if groups else ()), *_by_terms(sets)),
        ranges=(*RANGES, *(MONEY_RANGES if money else ())),
        search=queries.matching,
        search_label=_l("Name, e-mail or code"),
        empty=Empty(
            _l("No partners yet"),
            _l("Give out the registration link above, or make the first partner yourself."),
            icon="users",
            endpoint="office.partners.new",
            act=_l("Create a partner"),
        ),
    )


def _by_terms(sets: Sequence[Any]) -> tuple[Filter, ...]:
    """Offer the sets of terms, where there are several."""
    known = {str(terms.id): terms for terms in sets if terms.kind == "terms"}
    if len(known) < 2:
        return ()
    return (
        Filter(
            "terms",
            _l("Terms"),
            [(key, terms.name) for key, terms in known.items()],
            lambda s, v: s.where(queries.on_terms(int(v), is_base=known[v].is_base)),
        ),
    )


APPLICATIONS = Table(
    name="applications",
    caption=_l("Applications"),
    key=Partner.id,
    default="created",
    columns=(CHOOSE, APPLICANT, EMAIL, ANSWERS, PARENT, JOINED, ACTS),
    search=queries.matching,
    search_label=_l("Name or e-mail"),
    empty=Empty(
        _l("Nobody waits"),
        _l("Applications come here when approval by hand is on in the settings."),
        icon="user-check",
    ),
)


@bp.get("/")
@requires("read")
def index() -> Response:
    """List partners, under the registration link."""
    sets = programs.sets()
    view = _table(sets).load(_statement())
    view.rows = lines(view.rows)
    view.saved, view.shares = views("partners", g.person.id), may("manage")
    return page(
        "partners/office/index.html",
        "_table.html",
        partners=view,
        join=join_address(),
        waiting=surroundings().waiting().get("office.partners.applications", 0),
        groups=[(each.id, each.name) for each in sets if each.kind == "group"],
        sets=[(each.id, each.name) for each in sets if each.kind == "terms"],
    )


@bp.get("/applications")
@requires("read")
def applications() -> Response:
    """List who waits for a decision."""
    waiting = queries.listed().where(Partner.status == Status.PENDING)
    view = APPLICATIONS.load(waiting)
    view.rows = lines(view.rows)
    return page(
        "partners/office/applications.html",
        "_applications.html",
        applications=view,
        answers=participation.told_shortly(
            {row.partner.id: row.partner.answers for row in view.rows},
            str(get_locale()),
            g.tenant.locale,
        ),
        turned_away=participation.turned_away_count(),
    )


@bp.get("/new")
@requires("manage")
def new() -> Response:
    """Show the form of a new partner."""
    return _new(NewPartnerForm(formdata=None, data={"sponsor": request.args.get("sponsor", "")}))


@bp.post("/new")
@requires("manage")
def create() -> Response:
    """Make a partner by hand."""
    form = NewPartnerForm()
    form.group.choices = group_choices(programs.all_groups())
    if not form.validate_on_submit():
        return _new(form, 422)
    try:
        partner = service.create(
            service.NewPartner(
                **form.contact,
                refcode=form.refcode.data or None,
                codes=form.promo_codes,
                sponsor_id=sponsor_id_of(form.sponsor.data),
                sponsor_until=form.until.data,
                group_id=form.group.data or None,
            )
        )
    except DomainError as error:
        form.tell(error)
        return _new(form, 422)
    links.ensure_default(partner)
    letter = _("The partner is there, and the welcome letter is on its way.")
    words = letter if partner.email else _("The partner is there.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words)


def chosen(args: MultiDict[str, str]) -> Select[Any]:
    """Return the statement of the partners that the list shows with these wishes."""
    table = _table()
    return table.narrow(_statement(), table.ask(args))


def _statement() -> Select[Any]:
    """Return the list's partners with their figures beside them."""
    same = and_(
        PartnerFigures.tenant_id == Partner.tenant_id, PartnerFigures.partner_id == Partner.id
    )
    found: Any = select(Partner, PartnerFigures).join(PartnerFigures, same)
    return cast("Select[Any]", found)


lists.register(lists.Listing("partners", "office.partners.index", _table, _statement, lines))


def join_address(sponsor: str | None = None) -> str:
    """Return the full address of the registration page, under a sponsor if there is one."""
    return public_address(url_for("public.partners.join", merchant=g.tenant.slug, sponsor=sponsor))


def _new(form: NewPartnerForm, status: int = 200) -> Response:
    form.group.choices = group_choices(programs.all_groups())
    return page("partners/office/new.html", status=status, form=form)


def partner_of(refcode: str) -> Partner:
    """Return the partner that an address names. Raises NotFound."""
    found = queries.by_refcode(refcode)
    if found is None:
        raise NotFound
    return found


def sponsor_id_of(said: str | None) -> int | None:
    """Return whom a typed refcode means: nobody for none, 0 for nobody's, which services refuse."""
    if not said or not said.strip():
        return None
    found = queries.by_refcode(said)
    return found.id if found else 0
