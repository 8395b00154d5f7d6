"""Read links: where a code leads, and lists of a partner's links with what they brought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.catalog.models import Product
from app.extensions import db
from app.links.models import Link
from app.links.rules import (
    AddressError,
    CodeError,
    Landing,
    Site,
    landing,
    normalise_code,
    place_in,
)
from app.partners.models import Code, Partner
from app.tenants.models import Shop, Tenant
from app.tenants.queries import setting

if TYPE_CHECKING:
    from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Target:
    """All that a click needs to know of a link: whose it is, and where it leads."""

    tenant: int
    link: int
    partner: int
    offset: timedelta  # the tenant's clock before the wall's
    landing: Landing


def parameters() -> tuple[str, ...]:
    """Return the names under which the merchant's addresses carry a refcode; the first is written."""
    return tuple(setting("parameters"))


def code_of(text: str) -> Code | None:
    """Return the code that somebody typed or followed, in any case; None: nobody's."""
    try:
        key = normalise_code(text)
    except CodeError:
        return None
    return db.session.scalars(select(Code).where(Code.key == key)).one_or_none()


def link_of(code: Code) -> Link | None:
    """Return the link behind a code: a link code's own, else its partner's default link."""
    query = select(Link).where(Link.partner_id == code.partner_id)
    own = query.where(Link.code_id == code.id) if code.kind == "link" else query.where(Link.is_default)
    return db.session.scalars(own).one_or_none()


def target(tenant: Tenant, link: Link) -> Target:
    """Return what following the link means now: shops may move, and refcodes change."""
    shop = db.session.get_one(Shop, (tenant.id, link.shop_id))
    partner = db.session.get_one(Partner, (tenant.id, link.partner_id))
    return Target(
        tenant=tenant.id,
        link=link.id,
        partner=partner.id,
        offset=tenant.clock_offset,
        landing=landing(
            site_of(shop), place_of(link, shop), parameters(), partner.refcode, link.params
        ),
    )


def site_of(shop: Shop) -> Site:
    """Return the shop as addresses see it."""
    return Site(shop.domain, shop.path)


def place_of(link: Link, shop: Shop) -> str:
    """Return the place in the shop that the link leads to; a product without an address: its home."""
    if link.url is not None:
        return link.url
    if link.product_id is None:
        return ""
    product = db.session.get_one(Product, (link.tenant_id, link.product_id))
    return product_place(product, shop) or ""


def product_place(product: Product, shop: Shop) -> str | None:
    """Return where in the shop a product's links lead: its first landing page, else its own page."""
    for address in (*product.landing_pages, product.url):
        try:
            return place_in(site_of(shop), str(address or ""))
        except AddressError:
            continue
    return None



def partner_of(code: Code) -> Partner:
    """Return whose code it is."""
    return db.session.get_one(Partner, (code.tenant_id, code.partner_id))
