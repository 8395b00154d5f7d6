"""Newcomers with whom nothing is special, found and brought in by the database: as the rules judge, in sets.

Whoever is not plain beyond doubt is judged one by one, by the rules; tests compare both on the same rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app import sql
from app.events.service import actor
from app.imports.rules import STATUS_WORDS
from app.imports.service.lookups import WRITES, plans_of
from app.imports.service.partners import keys_of
from app.partners.service import touch_tree
from app.programs import queries as programs
from app.tenancy import letters

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from app.imports.rules import Plan
    from app.imports.service.lookups import Work

UPPER = "АБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЁ"
PLAIN = "!-~А-Яа-яЁё"  # signs that are their own NFKC, and fold to one small letter each
WORDS = f"^[{PLAIN}]+( [{PLAIN}]+)*$"
LINE = f"^[{PLAIN}]([ {PLAIN}]*[{PLAIN}])?$"
OLD_ID = "^[!-~]([ -~]{0,98}[!-~])?$"
CODE = "^[A-Za-z0-9_-]{2,40}$"
EMAIL = "^[a-z0-9_+-]+([.][a-z0-9_+-]+)*@[a-z0-9][a-z0-9-]*([.][a-z0-9-]+)+$"
DAY = (
    "^20[0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))( ([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?)?$"
)
ODD = ("phone", "aliases", "rate", "site")  # what stands here only the rules can read


def _folded(text: str) -> str:
    """Return the expression of a text in small letters; all but ASCII takes a while."""
    plain = f"octet_length({text}) = length({text})"
    return f"CASE WHEN {plain} THEN lower({text}) ELSE translate(lower({text}), '{UPPER}', '{UPPER.lower()}') END"


_TABLE = """
CREATE TEMP TABLE moving_plain (row_id bigint, place bigint, above bigint, plain boolean, partner bigint,
    old_id text, name text, email text, code text, key text, other text, sponsor_said text, sponsor bigint,
    status text, says_status boolean, comment text, group_said text, "group" bigint, terms_said text, terms bigint,
    joined timestamptz) ON COMMIT DROP
"""
# Each is looked up through its key, whatever the statistics say: scalar queries are never joined otherwise.
_FILL = """
INSERT INTO moving_plain
WITH r AS MATERIALIZED (
    SELECT r.id, r.place, r.old_id, r.parent, r.circle, {cells}, {odd} AS odd
    FROM import_row r WHERE file_id = %(file)s AND place BETWEEN %(first)s AND %(last)s
), s AS MATERIALIZED (
    SELECT r.*, nullif(btrim(c_name || ' ' || c_surname), '') AS name, lower(nullif(c_email, '')) AS email,
        lower(c_code) AS key,
        nullif(lower(r.old_id), CASE WHEN %(ids)s THEN lower(c_code) ELSE lower(r.old_id) END) AS other,
        nullif(c_sponsor, '') AS said, CASE WHEN c_sponsor <> '' THEN coalesce(r.parent, c_sponsor) END AS target,
        CASE WHEN c_status = '' THEN 'active' ELSE %(statuses)s::jsonb ->> replace({status}, 'ё', 'е') END AS status,
        (%(groups)s::jsonb ->> {group})::bigint AS "group", (%(terms)s::jsonb ->> {terms})::bigint AS terms,
        CASE WHEN c_joined ~ %(day)s THEN c_joined::timestamp END AS joined
    FROM r
), f AS MATERIALIZED (
    SELECT s.*, NOT odd AND circle IS NULL AND old_id = c_id AND c_id ~ %(old_id)s AND c_code ~ %(code)s
        AND (c_name = '' OR c_name ~ %(words)s) AND (c_surname = '' OR c_surname ~ %(line)s)
        AND coalesce(length(name), 0) <= 200 AND (email IS NULL OR email ~ %(email)s AND length(email) <= 254
            AND octet_length(c_email) = length(c_email))
        AND (said IS NULL OR said ~ %(old_id)s AND (target = said OR target ~ %(old_id)s)
             AND target <> old_id AND said <> old_id)
        AND status IS NOT NULL AND (c_status = '' OR c_status ~ %(line)s)
        AND (c_group = '' OR c_group ~ %(line)s AND "group" IS NOT NULL)
        AND (c_terms = '' OR c_terms ~ %(line)s AND terms IS NOT NULL)
        AND (c_comment = '' OR c_comment ~ %(line)s AND length(c_comment) <= 2000)
        AND (c_joined = '' OR joined IS NOT NULL
             AND (joined - interval '3 hours') AT TIME ZONE %(zone)s
                 = joined AT TIME ZONE %(zone)s - interval '3 hours'
             AND (joined + interval '3 hours') AT TIME ZONE %(zone)s
                 = joined AT TIME ZONE %(zone)s + interval '3 hours')
        AND (NOT %(ids)s OR length(old_id) <= 80 AND old_id !~ ' ')
        AND count(*) OVER (PARTITION BY key) = 1
        AND (email IS NULL OR count(*) OVER (PARTITION BY email) = 1) AS fine
    FROM s
), k AS MATERIALIZED (
    SELECT f.*, fine
        AND (SELECT count(*) FROM (SELECT FROM import_row t WHERE t.file_id = %(file)s
                 AND t.old_id = f.old_id LIMIT 2) t) = 1
        AND (SELECT o.id FROM import_origin o WHERE o.source = %(source)s AND o.kind = 'partner'
                 AND o.old_id = f.old_id LIMIT 1) IS NULL
        AND (SELECT c.id FROM code c WHERE c.key = f.key LIMIT 1) IS NULL
        AND (other IS NULL OR (SELECT c.id FROM code c WHERE c.key = f.other LIMIT 1) IS NULL)
        AND (email IS NULL OR (SELECT p.id FROM partner p WHERE p.email = f.email AND p.email IS NOT NULL
                 AND p.status <> 'removed' LIMIT 1) IS NULL) AS free,
        (SELECT o.target_id FROM import_origin o WHERE o.source = %(source)s AND o.kind = 'partner'
             AND o.old_id = f.target) AS sponsor
    FROM f
), a AS MATERIALIZED (
    SELECT k.*, CASE
        WHEN NOT free OR target IS NULL THEN 0
        WHEN sponsor IS NOT NULL THEN (
            SELECT CASE WHEN p.status IN ('active','blocked') THEN 0 ELSE -1 END FROM partner p WHERE p.id = k.sponsor)
        WHEN target LIKE '%%@%%' OR (SELECT c.id FROM code c WHERE c.key = lower(k.target) LIMIT 1) IS NOT NULL THEN -1
        ELSE (SELECT CASE WHEN p.place >= k.place THEN -1 WHEN p.place >= %(first)s THEN p.place
                     WHEN %(brings)s OR p.verdict = 'refused' THEN -1 ELSE 0 END
              FROM import_row p WHERE p.file_id = %(file)s AND p.old_id = k.target ORDER BY p.number LIMIT 1)
        END AS above
    FROM k ORDER BY place
)
SELECT id, place, above, free AND coalesce(above, -1) >= 0,
    CASE WHEN %(brings)s AND free THEN nextval('partner_id_seq') END,
    old_id, name, email, c_code, key, other, said, sponsor, status, c_status <> '', c_comment,
    nullif(c_group, ''), "group",
    nullif(c_terms, ''), terms, joined AT TIME ZONE %(zone)s
FROM a
"""
FIELDS = (
    "id", "name", "surname", "email", "code", "sponsor", "status", "group", "terms", "comment", "joined"
)  # fmt: skip
_TWICE = """
UPDATE moving_plain SET plain = false WHERE plain AND (key = ANY(ARRAY(SELECT k FROM (
        SELECT key AS k FROM moving_plain UNION ALL SELECT other FROM moving_plain) x GROUP BY k HAVING count(*) > 1))
    OR other = ANY(ARRAY(SELECT k FROM (
        SELECT key AS k FROM moving_plain UNION ALL SELECT other FROM moving_plain) x GROUP BY k HAVING count(*) > 1)))
"""
_OTHERS = "SELECT place FROM moving_plain WHERE NOT plain"
_WAITING = "SELECT place, above FROM moving_plain WHERE plain AND above > 0 ORDER BY place"
_NOT_PLAIN = "UPDATE moving_plain SET plain = false WHERE place = ANY(%(places)s)"
_CLASH = """
SELECT place FROM moving_plain
WHERE plain AND (key = ANY(%(keys)s) OR other = ANY(%(keys)s) OR email = ANY(%(emails)s))
"""
_VERDICTS = """
UPDATE import_row r SET verdict = 'new', flaws = '[]', amount = NULL FROM moving_plain p
WHERE p.plain AND r.id = p.row_id AND r.file_id = %(file)s AND r.place BETWEEN %(first)s AND %(last)s
  AND (r.verdict IS DISTINCT FROM 'new' OR r.flaws <> '[]' OR r.amount IS NOT NULL)
"""
_COUNT = "SELECT count(*) AS number FROM moving_plain WHERE plain"
_BELOW = """
UPDATE moving_plain n SET sponsor = p.partner FROM moving_plain p
WHERE n.plain AND n.above > 0 AND p.place = n.above
"""
_PARTNERS = f"""
INSERT INTO partner (id, public_id, refcode, name, email, comment, search, status, terms_id, group_id,
                     sponsor_id, locale, created_at)
SELECT partner,
       'pt_' || convert_from(substring(%(letters)s::bytea FROM (16 * row_number() OVER () - 15)::int FOR 16), 'UTF8'),
       key, shown, email, comment, {_folded("words")}, status, terms, "group", sponsor, %(locale)s,
       least(joined, %(now)s)
FROM (SELECT *, coalesce(name, email, code) AS shown, concat_ws(' ', coalesce(name, email, code), email, key) AS words
      FROM moving_plain WHERE plain OFFSET 0) n
"""  # noqa: S608 - parts of our own
_CODES = """
INSERT INTO code (key, display, kind, partner_id, created_at)
SELECT key, code, 'refcode', partner, %(now)s FROM moving_plain WHERE plain
"""
_OLD_CODES = """
INSERT INTO code (key, display, kind, partner_id, created_at, retired_at)
SELECT other, other, 'refcode', partner, %(now)s, %(now)s FROM moving_plain WHERE plain AND other IS NOT NULL
"""
_FACTS = """
INSERT INTO fact (owner, name, value, valid_from, actor)
SELECT 'partner:' || partner, f.name, f.value, %(now)s, %(actor)s FROM moving_plain
CROSS JOIN LATERAL (VALUES ('status', to_jsonb(status)), ('terms', coalesce(to_jsonb(terms), 'null')),
    ('group', coalesce(to_jsonb("group"), 'null')), ('levels', '[]')) AS f(name, value)
WHERE plain
"""
_EDGES = """
INSERT INTO sponsor_edge (partner_id, sponsor_id, valid_from, actor)
SELECT partner, sponsor, %(now)s, %(actor)s FROM moving_plain WHERE plain
"""
_ORIGINS = """
INSERT INTO import_origin (source, kind, old_id, target_id, given, file_id, made, at)
SELECT %(source)s, 'partner', old_id, partner, jsonb_strip_nulls(jsonb_build_object(
        'id', old_id, 'name', name, 'email', email, 'code', code, 'sponsor', sponsor_said,
        'status', CASE WHEN says_status THEN status END, 'group', group_said, 'terms', terms_said,
        'comment', nullif(comment, ''),
        'joined', to_char(joined AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))),
    %(file)s, true, %(now)s
FROM moving_plain WHERE plain
"""
_BRING = (_PARTNERS, _CODES, _OLD_CODES, _FACTS, _EDGES, _ORIGINS)


def plainly(work: Work, places: Sequence[int], *, brings: bool) -> tuple[int, list[Plan]]:
    """Do what is plain of a part; return how many rows that is, and the other rows, to be judged one by one."""
    _fill(work, places, brings=brings)
    others = {row.place for row in sql.rows(_OTHERS, {})}
    above = [(row.place, row.above) for row in sql.rows(_WAITING, {})] if others else []
    plans: list[Plan] = []
    new = sorted(others | _below(above, others))
    while new:
        others.update(new)
        sql.send(_NOT_PLAIN, {"places": new})
        more = plans_of(work, new)
        plans += more
        clash = _clash(work, more)
        new = sorted((clash | _below(above, others | clash)) - others)
    number = int(sql.one(_COUNT, {}).number)
    if number:
        sql.send(_VERDICTS, {"file": work.file.id, "first": places[0], "last": places[-1]})
        if brings:
            _bring(work, number)
    return number, sorted(plans, key=lambda plan: plan.row.place)


def _below(above: Sequence[tuple[int, int]], others: Collection[int]) -> set[int]:
    """Return the rows of the part that stand below others, however far."""
    found: set[int] = set()
    for place, sponsor in above:
        if sponsor in others or sponsor in found:
            found.add(place)
    return found


def _clash(work: Work, plans: Sequence[Plan]) -> set[int]:
    """Return the plain rows that say a code or an e-mail which one of the others says."""
    keys = sorted({key for each in plans for key in keys_of(work, each)})
    emails = sorted({e for each in plans if (e := each.row.values.get("email"))})
    return {row.place for row in sql.rows(_CLASH, {"keys": keys, "emails": emails})}


def _cell(work: Work, field: str) -> str:
    place = work.file.mapping.get(field)
    return "''" if place is None else f"coalesce(btrim(cells[{int(place) + 1}]), '')"


def _fill(work: Work, places: Sequence[int], *, brings: bool) -> None:
    odd = " || ".join(_cell(work, field) for field in ODD)
    said = {name: _folded(f"c_{name}") for name in ("status", "group", "terms")}
    statement = _FILL.format(
        cells=", ".join(f"{_cell(work, field)} AS c_{field}" for field in FIELDS),
        odd=f"({odd}) <> ''",
        **said,
    )
    ids = bool(work.option.get("ids_in_links"))
    sql.send("DROP TABLE IF EXISTS moving_plain", {})
    sql.send(_TABLE, {})
    sql.send(
        statement,
        {
            "file": work.file.id, "source": work.file.source, "first": places[0], "last": places[-1],
            "ids": ids, "brings": brings, "zone": work.reading.zone, "day": DAY, "old_id": OLD_ID,
            "code": CODE, "words": WORDS, "line": LINE, "email": EMAIL,
            "statuses": _known(STATUS_WORDS),
            "groups": _known({each.name.casefold(): each.id for each in programs.all_groups()}),
            "terms": _known({each.name.casefold(): each.id for each in programs.all_terms()}),
        },
    )  # fmt: skip
    if ids:
        sql.send(_TWICE, {})


def _known(words: dict[str, Any]) -> str:
    return json.dumps(words, ensure_ascii=False)


def _bring(work: Work, number: int) -> None:
    sql.send(_BELOW, {})
    sql.send(WRITES, {})
    said = {
        "now": work.now,
        "letters": letters(number),
        "actor": actor(),
        "locale": work.tenant.locale,
        "source": work.file.source,
        "file": work.file.id,
    }
    for statement in _BRING:
        sql.send(statement, said)
    touch_tree()
