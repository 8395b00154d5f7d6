"""Make links, put them away, and find what following one means."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING

import qrcode
from flask_babel import gettext as _
from PIL import Image
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalog.models import Category, Product
from app.catalog.queries import product_by_id
from app.errors import Conflict, DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.links import queries
from app.links.models import Link
from app.links.rules import AddressError, CodeError, EridError, erid_of, normalise_code, place_in
from app.partners.models import Code, Partner
from app.tenancy import CROCKFORD, current_tenant
from app.tenants.queries import shops
from app.tenants.service import enter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.links.queries import Target
    from app.tenants.models import Shop, Tenant

SHORT, RANDOM_CODE = 8, 7  # random characters, five bits each
LABEL, VALUE, MOST_PARAMS = 100, 200, 12
SUBS = ("sub1", "sub2", "sub3", "sub4", "sub5")
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
PARAMS = (*SUBS, *UTM)


@dataclass(frozen=True)
class Wish:
    """The link a partner asks for: a page, a product, a category; none is the shop's home."""

    address: str = ""
    product_id: int | None = None
    category_id: int | None = None
    code: str = ""  # empty: a random one
    label: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    shop_id: int | None = None


def ensure_default(partner: Partner) -> Link | None:
    """Return the partner's link to the shop's home under the refcode, made now if it is missing.

    None while the merchant has no shop. Two calls at once end in one link.
    """
    query = select(Link).where(Link.partner_id == partner.id, Link.is_default)
    found = db.session.scalars(query).one_or_none()
    code = _refcode(partner)
    if found is not None or code is None:
        return found
    places = shops()
    if not places:
        return None
    short = _random(SHORT)
    made = db.session.scalar(
        insert(Link)
        .values(
            partner_id=partner.id,
            code_id=code.id,
            shop_id=places[0].id,
            short=short,
            is_default=True,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Link.id)
    )
    if made is not None:
        enter("short", short, current_tenant(), made)
    return db.session.scalars(query).one_or_none()


def create(partner: Partner, wish: Wish) -> Link:
    """Make a link of the partner's.

    Raises DomainError for a page outside the shops or a bad code, Conflict for a code that is
    taken, NotFound for a product or category of nobody's.
    """
    shop, place = _destination(wish)
    return _make(partner, _code(partner, wish.code), shop.id, place, wish)


def create_to(
    partner: Partner,
    label: str,
    shop_id: int | None,
    place: str | None,
    product_id: int | None,
    category_id: int | None,
) -> Link:
    """Make a link to where the merchant's own material leads: no shop means the home of the first.

    Raises NotFound while there is no shop.
    """
    wish = Wish(product_id=product_id, category_id=category_id, label=label)
    return _make(partner, _code(partner, ""), _shop_id(shop_id), place, wish)


def lead_to(
    link_ids: Iterable[int],
    shop_id: int | None,
    place: str | None,
    product_id: int | None,
    category_id: int | None,
) -> None:
    """Let links that are in the world lead elsewhere: where the merchant's material now leads."""
    db.session.execute(
        update(Link)
        .where(Link.id.in_(set(link_ids)))
        .values(
            shop_id=_shop_id(shop_id), url=place, product_id=product_id, category_id=category_id
        )
    )


def mark(link_ids: Iterable[int], erid: str | None) -> None:
    """Give links the advertising token, or take it from them (None)."""
    db.session.execute(update(Link).where(Link.id.in_(set(link_ids))).values(erid=erid))


def set_erid(link: Link, text: str) -> None:
    """Give a link the advertising token that was typed; empty takes it away. Raises DomainError (422)."""
    try:
        found = erid_of(text)
    except EridError as error:
        words = _("A token has 4 to 64 letters and digits, as the register gave it.")
        raise DomainError("bad_erid", words, FieldError("erid", words)) from error
    if found != link.erid:
        record(
            "link.marked", f"link:{link.id}", partner_id=link.partner_id, erid=[link.erid, found]
        )
        link.erid = found
        db.session.flush()


def require_erid(*, wanted: bool) -> None:
    """Say whether links and materials without an advertising token are to be warned of."""
    if facts.put(queries.ADVERTISING, "erid", wanted, actor=actor()):
        record("merchant.settings_changed", queries.ADVERTISING, erid=wanted)


def _shop_id(shop_id: int | None) -> int:
    places = shops()
    if not places:
        raise NotFound(_("There is no shop to lead to yet."), "no_shop")
    return places[0].id if shop_id is None else shop_id


def _make(partner: Partner, code: Code, shop_id: int, place: str | None, wish: Wish) -> Link:
    link = Link(
        partner_id=partner.id,
        code_id=code.id,
        shop_id=shop_id,
        short=_random(SHORT),
        url=place,
        product_id=wish.product_id,
        category_id=wish.category_id,
        label=wish.label.strip()[:LABEL],
        params=_params(wish.params),
        created_at=clock.now(),
        archived_at=None,
    )
    db.session.add(link)
    db.session.flush()
    enter("short", link.short, current_tenant(), link.id)
    facts = {"partner_id": partner.id, "code": code.display, "place": place or ""}
    record("link.created", f"link:{link.id}", **facts)
    return link


def create_for_site(partner_id: int, host: str) -> Link:
    """Make the link that visits from a proved site count for; nobody is shown its code."""
    partner = db.session.get_one(Partner, (current_tenant(), partner_id))
    made = create(partner, Wish(label=host))
    made.is_site = True
    db.session.flush()
    return made


def archive(link: Link, *, back: bool = False) -> None:
    """Take a link out of the lists, or bring it back; it may be in print, so it counts as before.

    Raises Conflict for the default link.
    """
    if link.is_default:
        raise Conflict("default_link", _("The main link stays."))
    link.archived_at = None if back else clock.now()


def target_of_code(tenant: Tenant, text: str) -> Target | None:
    """Return what following /r/<merchant>/<text> means; None for nobody's code."""
    code = queries.code_of(text)
    if code is None:
        return None
    link = queries.link_of(code)
    if link is None:
        link = ensure_default(db.session.get_one(Partner, (tenant.id, code.partner_id)))
    return queries.target(tenant, link) if link else None


def target_of_short(tenant: Tenant, link_id: int) -> Target | None:
    """Return what following a short link means."""
    link = db.session.get(Link, (tenant.id, link_id))
    return queries.target(tenant, link) if link else None


def draw_svg(address: str) -> str:
    """Return a QR code of an address as an SVG picture that scales to any print."""
    dots = _dots(address)
    size = len(dots)
    path = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(dots) for x, dot in enumerate(row) if dot
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" '
        f'width="{size * 8}" height="{size * 8}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>'
    )


def draw_png(address: str) -> bytes:
    """Return a QR code of an address as a PNG picture of about 1,000 pixels."""
    dots = _dots(address)
    scale = max(1, 1000 // len(dots))
    image = Image.new("1", (len(dots), len(dots)), 1)
    image.putdata([0 if dot else 1 for row in dots for dot in row])
    out = BytesIO()
    image.resize((len(dots) * scale,) * 2, Image.Resampling.NEAREST).save(out, "PNG")
    return out.getvalue()


def _dots(address: str) -> list[list[bool]]:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=4)
    code.add_data(address)
    code.make(fit=True)
    return [[bool(dot) for dot in row] for row in code.get_matrix()]


def _refcode(partner: Partner) -> Code | None:
    query = select(Code).where(Code.partner_id == partner.id, Code.kind == "refcode")
    return db.session.scalars(query.order_by(Code.retired_at.is_not(None), Code.id.desc())).first()


def _destination(wish: Wish) -> tuple[Shop, str | None]:
    """Return the shop and the place in it that a wish means; None for what follows a product."""
    places = list(shops())
    if wish.shop_id is not None:
        places = [shop for shop in places if shop.id == wish.shop_id]
    if not places:
        raise NotFound(_("There is no shop to lead to yet."), "no_shop")
    owner = _owner(wish)
    if owner is not None:
        places = [shop for shop in places if shop.id == owner.shop_id] or places
    if not wish.address.strip():
        if isinstance(owner, Category) and queries.category_place(owner, places[0]) is None:
            raise _refusal("address", _("Give the address of the category's page."))
        return places[0], None
    error = AddressError("bad_address")
    for shop, site in queries.sites_of(places):
        try:
            return shop, place_in(site, wish.address)
        except AddressError as problem:
            error = problem
    raise _refusal("address", address_words(error.code))


def _owner(wish: Wish) -> Product | Category | None:
    if wish.product_id is not None:
        product = product_by_id(wish.product_id)
        if product is None or product.gone_at or not (product.shown and product.takes_part):
            raise NotFound(_("There is no such product."))
        return product
    if wish.category_id is not None:
        category = db.session.scalar(select(Category).where(Category.id == wish.category_id))
        if category is None:
            raise NotFound(_("There is no such category."))
        return category
    return None


def _code(partner: Partner, wanted: str) -> Code:
    """Take a code of the merchant's one namespace for a link: the wanted one, or a random one."""
    try:
        key = normalise_code(wanted) if wanted.strip() else _random(RANDOM_CODE)
    except CodeError as error:
        raise _refusal("code", _code_words(error.code)) from error
    code_id = db.session.scalar(
        insert(Code)
        .values(
            key=key,
            display=wanted.strip() or key,
            kind="link",
            partner_id=partner.id,
            created_at=clock.now(),
        )
        .on_conflict_do_nothing(index_elements=["tenant_id", "key"])
        .returning(Code.id)
    )
    if code_id is None and wanted.strip():
        words = _("This code is taken.")
        raise Conflict("code_taken", words, FieldError("code", words))
    if code_id is None:
        return _code(partner, "")
    return db.session.get_one(Code, (current_tenant(), code_id))


def _params(given: Mapping[str, str]) -> dict[str, str]:
    known = {name: value.strip() for name, value in given.items() if name in PARAMS}
    return {name: value[:VALUE] for name, value in known.items() if value}


def _random(length: int) -> str:
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def _refusal(name: str, words: str) -> DomainError:
    return DomainError(f"bad_{name}", words, FieldError(name, words))


def address_words(code: str) -> str:
    """Return why a link may not lead there, for the reader."""
    words = {
        "other_site": _("This page is not on the shop's site."),
        "outside_folder": _("This page is outside the shop's folder of its site."),
        "too_long": _("This address is too long."),
    }
    return str(words.get(code, _("This is not an address of a page.")))


def _code_words(code: str) -> str:
    words = {
        "too_short": _("A code has at least 2 characters."),
        "too_long": _("A code has at most 40 characters."),
        "mixed_scripts": _("All letters of a code are of one alphabet."),
    }
    return str(words.get(code, _("A code has letters, digits, hyphens and underscores.")))
