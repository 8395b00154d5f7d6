"""Read products and categories, and what decides money about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, select

from app.catalog.models import Category, Product
from app.catalog.rules import search_text
from app.extensions import db
from app.facts import service as facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def product(shop_id: int, external_id: str) -> Product | None:
    """Return a product by the shop's own id."""
    return db.session.scalar(
        select(Product).where(Product.shop_id == shop_id, Product.external_id == external_id)
    )


def product_said(shop_id: int, said: str) -> Product | None:
    """Return the product meant by the shop's own id, or by a name that only one has."""
    found = product(shop_id, said)
    if found is not None:
        return found
    named = select(Product).where(Product.shop_id == shop_id, Product.name == said).limit(2)
    alike = db.session.scalars(named).all()
    return alike[0] if len(alike) == 1 else None


def offered(shop_id: int, words: str, most: int) -> Sequence[Product]:
    """Return products of a shop whose name or id has every word, by name, at most so many."""
    query = matching(select(Product).where(Product.shop_id == shop_id), words)
    return db.session.scalars(query.order_by(Product.name, Product.id).limit(most)).all()


def category(shop_id: int, external_id: str) -> Category | None:
    """Return a category by the shop's own id."""
    return db.session.scalar(
        select(Category).where(Category.shop_id == shop_id, Category.external_id == external_id)
    )


def product_by_id(product_id: int) -> Product | None:
    """Return a product of the scope."""
    return db.session.scalar(select(Product).where(Product.id == product_id))


def category_by_id(category_id: int) -> Category | None:
    """Return a category of the scope."""
    return db.session.scalar(select(Category).where(Category.id == category_id))


def products_by_key(shop_id: int, external_ids: Iterable[str]) -> dict[str, int]:
    """Return {the shop's id: ours} of those products that the catalogue knows."""
    query = select(Product.external_id, Product.id).where(
        Product.shop_id == shop_id, Product.external_id.in_(set(external_ids))
    )
    return {row.external_id: row.id for row in db.session.execute(query)}


def categories_by_key(shop_id: int, external_ids: Iterable[str]) -> dict[str, int]:
    """Return {the shop's id: ours} of those categories that the catalogue knows."""
    query = select(Category.external_id, Category.id).where(
        Category.shop_id == shop_id, Category.external_id.in_(set(external_ids))
    )
    return {row.external_id: row.id for row in db.session.execute(query)}


def product_ids(words: Iterable[str], shop_id: int | None = None) -> dict[str, list[int]]:
    """Return {the shop's id: ours}, of one shop or of all."""
    return _ids(Product, words, shop_id)


def category_ids(words: Iterable[str], shop_id: int | None = None) -> dict[str, list[int]]:
    """Return {the shop's id: ours}, of one shop or of all."""
    return _ids(Category, words, shop_id)


def product_externals(ids: Iterable[int]) -> list[str]:
    """Return the shop's ids of products."""
    return _externals(Product, ids)


def category_externals(ids: Iterable[int]) -> list[str]:
    """Return the shop's ids of categories."""
    return _externals(Category, ids)


def external_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the shop's ids of products by ours."""
    return _external_names(Product, ids)


def external_category_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return the shop's ids of categories by ours."""
    return _external_names(Category, ids)


def _external_names(table: type[Product | Category], ids: Iterable[int | None]) -> dict[int, str]:
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    rows = db.session.execute(select(table.id, table.external_id).where(table.id.in_(wanted)))
    return {row.id: row.external_id for row in rows}


def _ids(
    table: type[Product | Category], words: Iterable[str], shop_id: int | None
) -> dict[str, list[int]]:
    query = select(table.external_id, table.id).where(table.external_id.in_(set(words)))
    if shop_id is not None:
        query = query.where(table.shop_id == shop_id)
    found: dict[str, list[int]] = {}
    for external_id, own in db.session.execute(query):
        found.setdefault(external_id, []).append(own)
    return found


def _externals(table: type[Product | Category], ids: Iterable[int]) -> list[str]:
    query = select(table.external_id).where(table.id.in_(set(ids))).distinct()
    return sorted(db.session.scalars(query))


def families(category_ids: Iterable[int]) -> set[int]:
    """Return the categories and all above them, whoever was the parent at whatever time.

    Their levels may decide what a line pays; order of the past are read with the parents of then.
    """
    known: set[int] = set()
    todo = set(category_ids)
    while todo:
        known |= todo
        history = facts.history([f"category:{i}" for i in todo], ["parent"])
        parents = {value for timeline in history.values() for _, value in timeline.rows if value}
        todo = parents - known
    return known


def families_below(category_ids: Iterable[int]) -> set[int]:
    """Return the categories and all that lie in them now."""
    known: set[int] = set()
    todo = set(category_ids)
    while todo:
        known |= todo
        below = select(Category.id).where(Category.parent_id.in_(todo))
        todo = set(db.session.scalars(below)) - known
    return known


def categories(shop_id: int | None = None) -> Sequence[Category]:
    """Return the categories by name, of one shop or of all."""
    query = select(Category).order_by(Category.name, Category.id)
    if shop_id is not None:
        query = query.where(Category.shop_id == shop_id)
    return db.session.scalars(query).all()


def category_names(ids: Iterable[int | None]) -> dict[int, str]:
    """Return names of categories by our ids."""
    wanted = {i for i in ids if i is not None}
    if not wanted:
        return {}
    query = select(Category.id, Category.name).where(Category.id.in_(wanted))
    return {row.id: row.name for row in db.session.execute(query)}


def levels_of(owners: Iterable[str]) -> dict[str, list[str | None]]:
    """Return {owner: levels} as they hold now, for owners such as "product:7" and "category:3"."""
    wanted = list(owners)
    known = facts.current(wanted, ["levels"])
    return {owner: known.get(owner, {}).get("levels") or [] for owner in wanted}


def margins_of(owners: Iterable[str]) -> dict[str, tuple[int | None, str | None]]:
    """Return {owner: (what a piece costs to buy, margin)} as they hold now; None: not said."""
    wanted = list(owners)
    known = facts.current(wanted, ["cost", "margin"])
    return {o: (known.get(o, {}).get("cost"), known.get(o, {}).get("margin")) for o in wanted}


def listed() -> Select[Any]:
    """Return the statement of the office's list of products."""
    return select(Product)


def matching(statement: Select[Any], words: str) -> Select[Any]:
    """Narrow a list of products to those whose name or id has every word."""
    for word in search_text(words).split():
        statement = statement.where(Product.search.contains(word, autoescape=True))
    return statement


def shown() -> Select[Any]:
    """Return the statement of what partners see: shown, taking part, and not gone from the shop."""
    return select(Product).where(Product.shown, Product.takes_part, Product.gone_at.is_(None))


def first_page(product: Product) -> str | None:
    """Return where a link to the product leads: its first landing page, else its own address."""
    return product.landing_pages[0] if product.landing_pages else product.url
