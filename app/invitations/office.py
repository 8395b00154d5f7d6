"""The back office: invitations, and partners who have no account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.errors import DomainError, FieldError
from app.invitations import queries, rules, service
from app.invitations.forms import TEXTS, WHY, AccountForm, AskForm
from app.invitations.models import Batch, Invitation
from app.partners import queries as partners
from app.programs import queries as programs
from app.site.access import requires
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table
from app.web.texts import as_typed

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.partners.models import Partner

bp = Blueprint("invitations", __name__, url_prefix="/invitations")
LARGEST = 1_048_576  # bytes of a file
SAMPLE = "anna@example.org, Anna, , , , ANNA10"
STATES = [
    ("queued", lazy_pgettext("invitation", "Queued")),
    ("sent", lazy_pgettext("invitation", "Sent")),
    ("opened", lazy_pgettext("invitation", "Opened")),
    ("joined", lazy_pgettext("invitation", "Joined")),
    ("withdrawn", lazy_pgettext("invitation", "Withdrawn")),
]


def _search(statement: Select[Any], words: str) -> Select[Any]:
    return statement.where(Invitation.email == words.casefold())


TABLE = Table(
    name="invitations",
    caption=_l("Invitations"),
    key=Invitation.id,
    default="-created",
    columns=(
        Column("email", _l("E-mail"), render="name", main=True),
        Column("name", lazy_pgettext("person", "Name"), render="name", quiet=True),
        Column("code", _l("Code"), render="code", quiet=True),
        Column("state", _l("State"), render="badge", value=lambda row: f"invitation_{row.state}"),
        Column("sent_at", _l("Sent"), render="datetime", quiet=True),
        Column("opened_at", _l("Opened"), render="datetime", quiet=True),
        Column("created", lazy_pgettext("invitation", "Made"), render="date", sort=Invitation.created_at, quiet=True,
               value=lambda row: row.created_at),
        Column("acts", _l("Acts"), render="acts", value=lambda row: row.public_id),
    ),
    filters=(Filter("state", _l("State"), STATES, lambda s, v: s.where(Invitation.state == v)),),
    search=_search,
    search_label=_l("Whole e-mail address"),
    empty=Empty(
        _l("Nobody is invited yet"),
        _l("Paste the addresses of people whom you want as partners."),
        "mail",
        endpoint="office.invitations.new",
        act=_l("Invite"),
    ),
)  # fmt: skip


@bp.get("/")
@requires("manage")
def index() -> Response:
    return page(
        "invitations/office/index.html",
        "_table.html",
        invitations=TABLE.load(queries.listed()),
        figures=queries.figures(),
        batches=[(each, queries.figures(each.id)) for each in queries.batches(5)],
    )


@bp.get("/new")
@requires("manage")
def new() -> Response:
    known = queries.latest_batch()
    texts = as_typed(known.texts if known else TEXTS)
    return _new(AskForm(formdata=None, data=texts | {"locale": g.tenant.locale}))


@bp.post("/new")
@requires("manage")
def ask() -> Response:
    form = AskForm().offer(programs.all_groups(), programs.all_terms())
    if not form.validate_on_submit():
        return _new(form, 422)
    text = _text(form)
    if text is None:
        return _new(form, 422)
    lines, problems = rules.read(text)
    try:
        wishes, refused = service.check_lines(lines, _defaults(form))
        problems = sorted([*problems, *refused], key=lambda each: each.number)
        batch = service.ask(
            wishes, problems, form.texts or TEXTS, pace=form.pace.data, locale=form.locale.data
        )
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _new(form, 422, problems)
    return see_other(
        "office.invitations.batch",
        batch_id=batch.public_id,
        message=_("The letters are on their way."),
    )


def _text(form: AskForm) -> str | None:
    """Return what was pasted and what the file holds; None when the file cannot be read."""
    sent: Any = form.file.data
    raw = sent.read(LARGEST + 1) if hasattr(sent, "read") else b""
    if len(raw) > LARGEST:
        form.complain("file", _("The file is too large: at most 1 MB."))
        return None
    text = rules.decode(raw)
    if text is None:
        form.complain("file", _("The file is neither UTF-8 nor Windows-1251."))
        return None
    pasted = form.lines.data or ""
    return f"{text}\n{pasted}" if text.strip() else pasted


def _defaults(form: AskForm) -> service.Defaults:
    sponsor_id = None
    if (form.sponsor.data or "").strip():
        found = partners.by_refcode(form.sponsor.data)
        if found is None or found.status != "active":
            words = str(WHY["sponsor"])
            raise DomainError("sponsor", words, FieldError("sponsor", words))
        sponsor_id = found.id
    return service.Defaults(
        group_id=form.group.data or None,
        terms_id=form.terms.data or None,
        sponsor_id=sponsor_id,
        locale=form.locale.data,
    )


@bp.get("/batches/<string:batch_id>/")
@requires("manage")
def batch(batch_id: str) -> Response:
    found = _batch(batch_id)
    shown = queries.listed().where(Invitation.batch_id == found.id)
    return page(
        "invitations/office/batch.html",
        "_table.html",
        batch=found,
        figures=queries.figures(found.id),
        invitations=TABLE.load(shown),
        why=WHY,
    )


@bp.post("/batches/<string:batch_id>/<any(pause, resume):what>")
@requires("manage")
def pause(batch_id: str, what: str) -> Response:
    service.pause(_batch(batch_id), on=what == "pause")
    return see_other("office.invitations.batch", batch_id=batch_id)


@bp.post("/<string:invitation_id>/<any(again, withdraw):what>")
@requires("manage")
def act(invitation_id: str, what: str) -> Response:
    found = queries.find(invitation_id) or abort(404)
    if what == "again":
        service.again(found)
        return see_other("office.invitations.index", message=_("The invitation goes once more."))
    service.withdraw(found)
    return see_other("office.invitations.index", message=_("The invitation holds no more."))


@bp.get("/of/<string:refcode>/")
@requires("manage")
def partner(refcode: str) -> Response:
    return _partner(_found(refcode), AccountForm(formdata=None))


@bp.post("/of/<string:refcode>/page")
@requires("manage")
def make_page(refcode: str) -> Response:
    service.make_page(_found(refcode))
    return see_other("office.invitations.partner", refcode=refcode)


@bp.post("/of/<string:refcode>/page/revoke")
@requires("manage")
def revoke_page(refcode: str) -> Response:
    service.revoke_page(_found(refcode))
    words = _("The address leads nowhere from now on.")
    return see_other("office.invitations.partner", refcode=refcode, message=words)


@bp.post("/of/<string:refcode>/invite")
@requires("manage")
def invite(refcode: str) -> Response:
    found, form = _found(refcode), AccountForm()
    if form.validate_on_submit():
        known = queries.latest_batch()
        try:
            service.ask_partner(found, form.email.data, known.texts if known else TEXTS)
        except DomainError as error:
            form.complain(error.errors[0].field if error.errors else "", error.message)
        else:
            words = _("The invitation is on its way.")
            return see_other("office.invitations.partner", refcode=refcode, message=words)
    return _partner(found, form, 422)


def _partner(found: Partner, form: AccountForm, status: int = 200) -> Response:
    open_page = queries.page_of(found.id)
    return page(
        "invitations/office/partner.html",
        status=status,
        partner=found,
        form=form,
        page_=open_page,
        address=service.page_address(open_page, g.tenant.slug) if open_page else None,
        invitation=queries.open_of(found.id),
    )


def _found(refcode: str) -> Partner:
    return partners.by_refcode(refcode) or abort(404)


def _batch(batch_id: str) -> Batch:
    return queries.find_batch(batch_id) or abort(404)


def _new(form: Any, status: int = 200, problems: Any = ()) -> Response:
    form.offer(programs.all_groups(), programs.all_terms())
    return page(
        "invitations/office/new.html",
        status=status,
        form=form,
        problems=list(problems)[:200],
        why=WHY,
        places=service.PLACES,
        sample=SAMPLE,
        back=url_for("office.invitations.index"),
    )
