"""Disputes for programs: read, and settle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint

from app.partners.queries import cards
from app.site.access import requires
from app.trust import queries, service
from app.trust.schemas import DecisionIn, DisputeList, DisputeOut, DisputesIn

if TYPE_CHECKING:
    from datetime import datetime

    from app.trust.models import Dispute

bp = APIBlueprint("trust", __name__, url_prefix="/disputes", tag="Disputes")


@bp.get("")
@bp.input(DisputesIn, location="query")
@bp.output(DisputeList)
@requires("partners")
def index(query_data: DisputesIn) -> dict[str, Any]:
    """List disputes, newest first."""
    limit = query_data.limit
    found = queries.newest(limit + 1, before=query_data.before or 0, state=query_data.state)
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
@bp.input(DecisionIn)
@bp.output(DisputeOut)
@requires("partners")
def decide(dispute: str, json_data: DecisionIn) -> dict[str, Any]:
    """Count the sale for the partner, or decline with a reason that he reads; 409 when it is closed."""
    found, said = service.find(dispute), json_data
    if said.decision == "attribute":
        service.attribute(found, said.reason)
    else:
        service.decline(found, said.reason)
    return _answer(found)


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
