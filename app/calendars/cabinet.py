"""The cabinet: a month of the partner's own money; and an address for calendar programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g

from app.payouts import queries as payouts
from app.site.access import requires
from app.web.calendars import shown

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("calendars", __name__, url_prefix="/calendar")


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show a month, today's unless the address names another."""
    return _page()


@bp.post("/feed")
@requires("partner")
def link() -> Response:
    """Make a new secret address; the one before ends."""
    return _page("link")


@bp.post("/feed/close")
@requires("partner")
def unlink() -> Response:
    """Let the secret address hold no more."""
    return _page("unlink")


def _page(act: str = "") -> Response:
    return shown(
        "calendars/cabinet/index.html",
        f"partner:{g.partner_id}",
        act=act,
        partner_id=g.partner_id,
        rows=None,
        automatic=payouts.by_platform(),
        currency=g.tenant.currency,
    )
