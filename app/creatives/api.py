"""Materials read by programs: as they are, or with a partner's link inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g

from app.catalog import queries as catalog
from app.creatives import queries, service
from app.creatives.schemas import CreativeList, CreativesIn
from app.errors import NotFound
from app.partners import queries as partners
from app.site.access import requires

if TYPE_CHECKING:
    from app.creatives.models import Creative
    from app.partners.models import Partner

bp = APIBlueprint("creatives", __name__, url_prefix="/creatives", tag="Creatives")


@bp.get("")
@bp.input(CreativesIn, location="query")
@bp.output(CreativeList)
@requires("partners")
def index(query_data: CreativesIn) -> dict[str, Any]:
    """List what partners see now; with `partner`, with this partner's link inside, made the first time."""
    partner = _partner(query_data.partner)
    statement = queries.visible(partner) if partner else queries.offered()
    if query_data.kind is not None:
        statement = queries.of_kind(statement, query_data.kind)
    place = query_data.cursor.split("-") if query_data.cursor else None
    edge = (int(place[0]), int(place[1])) if place else None
    found, following = queries.after(statement, edge, query_data.limit)
    products = catalog.external_names(each.product_id for each in found)
    categories = catalog.external_category_names(each.category_id for each in found)
    names = {"product": products, "category": categories}
    return {"items": [_out(each, partner, names) for each in found], "next": following}


def _out(creative: Creative, partner: Partner | None, names: Any) -> dict[str, Any]:
    slug = g.tenant.slug
    said = {
        name: getattr(creative, name)
        for name in (
            *("kind", "name", "language", "width", "height", "subject"),
            *("label", "valid_from", "valid_to"),
        )
    }
    said |= {
        "id": creative.public_id,
        "product": names["product"].get(creative.product_id),
        "category": names["category"].get(creative.category_id),
        "text": creative.body,
        "html": creative.html,
        "file": queries.file_address(creative, slug) if creative.digest else None,
        "link": None,
        "code": None,
    }
    if partner is not None:
        taken = service.take(creative, partner, slug)
        said |= {"link": taken.address, "code": taken.code or None, "html": taken.html}
        said |= {"subject": taken.subject, "text": taken.text or creative.body}
        said |= {"file": taken.picture or None}
    return said


def _partner(refcode: str | None) -> Partner | None:
    if refcode is None:
        return None
    found = partners.by_refcode(refcode) if len(refcode) <= 200 else None
    if found is None:
        raise NotFound
    return found
