"""Materials read by programs: as they are, or with a partner's link inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g, request
from flask_babel import gettext as _

from app.catalog import queries as catalog
from app.creatives import queries, service
from app.creatives.rules import Kind
from app.creatives.schemas import CreativeList
from app.errors import DomainError, FieldError, NotFound
from app.partners import queries as partners
from app.site.access import requires

if TYPE_CHECKING:
    from app.creatives.models import Creative
    from app.partners.models import Partner

bp = APIBlueprint("creatives", __name__, url_prefix="/creatives", tag="Creatives")


@bp.get("")
@bp.output(CreativeList)
@requires("partners")
def index() -> dict[str, Any]:
    """List what partners see now: `?limit=` 1 to 200, `&cursor=` from the answer before, `?kind=`.

    `?partner=<refcode>`: what this partner sees, with his own link inside; the link is made the first time.
    """
    partner = _partner(request.args.get("partner"))
    statement = queries.visible(partner) if partner else queries.offered()
    kind = request.args.get("kind")
    if kind is not None:
        if kind not in set(Kind):
            raise _invalid("kind", _("One of %(kinds)s.", kinds=", ".join(Kind)))
        statement = queries.of_kind(statement, Kind(kind))
    limit = _limit(request.args.get("limit", "50"))
    found, following = queries.after(statement, _cursor(request.args.get("cursor")), limit)
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


def _limit(said: str) -> int:
    if not (said.isascii() and said.isdecimal() and len(said) <= 3 and 1 <= int(said) <= 200):
        raise _invalid("limit", _("A number from 1 to 200."))
    return int(said)


def _cursor(said: str | None) -> tuple[int, int] | None:
    """Return place and id of the last one seen."""
    if said is None:
        return None
    parts = said.split("-")
    if len(parts) != 2 or not all(p.isascii() and p.isdecimal() and len(p) <= 18 for p in parts):
        raise _invalid("cursor", _("This cursor is none of ours."))
    return int(parts[0]), int(parts[1])


def _invalid(field: str, words: str) -> DomainError:
    return DomainError("invalid", words, FieldError(field, words))
