"""The back office: sets of terms, and partner groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.programs import queries, service
from app.programs.forms import GroupForm, TermsForm, shown, summary
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.programs.models import Group, Terms

bp = Blueprint("programs", __name__)


@bp.get("/terms/")
@requires("read")
def index() -> Response:
    found = queries.all_terms()
    now = queries.conditions([terms.id for terms in found])
    summaries = {terms.id: summary(now[terms.id]) for terms in found}
    return page("programs/office/index.html", terms=found, summaries=summaries)


@bp.get("/terms/<string:terms_id>")
@requires("settings")
def edit(terms_id: str) -> Response:
    terms = _terms(terms_id)
    now = queries.conditions([terms.id])[terms.id]
    said = {
        "version": str(terms.version),
        "name": terms.name,
        "text": terms.text,
        "levels": now.levels,
        "hold_days": now.hold_days,
        "window_days": now.window_days,
        "shipping": now.shipping,
        "tax": now.tax,
    }
    return _edit(terms, TermsForm(formdata=None, data=said))


@bp.post("/terms/<string:terms_id>")
@requires("settings")
def change(terms_id: str) -> Response:
    terms, form = _terms(terms_id), TermsForm()
    if not form.validate_on_submit():
        return _edit(terms, form, 422)
    base = queries.conditions([terms.id])[terms.id].base
    try:
        service.change_terms(
            terms,
            version=form.seen,
            name=form.name.data,
            text=form.text.data or "",
            levels=form.rates,
            hold_days=form.hold_days.data,
            window_days=form.window_days.data,
            base={
                "shipping": form.shipping.data,
                "tax": form.tax.data,
                "bonus": base.get("bonus", False),
            },
        )
    except DomainError as error:
        form.tell(error)
        return _edit(terms, form, error.status)
    words = _("Saved: version %(version)s holds for orders from now on.", version=terms.version)
    return see_other("office.programs.index", message=words)


@bp.get("/groups/")
@requires("read")
def groups() -> Response:
    found = queries.all_groups()
    now = queries.group_levels([group.id for group in found])
    levels = {group_id: shown(rates) for group_id, rates in now.items()}
    return page("programs/office/groups.html", groups=found, levels=levels)


@bp.get("/groups/new")
@requires("manage")
def new_group() -> Response:
    return _group_page(None, GroupForm())


@bp.post("/groups/new")
@requires("manage")
def create_group() -> Response:
    form = GroupForm()
    if form.validate_on_submit():
        try:
            service.create_group(form.name.data, form.rates)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.programs.groups", message=_("The group is there."))
    return _group_page(None, form, 422)


@bp.get("/groups/<string:group_id>")
@requires("manage")
def edit_group(group_id: str) -> Response:
    group = _group(group_id)
    levels = queries.group_levels([group.id])[group.id]
    return _group_page(group, GroupForm(formdata=None, data={"name": group.name, "levels": levels}))


@bp.post("/groups/<string:group_id>")
@requires("manage")
def change_group(group_id: str) -> Response:
    group, form = _group(group_id), GroupForm()
    if form.validate_on_submit():
        try:
            service.change_group(group, name=form.name.data, levels=form.rates)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.programs.groups", message=_("Saved."))
    return _group_page(group, form, 422)


def _terms(terms_id: str) -> Terms:
    found = queries.find_terms(terms_id)
    if found is None:
        raise NotFound
    return found


def _group(group_id: str) -> Group:
    found = queries.find_group(group_id)
    if found is None:
        raise NotFound
    return found


def _edit(terms: Terms, form: TermsForm, status: int = 200) -> Response:
    return page("programs/office/edit.html", status=status, terms=terms, form=form)


def _group_page(group: Group | None, form: GroupForm, status: int = 200) -> Response:
    return page("programs/office/group.html", status=status, group=group, form=form)
