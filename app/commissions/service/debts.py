"""Partners are warned before what they earn repays a debt: of which sale, how much, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from app import clock, sql
from app.events.service import Happened, record_all

if TYPE_CHECKING:
    from typing import Any

AHEAD = timedelta(days=3)
TOGETHER = 200

# Of the sums that become available soon the first ones repay; each is told of once for its day.
_WARN = """
WITH soon AS (
    SELECT d.order_id, s.partner_id, d.matures_at, sum(s.amount)::bigint AS amount, b.balance AS debt,
           b.currency
    FROM balance b
    JOIN share s ON s.partner_id = split_part(b.account, ':', 2)::bigint AND s.bucket = 'pending'
    JOIN deal d ON d.order_id = s.order_id
    WHERE b.account LIKE 'partner:%%:debt' AND b.balance > 0
      AND d.matures_at > %(now)s AND d.matures_at <= %(until)s
    GROUP BY d.order_id, s.partner_id, d.matures_at, b.balance, b.currency
), queue AS (
    SELECT soon.*, coalesce(sum(amount) OVER (
        PARTITION BY partner_id ORDER BY matures_at, order_id
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)::bigint AS before
    FROM soon
), told AS (
    INSERT INTO debt_notice (partner_id, order_id, available_at, at)
    SELECT partner_id, order_id, matures_at, %(now)s FROM queue q
    WHERE before < debt AND NOT EXISTS (
        SELECT FROM debt_notice n WHERE n.partner_id = q.partner_id AND n.order_id = q.order_id
        AND n.available_at = q.matures_at)
    ORDER BY matures_at, order_id LIMIT %(most)s
    ON CONFLICT DO NOTHING RETURNING partner_id, order_id
)
SELECT q.*, least(amount, debt - before)::bigint AS repays, t.timezone
FROM queue q JOIN told USING (partner_id, order_id)
JOIN tenant t ON t.id = nullif(current_setting('app.tenant', true), '')::bigint
ORDER BY q.matures_at, q.order_id
"""


def warn_of_debts() -> int:
    """Tell partners of sums that repay a debt within three days, each once; return how many. Twice-safe.

    Call it again until it returns 0.
    """
    now = clock.now()
    found = sql.rows(_WARN, {"now": now, "until": now + AHEAD, "most": TOGETHER})
    record_all([Happened("debt.due", f"order:{row.order_id}", _facts(row)) for row in found])
    return len(found)


def _facts(row: Any) -> dict[str, Any]:
    return {
        "order_id": row.order_id,
        "partner_id": row.partner_id,
        "amount": row.amount,
        "repays": row.repays,
        "left": row.amount - row.repays,
        "debt": row.debt,
        "currency": row.currency,
        "on": clock.day_of(row.matures_at, row.timezone).isoformat(),
    }
