"""The back office: partner groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import gettext as _

from app.errors import DomainError, NotFound
from app.partners import queries as partners
from app.programs import queries, service
from app.programs.forms import ByBuyerField, GroupForm, shown
from app.programs.office.terms import bp
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

    from app.programs.models import Group


@bp.get("/groups/")
@requires("read")
def groups() -> Response:
    """List the groups with their rates, terms and how many are in each."""
    found = queries.all_groups()
    now = queries.group_levels([group.id for group in found])
    return page(
        "programs/office/groups.html",
        groups=found,
        levels={group_id: shown(rates) for group_id, rates in now.items()},
        terms={terms.id: terms.name for terms in queries.all_terms()},
        counts=partners.group_counts(),
    )


@bp.get("/groups/new")
@requires("manage")
def new_group() -> Response:
    """Show the form of a new group."""
    return _group_page(None, GroupForm())


@bp.post("/groups/new")
@requires("manage")
def create_group() -> Response:
    """Make a group."""
    form = GroupForm().offer(queries.all_terms())
    if form.validate_on_submit():
        try:
            service.create_group(**form.said)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.programs.groups", message=_("The group is saved."))
    return _group_page(None, form, 422)


@bp.get("/groups/<string:group_id>")
@requires("manage")
def edit_group(group_id: str) -> Response:
    """Show the form of a group as it stands."""
    group = _group(group_id)
    said = {
        "name": group.name,
        "levels": queries.group_levels([group.id])[group.id],
        "terms": group.terms_id or 0,
        "by_buyer": ByBuyerField.written(queries.group_by_buyer(group.id)),
    }
    return _group_page(group, GroupForm(formdata=None, data=said))


@bp.post("/groups/<string:group_id>")
@requires("manage")
def change_group(group_id: str) -> Response:
    """Change a group, from now on."""
    group, form = _group(group_id), GroupForm().offer(queries.all_terms())
    if form.validate_on_submit():
        try:
            service.change_group(group, **form.said)
        except DomainError as error:
            form.tell(error)
        else:
            return see_other("office.programs.groups", message=_("Saved."))
    return _group_page(group, form, 422)


def _group(group_id: str) -> Group:
    found = queries.find_group(group_id)
    if found is None:
        raise NotFound
    return found


def _group_page(group: Group | None, form: GroupForm, status: int = 200) -> Response:
    form.offer(queries.all_terms())
    return page("programs/office/group.html", status=status, group=group, form=form)
