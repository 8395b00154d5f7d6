"""PUT and GET of products and categories, by the shop's own ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from apiflask import APIBlueprint
from flask import g
from flask_babel import gettext as _

from app.catalog import queries, service
from app.catalog.schemas import CategoryIn, CategoryOut, ProductIn, ProductOut
from app.errors import DomainError, FieldError, NotFound
from app.money import MoneyError, parse_decimal, to_decimal_string
from app.site.access import requires

if TYPE_CHECKING:
    from pydantic import BaseModel

    from app.catalog.models import Category, Product

bp = APIBlueprint("catalog", __name__, tag="Catalog")
NEVER_NULL = frozenset({"name", "takes_part", "shown", "promo"})


@bp.put("/categories/<path:external_id>")
@bp.input(CategoryIn)
@bp.output(CategoryOut)
@requires("catalog")
def put_category(external_id: str, json_data: CategoryIn) -> dict[str, Any]:
    """Say what a category is: what is absent stays as it was, null clears."""
    return _category(service.put_category(g.shop_id, external_id, **_said(json_data)))


@bp.get("/categories/<path:external_id>")
@bp.output(CategoryOut)
@requires("catalog")
def show_category(external_id: str) -> dict[str, Any]:
    """Return a category."""
    found = queries.category(g.shop_id, external_id)
    if found is None:
        raise NotFound
    return _category(found)


@bp.put("/products/<path:external_id>")
@bp.input(ProductIn)
@bp.output(ProductOut)
@requires("catalog")
def put_product(external_id: str, json_data: ProductIn) -> dict[str, Any]:
    """Say what a product is: what is absent stays as it was, null clears."""
    said = _said(json_data)
    for name in ("price", "cost"):
        if said.get(name) is not None:
            said[name] = _minor(name, said[name])
    return _product(service.put_product(g.shop_id, external_id, **said))


@bp.get("/products/<path:external_id>")
@bp.output(ProductOut)
@requires("catalog")
def show_product(external_id: str) -> dict[str, Any]:
    """Return a product."""
    found = queries.product(g.shop_id, external_id)
    if found is None:
        raise NotFound
    return _product(found)


def _said(body: BaseModel) -> dict[str, Any]:
    said = body.model_dump(exclude_unset=True)
    return {name: v for name, v in said.items() if v is not None or name not in NEVER_NULL}


def _minor(name: str, text: str) -> int:
    try:
        return parse_decimal(text, g.tenant.currency)
    except MoneyError as error:
        words = _('Write a decimal as a string, such as "1990.00".')
        raise DomainError("invalid", words, FieldError(name, words)) from error


def _category(category: Category) -> dict[str, Any]:
    owner = f"category:{category.id}"
    return {
        "id": category.external_id,
        "name": category.name,
        "parent": _external(category.parent_id),
        "url": category.url,
        "levels": queries.levels_of([owner])[owner],
        "margin": queries.margins_of([owner])[owner][1],
    }


def _product(product: Product) -> dict[str, Any]:
    owner, unit = f"product:{product.id}", g.tenant.currency
    cost, margin = queries.margins_of([owner])[owner]
    return {
        "id": product.external_id,
        "name": product.name,
        "category": _external(product.category_id),
        "price": None if product.price is None else to_decimal_string(product.price, unit),
        "brand": product.brand,
        "supplier": product.supplier,
        "url": product.url,
        "takes_part": product.takes_part,
        "shown": product.shown,
        "promo": product.promo,
        "levels": queries.levels_of([owner])[owner],
        "landing_pages": product.landing_pages,
        "cost": None if cost is None else to_decimal_string(cost, unit),
        "margin": margin,
    }


def _external(category_id: int | None) -> str | None:
    found = queries.category_by_id(category_id) if category_id is not None else None
    return found.external_id if found else None
