"""The back office: groups as a ladder, who would move, and partners who stay where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, request
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.grades import queries, service
from app.grades.forms import DAYS, MONTH, PlanForm, RungForm
from app.money import Money
from app.partners import queries as partners
from app.programs import queries as programs
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.programs.models import Group

bp = Blueprint("grades", __name__, url_prefix="/group-rules")


@bp.get("/")
@requires("read")
def index() -> Response:
    return _index(PlanForm.showing(queries.ladder().plan))


@bp.post("/")
@requires("settings")
def change_plan() -> Response:
    form = PlanForm()
    if form.validate_on_submit():
        try:
            service.set_plan(form.plan)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.grades.index", message=_("Saved."))
    return _index(form, 422)


@bp.get("/preview")
@requires("read")
def preview() -> Response:
    return page("grades/office/preview.html", ladder=queries.ladder(), preview=queries.preview())


@bp.get("/group/<string:group_id>")
@requires("settings")
def rung(group_id: str) -> Response:
    group = _group(group_id)
    found = queries.rung_of(group)
    said = {"place": len(queries.ladder().rungs) + 1, "window": DAYS, "days": 30}
    if found is not None:
        turnover = None if found.turnover is None else Money(found.turnover, g.tenant.currency)
        said = {name: getattr(found, name) for name in ("place", "days", "orders", "recruits")}
        said |= {"turnover": turnover, "window": MONTH if found.days is None else DAYS}
    return _rung(group, RungForm(formdata=None, data=said))


@bp.post("/group/<string:group_id>")
@requires("settings")
def change_rung(group_id: str) -> Response:
    group, form = _group(group_id), RungForm()
    if form.validate_on_submit():
        try:
            service.set_rung(group, form.rung(group.id))
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.grades.index", message=_("Saved."))
    return _rung(group, form, 422)


@bp.post("/group/<string:group_id>/off")
@requires("settings")
def drop_rung(group_id: str) -> Response:
    service.set_rung(_group(group_id), None)
    return see_other("office.grades.index", message=_("The group asks nothing any more."))


@bp.post("/partner/<string:refcode>")
@requires("manage")
def pin(refcode: str) -> Response:
    partner = partners.by_refcode(refcode)
    if partner is None:
        raise NotFound
    on = request.form.get("pinned") == "on"
    service.pin(partner, on=on)
    words = (
        _("The partner stays in this group.") if on else _("The partner moves by results again.")
    )
    return see_other("office.partners.terms", refcode=partner.refcode, message=words)


def _group(group_id: str) -> Group:
    found = programs.find_group(group_id)
    if found is None:
        raise NotFound
    return found


def _index(form: PlanForm, status: int = 200) -> Response:
    return page(
        "grades/office/index.html",
        status=status,
        form=form,
        ladder=queries.ladder(),
        groups=programs.all_groups(),
        sizes=queries.sizes(),
    )


def _rung(group: Group, form: RungForm, status: int = 200) -> Response:
    return page(
        "grades/office/rung.html",
        status=status,
        group=group,
        form=form,
        standing=queries.rung_of(group),
    )
