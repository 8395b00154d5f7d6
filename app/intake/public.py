"""Where shops call: /hooks/<kind>/<connection>."""

from __future__ import annotations

from flask import Blueprint, request

from app.errors import NotFound
from app.extensions import csrf
from app.intake.shops import inbox
from app.site.access import requires
from app.tenancy import tenant_scope
from app.tenants import queries as tenants

bp = Blueprint("intake", __name__)


@bp.post("/hooks/<string:kind>/<string:connection>")
@csrf.exempt  # type: ignore[untyped-decorator]  # the signature is the proof
@requires("anyone")
def hook(kind: str, connection: str) -> tuple[str, int]:
    """Answer 200 once the delivery is on disk; the order is booked right after."""
    entry = tenants.look_up("connection", connection)
    if entry is None:
        raise NotFound
    body = request.get_data(cache=True)
    headers = {name.lower(): value for name, value in request.headers.items()}
    with tenant_scope(entry.tenant_id):
        inbox.receive(kind, connection, headers, body)
    return "", 200
