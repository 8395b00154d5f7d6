"""What customers did by day, kept for the windows of ranks: from their orders as they stand."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from app import sql
from app.orders.rules import State, goods_total, refunded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import date

    from app.orders.service import Standing

PAID = frozenset({State.AGREED, State.COMPLETED})
_PUT = """
INSERT INTO metric_bucket (member_id, metric, day, value)
SELECT r.member_id, r.metric, r.day, r.value
FROM json_to_recordset(%(rows)s) AS r(member_id bigint, metric text, day date, value bigint)
ON CONFLICT (tenant_id, member_id, metric, day)
DO UPDATE SET value = excluded.value WHERE metric_bucket.value <> excluded.value
"""
_DROP = """
DELETE FROM metric_bucket b WHERE b.member_id = ANY(%(members)s::bigint[]) AND NOT EXISTS (
  SELECT FROM json_to_recordset(%(rows)s) AS r(member_id bigint, metric text, day date)
  WHERE r.member_id = b.member_id AND r.metric = b.metric AND r.day = b.day)
"""


def by_day(orders: Iterable[Standing], zone: str) -> dict[tuple[str, date], int]:
    """Return what orders come to by metric and day: each on the day it was made, less what came back."""
    found: dict[tuple[str, date], int] = defaultdict(int)
    local = ZoneInfo(zone)
    for order in orders:
        if order.folded.state not in PAID:
            continue
        said = order.folded.snapshot
        day = said.created_at.astimezone(local).date()
        back = ceil(sum(refunded(said).lines.values(), Fraction(0)))
        found["orders", day] += 1
        found["sum", day] += max(goods_total(said) - back, 0)
    return {key: value for key, value in found.items() if value > 0}


def count(owned: Mapping[int, Sequence[Standing]], zone: str) -> None:
    """Let locked customers' days be what all their orders, as they now stand, come to."""
    rows = [
        {"member_id": member_id, "metric": metric, "day": day.isoformat(), "value": value}
        for member_id, orders in sorted(owned.items())
        for (metric, day), value in sorted(by_day(orders, zone).items())
    ]
    written = sql.recordset(rows)
    old = [m for m, orders in owned.items() if not orders or not all(o.fresh for o in orders)]
    if old:
        sql.send(_DROP, {"members": sql.array(sorted(old)), "rows": written})
    if rows:
        sql.send(_PUT, {"rows": written})


def wrong(
    owned: Mapping[int, Sequence[Standing]],
    kept: Mapping[tuple[int, str, date], int],
    zone: str,
) -> Collection[int]:
    """Return the customers whose kept days are not what their orders come to."""
    found: dict[tuple[int, str, date], int] = {}
    for member_id, orders in owned.items():
        for (metric, day), value in by_day(orders, zone).items():
            found[member_id, metric, day] = value
    return sorted({key[0] for key, _value in found.items() ^ kept.items()})
