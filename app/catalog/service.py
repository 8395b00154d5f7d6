"""Verbs on products and categories. What decides money is written as dated facts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from app import clock
from app.catalog import queries
from app.catalog.models import Category, Product
from app.catalog.rules import (
    LONGEST_ID,
    LONGEST_NAME,
    MOST_PAGES,
    BadMargin,
    PageError,
    landing_page,
    page_address,
    read_margin,
    search_text,
)
from app.errors import DomainError, FieldError, NotFound
from app.events.service import actor, record
from app.extensions import db
from app.facts import service as facts
from app.programs.service import read_levels
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.tenants.models import Shop


WORDS: tuple[Literal["brand", "supplier"], ...] = ("brand", "supplier")  # whose the goods are


class CategoryChanges(TypedDict, total=False):
    """What may be said of a category; what is absent stays as it is."""

    name: str
    parent: str | None  # the shop's id; unknown ones are made
    url: str | None
    levels: Sequence[str | None] | None
    margin: str | None  # percent of the price


class ProductChanges(TypedDict, total=False):
    """What may be said of a product; what is absent stays as it is."""

    name: str
    category: str | None  # the shop's id; unknown ones are made
    price: int | None  # minor units
    brand: str | None
    supplier: str | None
    url: str | None
    takes_part: bool
    shown: bool
    promo: bool
    levels: Sequence[str | None] | None
    landing_pages: Sequence[str] | None
    cost: int | None  # what a piece costs to buy, minor units
    margin: str | None  # percent of the price


def put_category(shop_id: int, external_id: str, **said: Unpack[CategoryChanges]) -> Category:
    """Make or change a category of a shop; the same content again writes nothing.

    Raises DomainError for what cannot stand: levels, an address, a parent below itself.
    """
    fields = _read_category(said)
    levels = read_levels(said["levels"]) if "levels" in said else None
    worth = _worth(said)
    category, made = _category(shop_id, external_id)
    changes = _assign(category, fields)
    if "parent" in said:
        changes |= _assign(category, {"parent_id": _parent_id(category, said["parent"])})
    owner = f"category:{category.id}"
    if made:
        facts.found(owner, {"levels": levels or [], "parent": category.parent_id}, actor())
    elif "parent_id" in changes:
        facts.put(owner, "parent", category.parent_id, actor=actor())
    changes |= {} if made or levels is None else _put_levels(owner, levels)
    changes |= _put_worth(owner, worth)
    if made or changes:
        record("category.changed", owner, name=category.name, made=made, changes=changes)
    db.session.flush()
    return category


def put_product(shop_id: int, external_id: str, **said: Unpack[ProductChanges]) -> Product:
    """Make or change a product of a shop; the same content again writes nothing.

    A new one takes part and is shown unless said. Raises DomainError for what cannot stand.
    """
    fields = _read(_shop(shop_id), said)
    levels = read_levels(said["levels"]) if "levels" in said else None
    worth = _worth(said)
    product, made = _product(shop_id, external_id)
    if "category" in said:
        fields["category_id"] = _category_id(shop_id, said["category"])
    changes = _assign(product, fields)
    if said.get("shown") and product.gone_at is not None:
        product.gone_at = product.feed_id = None  # a feed had it no more: who says so keeps it
        changes["gone"] = [True, False]
    if made or changes:
        product.search = search_text(product.name, product.external_id)
        product.updated_at = clock.now()
    owner = f"product:{product.id}"
    if made:
        _found(owner, product, levels or [])
    else:
        changes |= _put_facts(owner, product, changes, levels)
    changes |= _put_worth(owner, worth)
    if made or changes:
        record("product.changed", owner, name=product.name, made=made, changes=changes)
    db.session.flush()
    return product


def _read_category(said: CategoryChanges) -> dict[str, Any]:
    errors: list[FieldError] = []
    fields: dict[str, Any] = {"name": _name(said["name"])} if "name" in said else {}
    if "url" in said:
        fields["url"] = _page(said["url"], errors)
    if errors:
        raise DomainError("invalid_category", errors[0].message, *errors)
    return fields


def _read(shop: Shop, said: ProductChanges) -> dict[str, Any]:
    errors: list[FieldError] = []
    fields: dict[str, Any] = {
        n: said[n] for n in ("takes_part", "shown", "promo", "price") if n in said
    }
    for name in WORDS:
        if name in said:
            fields[name] = (said.get(name) or "").strip() or None
    if "name" in said:
        fields["name"] = _name(said["name"])
    if "url" in said:
        fields["url"] = _page(said["url"], errors)
    if "landing_pages" in said:
        fields["landing_pages"] = _pages(shop, said["landing_pages"] or (), errors)
    if errors:
        raise DomainError("invalid_product", _("This product cannot stand as it is."), *errors)
    return fields


def _page(text: str | None, errors: list[FieldError]) -> str | None:
    if not text or not text.strip():
        return None
    try:
        return page_address(text)
    except PageError:
        errors.append(
            FieldError("url", _("Write a whole address, such as https://shop.example/lamp."))
        )
        return None


def _pages(shop: Shop, texts: Sequence[str], errors: list[FieldError]) -> list[str]:
    kept: list[str] = []
    for place, text in enumerate(texts):
        try:
            address = landing_page(text, shop.domain, shop.path)
        except PageError as error:
            errors.append(FieldError(f"landing_pages.{place}", _page_words(error.code, shop)))
        else:
            kept += [] if address in kept else [address]
    if len(kept) > MOST_PAGES:
        words = _("At most %(most)s landing pages.", most=MOST_PAGES)
        errors.append(FieldError("landing_pages", words))
    return kept


def _page_words(code: str, shop: Shop) -> str:
    place = shop.domain + (shop.path if shop.path != "/" else "")
    words: str = _("Landing pages lie on %(place)s.", place=place)
    if code != "elsewhere":
        words = _("Write a whole address, such as https://shop.example/lamp.")
    elif not shop.domain:
        words = _("Name the shop's domain in the settings first.")
    return words


def _found(owner: str, product: Product, levels: list[str | None]) -> None:
    first = {
        "takes_part": product.takes_part,
        "promo": product.promo,
        "brand": product.brand,
        "supplier": product.supplier,
        "category": product.category_id,
        "levels": levels,
    }
    facts.found(owner, first, actor())


def _put_facts(
    owner: str, product: Product, changes: dict[str, Any], levels: list[str | None] | None
) -> dict[str, Any]:
    if "takes_part" in changes:
        facts.put(owner, "takes_part", product.takes_part, actor=actor())
    if "promo" in changes:
        facts.put(owner, "promo", product.promo, actor=actor())
    for name in WORDS:
        if name in changes:
            facts.put(owner, name, getattr(product, name), actor=actor())
    if "category_id" in changes:
        facts.put(owner, "category", product.category_id, actor=actor())
    return {} if levels is None else _put_levels(owner, levels)


def _put_levels(owner: str, levels: list[str | None]) -> dict[str, Any]:
    before = queries.levels_of([owner])[owner]
    changed = facts.put(owner, "levels", levels, actor=actor())
    return {"levels": [before, levels]} if changed else {}


def _worth(said: Mapping[str, Any]) -> dict[str, Any]:
    """Read what is said of the margin. Raises DomainError for what is none."""
    found: dict[str, Any] = {"cost": said["cost"]} if "cost" in said else {}
    if "margin" in said:
        text = said["margin"]
        try:
            found["margin"] = read_margin(text) if text and text.strip() else None
        except BadMargin as error:
            words = _("Write a percent between 0 and 100, such as 40%%.")
            raise DomainError("invalid", words, FieldError("margin", words)) from error
    return found


def _put_worth(owner: str, worth: dict[str, Any]) -> dict[str, Any]:
    """Let purchase price and margin hold from now on; orders before the first are judged by the first."""
    cost, margin = queries.margins_of([owner])[owner]
    before = {"cost": cost, "margin": margin}
    changed = [n for n, value in worth.items() if value != before[n]]
    for name in changed:
        facts.put(owner, name, worth[name], actor=actor())
    return {name: [before[name], worth[name]] for name in changed}


def _assign(row: Product | Category, fields: dict[str, Any]) -> dict[str, Any]:
    changes = {}
    for name, value in fields.items():
        before = getattr(row, name)
        if before != value:
            changes[name] = [before, value]
            setattr(row, name, value)
    return changes


def _category(shop_id: int, external_id: str) -> tuple[Category, bool]:
    key = _external(external_id)
    first = {"shop_id": shop_id, "external_id": key, "name": key, "created_at": clock.now()}
    made = _insert(Category, first)
    query = select(Category).where(Category.shop_id == shop_id, Category.external_id == key)
    return db.session.scalars(query.with_for_update()).one(), made


def _product(shop_id: int, external_id: str) -> tuple[Product, bool]:
    key, now = _external(external_id), clock.now()
    first = {
        "shop_id": shop_id,
        "external_id": key,
        "name": key,
        "search": search_text(key),
        "created_at": now,
        "updated_at": now,
    }
    made = _insert(Product, first)
    query = select(Product).where(Product.shop_id == shop_id, Product.external_id == key)
    return db.session.scalars(query.with_for_update()).one(), made


def _insert(table: type[Product | Category], first: dict[str, Any]) -> bool:
    """Make the row unless it is there: two messages about one new product meet here."""
    statement = (
        insert(table)
        .values(**first)
        .on_conflict_do_nothing(index_elements=["tenant_id", "shop_id", "external_id"])
    )
    return db.session.scalar(statement.returning(table.id)) is not None


def _category_id(shop_id: int, external_id: str | None) -> int | None:
    if external_id is None or not external_id.strip():
        return None
    known = queries.category(shop_id, external_id.strip())
    return (known or put_category(shop_id, external_id)).id


def _parent_id(category: Category, external_id: str | None) -> int | None:
    parent_id = _category_id(category.shop_id, external_id)
    above, seen = parent_id, set[int]()
    while above is not None and above not in seen:
        if above == category.id:
            words = _("A category cannot lie below itself.")
            raise DomainError("category_cycle", words, FieldError("parent", words))
        seen.add(above)
        found = queries.category_by_id(above)
        above = found.parent_id if found else None
    return parent_id


def _external(text: str) -> str:
    key = text.strip()
    if not 0 < len(key) <= LONGEST_ID:
        words = _("The shop's id has 1 to %(most)s characters.", most=LONGEST_ID)
        raise DomainError("invalid_id", words, FieldError("id", words))
    return key


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not 0 < len(name) <= LONGEST_NAME:
        words = _("A name has 1 to %(most)s characters.", most=LONGEST_NAME)
        raise DomainError("invalid_name", words, FieldError("name", words))
    return name


def _shop(shop_id: int) -> Shop:
    shop = tenants.shop_by_id(shop_id)
    if shop is None:
        raise NotFound
    return shop
