"""The link in the letter about changed payment details: "this wasn't me", without signing in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from flask import Blueprint

from app import crypto
from app.errors import NotFound
from app.payouts import service
from app.payouts.rules import DISOWN
from app.site.access import requires
from app.tenancy import current_tenant
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("payouts", __name__)

VALID = timedelta(days=7)


@bp.get("/<merchant>/not-me/<token>")
@requires("anyone")
def ask(token: str) -> Response:
    """Ask first: mail scanners follow links."""
    _read(token)
    return page("payouts/public/not_me.html", done=False)


@bp.post("/<merchant>/not-me/<token>")
@requires("anyone")
def disown(token: str) -> Response:
    """Stop changes; a change that still waits is taken back."""
    undone = service.disown_change(*_read(token))
    return page("payouts/public/not_me.html", done=True, undone=undone)


def _read(token: str) -> tuple[int, datetime | None]:
    """Return the partner and the moment of the change. Raises NotFound."""
    said = crypto.signed(DISOWN, token, VALID)
    if not isinstance(said, list) or said[0] != current_tenant():
        raise NotFound
    return int(said[1]), datetime.fromisoformat(str(said[2])) if said[2] else None
