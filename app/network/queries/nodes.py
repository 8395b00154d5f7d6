"""Nodes of the tree as one reader may see them; whose names are hidden, never leave this module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.extensions import db
from app.network.models import NetworkRun
from app.network.rules import masked
from app.partners import queries as partners
from app.tenancy import current_tenant
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

SIZE = 50
FOUND = 20  # people that a search shows
CANDIDATES = 50  # matches of a partner's search whose place is looked up


@dataclass(frozen=True)
class Viewer:
    """Who looks: the merchant's staff, or a partner at those below him."""

    partner_id: int | None = None
    masks: bool = False
    run: int | None = None
    counted_at: datetime | None = None


@dataclass(frozen=True)
class Node:
    """One partner in the tree. Counts are None until the next roll-up; sums are minor units.

    To the merchant sums are all that the branch brought, to a partner what he earns from it.
    """

    id: int
    public_id: str
    name: str
    refcode: str | None
    status: str
    since: datetime
    until: datetime | None  # the parent's commissions end
    opens: bool
    direct: int | None
    whole: int | None
    depth: int | None
    turnover_30: int
    commission_30: int
    turnover: int
    commission: int


@dataclass(frozen=True)
class Page:
    """Some of those below one partner; `next` is where the rest begins."""

    nodes: list[Node]
    next: int | None


def as_merchant() -> Viewer:
    """Return the merchant's own eyes."""
    run = _run()
    return Viewer(run=run.ready if run else None, counted_at=run.ready_at if run else None)


def as_partner(partner_id: int) -> Viewer:
    """Return a partner's eyes; the merchant's switch says whether names are hidden from him."""
    run = _run()
    return Viewer(
        partner_id=partner_id,
        masks=bool(tenants.setting("mask_referred")),
        run=run.ready if run else None,
        counted_at=run.ready_at if run else None,
    )


def _run() -> NetworkRun | None:
    return db.session.get(NetworkRun, current_tenant())


_NODE = """
SELECT p.id, p.public_id, p.name, p.refcode, p.status, p.created_at, e.valid_to,
       b.direct, b.whole, b.depth,
       coalesce(CASE WHEN %(viewer)s::bigint IS NULL THEN b.turnover_30 ELSE g.turnover_30 END, 0)
           AS turnover_30,
       coalesce(CASE WHEN %(viewer)s::bigint IS NULL THEN b.commission_30 ELSE g.commission_30 END, 0)
           AS commission_30,
       coalesce(CASE WHEN %(viewer)s::bigint IS NULL THEN b.turnover ELSE g.turnover END, 0)
           AS turnover,
       coalesce(CASE WHEN %(viewer)s::bigint IS NULL THEN b.commission ELSE g.commission END, 0)
           AS commission,
       opened.opens
FROM sponsor_edge e
JOIN partner p ON p.tenant_id = e.tenant_id AND p.id = e.partner_id
LEFT JOIN branch b ON b.tenant_id = e.tenant_id AND b.run = %(run)s AND b.partner_id = p.id
LEFT JOIN branch_earning g ON g.tenant_id = e.tenant_id AND g.run = %(run)s
     AND g.earner_id = %(viewer)s AND g.partner_id = p.id
CROSS JOIN LATERAL (SELECT EXISTS (
    SELECT FROM sponsor_edge c JOIN partner k ON k.tenant_id = c.tenant_id AND k.id = c.partner_id
    WHERE c.tenant_id = e.tenant_id AND c.sponsor_id = p.id
      AND c.valid_from <= %(now)s AND (c.valid_to IS NULL OR c.valid_to > %(now)s)
      AND k.status IN ('active', 'blocked', 'removed')) AS opens) opened
WHERE e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
"""
_SHOWN = "AND (p.status IN ('active', 'blocked') OR (p.status = 'removed' AND opened.opens))"
_PAGED = "AND e.partner_id > %(after)s ORDER BY e.partner_id LIMIT %(most)s"
_BELOW = f"{_NODE}\n{_SHOWN}\nAND e.sponsor_id = %(top)s\n{_PAGED}"
_ROOTS = f"{_NODE}\n{_SHOWN}\nAND e.sponsor_id IS NULL\n{_PAGED}"
_THESE = f"{_NODE}\nAND e.partner_id = ANY(%(ids)s)"


def below(viewer: Viewer, top: int | None, after: int = 0, size: int = SIZE) -> Page:
    """Return those directly below a partner (None: those at the top) after one of them, by age.

    One statement, whatever the size of the tree.
    """
    values = _values(viewer, top=top, after=after, most=size + 1)
    found = [_node(row, viewer) for row in sql.rows(_ROOTS if top is None else _BELOW, values)]
    return Page(found[:size], found[size - 1].id if len(found) > size else None)


def nodes(viewer: Viewer, ids: Iterable[int]) -> Mapping[int, Node]:
    """Return some partners as nodes, whatever their state."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    rows = sql.rows(_THESE, _values(viewer, ids=wanted))
    return {row.id: _node(row, viewer) for row in rows}


def node(viewer: Viewer, partner_id: int) -> Node | None:
    """Return one partner as a node."""
    return nodes(viewer, [partner_id]).get(partner_id)


_MATCHES = """
SELECT p.id FROM partner p
WHERE p.status IN ('active', 'blocked', 'removed')
  AND p.search LIKE ALL(%(patterns)s) AND p.id <> coalesce(%(viewer)s::bigint, 0)
ORDER BY p.id LIMIT %(most)s
"""
_UNDER = """
WITH RECURSIVE up(start, id) AS (
    SELECT i, i FROM unnest(%(ids)s::bigint[]) i
    UNION
    SELECT u.start, e.sponsor_id FROM up u JOIN sponsor_edge e ON e.partner_id = u.id
    WHERE e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
      AND e.sponsor_id IS NOT NULL AND u.id <> %(viewer)s
)
SELECT start FROM up WHERE id = %(viewer)s ORDER BY start LIMIT %(most)s
"""


def searched(viewer: Viewer, words: str) -> list[Node]:
    """Return people whose name, e-mail or code has every word, as far as the viewer may look.

    A partner finds those below him, by name and code; where names are hidden he finds nobody, for
    a search would tell what the mask hides.
    """
    patterns = partners.patterns(words)
    if viewer.masks or not patterns:
        return []
    most = FOUND if viewer.partner_id is None else CANDIDATES
    values = {"patterns": patterns, "viewer": viewer.partner_id, "most": most}
    ids = [row.id for row in sql.rows(_MATCHES, values)]
    if viewer.partner_id is not None and ids:
        asked = _values(viewer, ids=ids, most=FOUND)
        ids = [row.start for row in sql.rows(_UNDER, asked)]
    found = nodes(viewer, ids)
    wanted = words.casefold().split()
    return [
        found[i]
        for i in ids
        if i in found and (viewer.partner_id is None or _says(found[i], wanted))
    ]


def _says(found: Node, words: list[str]) -> bool:
    """Whether the words stand in what is shown: a partner must not learn of an e-mail by asking for it."""
    shown = f"{found.name} {found.refcode or ''}".casefold()
    return all(word in shown for word in words)


def _values(viewer: Viewer, **more: Any) -> dict[str, Any]:
    return {"now": clock.now(), "run": viewer.run, "viewer": viewer.partner_id, **more}


def _node(row: Any, viewer: Viewer) -> Node:
    hidden = viewer.masks and row.id != viewer.partner_id
    return Node(
        id=row.id,
        public_id=row.public_id,
        name=masked(row.name) if hidden else row.name,
        refcode=None if hidden else row.refcode,
        status=row.status,
        since=row.created_at,
        until=row.valid_to,
        opens=row.opens,
        direct=row.direct,
        whole=row.whole,
        depth=row.depth,
        turnover_30=int(row.turnover_30),
        commission_30=int(row.commission_30),
        turnover=int(row.turnover),
        commission=int(row.commission),
    )
