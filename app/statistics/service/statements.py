"""The statements of the roll-up. Each works within one tenant's scope, on one day or one batch."""

from __future__ import annotations

# Where a click came from and led to. A link that names no page of its own leads to the shop's home;
# of a product's link the product's page counts.
KEYS = """
    coalesce(nullif(c.params->>'utm_source', ''),
             nullif(regexp_replace(lower(substring(c.referrer from '^[a-z]+://([^/:?#]+)')), '^www[.]', ''), ''),
             'direct') AS source,
    nullif(c.params->>'utm_medium', '') AS medium,
    nullif(c.params->>'utm_campaign', '') AS campaign,
    '/' || ltrim(regexp_replace(
        split_part(split_part(coalesce(c.page, l.url, p.landing_pages->>0, p.url, ''), '?', 1), '#', 1),
        '^[a-z]+://[^/]*', ''), '/') AS page,
    c.link_id::text AS link, c.kind, l.shop_id::text AS shop,
    nullif(c.params->>'sub1', '') AS sub1, nullif(c.params->>'sub2', '') AS sub2,
    nullif(c.params->>'sub3', '') AS sub3, nullif(c.params->>'sub4', '') AS sub4,
    nullif(c.params->>'sub5', '') AS sub5
"""
LINKS = """
    LEFT JOIN link l ON l.tenant_id = c.tenant_id AND l.id = c.link_id
    LEFT JOIN product p ON p.tenant_id = l.tenant_id AND p.id = l.product_id
"""
# Where a merchant has several shops, each dimension stands once more for each: source@12.
OF_SHOP = "CASE WHEN %(several)s::boolean AND b.dim <> 'shop' THEN b.dim || '@' || {shop} END"
LONGEST = 200  # characters of a key
MOST = 500  # keys of a dimension that have a line of their own; the rest stand under '*'

FIRST_CLICK = "SELECT min(at) AS at FROM click WHERE at >= %(since)s"
COUNT_CLICKS = "SELECT count(*) AS n FROM click WHERE at >= %(since)s AND at < %(until)s"
AGENTS = """
SELECT DISTINCT user_agent AS agent FROM click
WHERE at >= %(since)s AND at < %(until)s AND flag IS NULL AND user_agent IS NOT NULL
"""
# A person is known by browser and shortened address, on one link and one day; without both, each
# visit is a person's first: what is not known is not guessed.
CLICKS = f"""
INSERT INTO click_stat (partner_id, dim, day, key, people, repeats, bots)
WITH seen AS MATERIALIZED (
    SELECT c.partner_id, c.flag IS NOT NULL OR coalesce(c.user_agent = ANY(%(machines)s), false) AS bot,
           c.ip IS NOT NULL AND c.user_agent IS NOT NULL AND row_number() OVER (
               PARTITION BY c.link_id, c.ip, c.user_agent, c.flag IS NULL ORDER BY c.at, c.nonce) > 1 AS again,
           to_char(c.at AT TIME ZONE %(zone)s, 'HH24') AS hour, {KEYS}
    FROM click c {LINKS}
    WHERE c.at >= %(since)s AND c.at < %(until)s
), counted AS (
    SELECT w.id AS partner_id, d.dim, left(b.key, {LONGEST}) AS key,
           count(*) FILTER (WHERE NOT bot AND NOT again) AS people,
           count(*) FILTER (WHERE NOT bot AND again) AS repeats,
           count(*) FILTER (WHERE bot) AS bots
    FROM seen s
    CROSS JOIN LATERAL (VALUES ('all', ''), ('source', source), ('medium', medium),
        ('campaign', campaign), ('page', page), ('link', link), ('sub1', sub1), ('sub2', sub2),
        ('sub3', sub3), ('sub4', sub4), ('sub5', sub5), ('hour', hour), ('kind', kind),
        ('shop', shop)) b(dim, key)
    CROSS JOIN LATERAL (VALUES (b.dim), ({OF_SHOP.format(shop="s.shop")})) d(dim)
    CROSS JOIN LATERAL (VALUES (0::bigint), (s.partner_id)) w(id)
    WHERE b.key IS NOT NULL AND d.dim IS NOT NULL AND (w.id = 0 OR b.dim NOT IN ('hour', 'kind', 'shop'))
    GROUP BY 1, 2, 3
), placed AS (
    SELECT *, row_number() OVER (
        PARTITION BY partner_id, dim ORDER BY people + repeats + bots DESC, key) AS place
    FROM counted
)
SELECT partner_id, dim, %(day)s, CASE WHEN place > {MOST} THEN '*' ELSE key END,
       sum(people), sum(repeats), sum(bots)
FROM placed GROUP BY partner_id, dim, 4
"""  # noqa: S608 - made of the fragments above
FORGET_CLICKS = "DELETE FROM click_stat WHERE day = %(day)s"
FORGET_CLICKS_SINCE = "DELETE FROM click_stat WHERE day >= %(day)s"
CLICK_DAY = """
INSERT INTO click_day (day, seen) VALUES (%(day)s, %(seen)s)
ON CONFLICT (tenant_id, day) DO UPDATE SET seen = excluded.seen
"""
SEEN = "SELECT seen FROM click_day WHERE day = %(day)s"
# Whatever way a click came into a day that was counted: clocks that move, imports, a demo's past.
MISSED = """
INSERT INTO late_click (day)
SELECT c.day FROM (SELECT (at AT TIME ZONE %(zone)s)::date AS day, count(*) AS n FROM click GROUP BY 1) c
LEFT JOIN click_day d ON d.day = c.day
WHERE c.day < %(before)s AND d.seen IS DISTINCT FROM c.n
"""
LATE_DAYS = "WITH gone AS (DELETE FROM late_click RETURNING day) SELECT DISTINCT day FROM gone"

# The figures of partners follow a day: its old sums go, its new ones come, in one transaction.
MOVE_CLICKS = """
UPDATE partner_figures f SET clicks = f.clicks + %(sign)s * (s.people + s.repeats), bots = f.bots + %(sign)s * s.bots
FROM click_stat s
WHERE s.day = %(day)s AND s.dim = 'all' AND s.partner_id <> 0 AND f.partner_id = s.partner_id
"""
COUNT_ANEW = """
UPDATE partner_figures f SET clicks = coalesce(s.clicks, 0), bots = coalesce(s.bots, 0), orders = 0,
       turnover = 0, own = 0, network = 0, opener = 0, sole = 0, late = 0, last_sale_at = NULL
FROM partner_figures o LEFT JOIN (
    SELECT partner_id, sum(people + repeats)::bigint AS clicks, sum(bots)::bigint AS bots
    FROM click_stat WHERE dim = 'all' AND partner_id <> 0 GROUP BY 1) s ON s.partner_id = o.partner_id
WHERE f.partner_id = o.partner_id
"""
MOVE_SALES = """
UPDATE partner_figures f SET orders = f.orders + %(sign)s * s.orders,
       turnover = f.turnover + %(sign)s * s.turnover,
       own = f.own + %(sign)s * (s.expected + s.pending + s.available),
       network = f.network + %(sign)s * s.network, opener = f.opener + %(sign)s * s.opener,
       sole = f.sole + %(sign)s * s.sole, late = f.late + %(sign)s * s.late
FROM sale_stat s
WHERE s.day = %(day)s AND s.dim = 'all' AND s.partner_id <> 0 AND f.partner_id = s.partner_id
"""
SELLERS = "SELECT partner_id FROM sale_stat WHERE day = %(day)s AND dim = 'all' AND partner_id <> 0"
LAST_SALES = """
UPDATE partner_figures f SET last_sale_at = s.at
FROM (SELECT w.id, (SELECT max(created_at) FROM deal d WHERE d.partner_id = w.id
                    AND d.state NOT IN ('cancelled', 'refunded')) AS at
      FROM unnest(%(partners)s::bigint[]) w(id)) s
WHERE f.partner_id = s.id AND f.last_sale_at IS DISTINCT FROM s.at
"""
BALANCES = """
UPDATE partner_figures f SET available = b.balance FROM balance b
WHERE b.account = 'partner:' || f.partner_id || ':available' AND f.available <> b.balance
"""

OLDEST = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS xid"
FEED = "SELECT coalesce(max(position), 0) AS position FROM feed"
MESSAGES = """
SELECT xid, order_id FROM order_message WHERE xid >= %(since)s AND xid < %(until)s
ORDER BY xid LIMIT %(most)s
"""
OF_TRANSACTION = "SELECT DISTINCT order_id FROM order_message WHERE xid = %(xid)s"
EVENTS = """
SELECT position, type, subject FROM event WHERE position > %(since)s ORDER BY position LIMIT %(most)s
"""
NEXT_DEALS = """
SELECT id, order_id FROM deal WHERE id > %(after)s ORDER BY id LIMIT %(most)s
"""
DEALS = """
SELECT d.order_id, d.partner_id, d.how, d.state, d.created_at, o.total, o.shop_id,
       o.folded->'evidence' AS evidence
FROM deal d JOIN orders o ON o.tenant_id = d.tenant_id AND o.id = d.order_id
WHERE d.order_id = ANY(%(orders)s) AND d.partner_id IS NOT NULL
"""
CLAIMS = """
SELECT order_id, kind, evidence, partner_id, touch_at, won, why FROM claim WHERE order_id = ANY(%(orders)s)
"""
SHARES = """
SELECT order_id, partner_id, bucket, sum(amount)::bigint AS amount FROM share
WHERE order_id = ANY(%(orders)s) AND bucket <> 'taken_back' GROUP BY 1, 2, 3
"""
CLICK_KEYS = f"""
SELECT c.at, c.nonce, {KEYS}
FROM json_to_recordset(%(rows)s) AS r(at timestamptz, nonce bigint)
JOIN click c ON c.at = r.at AND c.nonce = r.nonce {LINKS}
"""  # noqa: S608 - made of the fragments above
KEPT_KEYS = "SELECT order_id, day, keys FROM sale WHERE order_id = ANY(%(orders)s)"
FORGET = "DELETE FROM sale WHERE order_id = ANY(%(orders)s)"
WRITE = """
INSERT INTO sale (order_id, day, partner_id, touch, fallen, total, expected, pending, available,
                  own_expected, own_pending, own_available, keys)
SELECT order_id, day, partner_id, touch, fallen, total, expected, pending, available,
       own_expected, own_pending, own_available, keys
FROM json_to_recordset(%(rows)s)
     AS r(order_id bigint, day date, partner_id bigint, touch text, fallen bool, total bigint,
          expected bigint, pending bigint, available bigint, own_expected bigint,
          own_pending bigint, own_available bigint, keys jsonb)
"""
STALE = """
INSERT INTO stale_day (day) SELECT DISTINCT day FROM unnest(%(days)s::date[]) u(day) ORDER BY day
ON CONFLICT DO NOTHING
"""
NEXT_STALE = """
DELETE FROM stale_day WHERE day = (SELECT min(day) FROM stale_day) RETURNING day
"""
FORGET_SALES = "DELETE FROM sale_stat WHERE day = %(day)s"
SALES = f"""
INSERT INTO sale_stat (partner_id, dim, day, key, orders, fallen, turnover, expected, pending,
                       available, network, opener, sole, late)
WITH said AS (
    SELECT w.id AS partner_id, d.dim, left(b.key, {LONGEST}) AS key,
           count(*) FILTER (WHERE NOT fallen) AS orders, count(*) FILTER (WHERE fallen) AS fallen,
           coalesce(sum(total) FILTER (WHERE NOT fallen), 0) AS turnover,
           sum(w.expected) AS expected, sum(w.pending) AS pending, sum(w.available) AS available,
           0::numeric AS network,
           count(*) FILTER (WHERE NOT fallen AND touch = 'first') AS opener,
           count(*) FILTER (WHERE NOT fallen AND touch = 'only') AS sole,
           count(*) FILTER (WHERE NOT fallen AND touch = 'late') AS late
    FROM sale s
    CROSS JOIN LATERAL jsonb_each_text(s.keys || '{{"all": ""}}') b(dim, key)
    CROSS JOIN LATERAL (VALUES (b.dim), ({OF_SHOP.format(shop="(s.keys->>'shop')")})) d(dim)
    CROSS JOIN LATERAL (VALUES
        (0::bigint, s.expected, s.pending, s.available),
        (s.partner_id, s.own_expected, s.own_pending, s.own_available)) w(id, expected, pending, available)
    WHERE s.day = %(day)s AND d.dim IS NOT NULL AND (w.id = 0 OR b.dim NOT IN ('hour', 'kind', 'shop'))
    GROUP BY 1, 2, 3
    UNION ALL
    SELECT h.partner_id, d.dim, '', 0, 0, 0, 0, 0, 0, sum(h.amount), 0, 0, 0
    FROM sale s JOIN share h ON h.tenant_id = s.tenant_id AND h.order_id = s.order_id
    CROSS JOIN (VALUES ('all')) b(dim)
    CROSS JOIN LATERAL (VALUES (b.dim), ({OF_SHOP.format(shop="(s.keys->>'shop')")})) d(dim)
    WHERE s.day = %(day)s AND h.partner_id <> s.partner_id AND h.bucket <> 'taken_back' AND d.dim IS NOT NULL
    GROUP BY 1, 2
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY partner_id, dim ORDER BY turnover DESC, key) AS place FROM said
)
SELECT partner_id, dim, %(day)s, CASE WHEN place > {MOST} AND split_part(dim, '@', 1) <> 'all' THEN '*' ELSE key END,
       sum(orders), sum(fallen), sum(turnover), sum(expected), sum(pending), sum(available),
       sum(network), sum(opener), sum(sole), sum(late)
FROM placed GROUP BY partner_id, dim, 4
"""  # noqa: S608 - made of the fragments and numbers above
SEVERAL = "SELECT count(*) > 1 AS several FROM shop"
FORGET_ALL = (
    "DELETE FROM sale_stat",
    "DELETE FROM sale",
    "DELETE FROM stale_day",
    "DELETE FROM click_day",
)
