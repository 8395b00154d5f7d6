"""The back office: a month of what becomes free, is paid and is planned; and an address for calendar programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g, url_for

from app.events.service import actor
from app.payouts import queries as payouts
from app.site.access import allowed, requires
from app.web.calendars import shown

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("calendars", __name__, url_prefix="/calendar")


@bp.get("/")
@requires("money.read")
def index() -> Response:
    """Show a month, today's unless the address names another."""
    return _page()


@bp.post("/feed")
@requires("money.read")
def link() -> Response:
    """Make a new secret address; the one before ends."""
    return _page("link")


@bp.post("/feed/close")
@requires("money.read")
def unlink() -> Response:
    """Let the secret address hold no more."""
    return _page("unlink")


def _page(act: str = "") -> Response:
    def rows(day: str) -> str | None:
        if not allowed("office.liability.rows"):
            return None
        return url_for("office.liability.rows", what="hold", when=day)

    return shown(
        "calendars/office/index.html",
        actor(),
        act=act,
        rows=rows,
        automatic=payouts.by_platform(),
        currency=g.tenant.currency,
    )
