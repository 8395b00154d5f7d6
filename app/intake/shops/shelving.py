"""Shops' products and categories put on our shelves, so that orders' lines find their category and sale."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.catalog import queries as catalog
from app.catalog import service
from app.errors import DomainError
from app.orders.rules import is_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from app.intake.shops import Category, Product

DEEPEST = 20


def unknown(shop_id: int, external_ids: Iterable[str]) -> list[str]:
    """Return which products of a shop the catalogue does not hold."""
    wanted = set(external_ids)
    known = catalog.products_by_key(shop_id, wanted) if wanted else {}
    return sorted(wanted - set(known))


def shelve(
    shop_id: int,
    products: Sequence[Product],
    categories: Iterable[Category],
    *,
    named_only: bool = False,
) -> None:
    """Put products and categories on the shelves, as the shop has them.

    `named_only`: of categories nothing but the name is known, so those that are there stay as they are.
    """
    said = {each.external_id: each for each in categories if is_id(each.external_id)}
    known = catalog.categories_by_key(shop_id, said)
    for each in _from_the_top(said):
        if not named_only:
            parent = each.parent if each.parent in said else None
            service.put_category(shop_id, each.external_id, name=_plain(each.name), parent=parent)
        elif each.external_id not in known:
            service.put_category(shop_id, each.external_id, name=_plain(each.name))
    rows = catalog.categories(shop_id)
    names = {row.id: row.external_id for row in rows}
    parents = {row.external_id: names.get(row.parent_id or 0) for row in rows}
    for product in (each for each in products if is_id(each.external_id)):
        _put(shop_id, product, deepest([c for c in product.categories if c in parents], parents))


def _put(shop_id: int, product: Product, category: str | None) -> None:
    number = product.external_id
    name = _plain(product.name) or number
    url = product.url if isinstance(product.url, str) and _is_plain(product.url) else None
    promo, shown = product.promo, product.shown
    try:
        service.put_product(
            shop_id, number, name=name, category=category, price=product.price,
            url=url, promo=promo, shown=shown,
        )  # fmt: skip
    except DomainError:  # an address that is none: what decides money counts all the same
        service.put_product(shop_id, number, name=name, category=category, promo=promo, shown=shown)


def _plain(text: str) -> str:
    """Return a text without what PostgreSQL cannot keep: NUL and half a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()


def _is_plain(text: str) -> bool:
    """Whether a text can be kept as it is."""
    return text.strip() == _plain(text)


def _from_the_top(said: Mapping[str, Category]) -> list[Category]:
    parents = {name: each.parent for name, each in said.items()}
    return sorted(
        said.values(), key=lambda each: (_depth(each.external_id, parents), each.external_id)
    )


def deepest(categories: Sequence[str], parents: Mapping[str, str | None]) -> str | None:
    """Return the category of a product that lies deepest, the first of several: ours lies in one."""
    return max(categories, key=lambda each: _depth(each, parents), default=None)


def _depth(category: str, parents: Mapping[str, str | None]) -> int:
    steps, at = 0, parents.get(category)
    while at is not None and steps < DEEPEST:
        steps, at = steps + 1, parents.get(at)
    return steps
