"""Turning a notice off from its letter, without signing in."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flask import Blueprint

from app import crypto
from app.errors import NotFound
from app.extensions import csrf
from app.notifications import service
from app.notifications.customers import UNSUBSCRIBE
from app.notifications.rules import CUSTOMER
from app.site.access import requires
from app.tenancy import current_tenant
from app.web.pages import page

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("notifications", __name__)

VALID = timedelta(days=3650)  # an old letter must still let its reader go


@bp.get("/<merchant>/unsubscribe/<token>")
@requires("anyone")
def ask(token: str) -> Response:
    _who, kind = _read(token)
    return page("notifications/public/unsubscribe.html", kind=kind, done=False)


@bp.post("/<merchant>/unsubscribe/<token>")
@csrf.exempt  # type: ignore[untyped-decorator]  # the token is the proof (RFC 8058)
@requires("anyone")
def unsubscribe(token: str) -> Response:
    who, kind = _read(token)
    if kind == CUSTOMER:
        service.leave(who)
    else:
        service.mute(who, kind)
    return page("notifications/public/unsubscribe.html", kind=kind, done=True)


def _read(token: str) -> tuple[int, str]:
    """Return the partner, or the customer, and the notice of a token of this merchant. Raises NotFound."""
    payload = crypto.signed(UNSUBSCRIBE, token, VALID)
    if not isinstance(payload, list) or payload[0] != current_tenant():
        raise NotFound
    return int(payload[1]), str(payload[2])
