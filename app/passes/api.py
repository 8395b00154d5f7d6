"""The shop's server asks for a link into a partner's cabinet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.errors import NotFound
from app.installation import public_address
from app.partners import queries as partners
from app.passes import service
from app.passes.schemas import LinkOut
from app.site.access import requires, told_once

if TYPE_CHECKING:
    from app.partners.models import Partner

bp = APIBlueprint("passes", __name__, url_prefix="/partners", tag="Partners")


@bp.post("/<string:refcode>/session")
@bp.output(LinkOut, status_code=201)
@requires("partners")
@told_once
def make(refcode: str) -> dict[str, Any]:
    """Make a link that opens the partner's cabinet once, within two minutes; no second password.

    Ask for it as the page of the shop's account is made, for the customer who is signed in there. An
    `Idempotency-Key` is not heeded: the link is kept nowhere, so it cannot be told again.
    """
    link, until = service.make_link(_found(refcode))
    url = public_address(f"/{g.tenant.slug}/inside/{link}")
    return {"url": url, "frame_url": f"{url}?frame=1", "expires_at": until}


def _found(refcode: str) -> Partner:
    partner = (
        partners.by_refcode(refcode) if len(refcode) <= 200 and "\x00" not in refcode else None
    )
    if partner is None:
        raise NotFound
    return partner
