"""The invariants of what orders pay in bonuses and partner money, and of bonuses that leave as money."""

from __future__ import annotations

OF_CHECKOUT: dict[str, str] = {
    "an order's bonuses lie on its lines and its receipt to the last unit": """
        SELECT tenant_id, order_id, version FROM order_bonus b,
            LATERAL (SELECT coalesce(sum((s->>2)::bigint), 0) AS shares,
                            coalesce(sum((s->>3)::bigint), 0) AS money,
                            coalesce(sum((s->>1)::bigint), 0) AS worth
                     FROM jsonb_array_elements(b.shares) s) s,
            LATERAL (SELECT coalesce(sum((r->>'amount')::bigint), 0) AS paid
                     FROM jsonb_array_elements(b.rows) r) r
        WHERE s.shares <> b.amount OR s.money <> b.money
           OR s.worth - s.shares - s.money <> r.paid - b.consideration""",
    "what an order spent, held and gave back in bonuses is in the customer's lots": """
        SELECT s.tenant_id, s.order_id, s.reference, s.amount, sum(p.amount) AS lots
        FROM order_spending s LEFT JOIN lot_part p
             ON p.tenant_id = s.tenant_id AND p.reference = s.reference AND p.member_id = s.member_id
                AND p.kind = CASE s.act WHEN 'back' THEN 'return' ELSE s.act END
        WHERE s.purse = 'bonus' GROUP BY 1, 2, 3, 4 HAVING s.amount IS DISTINCT FROM sum(p.amount)""",
    "what lots got back of an order's bonuses the order knows of": """
        SELECT p.tenant_id, p.reference FROM lot_part p
        JOIN order_spending s ON s.tenant_id = p.tenant_id AND s.reference = p.of
        LEFT JOIN order_spending b
             ON b.tenant_id = p.tenant_id AND b.reference = p.reference AND b.of = p.of
        WHERE p.kind = 'return' AND b.id IS NULL""",
    "what orders took of partner money, held and gave back is all that the shop has of it": """
        SELECT tenant_id, reference, a.amount, t.amount
        FROM (SELECT tenant_id, reference, CASE act WHEN 'back' THEN -amount ELSE amount END AS amount
              FROM order_spending s WHERE purse = 'money'
                AND NOT EXISTS (SELECT FROM money_hold h
                                WHERE h.tenant_id = s.tenant_id AND h.reference = s.reference)
              UNION ALL SELECT tenant_id, reference, amount FROM money_hold
              UNION ALL SELECT tenant_id, reference || ':void', -amount FROM money_hold
              WHERE state IN ('voided', 'timed_out')) a
        FULL JOIN (SELECT tenant_id, reference,
                          sum(CASE WHEN target = 'merchant:shop' THEN amount ELSE -amount END) AS amount
                   FROM transfer WHERE 'merchant:shop' IN (source, target) GROUP BY 1, 2) t
             USING (tenant_id, reference)
        WHERE a.amount IS DISTINCT FROM t.amount""",
    "a cancelled order keeps no partner money": """
        SELECT o.tenant_id, o.id, sum(CASE s.act WHEN 'back' THEN -s.amount ELSE s.amount END)
        FROM orders o
        JOIN order_spending s ON s.tenant_id = o.tenant_id AND s.order_id = o.id AND s.purse = 'money'
        WHERE o.state IN ('cancelled', 'refunded')
        GROUP BY 1, 2 HAVING sum(CASE s.act WHEN 'back' THEN -s.amount ELSE s.amount END) <> 0""",
    "bonuses that are asked for as money are held, and those that are not are not": """
        SELECT w.tenant_id, w.public_id, w.state, h.state FROM bonus_withdrawal w
        LEFT JOIN bonus_hold h ON h.tenant_id = w.tenant_id
             AND h.reference = 'withdrawal:' || w.public_id AND h.amount = w.amount
        WHERE h.state IS DISTINCT FROM CASE w.state WHEN 'requested' THEN 'held'
                                       WHEN 'approved' THEN 'captured' ELSE 'voided' END""",
    "an approved withdrawal became as much money as it says, once": """
        SELECT w.tenant_id, w.public_id, c.money, c.bonuses FROM bonus_withdrawal w
        LEFT JOIN bonus_conversion c ON c.tenant_id = w.tenant_id AND c.key = 'withdrawal:' || w.public_id
        WHERE (w.state = 'approved') <> (c.id IS NOT NULL)
           OR c.money <> w.amount - w.fee OR c.bonuses <> w.amount""",
}
