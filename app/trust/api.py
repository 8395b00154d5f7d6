"""Disputes for programs: read, and settle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import request
from flask_babel import gettext as _
from pydantic import ValidationError

from app.errors import DomainError, FieldError
from app.partners.queries import cards
from app.site.access import requires
from app.trust import queries, service
from app.trust.rules import State
from app.trust.schemas import DecisionIn, DisputeList, DisputeOut

if TYPE_CHECKING:
    from datetime import datetime

    from app.trust.models import Dispute

bp = APIBlueprint("trust", __name__, url_prefix="/disputes", tag="Disputes")


@bp.get("")
@bp.output(DisputeList)
@requires("partners")
def index() -> dict[str, Any]:
    """List disputes, newest first: `?state=`, `?limit=` 1 to 200, `&cursor=` from the answer before."""
    state = request.args.get("state")
    if state is not None and state not in {each.value for each in State}:
        raise _invalid("state", _("There is no such state."))
    limit = _number("limit", 50)
    if not 1 <= limit <= 200:
        raise _invalid("limit", _("limit goes from 1 to 200."))
    found = queries.newest(limit + 1, before=_number("cursor", 0), state=state)
    page = found[:limit]
    return {
        "items": [_answer(each) for each in page],
        "next": str(page[-1].id) if len(found) > limit else None,
    }


@bp.get("/<string:dispute>")
@bp.output(DisputeOut)
@requires("partners")
def show(dispute: str) -> dict[str, Any]:
    """Return one dispute with its thread."""
    return _answer(service.find(dispute))


@bp.post("/<string:dispute>/decision")
@bp.input(DecisionIn, location="json", validation=False)
@bp.output(DisputeOut)
@requires("partners")
def decide(dispute: str, json_data: dict[str, Any]) -> dict[str, Any]:
    """Count the sale for the partner, or decline with a reason that he reads; 409 when it is closed."""
    found, said = service.find(dispute), _read(json_data)
    if said.decision == "attribute":
        service.attribute(found, said.reason)
    else:
        service.decline(found, said.reason)
    return _answer(found)


def _read(body: Any) -> DecisionIn:
    try:
        return DecisionIn.model_validate(body)
    except ValidationError as error:
        errors = [FieldError(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise DomainError("invalid", _("The body is not as documented."), *errors) from error


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise _invalid(name, _("A number is expected."))
    return int(text)


def _invalid(field: str, message: str) -> DomainError:
    return DomainError("invalid", message, FieldError(field, message))


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _answer(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": dispute.public_id,
        "partner": cards([dispute.partner_id])[dispute.partner_id].refcode,
        "number": dispute.number,
        "state": dispute.state,
        "verdict": dispute.verdict,
        "reason": dispute.said or None,
        "opened_at": _time(dispute.opened_at),
        "due_at": _time(dispute.due_at),
        "decided_at": _time(dispute.decided_at),
        "thread": [
            {"by": "staff" if r.by_staff else "partner", "text": r.text, "at": _time(r.at)}
            for r in queries.thread(dispute.id)
        ],
    }
