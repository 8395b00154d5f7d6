"""Where shops call: /hooks/<kind>/<connection>, what the function in front of Flask did not take."""

from __future__ import annotations

from flask import Blueprint, request

from app.extensions import csrf
from app.intake.hooks import Sent
from app.intake.shops import reception
from app.site.access import requires

bp = Blueprint("intake", __name__)


@bp.post("/hooks/<string:kind>/<string:connection>")
@csrf.exempt  # type: ignore[untyped-decorator]  # the signature is the proof
@requires("anyone")
def hook(kind: str, connection: str) -> tuple[str, int]:
    """Answer 200 once the delivery is on disk; the order is booked right after."""
    reception.receive(kind, connection, Sent(request.environ), request.get_data())
    return "", 200
