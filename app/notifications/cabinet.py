"""The cabinet: which notices the partner wants."""

from __future__ import annotations

from flask import Blueprint, Response, g
from flask_babel import gettext as _

from app.errors import NotFound
from app.notifications import queries, service
from app.notifications.forms import NoticesForm
from app.site.access import requires
from app.web.pages import page, see_other

bp = Blueprint("notifications", __name__, url_prefix="/notices")


@bp.get("/")
@requires("partner")
def index() -> Response:
    return page("notifications/cabinet/index.html", form=_form())


@bp.post("/")
@requires("partner")
def save() -> Response:
    for kind, wanted in _form().wishes().items():
        service.mute(g.partner_id, kind, off=not wanted)
    return see_other("cabinet.notifications.index", message=_("Saved."))


def _form() -> NoticesForm:
    partner = queries.partner(g.partner_id)
    if partner is None:
        raise NotFound
    return NoticesForm.showing(lambda kind: kind not in partner.muted)
