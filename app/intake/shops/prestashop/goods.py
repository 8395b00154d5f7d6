"""A PrestaShop's catalogue: an order's rows name neither category nor sale; products and their prices do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app import clock
from app.intake.shops import Category, Product, Pulled, ShopError
from app.intake.shops.prestashop import shapes
from app.intake.shops.prestashop.client import Got, read
from app.intake.shops.prestashop.gathering import zone_of
from app.intake.shops.prestashop.pages import page_of
from app.intake.shops.prestashop.shapes import (
    amount,
    flag,
    local,
    number,
    parts,
    roughly,
    rows,
    words,
)
from app.money import LARGEST, exponent, half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.intake.shops import Access

TOGETHER = 50
DEEPEST = 12  # categories above one another that are followed
ROOTS = frozenset({"1"})  # the category that holds all others, and that no shop shows
_FIELDS = "[id,name,price,asked,on_sale,active,visibility,id_category_default,categories[id]]"
_PRICE = "price[asked][use_tax]"  # has the shop reckon what it asks for it, with tax


def products(
    access: Access, external_ids: Sequence[str]
) -> tuple[Sequence[Product], Sequence[Category]]:
    """Return products, and the categories that they and others above them lie in.

    Without the right to products there are none, which the merchant is told where he connects the shop.
    """
    ids = sorted({number(each) for each in external_ids} - {""}, key=int)
    found: list[Product] = []
    try:
        for start in range(0, len(ids), TOGETHER):
            found += _products(access, ids[start : start + TOGETHER])
        inside = {each for product in found for each in product.categories}
        return found, _categories(access, inside)
    except ShopError as error:
        if error.code in {"rights", "absent"}:
            return found, ()
        raise


def shelf(access: Access, cursor: Mapping[str, Any]) -> Pulled:
    """Return a page of the catalogue by when products were changed last."""
    try:
        page = page_of(access, "products", "product", cursor, TOGETHER, **{_PRICE: "1"})
    except ShopError as error:
        if error.code not in {"refused", "failing"}:
            raise
        page = page_of(access, "products", "product", cursor, TOGETHER)
    got, found, moved, more, total = page
    found = [each for each in found if number(each.get("id"))]
    ids = [number(each.get("id")) for each in found]
    cheaper = on_sale(access, ids, got.at or clock.wall()) if ids else frozenset()
    products = [product_of(each, access.currency, cheaper) for each in found]
    inside = {each for product in products for each in product.categories}
    categories = _categories(access, inside)
    return Pulled(moved, more, products=products, categories=categories, total=total)


def _products(access: Access, ids: Sequence[str]) -> list[Product]:
    got = _asked(access, {"filter[id]": shapes.either(ids)})
    listed = rows(got.said, "products", "product")
    cheaper = on_sale(access, ids, got.at or clock.wall())
    return [product_of(each, access.currency, cheaper) for each in listed if number(each.get("id"))]


def _asked(access: Access, query: Mapping[str, str]) -> Got:
    """Ask for what is read of products; a version that cannot choose gives them whole."""
    try:
        return read(access, "products", {**query, "display": _FIELDS, _PRICE: "1"})
    except ShopError as error:
        if error.code not in {"refused", "failing"}:
            raise
        return read(access, "products", {**query, "display": "full"})


def product_of(said: Mapping[str, Any], currency: str, cheaper: frozenset[str]) -> Product:
    """Read a product; its default category comes last, for the deepest of several is taken."""
    own = number(said.get("id_category_default"))
    inside = [number(each.get("id")) for each in parts(said, "categories")]
    every = dict.fromkeys([each for each in [own, *inside] if each and each not in ROOTS])
    external_id = number(said.get("id"))
    price = said.get("asked")
    return Product(
        external_id=external_id,
        name=words(said.get("name"))[:300] or external_id,
        price=_price(said.get("price") if price in (None, "") else price, currency),
        promo=flag(said.get("on_sale")) or external_id in cheaper,
        shown=flag(said.get("active", "1")) and words(said.get("visibility")) != "none",
        categories=tuple(every),
    )


def _price(said: Any, currency: str) -> int | None:
    try:
        value = amount(said)
    except ValueError:
        return None
    minor = half_up(value.scaleb(exponent(currency or "EUR")))
    return minor if 0 < minor <= LARGEST else None


def on_sale(access: Access, ids: Sequence[str], now: datetime) -> frozenset[str]:
    """Return which of these products are cheaper for everybody now; none where we may not read it."""
    query = {"filter[id_product]": shapes.either(ids), "display": "full"}
    try:
        said = read(access, "specific_prices", query).said
    except ShopError as error:
        if error.code in {"rights", "absent"}:
            return frozenset()
        raise
    at = now.astimezone(zone_of(access) or UTC).replace(tzinfo=None)
    listed = rows(said, "specific_prices", "specific_price")
    return frozenset(number(each.get("id_product")) for each in listed if _holds(each, at))


def _holds(said: Mapping[str, Any], at: datetime) -> bool:
    """Whether a special price is one for everybody, for one piece, and now."""
    if any(number(said.get(name)) for name in ("id_customer", "id_cart", "id_group")):
        return False
    if int(number(said.get("from_quantity")) or 0) > 1 or roughly(said.get("reduction")) <= 0:
        return False
    begins, ends = local(said.get("from")), local(said.get("to"))
    return (begins is None or begins <= at) and (ends is None or at <= ends)


def _categories(access: Access, wanted: Iterable[str]) -> list[Category]:
    known: dict[str, Category] = {}
    missing = set(wanted)
    for _level in range(DEEPEST):
        if not missing:
            break
        ids = sorted(missing, key=int)[:100]
        query = {"filter[id]": shapes.either(ids), "display": "[id,name,id_parent]"}
        for each in rows(read(access, "categories", query).said, "categories", "category"):
            parent = number(each.get("id_parent"))
            above = parent if parent and parent not in ROOTS else None
            category = Category(number(each.get("id")), words(each.get("name"))[:300], above)
            known[category.external_id] = category
        over = {each.parent for each in known.values() if each.parent}
        missing = (over | missing) - set(known) - set(ids)
    return list(known.values())
