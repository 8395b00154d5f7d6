"""The network read by programs, a level at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _

from app.errors import DomainError, FieldError, NotFound
from app.money import to_decimal_string
from app.network import queries
from app.network.schemas import NetworkOut
from app.partners import queries as partners
from app.partners import service as partner_service
from app.site.access import requires

if TYPE_CHECKING:
    from datetime import date, datetime

    from app.network.queries import Node

bp = APIBlueprint("network", __name__, url_prefix="/partners", tag="Partners")
SUMS = ("turnover_30", "commission_30", "turnover", "commission")


@bp.get("/<string:refcode>/network")
@bp.output(NetworkOut)
@requires("partners")
def below(refcode: str) -> dict[str, Any]:
    """List those directly below a partner: `?limit=` 1 to 200, `&cursor=` from the answer before."""
    found = partners.by_refcode(refcode) if len(refcode) <= 200 else None
    if found is None:
        raise NotFound
    viewer = queries.as_merchant()
    seen = queries.below(viewer, found.id, _number("cursor", "0", 18), _number("limit", "50", 3))
    return {
        "items": [_out(node) for node in seen.nodes],
        "next": None if seen.next is None else str(seen.next),
        "counted_at": viewer.counted_at,
    }


def _out(node: Node) -> dict[str, Any]:
    said = {name: getattr(node, name) for name in ("refcode", "name", "status", "since")}
    said |= {name: getattr(node, name) for name in ("direct", "whole", "depth")}
    said |= {name: to_decimal_string(getattr(node, name), g.tenant.currency) for name in SUMS}
    return {**said, "id": node.public_id, "until": _last_day(node.until)}


def _last_day(end: datetime | None) -> date | None:
    return None if end is None else partner_service.day_before(end)


def _number(name: str, default: str, digits: int) -> int:
    said = request.args.get(name, default)
    good = said.isascii() and said.isdecimal() and len(said) <= digits
    if not good or (name == "limit" and not 1 <= int(said) <= 200):
        words = (
            _("A number from 1 to 200.") if name == "limit" else _("This cursor is none of ours.")
        )
        raise DomainError("invalid", words, FieldError(name, words))
    return int(said)
