"""The address of an explanation that a partner shares with support: each opens it by his own door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, g

from app.errors import NotFound
from app.identity import queries as people
from app.partners.queries import by_refcode
from app.site.access import requires
from app.web.pages import see_other

if TYPE_CHECKING:
    from flask import Response

bp = Blueprint("commissions", __name__, url_prefix="/<merchant>/why")


@bp.get("/<string:deal>/<string:refcode>")
@requires("signed_in")
def why(deal: str, refcode: str) -> Response:
    """Lead staff to the office's copy of the page, and the partner to his own; nobody else anywhere."""
    found = by_refcode(refcode)
    if found is None:
        raise NotFound
    staff = people.staff_membership(g.person.id, g.tenant.twin_of or g.tenant.id)
    if staff is not None:
        return see_other("office.commissions.as_partner", deal=deal, refcode=found.refcode)
    own = people.partner_membership(g.person.id, g.tenant.id)
    if own is None or own.partner_id != found.id:
        raise NotFound
    return see_other("cabinet.commissions.show", deal=deal)
