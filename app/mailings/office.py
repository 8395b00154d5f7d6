"""The back office: mailings to partners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from flask import Blueprint, Response, abort, g, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.errors import DomainError
from app.mailings import queries, service
from app.mailings.forms import LONGEST_QUERY, MailingForm, StartForm
from app.mailings.models import Mailing
from app.mailings.rules import LIFECYCLE, PLACES, State, percent
from app.notifications.models import Message
from app.notifications.office import STATES, shown_state
from app.notifications.written import Written, chosen, filled, partner_values
from app.partners import queries as partners
from app.partners.office.lists import chosen as listed_partners
from app.partners.service import bulk
from app.programs import queries as programs
from app.site import attempts
from app.site.access import requires
from app.web.forms import storable
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.partners.models import Partner

bp = Blueprint("mailings", __name__, url_prefix="/mailings")
# A letter of the merchant's own HTML: shown apart from our pages, where nothing of it can act.
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src https: data:"
PROBLEMS = {
    "muted": _l("wants no mailings"),
    "gone": _l("no partner any more"),
    "stopped": _l("stopped"),
}
ACTS = {
    "pause": service.pause,
    "resume": service.resume,
    "stop": service.stop,
    "unschedule": service.unschedule,
}


def subject_of(mailing: Mailing) -> str:
    """Return the subject by which a mailing is known, in the reader's language."""
    return chosen(mailing.texts, str(get_locale() or "en"), g.tenant.locale)["subject"]


def _address(mailing: Mailing) -> str:
    return url_for("office.mailings.show", mailing_id=mailing.public_id)


TABLE = Table(
    name="mailings",
    caption=_l("Mailings"),
    key=Mailing.id,
    default="-created",
    columns=(
        Column("subject", _l("Subject"), main=True, render="name", value=subject_of, href=_address),
        Column("state", _l("State"), render="badge", value=lambda m: f"mailing_{m.state}"),
        Column("written", _l("Letters"), render="number", end=True),
        Column("total", _l("Of"), render="number", end=True, quiet=True),
        Column("created", _l("Made"), render="datetime", sort=Mailing.created_at,
               value=lambda m: m.created_at),
        Column("started_at", _l("Begun"), render="datetime", quiet=True),
    ),
    empty=Empty(
        _l("No mailings yet"),
        _l("Write to one partner, to several, or to all who fit."),
        "mail",
        endpoint="office.mailings.new",
        act=_l("New mailing"),
    ),
)  # fmt: skip
LETTERS = Table(
    name="letters",
    caption=_l("Letters"),
    key=Message.id,
    default="-id",
    columns=(
        Column("address", _l("To"), render="name", main=True),
        Column("state", _l("State"), render="badge", value=shown_state),
        Column("sent_at", _l("Sent"), render="datetime"),
        Column(
            "problem", _l("Problem"), quiet=True, value=lambda m: PROBLEMS.get(m.problem, m.problem)
        ),
        Column("id", _l("Number"), sort=Message.id, render="number", end=True, quiet=True),
    ),
    filters=(Filter("state", _l("State"), STATES, lambda s, v: s.where(Message.state == v)),),
    search=lambda s, words: s.where(Message.address == words.casefold()),
    search_label=_l("Whole e-mail address"),
    empty=Empty(_l("No letters yet"), "", "mail"),
)


@bp.get("/")
@requires("manage")
def index() -> Response:
    return page("mailings/office/index.html", "_table.html", mailings=TABLE.load(queries.listed()))


@bp.get("/new")
@requires("manage")
def new() -> Response:
    said, listed = request.args.get("to", ""), request.args.get("listed")
    data = {"to": "chosen", "refcodes": said} if said else {}
    if listed is not None:
        data = {"to": "listed", "listed": listed[:LONGEST_QUERY] or "all"}
    return _form(MailingForm(formdata=None, data=data), None)


@bp.post("/new")
@requires("manage")
def create() -> Response:
    return _write(None)


@bp.get("/<string:mailing_id>/")
@requires("manage")
def show(mailing_id: str) -> Response:
    return _show(_found(mailing_id), StartForm(formdata=None))


@bp.get("/<string:mailing_id>/edit")
@requires("manage")
def edit(mailing_id: str) -> Response:
    mailing = _found(mailing_id)
    data = MailingForm.data_of(mailing, g.tenant.currency)
    return _form(MailingForm(formdata=None, data=data), mailing)


@bp.post("/<string:mailing_id>/edit")
@requires("manage")
def change(mailing_id: str) -> Response:
    return _write(_found(mailing_id))


@bp.get("/<string:mailing_id>/letter")
@requires("manage")
def letter(mailing_id: str) -> Response:
    """Show the letter alone, as a partner gets it, in a page where nothing can act."""
    written = _written(_found(mailing_id))[0]
    response = Response(f"<!doctype html><meta charset=utf-8>{written.html}", mimetype="text/html")
    response.headers["Content-Security-Policy"] = SANDBOX
    return response


@bp.get("/<string:mailing_id>/log")
@requires("manage")
def log(mailing_id: str) -> Response:
    mailing = _found(mailing_id)
    letters = LETTERS.load(queries.letters(mailing))
    return page(
        "mailings/office/log.html",
        "_log.html",
        mailing=mailing,
        title=subject_of(mailing),
        letters=letters,
    )


@bp.post("/<string:mailing_id>/try")
@requires("manage")
def try_out(mailing_id: str) -> Response:
    mailing = _found(mailing_id)
    message = _("Too many trials. Wait an hour.")
    if attempts.may_write_to(f"mailing:{g.person.id}"):
        partner = _as_partner(mailing)
        service.try_out(mailing, g.person.id, partner.id if partner else None)
        message = _("A copy is on its way to you.")
    return see_other("office.mailings.show", mailing_id=mailing_id, message=message)


@bp.post("/<string:mailing_id>/start")
@requires("manage")
def start(mailing_id: str) -> Response:
    mailing, form = _found(mailing_id), StartForm()
    if form.validate_on_submit():
        try:
            service.start(mailing, form.at.data)
        except DomainError as error:
            if error.status != 422:
                raise
            form.complain("at", error.message)
        else:
            words = _("Planned.") if form.at.data else _("The letters are on their way.")
            return see_other("office.mailings.show", mailing_id=mailing_id, message=words)
    return _show(mailing, form, 422)


@bp.post("/<string:mailing_id>/<any(pause, resume, stop, unschedule):what>")
@requires("manage")
def act(mailing_id: str, what: str) -> Response:
    ACTS[what](_found(mailing_id))
    return see_other("office.mailings.show", mailing_id=mailing_id)


@bp.post("/<string:mailing_id>/discard")
@requires("manage")
def discard(mailing_id: str) -> Response:
    service.discard(_found(mailing_id))
    return see_other("office.mailings.index", message=_("The draft is gone."))


def _found(mailing_id: str) -> Mailing:
    return queries.find(mailing_id) or abort(404)


def _write(mailing: Mailing | None) -> Response:
    form = _offered(MailingForm(), mailing)
    if form.validate_on_submit():
        try:
            kept = service.write(
                mailing,
                texts=form.texts,
                segment=form.segment,
                pace=form.pace.data,
                is_html=form.is_html.data,
            )
        except DomainError as error:
            if error.status != 422:
                raise
            form.complain(error.errors[0].field if error.errors else "", error.message)
        else:
            return see_other("office.mailings.show", mailing_id=kept.public_id)
    return _form(form, mailing, 422)


def _form(form: Any, mailing: Mailing | None, status: int = 200) -> Response:
    if mailing is not None and mailing.standing is not State.DRAFT:
        return see_other("office.mailings.show", mailing_id=mailing.public_id)
    _offered(form, mailing)
    return page(
        "mailings/office/form.html", status=status, form=form, mailing=mailing, places=PLACES
    )


def _offered(form: MailingForm, mailing: Mailing | None) -> MailingForm:
    """Offer groups, terms, and those whom the list of partners shows by the wishes that the form carries."""
    ids: Sequence[int] = mailing.wishes.ids if mailing is not None else ()
    if form.listed.data:
        ids = bulk.ids_of(listed_partners(MultiDict(parse_qsl(form.listed.data))))
    return form.offer(programs.all_groups(), programs.all_terms()).offer_listed(ids)


def _as_partner(mailing: Mailing) -> Partner | None:
    """Return the partner whom the address names to look as, else the first of the segment."""
    said = request.values.get("as", "").strip()
    found = partners.by_refcode(said) if said and storable(said) else None
    return found or next(iter(queries.first(mailing.wishes, 1)), None)


def _written(mailing: Mailing) -> tuple[Written, Partner | None]:
    partner = _as_partner(mailing)
    locale = partner.locale if partner else str(get_locale() or "en")
    text = chosen(mailing.texts, locale, g.tenant.locale)
    values = partner_values(partner, g.tenant) if partner else {"shop": g.tenant.name}
    return filled(text, values, is_html=mailing.is_html), partner


def _show(mailing: Mailing, form: StartForm, status: int = 200) -> Response:
    written, partner = _written(mailing)
    segment = mailing.wishes
    return page(
        "mailings/office/show.html",
        "_progress.html",
        status=status,
        mailing=mailing,
        form=form,
        title=subject_of(mailing),
        written=written,
        partner=partner,
        segment=segment,
        group=programs.group_by_id(segment.group_id) if segment.group_id else None,
        terms=programs.terms_by_id(segment.terms_id) if segment.terms_id else None,
        unasked=queries.unasked(segment) if mailing.standing is State.DRAFT else 0,
        readers=queries.count(segment) if mailing.standing is State.DRAFT else mailing.total,
        actions=LIFECYCLE.actions(mailing.standing),
        fates=queries.fates(mailing) if mailing.event_id else {},
        percent=percent(mailing.written, mailing.total),
    )
