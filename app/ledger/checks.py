"""Every invariant of the money as SQL that must return no row; `flask check` and the tests ask them.

Each query reads all merchants (under the list role) and returns the tenant and what is wrong. The
tables of higher slices are named in SQL only: what the books must agree with is no call upwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import text

from app.extensions import db
from app.ledger.rules import GUARDED
from app.tenancy import role

SHOWN = 3  # broken rows told per invariant; the query tells the rest

# What each account got and gave, over all transfers.
_SIDES = """
    SELECT tenant_id, target AS account, currency, xid, amount FROM transfer
    UNION ALL
    SELECT tenant_id, source AS account, currency, xid, -amount FROM transfer
"""
_GUARDED = f"^({GUARDED})$"
_KNOWN = (
    r"^(partner:\d+:(pending|available|reserved|debt)|member:\d+:(bonus|held|debt|pending)"
    r"|(payout|funding):\d+|merchant:(commissions|balance|withheld|bonuses|dues)|platform:(fees|tariffs)|outside)$"
)
# What an order has booked: out of the merchant's commissions account and not back into it.
_BOOKED = """
    SELECT tenant_id, order_id, coalesce(line, '') AS line, level, partner_id,
           sum(CASE WHEN source = 'merchant:commissions' THEN amount
                    WHEN target = 'merchant:commissions' THEN -amount ELSE 0 END)::bigint AS booked,
           sum(CASE WHEN target LIKE 'partner:%:pending' THEN amount
                    WHEN source LIKE 'partner:%:pending' THEN -amount ELSE 0 END)::bigint AS pending
    FROM transfer WHERE order_id IS NOT NULL GROUP BY 1, 2, 3, 4, 5
"""

CHECKS: dict[str, str] = {
    "a running balance is the sum of its transfers": rf"""
        SELECT tenant_id, account, b.balance, s.total
        FROM (SELECT tenant_id, account, currency,
                     sum(CASE WHEN account LIKE '%:debt' THEN -amount ELSE amount END)::bigint AS total
              FROM ({_SIDES}) x WHERE account ~ '{_GUARDED}' GROUP BY 1, 2, 3) s
        FULL JOIN balance b USING (tenant_id, account, currency)
        WHERE coalesce(b.balance, 0) <> coalesce(s.total, 0)""",
    "no guarded account is below zero": "SELECT tenant_id, account, balance FROM balance WHERE balance < 0",
    "a snapshot is the sum of what it covers": f"""
        SELECT p.tenant_id, p.account, p.balance, coalesce(sum(s.amount), 0) AS total
        FROM snapshot p LEFT JOIN ({_SIDES}) s
             ON s.tenant_id = p.tenant_id AND s.account = p.account AND s.currency = p.currency
                AND s.xid < p.upto
        GROUP BY 1, 2, 3, p.currency HAVING p.balance <> coalesce(sum(s.amount), 0)""",
    "all accounts of a merchant and currency sum to zero": f"""
        SELECT tenant_id, currency, sum(amount) FROM ({_SIDES}) s GROUP BY 1, 2 HAVING sum(amount) <> 0""",
    "accounts have known names": rf"""
        SELECT tenant_id, id, source, target FROM transfer
        WHERE source !~ '{_KNOWN}' OR target !~ '{_KNOWN}'""",
    "a business fact is posted once and whole": """
        SELECT tenant_id, reference, count(*) FROM transfer GROUP BY 1, 2 HAVING min(n) <> 1
            OR max(n) <> count(*) OR count(DISTINCT (currency, coalesce(order_id, 0))) > 1""",
    "partners are paid in the merchant's currency": """
        SELECT f.tenant_id, f.id, f.currency FROM transfer f JOIN tenant t ON t.id = f.tenant_id
        WHERE f.partner_id IS NOT NULL AND f.currency <> t.currency""",
    "a transfer on a partner's account names the partner": r"""
        SELECT tenant_id, id, source, target, partner_id FROM transfer
        WHERE (source LIKE 'partner:%' AND split_part(source, ':', 2) IS DISTINCT FROM partner_id::text)
           OR (target LIKE 'partner:%' AND split_part(target, ':', 2) IS DISTINCT FROM partner_id::text)""",
    "debt and available money never stand side by side": """
        SELECT d.tenant_id, d.account, d.balance, a.balance FROM balance d
        JOIN balance a ON a.tenant_id = d.tenant_id AND a.currency = d.currency
             AND a.account = replace(d.account, ':debt', ':available')
        WHERE d.account LIKE 'partner:%:debt' AND d.balance > 0 AND a.balance > 0""",
    "commission on hold is never below zero": f"""
        SELECT tenant_id, account, sum(amount) FROM ({_SIDES}) s
        WHERE account LIKE 'partner:%:pending' GROUP BY 1, 2, currency HAVING sum(amount) < 0""",
    "an order's transfers name the order": """
        SELECT tenant_id, id, reference, order_id FROM transfer
        WHERE (order_id IS NOT NULL OR reference LIKE 'order:%')
          AND split_part(reference, ':', 2) IS DISTINCT FROM order_id::text""",
    "a cancelled order has booked nothing": f"""
        SELECT o.tenant_id, o.id, b.line, b.level, b.partner_id, b.booked FROM ({_BOOKED}) b
        JOIN orders o ON o.tenant_id = b.tenant_id AND o.id = b.order_id
        WHERE o.state IN ('cancelled', 'refunded') AND (b.booked <> 0 OR b.pending <> 0)""",
    "what an order has booked is what its deal shows": f"""
        SELECT tenant_id, order_id, line, level, partner_id, b.booked, b.pending, s.due, s.pending
        FROM ({_BOOKED}) b
        FULL JOIN (SELECT tenant_id, order_id, line, level, partner_id,
                          CASE WHEN bucket IN ('pending', 'available') THEN amount ELSE 0 END AS due,
                          CASE WHEN bucket = 'pending' THEN amount ELSE 0 END AS pending
                   FROM share) s USING (tenant_id, order_id, line, level, partner_id)
        WHERE coalesce(b.booked, 0) <> coalesce(s.due, 0)
           OR coalesce(b.pending, 0) <> coalesce(s.pending, 0)""",
    "a cap's counter is the sum of what it gave": """
        SELECT tenant_id, key, c.given, s.given FROM cap c
        FULL JOIN (SELECT a.tenant_id, l ->> 1 AS key, sum(a.given) AS given
                   FROM cap_ask a, jsonb_array_elements(a.limits) l GROUP BY 1, 2) s
             USING (tenant_id, key)
        WHERE coalesce(c.given, 0) <> coalesce(s.given, 0)""",
    "what a cap gave is what the deal shows": """
        SELECT a.tenant_id, a.order_id, a.level, a.partner_id, a.given, s.total FROM cap_ask a
        LEFT JOIN (SELECT tenant_id, order_id, level, partner_id, sum(amount) AS total FROM share
                   WHERE bucket = 'available' GROUP BY 1, 2, 3, 4) s
             USING (tenant_id, order_id, level, partner_id)
        WHERE a.given <> coalesce(s.total, 0)""",
    "bonuses of a customer are what the lots hold, less the debt": rf"""
        SELECT tenant_id, account, l.total, s.total
        FROM (SELECT tenant_id, account, sum(amount)::bigint AS total FROM (
                  SELECT tenant_id, 'member:' || member_id || ':held' AS account, held AS amount FROM lot
                  UNION ALL
                  SELECT tenant_id, 'member:' || member_id || CASE WHEN active THEN ':bonus' ELSE ':pending' END,
                         CASE WHEN active THEN remaining - held ELSE remaining END FROM lot) x GROUP BY 1, 2) l
        FULL JOIN (SELECT tenant_id, account, sum(amount)::bigint AS total FROM ({_SIDES}) x
                   WHERE account ~ '^member:\d+:(bonus|held|pending)$' GROUP BY 1, 2) s
             USING (tenant_id, account)
        WHERE coalesce(l.total, 0) <> coalesce(s.total, 0)""",
    "a lot is what it brought less what was taken from it": """
        SELECT l.tenant_id, l.id, l.amount, l.remaining, l.lapsed, p.gone, p.lapsed FROM lot l
        LEFT JOIN (SELECT tenant_id, lot_id,
                          sum(CASE WHEN kind IN ('spend', 'owed', 'lapse', 'claw') THEN amount
                                   WHEN kind = 'return' THEN -amount ELSE 0 END) AS gone,
                          sum(CASE kind WHEN 'lapse' THEN amount WHEN 'claw_lapsed' THEN -amount
                                        ELSE 0 END) AS lapsed
                   FROM lot_part GROUP BY 1, 2) p ON p.tenant_id = l.tenant_id AND p.lot_id = l.id
        WHERE l.remaining <> l.amount - coalesce(p.gone, 0) OR l.lapsed <> coalesce(p.lapsed, 0)""",
    "a part names a lot that is there, and its lot's customer": """
        SELECT p.tenant_id, p.id, p.lot_id, p.member_id FROM lot_part p
        LEFT JOIN lot l ON (l.tenant_id, l.id) = (p.tenant_id, p.lot_id)
        LEFT JOIN member m ON (m.tenant_id, m.id) = (p.tenant_id, p.member_id)
        WHERE m.id IS NULL OR (p.lot_id IS NOT NULL AND l.member_id IS DISTINCT FROM p.member_id)""",
    "what is held of a lot is held by open holds": """
        SELECT tenant_id, lot_id, l.held, h.held FROM (SELECT tenant_id, id AS lot_id, held FROM lot) l
        FULL JOIN (SELECT p.tenant_id, p.lot_id, sum(p.amount) AS held FROM lot_part p
                   JOIN bonus_hold h ON h.tenant_id = p.tenant_id AND h.reference = p.reference
                   WHERE p.kind = 'hold' AND h.state = 'held' GROUP BY 1, 2) h USING (tenant_id, lot_id)
        WHERE coalesce(l.held, 0) <> coalesce(h.held, 0)""",
    "no more bonuses are given back than were spent": """
        SELECT r.tenant_id, r.of, r.lot_id, r.amount, s.amount
        FROM (SELECT tenant_id, of, lot_id, sum(amount) AS amount FROM lot_part
              WHERE kind = 'return' GROUP BY 1, 2, 3) r
        LEFT JOIN (SELECT tenant_id, reference, lot_id, sum(amount) AS amount FROM lot_part
                   WHERE kind = 'spend' GROUP BY 1, 2, 3) s
             ON s.tenant_id = r.tenant_id AND s.reference = r.of AND s.lot_id IS NOT DISTINCT FROM r.lot_id
        WHERE r.amount > coalesce(s.amount, 0)""",
    "bonuses taken back are those that the lot says": """
        SELECT l.tenant_id, l.id, l.clawed, p.amount FROM lot l
        LEFT JOIN (SELECT tenant_id, of, sum(amount) AS amount FROM lot_part
                   WHERE kind IN ('claw', 'claw_lapsed', 'debt', 'loss') GROUP BY 1, 2) p
             ON p.tenant_id = l.tenant_id AND p.of = l.reference
        WHERE l.clawed <> coalesce(p.amount, 0)""",
    "the parts of a spending sum to it": """
        SELECT tenant_id, reference, p.amount, t.amount
        FROM (SELECT tenant_id, reference, sum(amount) AS amount FROM lot_part
              WHERE kind = 'spend' GROUP BY 1, 2) p
        FULL JOIN (SELECT tenant_id, reference, sum(amount) AS amount FROM transfer
                   WHERE kind = 'bonus.spend' GROUP BY 1, 2) t USING (tenant_id, reference)
        WHERE p.amount IS DISTINCT FROM t.amount""",
    "a customer's debt and bonuses never stand side by side": """
        SELECT d.tenant_id, d.account, d.balance, b.balance FROM balance d
        JOIN balance b ON b.tenant_id = d.tenant_id AND b.currency = d.currency
             AND b.account = replace(d.account, ':debt', ':bonus')
        WHERE d.account LIKE 'member:%:debt' AND d.balance > 0 AND b.balance > 0""",
    "a credit is posted once, and as much as its lot says": """
        SELECT tenant_id, reference, l.amount, t.amount
        FROM (SELECT tenant_id, reference, amount FROM lot) l
        FULL JOIN (SELECT tenant_id, reference, sum(amount) AS amount FROM transfer
                   WHERE kind = 'bonus.grant' GROUP BY 1, 2) t USING (tenant_id, reference)
        WHERE l.amount IS DISTINCT FROM t.amount""",
    "what an order earned in bonuses is what its lots keep": """
        SELECT tenant_id, event_key, a.amount, l.kept
        FROM (SELECT tenant_id, event_key, sum(amount) AS amount FROM effect_application
              WHERE event_key LIKE 'order:%' GROUP BY 1, 2) a
        FULL JOIN (SELECT tenant_id, 'order:' || order_id AS event_key, sum(amount - clawed) AS kept
                   FROM lot WHERE kind = 'profile' AND order_id IS NOT NULL GROUP BY 1, 2) l
             USING (tenant_id, event_key)
        WHERE coalesce(a.amount, 0) <> coalesce(l.kept, 0)""",
    "a cancelled order keeps no bonuses": """
        SELECT o.tenant_id, o.id, sum(l.amount - l.clawed) FROM orders o
        JOIN lot l ON l.tenant_id = o.tenant_id AND l.order_id = o.id AND l.kind = 'profile'
        WHERE o.state IN ('cancelled', 'refunded') GROUP BY 1, 2 HAVING sum(l.amount - l.clawed) <> 0""",
    "an entry by hand has moved its sum": """
        SELECT a.tenant_id, a.public_id, a.amount, sum(t.amount) FROM adjustment a
        LEFT JOIN adjustment u ON u.tenant_id = a.tenant_id AND u.id = a.undo_of_id
        LEFT JOIN transfer t ON t.tenant_id = a.tenant_id AND t.partner_id = a.partner_id
             AND t.reference = 'adjustment:' || coalesce(u.public_id || ':undo', a.public_id)
        GROUP BY 1, 2, 3 HAVING coalesce(sum(t.amount), 0) <> abs(a.amount)""",
    "open payouts sum to what is reserved": """
        SELECT tenant_id, account, p.total, b.balance
        FROM (SELECT tenant_id, 'partner:' || partner_id || ':reserved' AS account, currency,
                     sum(amount) AS total
              FROM payout WHERE state IN ('requested', 'approved', 'sending', 'unknown')
              GROUP BY 1, 2, 3) p
        FULL JOIN (SELECT * FROM balance WHERE account LIKE 'partner:%:reserved') b
             USING (tenant_id, account, currency)
        WHERE coalesce(p.total, 0) <> coalesce(b.balance, 0)""",
    "a partner has one open payout": """
        SELECT tenant_id, partner_id, count(*) FROM payout
        WHERE state IN ('requested', 'approved', 'sending', 'unknown') GROUP BY 1, 2 HAVING count(*) > 1""",
    "money leaves once for each paid payout and for no other": """
        SELECT tenant_id, account, p.state, p.amount, p.fee, p.withheld, t.left_by, t.fees, t.taxes
        FROM (SELECT tenant_id, 'payout:' || id AS account, state, amount, fee, withheld
              FROM payout) p
        FULL JOIN (SELECT tenant_id, source AS account,
                          sum(amount) FILTER (WHERE target = 'outside') AS left_by,
                          sum(amount) FILTER (WHERE target = 'platform:fees') AS fees,
                          sum(amount) FILTER (WHERE target = 'merchant:withheld') AS taxes
                   FROM transfer WHERE source LIKE 'payout:%' GROUP BY 1, 2) t
             USING (tenant_id, account)
        WHERE coalesce(t.left_by, 0)
                  <> CASE WHEN p.state = 'paid' THEN p.amount - p.fee - p.withheld ELSE 0 END
           OR coalesce(t.fees, 0) <> CASE WHEN p.state = 'paid' THEN p.fee ELSE 0 END
           OR coalesce(t.taxes, 0) <> CASE WHEN p.state = 'paid' THEN p.withheld ELSE 0 END""",
    "nothing stays on the way": f"""
        SELECT tenant_id, account, sum(amount) FROM ({_SIDES}) s WHERE account LIKE 'payout:%' GROUP BY 1, 2
        HAVING sum(amount) <> 0""",
    "prepaid money waits for open payouts that it funds, and for no other": f"""
        SELECT tenant_id, account, f.waits, s.total
        FROM (SELECT tenant_id, 'funding:' || payout_id AS account,
                     gross - coalesce(tax, 0)
                         + CASE WHEN fee_paid_by = 'merchant' THEN fee ELSE 0 END AS waits
              FROM funding WHERE outcome IS NULL) f
        FULL JOIN (SELECT tenant_id, account, sum(amount)::bigint AS total FROM ({_SIDES}) x
                   WHERE account LIKE 'funding:%' GROUP BY 1, 2 HAVING sum(amount) <> 0) s
             USING (tenant_id, account)
        WHERE coalesce(f.waits, 0) <> coalesce(s.total, 0)""",
    "a settled payout took its gross without the tax and its fee once, a failed one nothing": """
        SELECT f.tenant_id, f.payout_id, f.outcome, f.gross, f.tax, f.fee, t.gross AS took, t.fee AS fees
        FROM funding f
        LEFT JOIN (SELECT tenant_id, split_part(source, ':', 2)::bigint AS payout_id,
                          sum(amount) FILTER (WHERE target = 'merchant:commissions') AS gross,
                          sum(amount) FILTER (WHERE target = 'platform:fees') AS fee
                   FROM transfer WHERE source LIKE 'funding:%' OR source LIKE 'payout:%' GROUP BY 1, 2) t
             USING (tenant_id, payout_id)
        WHERE coalesce(t.gross, 0)
                  <> CASE WHEN f.outcome = 'paid' THEN f.gross - coalesce(f.tax, 0) ELSE 0 END
           OR coalesce(t.fee, 0) <> CASE WHEN f.outcome = 'paid' THEN f.fee ELSE 0 END""",
    "what the platform sends is what the prepaid balance funded": """
        SELECT p.tenant_id, p.id, p.state, p.settled_by, p.fee, f.outcome, f.fee
        FROM payout p LEFT JOIN funding f ON f.tenant_id = p.tenant_id AND f.payout_id = p.id
        WHERE (p.settled_by = 'platform') <> (f.id IS NOT NULL) OR f.gross <> p.amount OR f.tax <> p.withheld
           OR (f.id IS NOT NULL
               AND p.fee <> CASE WHEN f.fee_paid_by = 'partner' THEN f.fee ELSE 0 END)
           OR f.outcome IS DISTINCT FROM CASE WHEN p.state IN ('paid', 'failed') THEN p.state END
              AND f.id IS NOT NULL""",
    "the prepaid balance is topped up by paid invoices, each once": """
        SELECT tenant_id, reference, u.received, t.amount
        FROM (SELECT tenant_id, 'top_up:' || id AS reference, received FROM top_up
              WHERE state = 'paid') u
        FULL JOIN (SELECT tenant_id, reference, sum(amount) AS amount FROM transfer
                   WHERE target = 'merchant:balance' AND source = 'outside' GROUP BY 1, 2) t
             USING (tenant_id, reference)
        WHERE u.received IS DISTINCT FROM t.amount""",
    "the prepaid balance pays what partners get and the fee, and no tax": """
        SELECT f.tenant_id, f.payout_id, b.drawn, p.amount, p.withheld, f.fee
        FROM funding f
        JOIN payout p ON p.tenant_id = f.tenant_id AND p.id = f.payout_id
        LEFT JOIN (SELECT tenant_id, account, sum(amount) AS drawn
                   FROM (SELECT tenant_id, target AS account, amount FROM transfer
                         WHERE source = 'merchant:balance'
                         UNION ALL SELECT tenant_id, source, -amount FROM transfer
                         WHERE target = 'merchant:balance') m GROUP BY 1, 2) b
             ON b.tenant_id = f.tenant_id AND b.account = 'funding:' || f.payout_id
        WHERE f.tax IS NOT NULL AND coalesce(b.drawn, 0)
              <> CASE WHEN f.outcome = 'failed' THEN 0 ELSE p.amount - p.withheld - p.fee + f.fee END""",
    "the prepaid balance pays for nothing but payouts and the platform's invoices": """
        SELECT tenant_id, reference, source, target FROM transfer
        WHERE (source = 'merchant:balance' AND target NOT LIKE 'funding:%' AND target <> 'merchant:dues')
           OR (target = 'merchant:balance' AND source <> 'outside' AND source NOT LIKE 'funding:%'
               AND source <> 'merchant:dues')""",
    "the platform's invoices are the sums of their lines, and so posted": """
        SELECT tenant_id, invoice_id, i.sum, l.sum, t.sum
        FROM (SELECT tenant_id, id AS invoice_id, total - credited AS sum FROM tariff_invoice
              WHERE total <> 0) i
        FULL JOIN (SELECT tenant_id, invoice_id, sum(amount) AS sum FROM tariff_line
                   GROUP BY 1, 2) l USING (tenant_id, invoice_id)
        FULL JOIN (SELECT tenant_id, split_part(reference, ':', 2)::bigint AS invoice_id,
                          sum(CASE account WHEN 'platform:tariffs' THEN amount ELSE 0 END) AS sum
                   FROM (SELECT tenant_id, reference, target AS account, amount FROM transfer
                         UNION ALL SELECT tenant_id, reference, source, -amount FROM transfer) m
                   WHERE reference LIKE 'tariff:%' GROUP BY 1, 2) t USING (tenant_id, invoice_id)
        WHERE coalesce(i.sum, 0) <> coalesce(l.sum, 0) OR coalesce(i.sum, 0) <> coalesce(t.sum, 0)""",
    "what is owed to the platform is what its open invoices say": f"""
        SELECT tenant_id, i.sum, s.total
        FROM (SELECT tenant_id, sum(total - credited) AS sum FROM tariff_invoice
              WHERE state = 'open' GROUP BY 1) i
        FULL JOIN (SELECT tenant_id, -sum(amount) AS total FROM ({_SIDES}) x
                   WHERE account = 'merchant:dues' GROUP BY 1) s USING (tenant_id)
        WHERE coalesce(i.sum, 0) <> coalesce(s.total, 0)""",
    "a payout has an end if and only if it is over": """
        SELECT tenant_id, id, state, ended_at FROM payout
        WHERE (ended_at IS NULL) <> (state IN ('requested', 'approved', 'sending', 'unknown'))""",
    "documents are numbered from one without gaps": """
        SELECT tenant_id, kind, year, count(*), max(number) FROM document GROUP BY 1, 2, 3
        HAVING count(*) <> max(number) OR min(number) <> 1""",
    "an act that is signed is a paper, and one that is void is none": """
        SELECT d.tenant_id, d.public_id, d.voided_at, p.public_id FROM document d
        LEFT JOIN paper p ON p.tenant_id = d.tenant_id AND p.partner_id = d.partner_id
             AND p.kind = 'act' AND p.number = 'A-' || d.year || '-' || d.number
             AND p.withdrawn_at IS NULL
        WHERE d.kind = 'act'
          AND (d.signed_at IS NOT NULL AND d.voided_at IS NULL) <> (p.id IS NOT NULL)""",
    "a payout ends once": """
        SELECT tenant_id, subject, count(*) FROM event
        WHERE type IN ('payout.paid', 'payout.rejected', 'payout.cancelled', 'payout.failed')
        GROUP BY 1, 2 HAVING count(*) > 1""",
    "an order's bonuses lie on its lines and its receipt to the last unit": """
        SELECT tenant_id, order_id, version FROM order_bonus b,
            LATERAL (SELECT coalesce(sum((s->>2)::bigint), 0) AS shares,
                            coalesce(sum((s->>1)::bigint), 0) AS worth
                     FROM jsonb_array_elements(b.shares) s) s,
            LATERAL (SELECT coalesce(sum((r->>'amount')::bigint), 0) AS paid
                     FROM jsonb_array_elements(b.rows) r) r
        WHERE s.shares <> b.amount OR s.worth - s.shares <> r.paid - b.consideration""",
    "what an order spent, held and gave back in bonuses is in the customer's lots": """
        SELECT s.tenant_id, s.order_id, s.reference, s.amount, sum(p.amount) AS lots
        FROM order_spending s LEFT JOIN lot_part p
             ON p.tenant_id = s.tenant_id AND p.reference = s.reference AND p.member_id = s.member_id
                AND p.kind = CASE s.act WHEN 'back' THEN 'return' ELSE s.act END
        GROUP BY 1, 2, 3, 4 HAVING s.amount IS DISTINCT FROM sum(p.amount)""",
    "what lots got back of an order's bonuses the order knows of": """
        SELECT p.tenant_id, p.reference FROM lot_part p
        JOIN order_spending s ON s.tenant_id = p.tenant_id AND s.reference = p.of
        LEFT JOIN order_spending b
             ON b.tenant_id = p.tenant_id AND b.reference = p.reference AND b.of = p.of
        WHERE p.kind = 'return' AND b.id IS NULL""",
    "a sealed transfer stands as it was sealed": """
        SELECT l.tenant_id, l.transfer_id, l.block, t.id IS NULL AS gone FROM proof_leaf l
        LEFT JOIN transfer t ON t.tenant_id = l.tenant_id AND t.id = l.transfer_id
        WHERE t.id IS NULL OR l.partner_id <> coalesce(t.partner_id, 0)
           OR l.hash <> proof_hash('leaf', l.salt, proof_text(t, l.reason))
           OR t.reason IS NOT NULL AND l.reason IS DISTINCT FROM proof_hash('reason', l.salt, t.reason)""",
    "a group of sealed transfers is as it was sealed": """
        SELECT tenant_id, block, partner_id, g.rows, l.rows FROM proof_group g
        FULL JOIN (SELECT tenant_id, block, partner_id, count(*) AS rows,
                          proof_hash('group', string_agg(hash, E'\n' ORDER BY transfer_id)) AS hash
                   FROM proof_leaf GROUP BY 1, 2, 3) l USING (tenant_id, block, partner_id)
        WHERE g.hash IS DISTINCT FROM l.hash OR g.rows IS DISTINCT FROM l.rows""",
    "a sealed block is the root of its groups": """
        SELECT tenant_id, number, b.rows, g.rows FROM proof_block b
        FULL JOIN (SELECT tenant_id, block AS number, sum(rows) AS rows,
                          proof_root(array_agg(hash ORDER BY partner_id)) AS root
                   FROM proof_group GROUP BY 1, 2) g USING (tenant_id, number)
        WHERE b.root IS DISTINCT FROM g.root OR b.rows IS DISTINCT FROM g.rows""",
    "each block carries the head of the one before": """
        SELECT tenant_id, number FROM (
            SELECT b.*, row_number() OVER past AS place, lag(head, 1, repeat('0', 64)) OVER past AS before
            FROM proof_block b WINDOW past AS (PARTITION BY tenant_id ORDER BY number)) b
        WHERE number <> place OR head <> proof_hash('head', number::text, before, root,
            to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))""",
    "a mark that was told stands in the chain": """
        SELECT c.tenant_id, c.day, c.block FROM checkup c
        LEFT JOIN proof_block b ON b.tenant_id = c.tenant_id AND b.number = c.block
        WHERE c.block IS NOT NULL AND c.head IS DISTINCT FROM b.head""",
    "all transfers below the mark are sealed": """
        SELECT t.tenant_id, t.id FROM proof_mark m
        JOIN transfer t ON t.tenant_id = m.tenant_id AND t.xid < m.upto
        LEFT JOIN proof_leaf l ON l.tenant_id = t.tenant_id AND l.transfer_id = t.id
        WHERE l.transfer_id IS NULL""",
}


@dataclass(frozen=True)
class Broken:
    """An invariant that does not hold, and the first rows that say so."""

    name: str
    rows: tuple[str, ...]

    def __str__(self) -> str:
        """One line for the operator."""
        return f"{self.name}: {'; '.join(self.rows)}"


def broken_by_tenant(name: str) -> dict[int, int]:
    """Ask one invariant over all merchants; return {tenant: rows that break it}."""
    asked = f"SELECT tenant_id, count(*) FROM ({CHECKS[name]}) broken GROUP BY 1"
    connection = db.session.connection()
    with role("partnerka_list"):
        rows = connection.exec_driver_sql(asked.replace("%", "%%")).all()
    return {row[0]: row[1] for row in rows}


def transfers_by_tenant() -> dict[int, int]:
    """Return {tenant: number of transfers} of all merchants."""
    with role("partnerka_list"):
        rows = db.session.execute(text("SELECT tenant_id, count(*) FROM transfer GROUP BY 1")).all()
    return {row[0]: row[1] for row in rows}


def broken() -> list[Broken]:
    """Ask every invariant over all merchants, as the current transaction sees them."""
    found = []
    connection = db.session.connection()
    with role("partnerka_list"):
        for name, sql in CHECKS.items():
            rows = connection.exec_driver_sql(sql.replace("%", "%%")).fetchmany(SHOWN)
            if rows:
                found.append(Broken(name, tuple(str(tuple(row)) for row in rows)))
    return found
