"""The back office: the team."""

from __future__ import annotations

from flask import Blueprint, Response, g
from flask_babel import gettext as _

from app.errors import DomainError
from app.identity import queries, service
from app.identity.forms import ROLE_NAMES, ROLE_WORDS, InviteForm, RoleForm
from app.site.access import requires
from app.web.pages import page, see_other

bp = Blueprint("identity", __name__, url_prefix="/team")


@bp.get("/")
@requires("team")
def team() -> Response:
    return _team(InviteForm())


@bp.post("/")
@requires("team")
def invite() -> Response:
    form = InviteForm()
    if form.validate_on_submit():
        try:
            service.invite(_merchant(), form.email.data, form.name.data, form.role.data)
        except DomainError as error:
            form.complain(error.errors[0].field if error.errors else "", error.message)
        else:
            return see_other("office.identity.team", message=_("The invitation is on its way."))
    return _team(form, status=422)


@bp.post("/<int:person_id>/role")
@requires("team")
def change_role(person_id: int) -> Response:
    form = RoleForm()
    if not form.validate_on_submit():
        return _team(InviteForm(formdata=None), status=422)
    service.change_role(_merchant(), person_id, form.role.data)
    return see_other("office.identity.team", message=_("Saved."))


@bp.post("/<int:person_id>/remove")
@requires("team")
def remove(person_id: int) -> Response:
    service.remove_staff(_merchant(), person_id)
    return see_other("office.identity.team", message=_("Removed from the team."))


def _merchant() -> int:
    """Return the merchant whose team it is: a test twin has that of its merchant."""
    return int(g.tenant.twin_of or g.tenant.id)


def _team(form: InviteForm, status: int = 200) -> Response:
    return page(
        "identity/office/team.html",
        status=status,
        form=form,
        staff=queries.staff(_merchant()),
        me=g.person,
        role_names=ROLE_NAMES,
        role_words=ROLE_WORDS,
    )
