"""The cabinet: the partner's own keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, abort, g
from flask_babel import gettext as _

from app.errors import DomainError
from app.installation import settings
from app.partner_keys import queries, service
from app.partner_keys.forms import SCOPE_NAMES, KeyForm
from app.partners import queries as partners
from app.site.access import requires
from app.site.people import freshly
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("partner_keys", __name__, url_prefix="/keys")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show the keys, and a form for a new one."""
    return _index(KeyForm())


@bp.post("/")
@requires("partner")
@freshly
def make() -> Response:
    """Make a key; no redirect, for it is told in this answer and in no other place."""
    form = KeyForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    partner = partners.by_id(g.partner_id) or abort(404)
    test = g.tenant.twin_of is not None
    try:
        key, secret = service.make(partner, form.name.data or "", form.scopes.data or [], test=test)
    except DomainError as error:
        form.complain(error.errors[0].field if error.errors else "", error.message)
        return _index(form, error.status)
    url = settings().public_url
    return page("partner_keys/cabinet/key.html", key=key, secret=secret, public_url=url)


@bp.post("/<int:key_id>/revoke")
@requires("partner")
def revoke(key_id: int) -> Response:
    """Take a key back."""
    key = service.found(key_id, g.partner_id)
    service.revoke(key)
    return see_other("cabinet.partner_keys.index", message=_("%(name)s is revoked.", name=key.name))


def _index(form: KeyForm, status: int = 200) -> Response:
    return page(
        "partner_keys/cabinet/index.html",
        status=status,
        form=form,
        keys=queries.of_partner(g.partner_id),
        allowed=service.allowed(),
        scope_names=SCOPE_NAMES,
        public_url=settings().public_url,
    )
