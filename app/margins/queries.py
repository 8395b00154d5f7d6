"""Read what the margin guard looks at: orders of a time, goods, kinds of partners, and what looks found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import sql
from app.extensions import db
from app.orders.models import Order
from app.orders.rules import State
from app.runs.models import Run, RunLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select

LOOK = "margin"
SOLD = (State.AGREED.value, State.COMPLETED.value)
MOST_GOODS, MOST_KINDS, MOST_BUYERS = 25, 40, 5
_COUNT = """
SELECT count(*) AS number FROM orders
WHERE created_at >= %(since)s AND created_at < %(until)s AND state = ANY(%(states)s)
"""
_NEXT = """
SELECT id FROM orders WHERE id > %(cursor)s AND created_at >= %(since)s AND created_at < %(until)s
  AND state = ANY(%(states)s) ORDER BY id LIMIT %(most)s
"""
# Those with the thinnest margins first: what a piece leaves, in parts of its price.
_GOODS = """
WITH now AS (
    SELECT DISTINCT ON (owner, name) owner, name, value FROM fact
    WHERE name IN ('cost', 'margin') AND (owner LIKE 'product:%%' OR owner LIKE 'category:%%' OR owner = 'merchant')
      AND valid_from <= %(at)s ORDER BY owner, name, valid_from DESC
), priced AS (
    SELECT p.id, p.shop_id, p.external_id, p.name, p.price, p.category_id, c.value AS cost,
           coalesce(nullif(m.value, 'null'), nullif(k.value, 'null'), nullif(o.value, 'null')) AS margin
    FROM product p
    LEFT JOIN now c ON c.owner = 'product:' || p.id AND c.name = 'cost' AND c.value <> 'null'
    LEFT JOIN now m ON m.owner = 'product:' || p.id AND m.name = 'margin'
    LEFT JOIN now k ON k.owner = 'category:' || p.category_id AND k.name = 'margin'
    LEFT JOIN now o ON o.owner = 'merchant' AND o.name = 'margin'
    WHERE p.price > 0
)
SELECT id, shop_id, external_id, name, price, category_id FROM priced
ORDER BY CASE WHEN cost IS NOT NULL THEN 1 - (cost #>> '{}')::numeric / price
              ELSE rtrim(margin #>> '{}', '%%')::numeric / 100 END NULLS LAST, id LIMIT %(most)s
"""
_KINDS = """
SELECT DISTINCT p.terms_id, p.group_id, f.levels FROM partner p
LEFT JOIN LATERAL (SELECT value AS levels FROM fact WHERE owner = 'partner:' || p.id AND name = 'levels'
                   AND valid_from <= %(at)s ORDER BY valid_from DESC LIMIT 1) f ON true
WHERE p.status = 'active' ORDER BY 3 DESC NULLS LAST, 1, 2 LIMIT %(most)s
"""
_ANY_MARGIN = """
SELECT EXISTS (SELECT FROM fact WHERE name IN ('cost', 'margin') AND value <> 'null'
  AND (owner = 'merchant' OR owner LIKE 'product:%%' OR owner LIKE 'category:%%')) AS found
"""
# One customer with an account of each rank, and one without any.
_BUYERS = """
SELECT DISTINCT ON (r.rank_id) m.id FROM member m
LEFT JOIN LATERAL (SELECT rank_id FROM rank_assignment a WHERE a.member_id = m.id AND a.undone_at IS NULL
                   ORDER BY a.at DESC LIMIT 1) r ON true
WHERE m.shop_id = %(shop)s AND m.key LIKE 'id:%%' ORDER BY r.rank_id, m.id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product with a price, as the shop knows it."""

    id: int
    shop_id: int
    external_id: str
    name: str
    price: int
    category_id: int | None


def _span(since: datetime, until: datetime) -> dict[str, Any]:
    return {"since": since, "until": until, "states": list(SOLD)}


def count(since: datetime, until: datetime) -> int:
    """Return how many orders were sold in a time."""
    return int(sql.one(_COUNT, _span(since, until)).number)


def following(since: datetime, until: datetime, cursor: int, most: int) -> list[int]:
    """Return the next orders that were sold in a time, by our ids."""
    values = _span(since, until) | {"cursor": cursor, "most": most}
    return [row.id for row in sql.rows(_NEXT, values)]


def goods(at: datetime) -> list[Goods]:
    """Return the products with the thinnest margins."""
    return [Goods(*row) for row in sql.rows(_GOODS, {"at": at, "most": MOST_GOODS})]


def kinds(at: datetime) -> list[tuple[int | None, int | None, Any]]:
    """Return the combinations of terms, group and own levels that partners have."""
    return [tuple(row) for row in sql.rows(_KINDS, {"at": at, "most": MOST_KINDS})]


def buyers(shop_id: int) -> list[int]:
    """Return customers of the shop by whom the others' bonuses can be told."""
    return [row.id for row in sql.rows(_BUYERS, {"shop": shop_id, "most": MOST_BUYERS})]


def is_known() -> bool:
    """Whether anything is known of margins at all."""
    return bool(sql.one(_ANY_MARGIN, {}).found)


def latest() -> Run | None:
    """Return the newest look at the orders of the last days."""
    query = select(Run).where(Run.kind == LOOK).order_by(Run.id.desc()).limit(1)
    return db.session.scalar(query)


def red(run_id: int) -> Select[Any, Any]:
    """Return the statement of a look's red orders with what it found of them."""
    same = (Order.tenant_id == RunLine.tenant_id) & (Order.id == RunLine.subject)
    return (
        select(RunLine, Order)
        .join(Order, same)
        .where(RunLine.run_id == run_id, RunLine.kind == "red")
    )


def names_of(categories: Sequence[int]) -> dict[int, str]:
    """Return the names of categories."""
    said = "SELECT id, name FROM category WHERE id = ANY(%(ids)s)"
    return {row.id: row.name for row in sql.rows(said, {"ids": list(categories)})}


def deals_of(order_ids: Sequence[int]) -> dict[int, str]:
    """Return by which outside ids the pages of orders are found."""
    said = "SELECT order_id, public_id FROM deal WHERE order_id = ANY(%(ids)s)"
    return {row.order_id: row.public_id for row in sql.rows(said, {"ids": list(order_ids)})}
