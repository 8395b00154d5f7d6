"""All customers' bonuses together: what there is, what lapses when, what came and went by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from app import clock, sql
from app.bonuses.rules import BONUS

if TYPE_CHECKING:
    from datetime import datetime

# A customer's debt is a balance of the ledger; everything else is in the lots.
_TOTALS = """
SELECT coalesce(sum(remaining - held) FILTER (WHERE active AND (expires_at IS NULL OR expires_at > %(now)s)), 0)::bigint
           AS available,
       coalesce(sum(remaining) FILTER (WHERE NOT active), 0)::bigint AS pending,
       coalesce(sum(held), 0)::bigint AS held,
       count(DISTINCT member_id) AS customers
FROM lot WHERE remaining > 0
"""
_DEBT = """
SELECT coalesce(sum(balance), 0)::bigint AS debt FROM balance
WHERE account LIKE 'member:%%:debt' AND currency = %(currency)s AND balance > 0
"""
_LAPSING = """
SELECT date_trunc('month', expires_at AT TIME ZONE %(zone)s)::date AS month,
       sum(remaining)::bigint AS amount
FROM lot WHERE remaining > 0 AND (expires_at IS NULL OR expires_at > %(now)s) GROUP BY 1 ORDER BY 1
"""
_MONTHS = """
SELECT date_trunc('month', at AT TIME ZONE %(zone)s)::date AS month,
       coalesce(sum(amount) FILTER (WHERE kind = 'bonus.grant'), 0)::bigint AS issued,
       (coalesce(sum(amount) FILTER (WHERE kind = 'bonus.spend'), 0)
        - coalesce(sum(amount) FILTER (WHERE kind = 'bonus.return'), 0))::bigint AS spent,
       coalesce(sum(amount) FILTER (WHERE kind = 'bonus.lapse'), 0)::bigint AS lapsed,
       coalesce(sum(amount) FILTER (WHERE kind = 'bonus.claw'), 0)::bigint AS taken
FROM transfer WHERE currency = %(currency)s AND at >= %(since)s GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Totals:
    """What all customers have together, minor units, and how many of them have any."""

    available: int
    pending: int
    held: int
    debt: int
    customers: int


@dataclass(frozen=True, slots=True)
class Lapsing:
    """What lapses in a month (its first day); None: what never lapses. Minor units."""

    month: date | None
    amount: int


@dataclass(frozen=True, slots=True)
class Month:
    """What came and went in a month, minor units; `spent` less what was given back."""

    month: date
    issued: int = 0
    spent: int = 0
    lapsed: int = 0
    taken: int = 0


def totals() -> Totals:
    """Return what all customers have now."""
    found = sql.one(_TOTALS, {"now": clock.now()})
    debt = sql.one(_DEBT, {"currency": BONUS}).debt
    return Totals(found.available, found.pending, found.held, debt, found.customers)


def lapsing(zone: str) -> list[Lapsing]:
    """Return what there is by the month in which it lapses, waiting bonuses too; what never does comes last."""
    rows = sql.rows(_LAPSING, {"now": clock.now(), "zone": zone})
    return [Lapsing(row.month, row.amount) for row in rows]


def months(zone: str, first: date, since: datetime, count: int) -> list[Month]:
    """Return `count` months beginning with the one of `first`, which begins at `since`."""
    values = {"zone": zone, "currency": BONUS, "since": since}
    found = {
        row.month: Month(row.month, row.issued, row.spent, row.lapsed, row.taken)
        for row in sql.rows(_MONTHS, values)
    }
    wanted = [_plus(first, n) for n in range(count)]
    return [found.get(month, Month(month)) for month in wanted]


def _plus(first: date, months_: int) -> date:
    years, month = divmod(first.month - 1 + months_, 12)
    return date(first.year + years, month + 1, 1)
