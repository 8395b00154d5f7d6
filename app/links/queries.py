"""Read links: where a code leads, and lists of a partner's links with what they brought."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import and_, select

from app.catalog.models import Category, Product
from app.catalog.queries import shown
from app.extensions import db
from app.facts import service as facts
from app.installation import public_address, settings
from app.links.models import Link
from app.links.rules import (
    ERID,
    AddressError,
    Landing,
    Site,
    fold_code,
    landing,
    place_in,
    with_erid,
)
from app.partners.models import Code, Partner
from app.tenants.models import Shop, Tenant
from app.tenants.queries import former_places, setting

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, timedelta

ADVERTISING = "advertising"  # owner of the facts about advertising tokens
SCAN = "qr"  # the query of an address that stands in a QR code
LONGEST_WORD = 160  # characters of a code that are looked at
MOST_PICKED = 500  # products; the address of any other can be pasted


@dataclass(frozen=True, slots=True)
class Target:
    """All that a click needs to know of a link: whose it is, and where it leads."""

    tenant: int
    link: int
    partner: int
    offset: timedelta  # the tenant's clock before the wall's
    landing: Landing


def parameters() -> tuple[str, ...]:
    """Return under which names the merchant's addresses carry a refcode; the first is written."""
    return tuple(setting("parameters"))


def code_of(text: str) -> Code | None:
    """Return the code that somebody typed or followed, in any case; None: nobody's."""
    key = fold_code(text[:LONGEST_WORD])  # old links may carry what would be no code here
    if not key or not key.isprintable():
        return None
    return db.session.scalars(select(Code).where(Code.key == key)).one_or_none()


def link_of(code: Code) -> Link | None:
    """Return the link behind a code: a link code's own, else its partner's default link."""
    query = select(Link).where(Link.partner_id == code.partner_id)
    if code.kind == "link":
        return db.session.scalars(query.where(Link.code_id == code.id)).one_or_none()
    return db.session.scalars(query.where(Link.is_default)).one_or_none()


def target(tenant: Tenant, link: Link) -> Target | None:
    """Return what following the link means now.

    None while its shop stands nowhere yet, and where the partner is blocked and his links are off.
    """
    partner = db.session.get_one(Partner, (tenant.id, link.partner_id))
    return None if partner.links_off and partner.status == "blocked" else _target(tenant, link)


def _target(tenant: Tenant, link: Link) -> Target | None:
    """Return where the link leads now: shops may move, and refcodes change."""
    shop = db.session.get_one(Shop, (tenant.id, link.shop_id))
    if not shop.domain:
        return None
    partner = db.session.get_one(Partner, (tenant.id, link.partner_id))
    return Target(
        tenant=tenant.id,
        link=link.id,
        partner=partner.id,
        offset=tenant.clock_offset,
        landing=landing(
            site_of(shop), place_of(link, shop), parameters(), partner.refcode, _extra(link)
        ),
    )


def _extra(link: Link) -> dict[str, str]:
    return {**link.params, ERID: link.erid} if link.erid else link.params


def erid_required() -> bool:
    """Whether links and materials without an advertising token are to be warned of."""
    known = facts.current([ADVERTISING], ["erid"]).get(ADVERTISING, {})
    return bool(known.get("erid"))


def site_of(shop: Shop) -> Site:
    """Return the shop as addresses see it."""
    return Site(shop.domain, shop.path)


def sites_of(shops: Iterable[Shop]) -> list[tuple[Shop, Site]]:
    """Return where shops stand, deeper folders first, and after that where they stood before.

    A shop in a folder of another's domain has its own pages, and a page of an old address is the
    same page of the new one.
    """
    known = list(shops)
    former = former_places(shop.id for shop in known)
    now = sorted(((shop, site_of(shop)) for shop in known), key=_depth)
    once = [(s, Site(f.domain, f.path)) for s in known for f in former.get(s.id, ())]
    return [*now, *sorted(once, key=_depth)]


def _depth(found: tuple[Shop, Site]) -> int:
    return -len(found[1].folder)


def place_of(link: Link, shop: Shop) -> str:
    """Return where in the shop the link leads; for what has no address, its home."""
    product = category = None
    if link.url is None and link.product_id is not None:
        product = db.session.get_one(Product, (link.tenant_id, link.product_id))
    elif link.url is None and link.category_id is not None:
        category = db.session.get_one(Category, (link.tenant_id, link.category_id))
    return _place(link, shop, product, category)


def _place(link: Link, shop: Shop, product: Product | None, category: Category | None) -> str:
    if link.url is not None:
        return link.url
    if product is not None:
        return product_place(product, shop) or ""
    return (category_place(category, shop) if category is not None else None) or ""


def product_place(product: Product, shop: Shop) -> str | None:
    """Return where a product's links lead: its first landing page, else its own page."""
    return _first_place((*product.landing_pages, product.url), shop)


def category_place(category: Category, shop: Shop) -> str | None:
    """Return where a category's links lead: its page; None where the shop has not said one."""
    return _first_place((category.url,), shop)


def _first_place(addresses: Iterable[Any], shop: Shop) -> str | None:
    for address in addresses:
        for site in chain((site_of(shop),), _former_sites(shop)):
            try:
                return place_in(site, str(address or ""))
            except AddressError:
                continue
    return None


def _former_sites(shop: Shop) -> Iterable[Site]:
    """Yield where the shop stood before; asked only where its present address does not fit."""
    for row in former_places([shop.id]).get(shop.id, ()):
        yield Site(row.domain, row.path)


def address(code: str, slug: str, erid: str | None = None) -> str:
    """Return the full address of a link by its code, with its advertising token where it has one."""
    return with_erid(tracking_address(f"/r/{slug}/{quote(code)}"), erid)


def short_address(short: str) -> str:
    """Return the full address that fits into print."""
    return tracking_address(f"/s/{short}")


def scan_address(short: str) -> str:
    """Return what a QR code holds: the short address with the mark by which scans are counted apart."""
    return f"{short_address(short)}?{SCAN}"


def direct_address(tenant: Tenant, link: Link) -> str:
    """Return the page itself with the partner's code in it: counted by the script on the page.

    Where the links lead nowhere now, the short address, which will lead there.
    """
    found = target(tenant, link)
    return found.landing.bare if found is not None else short_address(link.short)


def tracking_address(path: str) -> str:
    """Return the full address of a path that visitors follow or pages load: on a host of its own, if set."""
    host = settings().tracking_host
    return f"https://{host}{path}" if host else public_address(path)


@dataclass(frozen=True, slots=True)
class Line:
    """A link as lists show it; clicks and orders are what others count."""

    short: str
    code: str
    address: str
    leads_to: str
    label: str  # the partner's note, else what the link is about
    about: str  # the product or category, for everybody's eyes
    partner: str
    created_at: datetime
    archived: bool
    link_id: int
    erid: str | None = None  # the advertising token
    clicks: int = 0
    scans: int = 0  # of the clicks, those by a QR code
    orders: int = 0


def listed() -> Any:
    """Return the statement of links with code, shop and partner."""
    same = Link.tenant_id
    return (
        select(Link, Code.display, Shop, Partner.name, Product, Category)
        .join(Code, and_(Code.tenant_id == same, Code.id == Link.code_id))
        .join(Shop, and_(Shop.tenant_id == same, Shop.id == Link.shop_id))
        .join(Partner, and_(Partner.tenant_id == same, Partner.id == Link.partner_id))
        .outerjoin(Product, and_(Product.tenant_id == same, Product.id == Link.product_id))
        .outerjoin(Category, and_(Category.tenant_id == same, Category.id == Link.category_id))
    )


def line(row: Any, slug: str) -> Line:
    """Return a row of `listed` as a list shows it."""
    link, code, shop, partner, product, category = row[:6]
    named = product or category
    return Line(
        short=link.short,
        code=code,
        address=address(code, slug, link.erid),
        leads_to=Landing.of(site_of(shop), _place(link, shop, product, category)),
        label=link.label or (named.name if named else ""),
        about=named.name if named else "",
        partner=partner,
        created_at=link.created_at,
        archived=link.archived_at is not None,
        link_id=link.id,
        erid=link.erid,
    )


def of_partner(partner_id: int, slug: str, limit: int = 50) -> list[Line]:
    """Return a partner's links, the main one first, then the newest."""
    query = listed().where(Link.partner_id == partner_id, Link.archived_at.is_(None), ~Link.is_site)
    rows = db.session.execute(query.order_by(Link.is_default.desc(), Link.id.desc()).limit(limit))
    return [line(row, slug) for row in rows]


def line_of(link: Link, slug: str) -> Line:
    """Return one link as a list shows it."""
    return line(db.session.execute(listed().where(Link.id == link.id)).one(), slug)


def products_to_pick() -> list[tuple[int, str]]:
    """Return id and name of the products that partners see, by name; as many as a choice can hold."""
    query = shown().with_only_columns(Product.id, Product.name)
    rows = db.session.execute(query.order_by(Product.name, Product.id).limit(MOST_PICKED))
    return [(row.id, row.name) for row in rows]


def categories_to_pick() -> list[tuple[int, str]]:
    """Return id and name of the categories whose page is known, by name."""
    query = select(Category.id, Category.name).where(Category.url.is_not(None))
    rows = db.session.execute(query.order_by(Category.name, Category.id).limit(MOST_PICKED))
    return [(row.id, row.name) for row in rows]


def by_short(short: str, partner_id: int | None = None) -> Link | None:
    """Return a link by its short code, of one partner or of anybody."""
    query = select(Link).where(Link.short == short)
    if partner_id is not None:
        query = query.where(Link.partner_id == partner_id)
    return db.session.scalars(query).one_or_none()


def partner_of(code: Code) -> Partner:
    """Return whose code it is."""
    return db.session.get_one(Partner, (code.tenant_id, code.partner_id))
