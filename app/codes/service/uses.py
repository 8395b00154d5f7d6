"""Which orders use a code that is good for so many: by what orders stand, never by a counter."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app import sql

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import datetime

USES_OF = """
SELECT code_id, order_id, made_at, shop_id, external_id, most, stands FROM code_use
WHERE order_id = ANY(%(orders)s)
"""
_HOLD = "SELECT id FROM code WHERE id = ANY(%(codes)s) ORDER BY id FOR NO KEY UPDATE"
_BEFORE = """
SELECT r.code_id, r.order_id,
       (SELECT count(*) FROM code_use u
        WHERE u.code_id = r.code_id AND u.stands
          AND (u.made_at, u.shop_id, u.external_id) < (r.made_at, r.shop_id, r.external_id)
          AND u.order_id <> ALL(%(own)s)) AS others
FROM json_to_recordset(%(rows)s)
     AS r(code_id bigint, order_id bigint, made_at timestamptz, shop_id bigint, external_id text)
"""
_FORGET = """
DELETE FROM code_use u USING unnest(%(codes)s::bigint[], %(orders)s::bigint[]) AS r(code, "order")
WHERE u.code_id = r.code AND u.order_id = r."order"
"""
_KEEP = """
INSERT INTO code_use (code_id, order_id, made_at, shop_id, external_id, most, stands)
SELECT code_id, order_id, made_at, shop_id, external_id, most, stands
FROM json_to_recordset(%(rows)s)
     AS r(code_id bigint, order_id bigint, made_at timestamptz, shop_id bigint, external_id text,
          most bigint, stands bool)
ON CONFLICT (tenant_id, code_id, order_id) DO UPDATE SET
    made_at = excluded.made_at, shop_id = excluded.shop_id, external_id = excluded.external_id,
    most = excluded.most, stands = excluded.stands
"""
_PLACE = """
UPDATE code_use u SET within = r.within
FROM (SELECT id, coalesce(sum(stands::int) OVER (
                 PARTITION BY code_id ORDER BY made_at, shop_id, external_id
                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) < most AS within
      FROM code_use WHERE code_id = ANY(%(codes)s)) r
WHERE u.id = r.id AND u.code_id = ANY(%(codes)s) AND u.within <> r.within
RETURNING u.order_id
"""


@dataclass(frozen=True, slots=True)
class Use:
    """An order that carries a code with a limit; `stands`: it takes one of the `most`."""

    code_id: int
    order_id: int
    made_at: datetime
    shop_id: int
    external_id: str
    most: int
    stands: bool

    @property
    def place(self) -> tuple[datetime, int, str]:
        """Where the order stands among those that carry the code; never a tie."""
        return self.made_at, self.shop_id, self.external_id


def hold(code_ids: Collection[int]) -> None:
    """Let one transaction at a time decide who uses these codes, after customers and orders are held."""
    if code_ids:
        sql.send(_HOLD, {"codes": sorted(code_ids)})


def late(uses: Sequence[Use], own: Collection[int]) -> set[tuple[int, int]]:
    """Return (code, order) of the uses that come after the code was used up.

    `own`: the orders that are decided anew; what is kept of them does not count.
    """
    if not uses:
        return set()
    rows = [{**asdict(use)} for use in uses]
    values = {"rows": sql.recordset(rows), "own": sorted(own)}
    others = {(r.code_id, r.order_id): r.others for r in sql.rows(_BEFORE, values)}
    by_code: dict[int, list[Use]] = defaultdict(list)
    for use in sorted(uses, key=lambda use: use.place):
        by_code[use.code_id].append(use)
    found = set()
    for code_id, ordered in by_code.items():
        taken = 0
        for use in ordered:
            if others[code_id, use.order_id] + taken >= use.most:
                found.add((code_id, use.order_id))
            taken += use.stands
    return found


def keep(wanted: Iterable[Use], kept: Iterable[Use]) -> set[int]:
    """Store the uses of orders, where they changed; return the orders for which a code's being good changed.

    The caller holds the codes.
    """
    now, before = set(wanted), set(kept)
    changed = now ^ before
    if not changed:
        return set()
    keys = {(use.code_id, use.order_id) for use in now}
    gone = [use for use in before if (use.code_id, use.order_id) not in keys]
    if gone:
        sql.send(
            _FORGET, {"codes": [u.code_id for u in gone], "orders": [u.order_id for u in gone]}
        )
    if new := now - before:
        sql.send(_KEEP, {"rows": sql.recordset(asdict(use) for use in new)})
    codes = sorted({use.code_id for use in changed})
    return {row.order_id for row in sql.rows(_PLACE, {"codes": codes})}
