"""The back office: the list of partners, applications, and new partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import get_locale, lazy_pgettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, NotFound
from app.installation import public_address
from app.links import service as links
from app.participation import queries as participation
from app.partners import queries, service
from app.partners.forms import (
    NewPartnerForm,
    group_choices,
)
from app.partners.models import Partner
from app.partners.rules import Status
from app.programs import queries as programs
from app.site.access import may, requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table, View

if TYPE_CHECKING:
    from flask import Response
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


def _card(row: Any) -> str:
    return url_for("office.partners.card", refcode=row.partner.refcode)


# fmt: off
NAME = Column("name", lazy_pgettext("person", "Name"), render="name", main=True, sort=Partner.name, href=_card,
              value=lambda row: row.partner.name)
APPLICANT = Column("name", lazy_pgettext("person", "Name"), render="name", main=True, sort=Partner.name,
                   href=lambda row: url_for("office.participation.card", refcode=row.partner.refcode),
                   value=lambda row: row.partner.name)
REFCODE = Column("refcode", _l("Refcode"), render="code", sort=Partner.refcode,
                 value=lambda row: row.partner.refcode)
STATUS = Column("status", _l("State"), render="status", value=lambda row: row.partner.status)
PARENT = Column("sponsor", _l("Parent"), render="name",
                value=lambda row: row.sponsor.name if row.sponsor else None)
GROUP = Column("group", _l("Group"), render="name", quiet=True)
JOINED = Column("created", _l("Joined"), render="date", sort=Partner.created_at,
                value=lambda row: row.partner.created_at)
EMAIL = Column("email", _l("E-mail"), render="name", value=lambda row: row.partner.email)
TICK = Column("tick", _l("Choose"), render="tick", value=lambda row: row.partner.refcode)
RECRUITS = Column("recruits", _l("Brought"), render="number", end=True, quiet=True)
ACTS = Column("acts", _l("Decision"), render="decide")
ANSWERS = Column("answers", _l("Answers"), render="answered", quiet=True, value=lambda row: row.partner.id)
CHOOSE = Column("choose", _l("Choose"), render="choose", value=lambda row: row.partner.refcode)
BALANCES = (
    Column("pending", _l("On hold"), render="money", end=True, quiet=True,
           value=lambda row: row.balance.pending),
    Column("available", _l("Available"), render="money", end=True,
           value=lambda row: row.balance.available),
    Column("debt", _l("Debt"), render="money", end=True, quiet=True,
           value=lambda row: -row.balance.debt),
)
# fmt: on


def _table() -> Table:
    """Make the list; groups are the merchant's, and balances are for whoever may see money."""
    groups = [(str(group.id), group.name) for group in programs.all_groups()]
    columns: tuple[Column, ...] = (NAME, REFCODE, STATUS, PARENT, GROUP, RECRUITS, JOINED)
    columns = (TICK, *columns) if may("money") else columns
    by_status = Filter("status", _l("State"), STATUSES, lambda s, v: s.where(Partner.status == v))
    by_group = Filter(
        "group", _l("Group"), groups, lambda s, v: s.where(Partner.group_id == int(v))
    )
    by_terms = _by_terms()
    return Table(
        name="partners",
        caption=_l("Partners"),
        key=Partner.id,
        default="-created",
        columns=(*columns, *(BALANCES if may("money.read") else ())),
        filters=(by_status, *((by_group,) if groups else ()), *by_terms),
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


def _by_terms() -> tuple[Filter, ...]:
    """Offer the sets of terms, where there are several."""
    known = {str(terms.id): terms for terms in programs.all_terms()}
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
    view = _with_rows(_table().load(queries.listed()))
    return page(
        "partners/office/index.html",
        "_table.html",
        partners=view,
        join=join_address(),
        waiting=queries.waiting(),
    )


@bp.get("/applications")
@requires("read")
def applications() -> Response:
    """List who waits for a decision."""
    waiting = queries.listed().where(Partner.status == Status.PENDING)
    view = _with_rows(APPLICATIONS.load(waiting))
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
    return table.narrow(queries.listed(), table.ask(args))


def join_address(sponsor: str | None = None) -> str:
    """Return the full address of the registration page, under a sponsor if there is one."""
    return public_address(url_for("public.partners.join", merchant=g.tenant.slug, sponsor=sponsor))


def _with_rows(view: View) -> View:
    """Add to the page's rows what stands in other tables; balances only for who may see money."""
    view.rows = queries.rows(view.rows, balances=may("money.read"))
    return view


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
