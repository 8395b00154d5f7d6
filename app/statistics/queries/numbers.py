"""Numbers from the roll-ups: each a statement or two, however many clicks there were."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import sql
from app.extensions import db
from app.statistics.models import PartnerFigures
from app.statistics.rules import NAMES, Numbers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from app.statistics.rules import Period

CLICKS, SALES = NAMES[:3], NAMES[3:]
_SUM_CLICKS = ", ".join(f"sum({name})::bigint AS {name}" for name in CLICKS)
_SUM_SALES = ", ".join(f"sum({name})::bigint AS {name}" for name in SALES)
_WHERE = "partner_id = %(partner)s AND dim = %(dim)s AND day BETWEEN %(first)s AND %(last)s"
_EVER = "partner_id = %(partner)s AND dim = 'all'"


def _both(what: str, where: str) -> tuple[str, str]:
    """Return the two statements that sum clicks and sales by something."""
    return (
        f"SELECT {what} AS what, {_SUM_CLICKS} FROM click_stat WHERE {where} GROUP BY 1",  # noqa: S608
        f"SELECT {what} AS what, {_SUM_SALES} FROM sale_stat WHERE {where} GROUP BY 1",  # noqa: S608
    )


_BY_DAY, _BY_KEY = _both("day", _WHERE), _both("key", _WHERE)
_ALL_TIME = _both("key", _EVER)


def by_day(period: Period, partner_id: int = 0, shop_id: int = 0) -> dict[date, Numbers]:
    """Return numbers by day, of one partner or (0) of all, of one shop or (0) of all.

    Days that had nothing are absent.
    """
    return _read(_BY_DAY, _values(period, partner_id, dim_of("all", shop_id)))


def by_hour(day: Period, shop_id: int = 0) -> dict[int, Numbers]:
    """Return numbers of all partners by the hour of day."""
    found = _read(_BY_KEY, _values(day, 0, dim_of("hour", shop_id)))
    return {int(hour): numbers for hour, numbers in found.items()}


def by_key(dim: str, period: Period, partner_id: int = 0, shop_id: int = 0) -> dict[str, Numbers]:
    """Return numbers by the keys of a dimension: sources, campaigns, pages, links, sub-ids, shops."""
    return _read(_BY_KEY, _values(period, partner_id, dim_of(dim, shop_id)))


def dim_of(dim: str, shop_id: int) -> str:
    """Return under which name a dimension of one shop is kept; 0: of all."""
    return f"{dim}@{shop_id}" if shop_id else dim


def ever(partner_id: int = 0) -> Numbers:
    """Return the numbers of all time."""
    return _read(_ALL_TIME, {"partner": partner_id}).get("", Numbers())


def figures_of(partner_ids: Iterable[int]) -> dict[int, PartnerFigures]:
    """Return what each partner brought in all."""
    query = select(PartnerFigures).where(PartnerFigures.partner_id.in_(set(partner_ids)))
    return {row.partner_id: row for row in db.session.scalars(query)}


def _values(period: Period, partner_id: int, dim: str) -> dict[str, Any]:
    return {"partner": partner_id, "dim": dim, "first": period.first, "last": period.last}


def _read(statements: tuple[str, str], values: dict[str, Any]) -> dict[Any, Numbers]:
    with sql.together():
        clicks, sales = (sql.send(statement, values) for statement in statements)
    said: dict[Any, dict[str, int]] = defaultdict(dict)
    for cursor, names in ((clicks, CLICKS), (sales, SALES)):
        for row in cursor.fetchall():
            said[row.what].update({name: getattr(row, name) for name in names})
    return {what: Numbers(**numbers) for what, numbers in said.items()}
