"""The way up from a partner: the nearest above him, the topmost, and how many stand between."""

from __future__ import annotations

from dataclasses import dataclass

from app import clock, sql
from app.network.queries.nodes import Node, Viewer, nodes

NEAR = 6  # of the nearest above, as many as a page draws

_UP = """
WITH RECURSIVE up(id, n) AS (
    SELECT %(start)s::bigint, 0::bigint
    UNION ALL
    SELECT e.sponsor_id, u.n + 1 FROM up u JOIN sponsor_edge e ON e.partner_id = u.id
    WHERE e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
      AND e.sponsor_id IS NOT NULL AND u.id <> coalesce(%(stop)s::bigint, 0)
), last(n) AS (SELECT max(n) FROM up)
SELECT up.id, up.n, last.n AS length FROM up, last
WHERE up.n <= %(near)s OR up.n = last.n ORDER BY up.n
"""


@dataclass(frozen=True)
class Way:
    """From the topmost down to one partner; `hidden` stand between the topmost and the nearest."""

    top: Node | None
    hidden: int
    near: list[Node]  # the topmost of the nearest first; without the partner himself
    length: int  # how many stand above


def way_up(viewer: Viewer, partner_id: int) -> Way | None:
    """Return the way from the top (a partner: from himself) to somebody, in two statements.

    None where a partner looks at somebody who does not stand below him.
    """
    values = {"start": partner_id, "now": clock.now(), "stop": viewer.partner_id, "near": NEAR}
    rows = sql.rows(_UP, values)
    last = rows[-1]
    if viewer.partner_id is not None and last.id != viewer.partner_id:
        return None
    known = nodes(viewer, [row.id for row in rows])
    near = [known[row.id] for row in reversed(rows) if 0 < row.n <= NEAR and row.id in known]
    far = known.get(last.id) if last.n > NEAR else None
    return Way(top=far, hidden=max(0, last.n - NEAR - 1), near=near, length=int(last.n))
