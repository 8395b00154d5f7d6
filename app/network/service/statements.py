"""The set statements of a roll-up; each is one piece of a run, under row level security."""

from __future__ import annotations

from app.network.rules import LEVELS

# A run's rows are new to the planner: it takes them for one row and would read the whole run for each
# of a level's. So each look-up stands behind a fence (OFFSET 0, or a subquery of its own), which
# leaves nothing but the index to find one row.
BY_INDEX = """
SELECT set_config('enable_seqscan', 'off', true) AS scans, set_config('jit', 'off', true) AS jit
"""
VERSION = "SELECT coalesce(max(version), 0) AS version FROM tree_version"

# An edge that has ended leaves a root; that is said aloud, so that roots are found by an index.
SETTLE = """
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from, valid_to, actor)
SELECT e.partner_id, NULL, e.valid_to,
       (SELECT min(n.valid_from) FROM sponsor_edge n
        WHERE n.partner_id = e.partner_id AND n.valid_from > e.valid_to), 'system'
FROM sponsor_edge e
WHERE e.valid_to <= %(at)s AND NOT EXISTS (
    SELECT FROM sponsor_edge n WHERE n.partner_id = e.partner_id AND n.valid_from <= e.valid_to
      AND (n.valid_to IS NULL OR n.valid_to > e.valid_to))
ON CONFLICT DO NOTHING
"""
FORGET_BRANCHES = "DELETE FROM branch WHERE run >= %(run)s"
FORGET_EARNINGS = "DELETE FROM branch_earning WHERE run >= %(run)s"

ROOTS = """
INSERT INTO branch (run, partner_id, sponsor_id, level, counts)
SELECT %(run)s, e.partner_id, NULL, 0, p.counts FROM sponsor_edge e
CROSS JOIN LATERAL (SELECT p.status IN ('active', 'blocked') AS counts FROM partner p
                    WHERE p.tenant_id = e.tenant_id AND p.id = e.partner_id OFFSET 0) p
WHERE e.sponsor_id IS NULL AND e.valid_from <= %(at)s
  AND (e.valid_to IS NULL OR e.valid_to > %(at)s)
ON CONFLICT DO NOTHING
"""
BELOW = """
INSERT INTO branch (run, partner_id, sponsor_id, level, counts)
SELECT %(run)s, e.partner_id, b.partner_id, %(level)s, p.counts
FROM branch b
CROSS JOIN LATERAL (
    SELECT e.tenant_id, e.partner_id FROM sponsor_edge e
    WHERE e.tenant_id = b.tenant_id AND e.sponsor_id = b.partner_id
      AND e.valid_from <= %(at)s AND (e.valid_to IS NULL OR e.valid_to > %(at)s) OFFSET 0) e
CROSS JOIN LATERAL (SELECT p.status IN ('active', 'blocked') AS counts FROM partner p
                    WHERE p.tenant_id = e.tenant_id AND p.id = e.partner_id OFFSET 0) p
WHERE b.run = %(run)s AND b.level = %(level)s - 1
ON CONFLICT DO NOTHING
"""
OWN = """
UPDATE branch b SET (turnover_30, commission_30, turnover, commission) = (
    SELECT coalesce(sum(o.total) FILTER (WHERE d.created_at >= %(since)s), 0),
           coalesce(sum(d.commission) FILTER (WHERE d.created_at >= %(since)s), 0),
           coalesce(sum(o.total), 0), coalesce(sum(d.commission), 0)
    FROM deal d JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
    WHERE d.tenant_id = b.tenant_id AND d.partner_id = b.partner_id
      AND d.state NOT IN ('cancelled', 'refunded'))
WHERE b.run = %(run)s AND b.partner_id > %(after)s AND b.partner_id <= %(last)s
  AND (SELECT true FROM deal d WHERE d.tenant_id = b.tenant_id AND d.partner_id = b.partner_id
       LIMIT 1)
"""
DEEPEST = "SELECT max(level) AS level FROM branch WHERE run = %(run)s"
UP = """
UPDATE branch b SET (direct, whole, depth, levels, turnover_30, commission_30, turnover, commission) = (
    SELECT count(*) FILTER (WHERE c.counts),
           sum(c.whole) + count(*) FILTER (WHERE c.counts),
           max(CASE WHEN c.counts OR c.whole > 0 THEN c.depth + 1 ELSE 0 END),
           ARRAY[count(*) FILTER (WHERE c.counts), sum(c.levels[1]), sum(c.levels[2]),
                 sum(c.levels[3]), sum(c.levels[4]), sum(c.levels[5]), sum(c.levels[6]),
                 sum(c.levels[7]), sum(c.levels[8])]::bigint[],
           b.turnover_30 + sum(c.turnover_30), b.commission_30 + sum(c.commission_30),
           b.turnover + sum(c.turnover), b.commission + sum(c.commission)
    FROM branch c
    WHERE c.tenant_id = b.tenant_id AND c.run = %(run)s AND c.sponsor_id = b.partner_id)
WHERE b.run = %(run)s AND b.level = %(level)s - 1
  AND (SELECT true FROM branch c
       WHERE c.tenant_id = b.tenant_id AND c.run = %(run)s AND c.sponsor_id = b.partner_id LIMIT 1)
"""
NEXT_PARTNERS = """
SELECT max(id) AS last FROM (
    SELECT id FROM partner WHERE id > %(after)s ORDER BY id LIMIT %(most)s) next
"""
SUMMARY = """
SELECT level, count(*) AS partners FROM branch WHERE run = %(run)s AND counts
GROUP BY level ORDER BY level
"""
TOTALS = """
SELECT coalesce(sum(turnover_30), 0) AS turnover_30, coalesce(sum(commission_30), 0) AS commission_30,
       coalesce(sum(turnover), 0) AS turnover, coalesce(sum(commission), 0) AS commission
FROM branch WHERE run = %(run)s AND level = 0
"""


def _by_level(what: str) -> str:
    """Say a sum for each level; `n` steps lead from who brought a sale to the top of the branch."""
    each = (f"coalesce(sum(base.{what}) FILTER (WHERE c.n = {n}), 0)" for n in range(1, LEVELS + 1))
    return f"ARRAY[{', '.join(each)}]::bigint[]"


# Each sale climbs from the one who brought it to the one who earned, at most as far as terms pay;
# where the earner stands no longer above, his earning belongs to no branch of today. The row of the
# earner himself is the sum over all his branches.
EARN = f"""
WITH RECURSIVE per_order AS (
    SELECT s.order_id, s.partner_id AS earner, sum(s.amount) AS amount
    FROM share s
    WHERE s.partner_id > %(after)s AND s.partner_id <= %(last)s AND s.level > 1
      AND s.bucket <> 'taken_back'
    GROUP BY s.order_id, s.partner_id
), base AS (
    SELECT p.earner, d.partner_id AS bringer,
           coalesce(sum(o.total) FILTER (WHERE d.created_at >= %(since)s), 0) AS turnover_30,
           coalesce(sum(p.amount) FILTER (WHERE d.created_at >= %(since)s), 0) AS commission_30,
           sum(o.total) AS turnover, sum(p.amount) AS commission
    FROM per_order p
    JOIN deal d ON d.order_id = p.order_id
    JOIN orders o ON o.id = p.order_id
    WHERE d.partner_id IS NOT NULL AND d.partner_id <> p.earner
    GROUP BY p.earner, d.partner_id
), climb(earner, bringer, node, n) AS (
    SELECT earner, bringer, bringer, 0 FROM base
    UNION ALL
    SELECT c.earner, c.bringer, b.sponsor_id, c.n + 1
    FROM climb c CROSS JOIN LATERAL (
        SELECT b.sponsor_id FROM branch b
        WHERE b.run = %(run)s AND b.partner_id = c.node OFFSET 0) b
    WHERE b.sponsor_id IS NOT NULL AND c.node <> c.earner AND c.n < 9
)
INSERT INTO branch_earning (run, earner_id, partner_id, turnover_30, commission_30, turnover, commission,
                            turnovers, commissions)
SELECT %(run)s, c.earner, c.node, sum(base.turnover_30), sum(base.commission_30),
       sum(base.turnover), sum(base.commission),
       {_by_level("turnover")},
       {_by_level("commission")}
FROM climb c
JOIN climb top ON top.earner = c.earner AND top.bringer = c.bringer AND top.node = c.earner
JOIN base ON base.earner = c.earner AND base.bringer = c.bringer
GROUP BY c.earner, c.node
"""  # noqa: S608 - our own columns
NEXT_CHANGE = """
SELECT (SELECT min(valid_from) FROM sponsor_edge WHERE valid_from > %(at)s) AS begins,
       (SELECT min(valid_to) FROM sponsor_edge WHERE valid_to > %(at)s) AS ends,
       EXISTS (SELECT FROM deal WHERE created_at >= %(since)s) AS sells
"""
OLD_BRANCHES = """
DELETE FROM branch WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM branch WHERE run <> %(ready)s LIMIT %(most)s))
"""
OLD_EARNINGS = """
DELETE FROM branch_earning WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM branch_earning WHERE run <> %(ready)s LIMIT %(most)s))
"""
