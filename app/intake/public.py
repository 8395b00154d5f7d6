"""Where shops call: /hooks/<kind>/<connection>, what the function in front of Flask did not take; postbacks."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, make_response, request
from flask_babel import gettext as _

from app.errors import Forbidden, NotFound
from app.extensions import csrf, limiter
from app.installation import settings
from app.intake.hooks import Sent
from app.intake.shops import connections, postback, reception, thanks
from app.site.access import requires

bp = Blueprint("intake", __name__)

ANYBODY = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


@bp.post("/hooks/<string:kind>/<string:connection>")
@csrf.exempt  # type: ignore[untyped-decorator]  # the signature is the proof
@requires("anyone")
def hook(kind: str, connection: str) -> tuple[str, int]:
    """Answer 200 once the delivery is on disk; the order is booked right after."""
    reception.receive(kind, connection, Sent(request.environ), request.get_data())
    return "", 200


@bp.post("/t/<merchant>/order")
@csrf.exempt  # type: ignore[untyped-decorator]  # other sites' pages send it, and the shop proves it
@limiter.limit("20/minute")
@requires("anyone")
def thanked() -> Response:
    """Hear from a page that thanks for an order through whom its visitor came; it is told nothing."""
    thanks.said(request.form)
    return make_response("", 204, ANYBODY)


@bp.post("/hooks/keys")
@csrf.exempt  # type: ignore[untyped-decorator]  # the token is signed, and good once
@requires("anyone")
def keys() -> tuple[str, int]:
    """Take the keys that a shop's own screen sends, for the connection that asked for them."""
    if settings().public_url.startswith("https:") and not request.is_secure:
        raise NotFound
    said = request.get_json(silent=True)
    if not isinstance(said, dict):
        raise NotFound
    given = [str(said.get(name) or "") for name in ("user_id", "consumer_key", "consumer_secret")]
    if not connections.keys_came(*given):
        raise Forbidden("bad_token", _("These keys were not asked for, or came too late."))
    return "", 200


@bp.route("/postback/<merchant>", methods=["GET", "POST"])
@csrf.exempt  # type: ignore[untyped-decorator]  # the signature is the proof, and nothing else is believed
@limiter.limit("60/minute", exempt_when=lambda: "sig" in request.values)
@requires("anyone")
def heard() -> tuple[dict[str, Any], int]:
    """Take in a sale told by an address: proven it is an order as any, unproven it waits for proof."""
    pairs = [
        *request.args.items(multi=True),
        *request.form.items(multi=True),
    ]
    order, proven = postback.hear(g.tenant, pairs)
    if order is None or not proven:
        return {"confirmed": False}, 202
    return {
        "order": order.external_id,
        "state": order.folded.state.value,
        "confirmed": True,
    }, 200
