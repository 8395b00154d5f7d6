"""The back office: whether partners may have keys, and who has some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint
from flask_babel import gettext as _

from app.partner_keys import queries, service
from app.partner_keys.forms import SCOPE_NAMES, AllowForm
from app.site.access import requires
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("partner_keys", __name__, url_prefix="/partner-keys")


@bp.get("/")
@requires("keys")
def index() -> Response:
    """Show the switch, and the keys in use."""
    return _index(AllowForm(formdata=None, data={"allowed": service.allowed()}))


@bp.post("/")
@requires("keys")
def allow() -> Response:
    """Let partners have keys, or not."""
    form = AllowForm()
    if not form.validate_on_submit():
        return _index(form, 422)
    service.allow(on=bool(form.allowed.data))
    return see_other("office.partner_keys.index", message=_("Saved."))


@bp.post("/<int:key_id>/revoke")
@requires("keys")
def revoke(key_id: int) -> Response:
    """Take a partner's key back."""
    key = service.found(key_id)
    service.revoke(key)
    return see_other("office.partner_keys.index", message=_("%(name)s is revoked.", name=key.name))


def _index(form: AllowForm, status: int = 200) -> Response:
    rows = queries.newest()
    return page(
        "partner_keys/office/index.html",
        status=status,
        form=form,
        keys=[row.PartnerKey for row in rows],
        owners={row.PartnerKey.id: row.partner for row in rows},
        scope_names=SCOPE_NAMES,
    )
