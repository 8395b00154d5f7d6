"""What lists of orders can be narrowed by besides their own filters: a shop, and undone test sales."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flask import request
from flask_babel import lazy_gettext as _l

from app.orders.models import Order
from app.tenants import queries as tenants
from app.web.surroundings import surroundings
from app.web.tables import Filter

if TYPE_CHECKING:
    from sqlalchemy import Select, SQLColumnExpression

    from app.tenants.models import Shop
    from app.web.tables import Table

SHOP, UNDONE = "shop", "undone"


def by_shop(table: Table, column: SQLColumnExpression[Any]) -> Table:
    """Return the table with a choice of the shop, where the merchant has more than one."""
    shops = tenants.shops()
    if len(shops) < 2:
        return table
    ids = {shop.public_id: shop.id for shop in shops}
    choices = [(shop.public_id, name_of(shop)) for shop in shops]
    choice = Filter(SHOP, _l("Shop"), choices, lambda s, v: s.where(column == ids[v]))
    return replace(table, filters=(*table.filters, choice))


def with_undone(table: Table, statement: Select[Any]) -> tuple[Table, Select[Any]]:
    """Return table and statement without undone test sales, but where somebody asks for them.

    Only test mode has any, and only it offers the choice.
    """
    if not surroundings().test_mode:
        return table, statement
    words = [("shown", _l("Undone test sales too"))]
    choice = Filter(UNDONE, _l("Test sales"), words, lambda s, _v: s)
    if request.args.get(UNDONE) != "shown":
        statement = statement.where(Order.hidden_at.is_(None))
    return replace(table, filters=(*table.filters, choice)), statement


def chosen_shop() -> Shop | None:
    """Return the shop that the address asks for; None for all, and for what is none of the merchant's."""
    wanted = request.args.get(SHOP, "")
    return tenants.shop(wanted) if wanted else None


def name_of(shop: Shop) -> str:
    """Return a shop's name and where it stands, for choices."""
    place = f"{shop.domain}{shop.path}".rstrip("/")
    return f"{shop.name} · {place}" if place else shop.name
