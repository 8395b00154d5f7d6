"""The sets in which a feed is compared with the catalogue and written into it: only what differs."""

from __future__ import annotations

# Each row is looked up by its key, whatever the statistics of a catalogue that just began say.
PLANS = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true) AS plans, set_config('jit', 'off', true) AS jit,
       set_config('enable_seqscan', 'off', true) AS scans
"""
WHOLE = "SELECT set_config('enable_seqscan', 'on', true)"
PART = """
CREATE TEMP TABLE feed_part (number bigint, line bigint, external_id text, name text, search text, category text,
    price bigint, old_price bigint, url text, picture text, available boolean, cost bigint) ON COMMIT DROP
"""
FILL = "COPY feed_part FROM STDIN"
EMPTY = "DROP TABLE feed_part"
_COST = """(SELECT f.value FROM fact f WHERE f.owner = 'product:' || p.id AND f.name = 'cost'
    AND f.valid_from <= %(now)s ORDER BY f.valid_from DESC LIMIT 1)"""
_COST_DIFFERS = f"(r.cost IS NOT NULL AND {_COST} IS DISTINCT FROM to_jsonb(r.cost))"
_IS_ITS_OWN = (
    "(NOT %(whole)s OR p.gone_at IS NULL AND coalesce(p.feed_id, 0) = ANY(%(live)s::bigint[]))"
)
# What a feed says no word of stays as it was; that there is no old price is a word.
_DIFFERS = f"""(
    coalesce(r.name, p.name) <> p.name
    OR coalesce(r.category, p.category) IS DISTINCT FROM p.category
    OR coalesce(r.price, p.price) IS DISTINCT FROM p.price
    OR %(old)s AND r.price IS NOT NULL AND r.old_price IS DISTINCT FROM p.old_price
    OR coalesce(r.url, p.url) IS DISTINCT FROM p.url
    OR coalesce(r.picture, p.picture) IS DISTINCT FROM p.picture
    OR coalesce(r.available, p.available) <> p.available
    OR {_COST_DIFFERS} OR NOT {_IS_ITS_OWN})"""
_PRODUCT = """LATERAL (
    SELECT p.*, (SELECT c.external_id FROM category c WHERE c.id = p.category_id) AS category
    FROM product p WHERE p.shop_id = %(shop)s AND p.external_id = r.external_id LIMIT 1) p"""
_CATEGORY = (
    "(SELECT c.id FROM category c WHERE c.shop_id = %(shop)s AND c.external_id = r.category)"
)
_SAME = "CASE WHEN verdict <> 'same' THEN {} END"
_KEPT = ("name", "search", "category", "price", "old_price", "url", "picture", "available", "cost")
STAGE = f"""
WITH judged AS (
    SELECT r.*, CASE WHEN p.id IS NULL THEN 'new' WHEN {_DIFFERS} THEN 'changed' ELSE 'same' END AS verdict
    FROM feed_part r LEFT JOIN {_PRODUCT} ON true ORDER BY r.number
), put AS (
    INSERT INTO feed_row (load_id, number, line, external_id, verdict, {", ".join(_KEPT)})
    SELECT %(load)s, number, line, external_id, verdict, {", ".join(_SAME.format(n) for n in _KEPT)}
    FROM judged WHERE verdict <> 'new' OR name IS NOT NULL ORDER BY number
    ON CONFLICT (tenant_id, load_id, external_id) DO NOTHING RETURNING verdict
)
SELECT verdict, count(*) AS number FROM put GROUP BY verdict
"""
LEFT_OUT = """
SELECT r.line, r.external_id, CASE WHEN o.number IS NULL THEN 'no_name' ELSE 'twice' END AS code,
       coalesce(o.line::text, '') AS said
FROM feed_part r LEFT JOIN LATERAL (SELECT o.number, o.line FROM feed_row o
    WHERE o.load_id = %(load)s AND o.external_id = r.external_id LIMIT 1) o ON true
WHERE o.number IS DISTINCT FROM r.number ORDER BY r.number
"""
FLAWS = """
INSERT INTO feed_flaw (load_id, line, external_id, code, said)
SELECT %(load)s, line, id, code, said
FROM json_to_recordset(%(rows)s) AS x(line bigint, id text, code text, said text)
"""
CATEGORIES = """
INSERT INTO feed_category (load_id, number, line, external_id, name, parent)
SELECT %(load)s, n, line, id, name, parent
FROM json_to_recordset(%(rows)s) AS x(n bigint, line bigint, id text, name text, parent text)
"""
SWALLOWED = """
SELECT f.said::integer AS line FROM feed_flaw f JOIN product p ON p.shop_id = %(shop)s AND p.external_id = f.external_id
WHERE f.load_id = %(load)s AND f.code = 'quote' AND p.feed_id = %(feed)s AND p.gone_at IS NULL
    AND NOT EXISTS (SELECT FROM feed_row r WHERE r.load_id = %(load)s AND r.external_id = f.external_id)
ORDER BY f.line LIMIT 1
"""
COUNTS = """
SELECT count(*) AS known, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM feed_row r
    WHERE r.load_id = %(load)s AND r.external_id = p.external_id)) AS gone
FROM product p WHERE p.shop_id = %(shop)s AND p.feed_id = %(feed)s AND p.gone_at IS NULL
"""
WENT = """
SELECT count(*) AS number FROM product p
WHERE p.shop_id = %(shop)s AND p.feed_id = %(feed)s AND p.gone_at > greatest(%(since)s::timestamptz,
    (SELECT max(l.ended_at) FROM feed_load l WHERE l.feed_id = %(feed)s AND l.start ? 'approved'))
    AND NOT EXISTS (SELECT FROM feed_row r WHERE r.load_id = %(load)s AND r.external_id = p.external_id)
"""
SHELVES_OF_ROWS = """
INSERT INTO category (shop_id, external_id, name, created_at)
SELECT DISTINCT %(shop)s::bigint, r.category, r.category, %(now)s::timestamptz FROM feed_row r
WHERE r.load_id = %(load)s AND r.verdict <> 'same' AND r.category IS NOT NULL
ON CONFLICT (tenant_id, shop_id, external_id) DO NOTHING RETURNING id
"""
SHELVES = """
INSERT INTO category (shop_id, external_id, name, created_at)
SELECT %(shop)s, id, name, %(now)s FROM json_to_recordset(%(rows)s) AS x(id text, name text)
ON CONFLICT (tenant_id, shop_id, external_id) DO NOTHING RETURNING id
"""
SHELVES_BEGIN = """
INSERT INTO fact (owner, name, value, valid_from, actor)
SELECT 'category:' || id, f.name, f.value, %(now)s, %(actor)s
FROM unnest(%(ids)s::bigint[]) id CROSS JOIN (VALUES ('levels', '[]'::jsonb), ('parent', 'null')) f(name, value)
"""
SHELVES_CHANGE = """
WITH said AS MATERIALIZED (
    SELECT x.id AS external_id, x.name, (SELECT a.id FROM category a WHERE a.shop_id = %(shop)s
        AND a.external_id = x.parent) AS parent_id
    FROM json_to_recordset(%(rows)s) AS x(id text, name text, parent text)
), d AS MATERIALIZED (
    SELECT c.id, said.name, said.parent_id, c.parent_id AS was FROM said CROSS JOIN LATERAL (
        SELECT c.* FROM category c WHERE c.shop_id = %(shop)s AND c.external_id = said.external_id LIMIT 1) c
    WHERE c.name <> said.name OR c.parent_id IS DISTINCT FROM said.parent_id
), u AS (
    UPDATE category c SET name = d.name, parent_id = d.parent_id FROM d WHERE c.id = d.id RETURNING c.id
), f AS (
    INSERT INTO fact (owner, name, value, valid_from, actor)
    SELECT 'category:' || d.id, 'parent', coalesce(to_jsonb(d.parent_id), 'null'), %(now)s, %(actor)s
    FROM d WHERE d.was IS DISTINCT FROM d.parent_id
    ON CONFLICT (tenant_id, owner, name, valid_from)
    DO UPDATE SET value = excluded.value, actor = excluded.actor
)
SELECT count(*) AS number FROM u
"""
_RANGE = "r.load_id = %(load)s AND r.number BETWEEN %(first)s AND %(last)s"
MAKE = f"""
WITH due AS MATERIALIZED (
    SELECT r.*, {_CATEGORY} AS category_id FROM feed_row r WHERE {_RANGE} AND r.verdict = 'new'
), made AS (
    INSERT INTO product (shop_id, external_id, name, search, category_id, price, old_price, url, picture,
        available, promo, feed_id, created_at, updated_at)
    SELECT %(shop)s, external_id, name, search, category_id, price, old_price, url, picture,
        coalesce(available, true), %(sales)s AND old_price IS NOT NULL,
        CASE WHEN %(whole)s THEN %(feed)s::bigint END, %(now)s, %(now)s
    FROM due ORDER BY number
    ON CONFLICT (tenant_id, shop_id, external_id) DO NOTHING
    RETURNING id, external_id, category_id, promo
), told AS (
    INSERT INTO fact (owner, name, value, valid_from, actor)
    SELECT 'product:' || m.id, f.name, f.value, %(now)s, %(actor)s
    FROM made m CROSS JOIN LATERAL (VALUES ('takes_part', 'true'::jsonb), ('promo', to_jsonb(m.promo)),
        ('brand', 'null'), ('supplier', 'null'), ('category', coalesce(to_jsonb(m.category_id), 'null')),
        ('levels', '[]')) f(name, value)
    UNION ALL
    SELECT 'product:' || m.id, 'cost', to_jsonb(due.cost), %(now)s, %(actor)s
    FROM made m JOIN due USING (external_id) WHERE due.cost IS NOT NULL
)
SELECT (SELECT count(*) FROM made) AS number, (SELECT count(*) FROM due) AS due
"""
CHANGE = f"""
WITH d AS MATERIALIZED (
    SELECT p.id, p.category_id AS was_category, p.promo AS was_promo, {_COST_DIFFERS} AS cost_differs,
        {_IS_ITS_OWN} AS is_own, %(sales)s AND %(old)s AND r.price IS NOT NULL
            AND (r.old_price IS NULL) <> (p.old_price IS NULL) AS flips,
        r.name, r.search, CASE WHEN r.category IS NULL THEN p.category_id ELSE {_CATEGORY} END AS category_id,
        r.price, CASE WHEN %(old)s AND r.price IS NOT NULL THEN r.old_price ELSE p.old_price END AS old_price,
        r.url, r.picture, r.available, r.cost
    FROM feed_row r CROSS JOIN {_PRODUCT} WHERE {_RANGE} AND r.verdict = ANY(%(verdicts)s::text[]) AND {_DIFFERS}
), u AS (
    UPDATE product p SET name = coalesce(d.name, p.name), search = coalesce(d.search, p.search),
        category_id = d.category_id, price = coalesce(d.price, p.price), old_price = d.old_price,
        promo = CASE WHEN d.flips THEN d.old_price IS NOT NULL ELSE p.promo END,
        url = coalesce(d.url, p.url), picture = coalesce(d.picture, p.picture),
        available = coalesce(d.available, p.available),
        feed_id = CASE WHEN d.is_own THEN p.feed_id ELSE %(feed)s END,
        gone_at = CASE WHEN %(whole)s THEN NULL ELSE p.gone_at END, updated_at = %(now)s
    FROM d WHERE p.id = d.id RETURNING p.id, p.promo
), told AS (
    INSERT INTO fact (owner, name, value, valid_from, actor)
    SELECT 'product:' || d.id, f.name, f.value, %(now)s, %(actor)s
    FROM u JOIN d USING (id) CROSS JOIN LATERAL (VALUES
        ('category', coalesce(to_jsonb(d.category_id), 'null'), d.category_id IS DISTINCT FROM d.was_category),
        ('promo', to_jsonb(u.promo), u.promo <> d.was_promo),
        ('cost', to_jsonb(d.cost), d.cost_differs)) f(name, value, differs)
    WHERE f.differs
    ON CONFLICT (tenant_id, owner, name, valid_from)
    DO UPDATE SET value = excluded.value, actor = excluded.actor
)
SELECT count(*) AS number FROM u
"""
HIDE = """
WITH due AS (
    SELECT p.id FROM product p
    WHERE p.shop_id = %(shop)s AND p.feed_id = %(feed)s AND p.gone_at IS NULL AND NOT EXISTS (
        SELECT FROM feed_row r WHERE r.load_id = %(load)s AND r.external_id = p.external_id)
    ORDER BY p.id LIMIT %(most)s
), u AS (
    UPDATE product p SET gone_at = %(now)s, updated_at = %(now)s FROM due WHERE p.id = due.id RETURNING p.id
)
SELECT count(*) AS number FROM u
"""
