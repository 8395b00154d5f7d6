"""Read a shadow month: what the former service said, what stands here, and what going live would take back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app import sql
from app.extensions import db
from app.orders.models import Order
from app.runs.models import Run, RunLine
from app.shadow.models import ShadowMonth

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Select

COMPARE, LIVE = "shadow_compare", "shadow_live"
LATER = 1 << 62  # what comes in the second half of long work is numbered from here
_WORDS = """
SELECT min(id) AS id, given ->> 'order' AS said FROM import_origin
WHERE source = %(source)s AND kind = 'accrual' AND given ? 'order'
GROUP BY 2 {more}
"""
_OURS = """
SELECT d.order_id AS id FROM deal d
WHERE d.created_at >= %(since)s AND d.created_at < %(until)s AND d.partner_id IS NOT NULL AND d.commission > 0
  AND d.order_id > %(cursor)s ORDER BY 1 LIMIT %(most)s
"""
_COUNT_OURS = """
SELECT count(*) AS number FROM deal d
WHERE d.created_at >= %(since)s AND d.created_at < %(until)s AND d.partner_id IS NOT NULL AND d.commission > 0
"""
_FIRST = """
SELECT min(o.created_at) AS first FROM import_origin i JOIN orders o ON o.id = i.target_id
WHERE i.source = %(source)s AND i.kind = 'accrual' AND i.given ? 'order'
"""
_SAID = """
SELECT given, amount FROM import_origin
WHERE source = %(source)s AND kind = 'accrual' AND given ->> 'order' = ANY(%(words)s) ORDER BY id
"""
_SHARES = """
SELECT s.order_id, s.partner_id, p.refcode, p.name, sum(s.amount)::bigint AS amount, count(*) AS lines,
       sum((s.why ->> 'base')::numeric)::bigint AS base, min(s.why ->> 'rate') AS rate,
       min(s.why ->> 'rate') = max(s.why ->> 'rate') AS one_rate, count(DISTINCT s.level) AS levels
FROM share s JOIN partner p ON p.id = s.partner_id
WHERE s.order_id = ANY(%(orders)s) AND s.bucket <> 'taken_back'
GROUP BY 1, 2, 3, 4 ORDER BY 1, min(s.level), 2
"""
_NAMED = """
SELECT o.id, o.number, o.external_id, o.created_at, d.public_id AS deal FROM orders o
LEFT JOIN deal d ON d.order_id = o.id WHERE o.id = ANY(%(orders)s)
"""
_BOOKED = """
SELECT count(DISTINCT t.order_id) AS orders, count(DISTINCT t.partner_id) AS partners,
       coalesce(sum(CASE WHEN t.source = 'merchant:commissions' THEN t.amount
                         WHEN t.target = 'merchant:commissions' THEN -t.amount ELSE 0 END), 0)::bigint AS total
FROM transfer t JOIN orders o ON o.id = t.order_id
WHERE o.created_at < %(until)s AND t.partner_id IS NOT NULL
"""
_IN_FLIGHT = """
SELECT count(*) AS orders, coalesce(sum(d.commission), 0)::bigint AS total
FROM deal d WHERE d.state IN ('registered', 'agreed') AND d.partner_id IS NOT NULL AND d.created_at < %(until)s
"""
_BONUSES = """
SELECT count(*) AS lots, coalesce(sum(amount - clawed), 0)::bigint AS total FROM lot
WHERE kind = 'profile' AND made_at < %(until)s AND amount > clawed
"""
_ORDERS = """
SELECT id FROM orders o WHERE id > %(cursor)s AND created_at < %(until)s AND ({earned})
ORDER BY id LIMIT %(most)s
"""
_EARNED = """EXISTS (SELECT FROM deal d WHERE d.order_id = o.id AND d.partner_id IS NOT NULL)
    OR EXISTS (SELECT FROM lot l WHERE l.order_id = o.id AND l.kind = 'profile')"""
_LOTS = """
SELECT id FROM lot WHERE id > %(cursor)s AND kind = 'profile' AND order_id IS NULL
  AND made_at < %(until)s AND amount > clawed ORDER BY id LIMIT %(most)s
"""
_LOT = """
SELECT reference, amount - clawed AS standing FROM lot WHERE id = ANY(%(ids)s) AND amount > clawed
"""
_TO_DO = """
SELECT (SELECT count(*) FROM orders o WHERE created_at < %(until)s AND ({earned}))
     + (SELECT count(*) FROM lot WHERE kind = 'profile' AND order_id IS NULL AND made_at < %(until)s
        AND amount > clawed) AS number
"""

# Of all transactions that write, in this database and beside it; our own is not among them.
_UNDER_WAY = "SELECT x::text::bigint AS id FROM pg_snapshot_xip(pg_current_snapshot()) x"


def month() -> ShadowMonth | None:
    """Return the merchant's shadow month, running or over."""
    return db.session.scalar(select(ShadowMonth))


def latest(kind: str) -> Run | None:
    """Return the newest look, or the going live."""
    return db.session.scalar(select(Run).where(Run.kind == kind).order_by(Run.id.desc()).limit(1))


def words(source: str, cursor: int | None = None, most: int = 0) -> list[Any]:
    """Return the orders that the former service named, the next after a cursor; all without one."""
    more = "" if cursor is None else "HAVING min(id) > %(cursor)s ORDER BY 1 LIMIT %(most)s"
    values = {"source": source, "cursor": cursor, "most": most}
    return sql.rows(_WORDS.format(more=more), values)


def ours(since: datetime, until: datetime, cursor: int, most: int) -> list[int]:
    """Return orders of a time that earn here, the next after a cursor."""
    values = {"since": since, "until": until, "cursor": cursor, "most": most}
    return [row.id for row in sql.rows(_OURS, values)]


def first_compared(source: str) -> datetime | None:
    """Return when the oldest order was made that is here and that the former service named."""
    found: datetime | None = sql.one(_FIRST, {"source": source}).first
    return found


def count_ours(since: datetime, until: datetime) -> int:
    """Return how many orders of a time earn here."""
    return int(sql.one(_COUNT_OURS, {"since": since, "until": until}).number)


def said(source: str, order_words: Sequence[str]) -> list[Any]:
    """Return what the former service accrued for orders."""
    return sql.rows(_SAID, {"source": source, "words": list(order_words)})


def shares(order_ids: Sequence[int]) -> list[Any]:
    """Return what partners earn of orders here, all lines and levels of each together."""
    return sql.rows(_SHARES, {"orders": sql.array(order_ids)})


def named(order_ids: Sequence[int]) -> dict[int, Any]:
    """Return orders with the names by which pages find them."""
    return {row.id: row for row in sql.rows(_NAMED, {"orders": sql.array(order_ids)})}


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What going live would take back, and what is on its way; minor units."""

    orders: int
    partners: int
    total: int
    in_flight: int
    in_flight_total: int
    lots: int
    bonuses: int


def would_take_back(until: datetime) -> TakenBack:
    """Return what going live at a moment would take back."""
    booked = sql.one(_BOOKED, {"until": until})
    waits, lots = sql.one(_IN_FLIGHT, {"until": until}), sql.one(_BONUSES, {"until": until})
    return TakenBack(
        booked.orders,
        booked.partners,
        booked.total,
        waits.orders,
        waits.total,
        lots.lots,
        lots.total,
    )


def to_take_back(until: datetime) -> int:
    """Return how many orders and bonuses going live has before it."""
    return int(sql.one(_TO_DO.format(earned=_EARNED), {"until": until}).number)


def booked_orders(until: datetime, cursor: int, most: int) -> list[int]:
    """Return orders made before a moment for which something was booked."""
    values = {"until": until, "cursor": cursor, "most": most}
    return [row.id for row in sql.rows(_ORDERS.format(earned=_EARNED), values)]


def loose_lots(until: datetime, cursor: int, most: int) -> list[int]:
    """Return bonuses that rules gave before a moment for no order."""
    values = {"until": until, "cursor": cursor, "most": most}
    return [row.id for row in sql.rows(_LOTS, values)]


def standing_lots(ids: Sequence[int]) -> list[Any]:
    """Return what is left of lots."""
    return sql.rows(_LOT, {"ids": list(ids)})


def differences(run_id: int) -> Select[Any, Any]:
    """Return the statement of what differs, with the order here, if there is one."""
    same = (Order.tenant_id == RunLine.tenant_id) & (
        Order.id == RunLine.facts["order_id"].as_integer()
    )
    return (
        select(RunLine, Order)
        .outerjoin(Order, same)
        .where(RunLine.run_id == run_id, RunLine.kind != "problem")
    )


def newest_under_way() -> int:
    """Return the number of the newest transaction that is under way; 0: there is none."""
    return max((row.id for row in sql.rows(_UNDER_WAY, {})), default=0)


def is_over(number: int) -> bool:
    """Tell whether all transactions up to a number are over."""
    return all(row.id > number for row in sql.rows(_UNDER_WAY, {}))


def pause(seconds: float) -> None:
    """Wait a little, in the database."""
    sql.send("SELECT pg_sleep(%(seconds)s)", {"seconds": seconds})
