"""The back office: the list of partners, applications, new ones, and a partner's card."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.errors import DomainError, NotFound
from app.events import queries as events
from app.identity import queries as people
from app.installation import public_address
from app.ledger.cabinet import KINDS
from app.ledger.queries import partner_balances, statement
from app.ledger.rules import BUCKETS
from app.links import queries as link_queries
from app.links import service as links
from app.partners import queries, service
from app.partners.forms import (
    ContactForm,
    NewPartnerForm,
    PartnerTermsForm,
    SponsorForm,
    group_choices,
)
from app.partners.models import Partner
from app.partners.rules import LIFECYCLE, Status
from app.programs import queries as programs
from app.programs.forms import shown, summary
from app.programs.rules import write_rate
from app.site.access import may, requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table, View

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("partners", __name__, url_prefix="/partners")

WORDS = {
    "approve": _l("Approved. The welcome letter is on its way."),
    "reject": _l("Turned down."),
    "block": _l("Blocked. New sales earn nothing."),
    "unblock": _l("Unblocked. New sales earn again."),
    "remove": _l("Removed from the program."),
}
UNDO = {"block": "unblock", "unblock": "block"}
STATUSES = [
    ("active", _l("Active")),
    ("pending", _l("Waiting")),
    ("blocked", _l("Blocked")),
    ("rejected", _l("Rejected")),
    ("removed", _l("Removed")),
]


def _card(row: Any) -> str:
    return url_for("office.partners.card", refcode=row.partner.refcode)


NAME = Column("name", _l("Name"), render="name", main=True, sort=Partner.name, href=_card,
              value=lambda row: row.partner.name)  # fmt: skip
REFCODE = Column("refcode", _l("Refcode"), render="code", sort=Partner.refcode,
                 value=lambda row: row.partner.refcode)  # fmt: skip
STATUS = Column("status", _l("State"), render="status", value=lambda row: row.partner.status)
PARENT = Column("sponsor", _l("Parent"), render="name",
                value=lambda row: row.sponsor.name if row.sponsor else None)  # fmt: skip
GROUP = Column("group", _l("Group"), render="name", quiet=True)
JOINED = Column("created", _l("Joined"), render="date", sort=Partner.created_at,
                value=lambda row: row.partner.created_at)  # fmt: skip
EMAIL = Column("email", _l("E-mail"), render="name", value=lambda row: row.partner.email)
RECRUITS = Column("recruits", _l("Brought"), render="number", end=True, quiet=True)
BALANCES = (
    Column("pending", _l("On hold"), render="money", end=True, quiet=True,
           value=lambda row: row.balance.pending),
    Column("available", _l("Available"), render="money", end=True,
           value=lambda row: row.balance.available),
    Column("debt", _l("Debt"), render="money", end=True, quiet=True,
           value=lambda row: -row.balance.debt),
)  # fmt: skip


def _table() -> Table:
    """Make the list; groups are the merchant's, and balances are for whoever may see money."""
    groups = [(str(group.id), group.name) for group in programs.all_groups()]
    columns = (NAME, REFCODE, STATUS, PARENT, GROUP, RECRUITS, JOINED)
    by_status = Filter("status", _l("State"), STATUSES, lambda s, v: s.where(Partner.status == v))
    by_group = Filter(
        "group", _l("Group"), groups, lambda s, v: s.where(Partner.group_id == int(v))
    )
    return Table(
        name="partners",
        caption=_l("Partners"),
        key=Partner.id,
        default="-created",
        columns=(*columns, *(BALANCES if may("money.read") else ())),
        filters=(by_status, by_group) if groups else (by_status,),
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


APPLICATIONS = Table(
    name="applications",
    caption=_l("Applications"),
    key=Partner.id,
    default="created",
    columns=(NAME, EMAIL, PARENT, JOINED, Column("acts", _l("Decision"), render="decide")),
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
    waiting = queries.listed().where(Partner.status == Status.PENDING)
    view = _with_rows(APPLICATIONS.load(waiting))
    return page("partners/office/applications.html", "_applications.html", applications=view)


@bp.get("/new")
@requires("manage")
def new() -> Response:
    return _new(NewPartnerForm(formdata=None, data={"sponsor": request.args.get("sponsor", "")}))


@bp.post("/new")
@requires("manage")
def create() -> Response:
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
                sponsor_id=_sponsor_id(form.sponsor.data),
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


@bp.get("/<string:refcode>")
@requires("read")
def card(refcode: str) -> Response:
    partner = _partner(refcode)
    return _basics(partner, _contact_form(partner), _sponsor_form(partner))


@bp.post("/<string:refcode>")
@requires("manage")
def change(refcode: str) -> Response:
    partner, form = _partner(refcode), ContactForm()
    if not form.validate_on_submit():
        return _basics(partner, form, _sponsor_form(partner), 422)
    try:
        if form.refcode.data:
            service.rename_refcode(partner, form.refcode.data)
        service.change(partner, **form.contact, codes=form.promo_codes)
    except DomainError as error:
        form.tell(error)
        return _basics(partner, form, _sponsor_form(partner), 422)
    return see_other("office.partners.card", refcode=partner.refcode, message=_("Saved."))


@bp.post("/<string:refcode>/sponsor")
@requires("manage")
def change_sponsor(refcode: str) -> Response:
    partner, form = _partner(refcode), SponsorForm()
    if form.validate_on_submit():
        try:
            sponsor = _sponsor_id(form.sponsor.data)
            service.set_sponsor(partner, sponsor, form.since.data, form.until.data)
        except DomainError as error:
            form.tell(error)
        else:
            words = _("Saved. Past orders keep the parent they had.")
            return see_other("office.partners.card", refcode=partner.refcode, message=words)
    return _basics(partner, _contact_form(partner), form, 422)


@bp.get("/<string:refcode>/terms")
@requires("read")
def terms(refcode: str) -> Response:
    partner = _partner(refcode)
    levels = queries.levels_of([partner.id])[partner.id]
    said = {"terms": partner.terms_id or 0, "group": partner.group_id or 0, "levels": levels}
    return _terms(partner, PartnerTermsForm(formdata=None, data=said))


@bp.post("/<string:refcode>/terms")
@requires("manage")
def change_terms(refcode: str) -> Response:
    partner = _partner(refcode)
    form = PartnerTermsForm().offer(programs.all_terms(), programs.all_groups())
    if form.validate_on_submit():
        wishes = {"terms_id": form.terms.data or None, "group_id": form.group.data or None}
        try:
            service.change(partner, **wishes, levels=form.rates)
        except DomainError as error:
            form.tell(error)
        else:
            words = _("Saved: it holds for orders from now on.")
            return see_other("office.partners.terms", refcode=partner.refcode, message=words)
    return _terms(partner, form, 422)


@bp.get("/<string:refcode>/balance")
@requires("money.read")
def balance(refcode: str) -> Response:
    partner = _partner(refcode)
    bucket = request.args.get("bucket", "available")
    bucket = bucket if bucket in BUCKETS else "available"
    before = request.args.get("before", "")
    seen = int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None
    entries = statement(partner.id, bucket, before=seen)
    return page(
        "partners/office/balance.html",
        partner=partner,
        actions=_actions(partner),
        balance=partner_balances([partner.id])[partner.id],
        bucket=bucket,
        entries=entries,
        kinds=KINDS,
    )


@bp.get("/<string:refcode>/activity")
@requires("read")
def activity(refcode: str) -> Response:
    partner = _partner(refcode)
    happened = events.history(f"partner:{partner.id}")
    return page(
        "partners/office/activity.html",
        partner=partner,
        actions=_actions(partner),
        events=happened,
        actors=_actors(event.actor for event in happened),
    )


@bp.post("/<string:refcode>/welcome")
@requires("manage")
def welcome(refcode: str) -> Response:
    partner = _partner(refcode)
    service.resend_welcome(partner)
    words = _("The welcome letter is on its way.")
    return see_other("office.partners.card", refcode=partner.refcode, message=words)


@bp.post("/<string:refcode>/<any(approve, reject, block, unblock, remove):action>")
@requires("manage")
def act(refcode: str, action: str) -> Response:
    partner = _partner(refcode)
    service.act(partner, action, request.form.get("reason", "")[:500])
    if action == "approve":
        links.ensure_default(partner)
    back = UNDO.get(action)
    undo = url_for("office.partners.act", refcode=partner.refcode, action=back) if back else None
    words = str(WORDS[action])
    if request.form.get("from") == "applications":
        return see_other("office.partners.applications", message=words, undo=undo)
    return see_other("office.partners.card", refcode=partner.refcode, message=words, undo=undo)


def join_address(sponsor: str | None = None) -> str:
    """Return the full address of the registration page, under a sponsor if there is one."""
    return public_address(url_for("public.partners.join", merchant=g.tenant.slug, sponsor=sponsor))


def _with_rows(view: View) -> View:
    """Add to the page's rows what stands in other tables; balances only for who may see money."""
    view.rows = queries.rows(view.rows, balances=may("money.read"))
    return view


def _partner(refcode: str) -> Partner:
    found = queries.by_refcode(refcode)
    if found is None:
        raise NotFound
    return found


def _sponsor_id(said: str | None) -> int | None:
    if not said or not said.strip():
        return None
    found = queries.by_refcode(said)
    return found.id if found else 0  # 0 is nobody: the service refuses it at the field


def _actions(partner: Partner) -> tuple[str, ...]:
    return LIFECYCLE.actions(Status(partner.status)) if may("manage") else ()


def _contact_form(partner: Partner) -> ContactForm:
    codes = queries.codes_of([partner.id])[partner.id]
    names = ("name", "email", "phone", "site", "comment", "refcode")
    said = {name: getattr(partner, name) for name in names}
    said["codes"] = ", ".join(code.display for code in codes if code.kind == "promo")
    return ContactForm(formdata=None, data=said)


def _sponsor_form(partner: Partner) -> SponsorForm:
    sponsor = queries.sponsors_at([partner.id]).get(partner.id)
    found = queries.cards([sponsor]).get(sponsor or 0)
    return SponsorForm(formdata=None, data={"sponsor": found.refcode if found else ""})


def _effective(partner: Partner) -> list[tuple[Any, str]]:
    unit = g.tenant.currency
    found = queries.effective_rates(partner, unit)
    return [(shown([write_rate(each.rate, unit)])[0], each.source.value) for each in found]


def _actors(actors: Any) -> dict[str, str]:
    said = {actor for actor in actors if actor.startswith("person:")}
    known = people.people(int(actor.partition(":")[2]) for actor in said)
    return {f"person:{number}": person.name for number, person in known.items()}


def _new(form: NewPartnerForm, status: int = 200) -> Response:
    form.group.choices = group_choices(programs.all_groups())
    return page("partners/office/new.html", status=status, form=form)


def _basics(
    partner: Partner, form: ContactForm, sponsor_form: SponsorForm, status: int = 200
) -> Response:
    default = links.ensure_default(partner) if status == 200 else None
    edges = queries.edges_of(partner.id)
    return page(
        "partners/office/card.html",
        status=status,
        partner=partner,
        actions=_actions(partner),
        form=form,
        sponsor_form=sponsor_form,
        edges=edges,
        sponsors=queries.cards(edge.sponsor_id for edge in edges),
        link=link_queries.address(partner.refcode, g.tenant.slug) if default else None,
    )


def _terms(partner: Partner, form: PartnerTermsForm, status: int = 200) -> Response:
    form.offer(programs.all_terms(), programs.all_groups())
    terms_id = partner.terms_id or programs.base_terms().id
    return page(
        "partners/office/terms.html",
        status=status,
        partner=partner,
        actions=_actions(partner),
        form=form,
        effective=_effective(partner),
        summary=summary(programs.conditions([terms_id])[terms_id]),
    )
