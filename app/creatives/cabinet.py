"""The cabinet: materials with the partner's link inside, ready to be copied, sent or downloaded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, abort, g
from flask_babel import lazy_gettext as _l

from app.creatives import queries, rules, service
from app.creatives.forms import KINDS
from app.creatives.models import Creative
from app.creatives.rules import Kind
from app.errors import NotFound
from app.links import queries as links
from app.links.rules import share_addresses
from app.partners import queries as partners
from app.site.access import requires
from app.web.headers import with_frames
from app.web.pages import page
from app.web.tables import Column, Empty, Filter, Table

if TYPE_CHECKING:
    from flask import Response
    from sqlalchemy import Select

    from app.partners.models import Partner

bp = Blueprint("creatives", __name__, url_prefix="/materials")


@dataclass(frozen=True)
class Card:
    """A material in the gallery."""

    creative: Creative
    kind: str
    picture: str
    about: str
    size: str
    language: str


TABLE = Table(
    name="materials",
    caption=_l("Materials"),
    key=Creative.id,
    default="place",
    columns=(Column("place", _l("Place"), sort=Creative.position),),
    search=queries.matching,
    search_label=_l("Name"),
    sizes=(24, 48, 96),
    empty=Empty(
        _l("No materials yet"),
        _l("The shop has not put up any. Your link works everywhere."),
        icon="photo",
        endpoint="cabinet.links.index",
        act=_l("Take a link"),
    ),
)


@bp.get("/")
@requires("partner")
def index() -> Response:
    """Show what is meant for this partner now, by kind, size, product and language."""
    mine = queries.visible(_partner())
    view = _table(mine).load(mine)
    about = queries.about(view.rows)
    view.rows = [_card(each, about.get(each.id, "")) for each in view.rows]
    return page("creatives/cabinet/index.html", "_gallery.html", materials=view)


@bp.get("/<string:public_id>/")
@requires("partner")
def show(public_id: str) -> Response:
    """Show one with the partner's link inside; the link is made when it is first looked at."""
    partner = _partner()
    creative = _seen(partner, public_id)
    taken = service.take(creative, partner, g.tenant.slug)
    short, slug = taken.link.short, g.tenant.slug
    preview = queries.preview_path(creative, slug, short) if creative.html else ""
    response = page(
        "creatives/cabinet/show.html",
        card=_card(creative, queries.about([creative]).get(creative.id, "")),
        creative=creative,
        taken=taken,
        token_missing=links.erid_required() and not creative.erid,
        preview=queries.content_source(preview) if preview else "",
        download=f"{queries.content_source(queries.file_path(creative, slug))}?download=1",
        share=share_addresses(taken.address, taken.text or g.tenant.name),
        counts=queries.of_partner(partner.id, [creative.id]).get(creative.id, rules.Counts()),
    )
    return with_frames(response)


def _table(mine: Select[Any]) -> Table:
    """The filters offer what there is."""
    sizes = [(f"{w}x{h}", rules.size_name(w, h)) for w, h in queries.sizes(mine)]
    products = [(str(i), name) for i, name in queries.products_named(mine)]
    filters = (
        Filter("kind", _l("Kind"), [(str(k), v) for k, v in KINDS.items()],
               lambda s, v: s.where(Creative.kind == v)),
        Filter("pixels", _l("Size"), sizes, _of_size),
        Filter("product", _l("Product"), products,
               lambda s, v: s.where(Creative.product_id == int(v))),
        Filter("language", _l("Language"), queries.languages(mine),
               lambda s, v: s.where(Creative.language == v)),
    )  # fmt: skip
    return replace(TABLE, filters=tuple(each for each in filters if each.choices))


def _of_size(statement: Select[Any], value: str) -> Select[Any]:
    width, _x, height = value.partition("x")
    return statement.where(Creative.width == int(width), Creative.height == int(height))


def _card(creative: Creative, about: str) -> Card:
    banner = creative.kind == Kind.BANNER
    path = queries.file_path(creative, g.tenant.slug) if banner else ""
    return Card(
        creative=creative,
        kind=str(KINDS[Kind(creative.kind)]),
        picture=queries.content_source(path) if path else "",
        about=about,
        size=rules.size_name(creative.width, creative.height),
        language=rules.LANGUAGES.get(creative.language or "", ""),
    )


def _seen(partner: Partner, public_id: str) -> Creative:
    found = queries.one_of(queries.visible(partner), public_id)
    if found is None:
        raise NotFound
    return found


def _partner() -> Partner:
    return partners.by_id(g.partner_id) or abort(404)
