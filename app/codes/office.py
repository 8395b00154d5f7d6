"""The back office: partners' codes, what each is good for, and the pattern of new ones."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from app.codes import queries, rules, service
from app.codes.forms import ConditionsForm, ManyForm, NewCodeForm, PatternForm, last_day
from app.codes.rules import ALWAYS
from app.errors import DomainError, NotFound
from app.events import queries as events
from app.lists.queries import views
from app.partners import queries as partners
from app.partners.models import Code, Partner
from app.partners.rules import fold_code
from app.runs import queries as runs
from app.runs.rules import OPEN, can_resume, percent_done
from app.site.access import may, requires
from app.tenants import queries as tenants
from app.web import lists
from app.web.filters import date_text
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Response
    from sqlalchemy import Select

    from app.runs.models import Run

bp = Blueprint("codes", __name__, url_prefix="/codes")
SAMPLE = "Anna"
SAMPLES = 3


def _search(statement: Select[Any], words: str) -> Select[Any]:
    key = fold_code(words)
    return statement.where(Code.key.startswith(key, autoescape=True) | (Partner.refcode == key))


def _limits(row: queries.Row) -> str | None:
    limit = row.conditions.limit
    return None if limit is None else _("%(used)s of %(most)s", used=row.used, most=limit)


CODES = Table(
    name="codes",
    listing="codes",
    caption=_l("Codes"),
    key=Code.id,
    default="-created",
    columns=(
        Column(
            "code", _l("Code"), render="code", main=True,
            value=lambda row: row.code.display,
            href=lambda row: url_for("office.codes.show", code_id=row.code.id),
        ),
        Column("partner", _l("Partner"), render="name", value=lambda row: row.partner.name),
        Column("state", _l("State"), render="badge"),
        Column("used", _l("Orders"), end=True, value=_limits),
        Column("ends", _l("Until"), render="date", value=lambda row: last_day(row.conditions.ends)),
        Column("note", _l("Note"), render="name", quiet=True, value=lambda row: row.code.note or None),
        Column("created", lazy_pgettext("code", "Made"), render="date", sort=Code.id, quiet=True,
               value=lambda row: row.code.created_at),
    ),
    filters=(
        Filter(
            "shown", _l("Show"), [("now", _l("In use")), ("old", _l("Renamed"))],
            lambda s, v: s.where(Code.retired_at.is_(None) if v == "now" else Code.retired_at.is_not(None)),
        ),
        Filter(
            "kind", _l("Kind"), [("dated", _l("With conditions")), ("plain", _l("Without"))],
            lambda s, v: s.where(Code.dated if v == "dated" else ~Code.dated),
        ),
    ),
    search=_search,
    search_label=_l("Code, or a partner's refcode"),
    empty=Empty(
        _l("No codes yet"),
        _l("A buyer types a partner's code at the order, and the sale is the partner's."),
        icon="ticket",
        endpoint="office.codes.new",
        act=_l("New code"),
    ),
)  # fmt: skip


def _table() -> Table:
    """Return the list with the codes that were made together to choose from, where there are any."""
    known = queries.makings()
    if not known:
        return CODES
    names = partners.cards({run.parameters["partner"] for run in known})
    choices = [(run.public_id, _together(run, names)) for run in known]
    choice = Filter("made", _l("Made together"), choices, _made_in)
    return replace(CODES, filters=(*CODES.filters, choice))


def _together(run: Run, names: Mapping[int, Any]) -> str:
    card = names.get(run.parameters["partner"])
    return f"{date_text(run.created_at)} · {card.name if card else ''} · {run.parameters['number']}"


def _made_in(statement: Select[Any], run: str) -> Select[Any]:
    return statement.where(Code.id.in_(queries.made_in(run)))


lists.register(lists.Listing("codes", "office.codes.index", _table, queries.listed, queries.rows))


@bp.get("/")
@requires("read")
def index() -> Response:
    """List promo codes with what they are good for."""
    view = _table().load(queries.listed())
    view.rows = queries.rows(view.rows)
    view.saved, view.shares = views("codes", g.person.id), may("manage")
    return page("codes/office/index.html", "_table.html", codes=view)


@bp.get("/new")
@requires("manage")
def new() -> Response:
    """Offer a form; `?partner=` names whose code it is to be."""
    data = {"partner": request.args.get("partner", "")[:60]}
    return _new(NewCodeForm(formdata=None, data=data).offer(tenants.shops()))


@bp.post("/new")
@requires("manage")
def create() -> Response:
    """Give a partner a code."""
    form = NewCodeForm().offer(tenants.shops())
    if not form.validate_on_submit():
        return _new(form, 422)
    partner = partners.by_refcode(form.partner.data)
    if partner is None:
        form.complain("partner", _("There is no such partner."))
        return _new(form, 422)
    wish = service.NewCode(
        code=form.code.data or "",
        conditions=form.conditions(ALWAYS),
        note=form.note.data or "",
        gives=form.gives.data,
    )
    try:
        made = service.create(partner, wish)
    except DomainError as error:
        form.tell(error)
        return _new(form, error.status)
    words = _("The code %(code)s is ready.", code=made.display)
    return see_other("office.codes.show", code_id=made.id, message=words)


@bp.get("/many")
@requires("manage")
def many() -> Response:
    """Offer to make many codes by a pattern; `?partner=` names whose they are to be."""
    data = {"partner": request.args.get("partner", "")[:60], "pattern": f"{queries.pattern()}****"}
    return _many(ManyForm(formdata=None, data=data).offer(tenants.shops()))


@bp.post("/many")
@requires("manage")
def make_many() -> Response:
    """Begin to make them."""
    form = ManyForm().offer(tenants.shops())
    if not form.validate_on_submit():
        return _many(form, 422)
    partner = partners.by_refcode(form.partner.data)
    if partner is None:
        form.complain("partner", _("There is no such partner."))
        return _many(form, 422)
    wish = service.Wish(
        number=form.number.data,
        pattern=form.pattern.data,
        conditions=form.conditions(ALWAYS),
        note=form.note.data or "",
        gives=form.gives.data or "",
    )
    try:
        run = service.make(partner, wish)
    except DomainError as error:
        form.tell(error)
        return _many(form, error.status)
    return see_other("office.codes.made", work_id=run.public_id)


@bp.get("/many/<string:work_id>")
@requires("read")
def made(work_id: str) -> Response:
    """Show how far it is, and where the codes are."""
    run = runs.find(work_id)
    if run is None or run.kind != service.KIND:
        raise NotFound
    return page(
        "codes/office/made.html",
        "_made.html",
        run=run,
        open=run.standing in OPEN,
        can_resume=can_resume(run.standing, run.phase),
        percent=percent_done(run.done, run.total),
    )


def _many(form: ManyForm, status: int = 200) -> Response:
    return page("codes/office/many.html", status=status, form=form, shops=len(tenants.shops()))


@bp.get("/<int:code_id>")
@requires("read")
def show(code_id: int) -> Response:
    """Show one code: how it stands, what it is good for, what was done to it."""
    row = _found(code_id)
    said = ConditionsForm.said(row.code, row.conditions)
    return _show(row, ConditionsForm(formdata=None, data=said).offer(tenants.shops()))


@bp.post("/<int:code_id>")
@requires("manage")
def change(code_id: int) -> Response:
    """Change what a code is good for, from now on."""
    row, form = _found(code_id), ConditionsForm().offer(tenants.shops())
    if not form.validate_on_submit():
        return _show(row, form, 422)
    try:
        conditions = form.conditions(row.conditions)
        service.change(row.code, conditions, form.note.data or "", form.gives.data)
    except DomainError as error:
        form.tell(error)
        return _show(row, form, error.status)
    words = _("Saved. It holds for orders from now on.")
    return see_other("office.codes.show", code_id=code_id, message=words)


@bp.post("/<int:code_id>/<any(off, on):way>")
@requires("manage")
def switch(code_id: int, way: str) -> Response:
    """Switch a code off, or on again."""
    row = _found(code_id)
    service.switch(row.code, off=way == "off")
    words = _("Switched off. Orders from now on lose by it.") if way == "off" else _("Switched on.")
    back = "on" if way == "off" else "off"
    undo = url_for("office.codes.switch", code_id=code_id, way=back)
    return see_other("office.codes.show", code_id=code_id, message=words, undo=undo)


@bp.get("/pattern")
@requires("settings")
def pattern() -> Response:
    """Show how new codes look."""
    return _pattern(PatternForm(formdata=None, data={"pattern": queries.pattern()}))


@bp.post("/pattern")
@requires("settings")
def set_pattern() -> Response:
    """Let new codes look so."""
    form = PatternForm()
    if not form.validate_on_submit():
        return _pattern(form, 422)
    try:
        service.set_pattern(form.pattern.data)
    except DomainError as error:
        form.tell(error)
        return _pattern(form, error.status)
    return see_other("office.codes.pattern", message=_("Saved. New codes look so from now on."))


def _found(code_id: int) -> queries.Row:
    row = queries.by_id(code_id)
    if row is None:
        raise NotFound
    return row


def _new(form: NewCodeForm, status: int = 200) -> Response:
    return page("codes/office/new.html", status=status, form=form, shops=len(tenants.shops()))


def _show(row: queries.Row, form: ConditionsForm, status: int = 200) -> Response:
    happened = events.history(f"code:{row.code.id}")
    return page(
        "codes/office/show.html",
        status=status,
        row=row,
        form=form,
        shops=len(tenants.shops()),
        ends=last_day(row.conditions.ends),
        events=happened,
        actors=partners.actor_names(event.actor for event in happened),
    )


def _pattern(form: PatternForm, status: int = 200) -> Response:
    held = queries.pattern()
    samples = [rules.fill(held, SAMPLE, secrets.choice) for _n in range(SAMPLES)]
    return page(
        "codes/office/pattern.html",
        status=status,
        form=form,
        samples=samples,
        many=rules.how_many(held),
    )
