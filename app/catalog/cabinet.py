"""The cabinet: products that earn, each with a link that is ready."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, abort, g, url_for
from flask_babel import lazy_gettext as _l

from app import clock
from app.catalog import queries
from app.catalog.models import Product
from app.links import queries as link_queries
from app.links.rules import landing
from app.partners import queries as partners
from app.programs.forms import shown
from app.programs.rules import write_rate
from app.reports.queries import pays_now
from app.site.access import requires
from app.tenants import queries as tenants
from app.web.pages import page
from app.web.tables import Column, Empty, Table, View

if TYPE_CHECKING:
    from flask import Response
    from markupsafe import Markup

    from app.reports.queries import Pays

bp = Blueprint("catalog", __name__, url_prefix="/products")


@dataclass(frozen=True)
class Offered:
    """A product with what a sale of it pays the partner now, and the partner's link to it."""

    product: Product
    pays: Pays
    rate: Markup | str | None
    link: str | None
    generator: str


PRODUCTS = Table(
    name="products",
    caption=_l("Products"),
    key=Product.id,
    default="name",
    columns=(
        Column("name", _l("Name"), render="name", main=True, sort=Product.name,
               value=lambda row: row.product.name),
        Column("price", _l("Price"), render="money", sort=Product.price, nullable=True, end=True,
               value=lambda row: row.product.price),
        Column("rate", _l("You earn"), render="rate"),
        Column("link", _l("Your link"), render="ready"),
    ),
    search=queries.matching,
    search_label=_l("Name or id"),
    empty=Empty(
        _l("No products yet"),
        _l("The shop has not shown any. Your main link works for the whole shop."),
        icon="box",
        endpoint="cabinet.links.index",
        act=_l("Take a link"),
    ),
)  # fmt: skip


@bp.get("/")
@requires("partner")
def index() -> Response:
    """List the products that are shown to partners, with a link to each."""
    view = _ready(PRODUCTS.load(queries.shown()))
    return page("catalog/cabinet/index.html", "_table.html", products=view)


def _rate(pays: Pays) -> Markup | str | None:
    return None if pays.rate is None else shown([write_rate(pays.rate, g.tenant.currency)])[0]


def _ready(view: View) -> View:
    partner = partners.by_id(g.partner_id) or abort(404)
    shops = {shop.id: shop for shop in tenants.shops()}
    names = link_queries.parameters()
    pays = pays_now(g.tenant, partner.id, view.rows, clock.now())
    found = []
    for product in view.rows:
        shop = shops[product.shop_id]
        place = link_queries.product_place(product, shop)
        link = None
        if place is not None:
            link = landing(link_queries.site_of(shop), place, names, partner.refcode, {}).bare
        generator = url_for("cabinet.links.index", product=product.id)
        found.append(Offered(product, pays[product.id], _rate(pays[product.id]), link, generator))
    view.rows = found
    return view
