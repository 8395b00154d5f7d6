"""Where a payment provider calls: /billing/payments/<channel>, signed as Standard Webhooks are."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from flask_babel import gettext as _

from app import clock
from app.billing import queries, service
from app.billing.rules import BadNotice, read_notice
from app.crypto import open_sealed
from app.errors import DomainError, FieldError, Forbidden, NotFound
from app.events.service import acting_as
from app.extensions import csrf
from app.site.access import requires
from app.standard_webhooks import is_signed
from app.strict_json import BadJson, Unstorable, parse
from app.tenancy import tenant_scope

bp = Blueprint("billing", __name__, url_prefix="/billing/payments")


@bp.post("/<string:channel>")
@csrf.exempt  # type: ignore[untyped-decorator]  # the signature is the proof
@requires("anyone")
def hear(channel: str) -> tuple[dict[str, Any], int]:
    """Take a provider's word; the same word again, or out of order, does no harm."""
    opened = queries.channel()
    if opened is None or opened.public_id != channel:
        raise NotFound
    body, now = request.get_data(), int(clock.wall().timestamp())
    if not is_signed(
        open_sealed(opened.secret), {n.lower(): v for n, v in request.headers.items()}, body, now
    ):
        raise Forbidden("bad_signature", _("The signature or its time does not hold."))
    try:
        notice = read_notice(parse(body))
    except (BadJson, Unstorable) as error:
        raise DomainError(
            "invalid", _("This cannot be read."), FieldError("body", "wrong")
        ) from error
    except BadNotice as error:
        wrong = FieldError(error.field, "wrong")
        raise DomainError("invalid", _("This cannot be read."), wrong) from error
    found = queries.invoice(notice.invoice)
    if found is None:
        raise NotFound
    with tenant_scope(found.tenant_id), acting_as("provider"):
        fate = service.take_notice(notice)
    return {"fate": fate.value}, 200
