"""WooCommerce's catalogue: an order's lines name neither category nor sale, products do."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING, Any

from app.intake.shops import (
    Category,
    Nothing,
    Product,
    ProductSaid,
    Pulled,
    Said,
    ShopError,
    Unreadable,
)
from app.intake.shops.figures import needed, read_json
from app.intake.shops.woocommerce.client import call, rows
from app.money import LARGEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.intake.shops import Access

FIELDS = "id,name,permalink,price,on_sale,status,catalog_visibility,categories,parent_id"
TOGETHER = 100
OVERLAP = timedelta(minutes=10)
DEEPEST = 12  # categories above one another that are followed
_BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


def product_said(topic: str, body: bytes, currency: str) -> Said:
    """Read a product's delivery; one that was deleted tells nothing, for old orders still name it."""
    try:
        said = read_json(body)
        if topic == "product.deleted" or said.get("parent_id"):
            return Nothing()
        named = said.get("categories") or ()
        categories = tuple(Category(str(int(c["id"])), _name(c["name"])) for c in named)
        return ProductSaid(product_of(said, currency), categories)
    except _BAD as error:
        msg = f"no product of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg) from error


def product_of(said: dict[str, Any], currency: str) -> Product:
    """Read a product as the REST interface shows it."""
    return Product(
        external_id=str(int(said["id"])),
        name=_name(said["name"]),
        price=_price(said.get("price"), currency),
        url=said.get("permalink") or None,
        promo=bool(said.get("on_sale")),
        shown=said.get("status", "publish") == "publish"
        and said.get("catalog_visibility", "visible") != "hidden",
        categories=tuple(str(int(each["id"])) for each in said.get("categories") or ()),
    )


def _name(said: Any) -> str:
    """Read a name: WordPress keeps it as HTML."""
    return unescape(str(said))[:300]


def _price(text: Any, currency: str) -> int | None:
    if not text:
        return None
    try:
        minor = needed(text, currency)
    except Unreadable:
        return None
    return minor if 0 <= minor <= LARGEST else None


def products(
    access: Access, external_ids: Sequence[str]
) -> tuple[Sequence[Product], Sequence[Category]]:
    """Return products, and the categories that they and others above them lie in."""
    found: list[Product] = []
    for start in range(0, len(external_ids), TOGETHER):
        ids = ",".join(external_ids[start : start + TOGETHER])
        query = {"include": ids, "per_page": str(TOGETHER), "status": "any", "_fields": FIELDS}
        said = rows(call(access, "GET", "products", query).said)
        found += [product_of(each, access.currency) for each in said]
    return found, _categories(access, {each for product in found for each in product.categories})


def shelf(access: Access, cursor: Mapping[str, Any]) -> Pulled:
    """Return a page of the catalogue by the products' ids; behind the last one, what was changed since.

    A cursor: {"page", "newest", "since"}, the latter two by the shop's own time of change.
    """
    number, newest = int(cursor.get("page", 1)), str(cursor.get("newest") or "")
    query = {
        "orderby": "id", "order": "asc", "status": "any", "_fields": f"{FIELDS},date_modified_gmt",
        "per_page": str(TOGETHER), "page": str(number),
    }  # fmt: skip
    if cursor.get("since"):
        query |= {"modified_after": str(cursor["since"]), "dates_are_gmt": "true"}
    got = call(access, "GET", "products", query)
    said = rows(got.said)
    try:
        found = [product_of(each, access.currency) for each in said]
        newest = max([newest, *(str(each.get("date_modified_gmt") or "")[:19] for each in said)])
    except _BAD as error:
        raise ShopError("not_a_shop", f"no product: {type(error).__name__}") from error
    categories = _categories(access, {each for product in found for each in product.categories})
    more = number < got.pages
    moved: dict[str, Any] = {"newest": newest or None}
    if more:
        moved |= {"since": cursor.get("since"), "page": number + 1}
    elif newest:
        moved["since"] = (datetime.fromisoformat(newest) - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
    return Pulled(moved, more, products=found, categories=categories, total=got.total)


def _categories(access: Access, wanted: Iterable[str]) -> list[Category]:
    known: dict[str, Category] = {}
    missing = set(wanted)
    for _level in range(DEEPEST):
        if not missing:
            break
        ids = sorted(missing, key=int)[:TOGETHER]
        query = {"include": ",".join(ids), "per_page": str(TOGETHER), "_fields": "id,name,parent"}
        for each in rows(call(access, "GET", "products/categories", query).said):
            parent = str(int(each["parent"])) if each.get("parent") else None
            category = Category(str(int(each["id"])), _name(each["name"]), parent)
            known[category.external_id] = category
        above = {each.parent for each in known.values() if each.parent}
        missing = (above | missing) - set(known) - set(ids)
    return list(known.values())
