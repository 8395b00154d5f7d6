"""The cabinet: notices in Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g
from flask_babel import gettext as _

from app.partners import queries as partners
from app.site.access import requires
from app.telegram import queries, service
from app.web.pages import page, see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("telegram", __name__, url_prefix="/telegram")


@bp.get("/")
@requires("partner")
def index() -> Response:
    return _page()


@bp.post("/")
@requires("partner")
def link() -> Response:
    if g.tenant.twin_of is not None:
        found = partners.by_id(g.partner_id)
        service.pretend(_me(), found.name if found else "")
        words = _("Connected to the mailbox of test mode.")
        return see_other("cabinet.telegram.index", message=words)
    return _page(service.new_code(_me()) if queries.bot() else None)


@bp.post("/remove")
@requires("partner")
def unlink() -> Response:
    service.unlink(_me())
    return see_other("cabinet.telegram.index", message=_("No more notices in Telegram."))


def _me() -> str:
    return f"partner:{g.partner_id}"


def _page(code: str | None = None) -> Response:
    return page(
        "telegram/cabinet/index.html", bot=queries.bot(), chat=queries.chat_of(_me()), code=code
    )
