"""The whole network of a file at once, in set statements: whose sponsor is whose, who comes first, and circles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app import sql
from app.imports.rules import arranged, told
from app.imports.service.lookups import partners_said
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.imports.service.lookups import Work

TOGETHER = 5_000
_TABLE = """
DROP TABLE IF EXISTS moving_node;
CREATE TEMP TABLE moving_node (row_id bigint, number bigint, node text, said text, code text,
    first boolean, above bigint, parent text, depth bigint) ON COMMIT DROP
"""
_FILL = """
INSERT INTO moving_node (row_id, number, node, said, code, first)
SELECT id, number, old_id, nullif(btrim(cells[%(sponsor)s]), ''), nullif(btrim(cells[%(code)s]), ''),
       row_number() OVER (PARTITION BY old_id ORDER BY number) = 1 AND old_id IS NOT NULL
FROM import_row WHERE file_id = %(file)s
"""
_KNOW = """
CREATE UNIQUE INDEX ON moving_node (node) WHERE first;
CREATE INDEX ON moving_node (row_id);
ANALYZE moving_node
"""
_BY_ID = """
UPDATE moving_node n SET above = m.row_id FROM moving_node m
WHERE n.first AND m.first AND m.node = n.said
"""
_LOST = "SELECT DISTINCT said FROM moving_node WHERE first AND said IS NOT NULL AND above IS NULL"
_CODES = """
SELECT number, row_id, node, code FROM moving_node
WHERE code IS NOT NULL AND node IS NOT NULL AND number > %(last)s ORDER BY number LIMIT %(most)s
"""
_BY_SAID = """
UPDATE moving_node n SET above = v.above, parent = v.parent
FROM json_to_recordset(%(rows)s) AS v(said text, above bigint, parent text)
WHERE n.first AND n.above IS NULL AND n.said = v.said
"""
# From those who are here already upward, as far as somebody of the file: a circle may go through both.
_CLIMB = """
WITH RECURSIVE up(start, at, way) AS (
    SELECT p, p, ARRAY[p] FROM unnest(%(starts)s::bigint[]) u(p)
    UNION ALL
    SELECT up.start, e.sponsor_id, up.way || e.sponsor_id
    FROM up JOIN sponsor_edge e ON e.partner_id = up.at
    WHERE e.sponsor_id IS NOT NULL AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
      AND e.sponsor_id <> ALL(up.way)
      AND NOT EXISTS (SELECT FROM import_origin o JOIN moving_node n ON n.first AND n.node = o.old_id
                      WHERE o.source = %(source)s AND o.kind = 'partner' AND o.target_id = up.at)
)
SELECT DISTINCT ON (up.start) up.start, n.row_id
FROM up JOIN import_origin o ON o.source = %(source)s AND o.kind = 'partner' AND o.target_id = up.at
JOIN moving_node n ON n.first AND n.node = o.old_id
ORDER BY up.start, cardinality(up.way)
"""
_CLIMBED = """
CREATE INDEX ON moving_node (above) WHERE first;
ANALYZE moving_node
"""
_DEPTHS = """
WITH RECURSIVE t(row_id, depth) AS (
    SELECT row_id, 0::bigint FROM moving_node WHERE first AND above IS NULL
    UNION ALL
    SELECT n.row_id, t.depth + 1 FROM t JOIN moving_node n ON n.first AND n.above = t.row_id
)
UPDATE moving_node n SET depth = t.depth FROM t WHERE n.row_id = t.row_id
"""
_CIRCLING = """
SELECT n.row_id, n.node, m.node AS parent FROM moving_node n JOIN moving_node m ON m.row_id = n.above
WHERE n.first AND n.depth IS NULL ORDER BY n.number
"""
_CIRCLES = """
UPDATE import_row r SET circle = v.circle
FROM json_to_recordset(%(rows)s) AS v(id bigint, circle text) WHERE r.id = v.id
"""
# Who is written anew is taken for new until he is looked at: most are, and need not be written twice.
# A file that names sponsors first keeps its order, and none of its rows is written again.
_BEFORE_SPONSORS = """
SELECT EXISTS (SELECT FROM moving_node n JOIN moving_node m ON m.row_id = n.above
               WHERE n.first AND n.number < m.number) AS found
"""
_TURNS = """
UPDATE import_row r SET place = n.place, parent = n.parent,
       verdict = CASE WHEN n.first AND r.circle IS NULL THEN 'new' END FROM (
    SELECT row_id, parent, first, row_number() OVER (ORDER BY {order} number) AS place FROM moving_node
) n WHERE r.id = n.row_id AND r.file_id = %(file)s
  AND (r.place <> n.place OR r.parent IS DISTINCT FROM n.parent)
"""
# Tables of the moment have no history from which the planner could know how many rows join.
WHOLE = "SET LOCAL enable_nestloop = {}"


def arrange(work: Work) -> None:
    """Give each row its turn, so that sponsors come before those whom they brought; name the circles."""
    mapping = work.file.mapping
    if "sponsor" not in mapping:
        return
    values = {
        "file": work.file.id,
        "sponsor": mapping["sponsor"] + 1,
        "code": mapping.get("code", -1) + 1,
    }
    _send_each(_TABLE)
    sql.send(_FILL, values)
    _send_each(_KNOW)
    sql.send(_BY_ID, {})
    lost = [row.said for row in sql.rows(_LOST, {})]
    if lost and "code" in mapping:
        lost = _by_code(lost)
    if lost:
        _through_those_here(work, lost)
    _send_each(_CLIMBED)
    sql.send(_DEPTHS, {})
    circling = _name_circles()
    unsorted = circling or sql.one(_BEFORE_SPONSORS, {}).found
    order = "depth NULLS LAST, first DESC," if unsorted else ""
    sql.send(WHOLE.format("off"), {})
    sql.send(_TURNS.format(order=order), values)
    sql.send(WHOLE.format("on"), {})


def _send_each(statements: str) -> None:
    for statement in statements.split(";"):
        sql.send(statement, {})


def _by_code(lost: Sequence[str]) -> list[str]:
    """Find sponsors who are named by the code of a row; return those who are still not found."""
    wanted: dict[str, list[str]] = {}
    for said in lost:
        wanted.setdefault(fold_code(said), []).append(said)
    found: dict[str, dict[str, Any]] = {}
    for row in _codes():
        for said in wanted.get(fold_code(row.code), ()):
            found.setdefault(said, {"said": said, "above": row.row_id, "parent": row.node})
    _keep(list(found.values()))
    return [said for said in lost if said not in found]


def _codes() -> Iterator[Any]:
    last = 0
    while part := sql.rows(_CODES, {"last": last, "most": TOGETHER}):
        yield from part
        last = part[-1].number


def _keep(rows: Sequence[dict[str, Any]]) -> None:
    for start in range(0, len(rows), TOGETHER):
        sql.send(_BY_SAID, {"rows": sql.recordset(rows[start : start + TOGETHER])})


def _through_those_here(work: Work, lost: Sequence[str]) -> None:
    """Put rows below the rows of this file that stand above their sponsors, who are here already."""
    for start in range(0, len(lost), TOGETHER):
        known = partners_said(work.file.source, lost[start : start + TOGETHER])
        if not known:
            continue
        values = {"source": work.file.source, "now": work.now}
        starts = {"starts": sql.array(sorted(set(known.values())))}
        above = {row.start: row.row_id for row in sql.rows(_CLIMB, values | starts)}
        _keep(
            [
                {"said": said, "above": above[partner], "parent": None}
                for said, partner in known.items()
                if partner in above
            ]
        )


def _name_circles() -> bool:
    """Write down the circles among those who hang below nobody's end; whether there are any."""
    rows = sql.rows(_CIRCLING, {})
    parents = {row.node: (row.parent,) for row in rows}
    _order, circles = arranged(list(parents), parents)
    ids = {row.node: row.row_id for row in rows}
    named = [
        {"id": ids[node], "circle": told(circle, node)} for circle in circles for node in circle
    ]
    for start in range(0, len(named), TOGETHER):
        sql.send(_CIRCLES, {"rows": sql.recordset(named[start : start + TOGETHER])})
    return bool(rows)
