"""The back office: partners' codes, what each is good for, and the pattern of new ones."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.codes import queries, rules, service
from app.codes.forms import ConditionsForm, NewCodeForm, PatternForm, last_day
from app.codes.rules import ALWAYS
from app.errors import DomainError, NotFound
from app.events import queries as events
from app.partners import queries as partners
from app.partners.models import Code, Partner
from app.partners.rules import fold_code
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page, see_other
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

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
        Column("created", _l("Made"), render="date", sort=Code.id, quiet=True,
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


@bp.get("/")
@requires("read")
def index() -> Response:
    """List promo codes with what they are good for."""
    view = CODES.load(queries.listed())
    view.rows = queries.rows(view.rows)
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
