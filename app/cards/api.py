"""A customer's loyalty card, for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.cards import queries, service
from app.cards.schemas import CardIn, CardOut
from app.errors import NotFound
from app.members import queries as members
from app.site.access import requires

if TYPE_CHECKING:
    from app.members.models import Member

bp = APIBlueprint("cards", __name__, url_prefix="/members", tag="Members")


@bp.put("/<path:external_id>/card")
@bp.input(CardIn)
@bp.output(CardOut)
@requires("orders")
def put(external_id: str, json_data: CardIn) -> dict[str, Any]:
    """Bind a card's number to a customer instead of the one there is; null takes it away, no number gets ours.

    409 for a number that is another customer's.
    """
    member = _member(external_id)
    if "number" not in json_data.model_fields_set:
        service.ensure(member)
    elif json_data.number is None:
        service.unbind(member)
    else:
        service.bind(member, json_data.number)
    return _said(member, external_id)


@bp.get("/<path:external_id>/card")
@bp.output(CardOut)
@requires("orders")
def get(external_id: str) -> dict[str, Any]:
    """Return a customer's card."""
    return _said(_member(external_id), external_id)


def _said(member: Member, external_id: str) -> dict[str, Any]:
    card = queries.card_of(member.id)
    return {
        "member": external_id,
        "number": card.number if card else None,
        "since": card.made_at if card else None,
    }


def _member(external_id: str) -> Member:
    found = members.by_external(g.shop_id, external_id)
    if found is None:
        raise NotFound
    return found
