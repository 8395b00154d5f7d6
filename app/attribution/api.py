"""Clicks that shops' servers count themselves."""

from __future__ import annotations

from apiflask import APIBlueprint
from flask_babel import gettext as _

from app import clock
from app.attribution.clicks import Seen, count_click
from app.attribution.schemas import ClickIn, ClickOut
from app.errors import DomainError, FieldError
from app.site.access import requires

bp = APIBlueprint("attribution", __name__, url_prefix="/clicks", tag="Clicks")


@bp.post("")
@bp.input(ClickIn)
@bp.output(ClickOut, status_code=201)
@requires("orders")
def create(json_data: ClickIn) -> dict[str, str]:
    """Count a click that the shop's server saw, and answer its token."""
    now = clock.now()
    seen = Seen(
        at=min(json_data.at or now, now),
        ip=json_data.ip or "",
        agent=json_data.user_agent or "",
        referrer=json_data.referrer or "",
        page=json_data.page or "",
    )
    token = count_click(json_data.ref, seen)
    if token is None:
        words = _("Nobody has this code.")
        raise DomainError("unknown_code", words, FieldError("ref", words))
    return {"click": token}
