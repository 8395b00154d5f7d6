"""A report over a period: now and before, day by day, and by where it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app import sql
from app.statistics.queries.numbers import CLICKS, SALES, by_day, by_hour, by_key, dim_of
from app.statistics.rules import Numbers, Period, total

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

MOST_LINES = 200
PARTNER = "partner"
_LINKS = """
SELECT l.id::text AS key, c.display AS code, l.label, p.name AS partner
FROM link l JOIN code c ON c.tenant_id = l.tenant_id AND c.id = l.code_id
JOIN partner p ON p.tenant_id = l.tenant_id AND p.id = l.partner_id
WHERE l.id = ANY(%(ids)s::bigint[])
"""
_SHOPS = "SELECT id::text AS key, name FROM shop WHERE id = ANY(%(ids)s::bigint[])"
_SUM = ", ".join(f"coalesce({name}, 0) AS {name}" for name in (*CLICKS, *SALES))
_PARTNERS = f"""
SELECT p.refcode, p.name, {_SUM}
FROM (SELECT partner_id, {", ".join(f"sum({n})::bigint AS {n}" for n in SALES)} FROM sale_stat
      WHERE dim = %(dim)s AND partner_id <> 0 AND day BETWEEN %(first)s AND %(last)s GROUP BY 1) s
FULL JOIN (SELECT partner_id, {", ".join(f"sum({n})::bigint AS {n}" for n in CLICKS)} FROM click_stat
      WHERE dim = %(dim)s AND partner_id <> 0 AND day BETWEEN %(first)s AND %(last)s GROUP BY 1) c
     USING (partner_id)
JOIN partner p ON p.id = partner_id
ORDER BY coalesce(turnover, 0) DESC, coalesce(people, 0) DESC, p.id LIMIT %(most)s
"""  # noqa: S608 - made of the names of columns


@dataclass(frozen=True)
class Line:
    """One line of a report: its key, how it is called, and its numbers."""

    key: str
    name: str
    note: str
    numbers: Numbers


@dataclass(frozen=True)
class Report:
    """A period beside the one before; `daily` and `daily_before` run along its days, or hours of one day."""

    period: Period
    now: Numbers
    before: Numbers
    daily: Sequence[Numbers]
    daily_before: Sequence[Numbers]
    hours: bool = False
    days: Sequence[date] = field(default_factory=list)


def report(period: Period, partner_id: int = 0, shop_id: int = 0) -> Report:
    """Return the numbers of a period and the one before, of one partner or (0) of all; shops alike."""
    whole = Period(period.before.first, period.last)
    found = by_day(whole, partner_id, shop_id)
    one_day = period.length == 1 and not partner_id
    if one_day:
        now, past = by_hour(period, shop_id), by_hour(period.before, shop_id)
        daily = [now.get(hour, Numbers()) for hour in range(24)]
        before = [past.get(hour, Numbers()) for hour in range(24)]
    else:
        daily = [found.get(day, Numbers()) for day in period.days]
        before = [found.get(day, Numbers()) for day in period.before.days]
    return Report(
        period=period,
        now=total(found, period.days),
        before=total(found, period.before.days),
        daily=daily,
        daily_before=before,
        hours=one_day,
        days=period.days,
    )


def lines(dim: str, period: Period, partner_id: int = 0, shop_id: int = 0) -> list[Line]:
    """Return the numbers of a period by a dimension, those that brought most first."""
    if dim == PARTNER:
        return _by_partner(period, shop_id)
    found = by_key(dim, period, partner_id, shop_id)
    ordered = sorted(found.items(), key=lambda each: (-each[1].orders, -each[1].clicks, each[0]))[
        :MOST_LINES
    ]
    called = _names(dim, [key for key, _numbers in ordered])
    return [Line(key, *called.get(key, (key, "")), numbers=numbers) for key, numbers in ordered]


def _by_partner(period: Period, shop_id: int) -> list[Line]:
    values: dict[str, Any] = {"first": period.first, "last": period.last, "most": MOST_LINES}
    values["dim"] = dim_of("all", shop_id)
    names = (*CLICKS, *SALES)
    return [
        Line(row.refcode, row.name, "", Numbers(**{n: getattr(row, n) for n in names}))
        for row in sql.rows(_PARTNERS, values)
    ]


def _names(dim: str, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return what links and shops are called; other keys are their own names."""
    ids: list[Any] = [int(key) for key in keys if key.isdecimal()]
    if dim == "link":
        rows = sql.rows(_LINKS, {"ids": ids})
        return {row.key: (row.label or row.code, row.code) for row in rows}
    if dim == "shop":
        return {row.key: (row.name, "") for row in sql.rows(_SHOPS, {"ids": ids})}
    return {}
