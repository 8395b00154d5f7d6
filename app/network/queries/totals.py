"""The network in numbers, whose roll-up is old, and how far a move of children is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import select

from app import clock, sql
from app.extensions import db
from app.network.models import Branch, BranchEarning, NetworkRun
from app.network.rules import by_level
from app.partners.models import Rehang
from app.tenancy import current_tenant

if TYPE_CHECKING:
    from app.network.queries.nodes import Viewer

COUNTED = 10_001  # of a branch that no roll-up knows, as many are counted


@dataclass(frozen=True)
class Summary:
    """A branch, or the whole network, in numbers; `levels` are (level, partners), None: deeper.

    `earned`: to a partner, what each level's sales were and what he earned from them, minor units.
    """

    levels: list[tuple[int | None, int]]
    partners: int
    depth: int
    turnover_30: int
    commission_30: int
    turnover: int
    commission: int
    earned: dict[int, tuple[int, int]] = field(default_factory=dict)


def summary(viewer: Viewer, top: int | None) -> Summary | None:
    """Return what stands below a partner (None: the whole network); None before the first roll-up."""
    if viewer.run is None:
        return None
    if top is None:
        return _whole()
    row = db.session.get(Branch, (current_tenant(), viewer.run, top))
    if row is None:
        return None
    sums: Branch | BranchEarning | None = row
    earned: dict[int, tuple[int, int]] = {}
    if viewer.partner_id is not None:
        key = (current_tenant(), viewer.run, viewer.partner_id, top)
        sums = own = db.session.get(BranchEarning, key)
        pairs = zip(own.turnovers, own.commissions, strict=True) if own else ()
        earned = {level: pair for level, pair in enumerate(pairs, start=1) if any(pair)}
    return Summary(
        levels=by_level(row.levels, row.whole, earned),
        partners=row.whole,
        depth=row.depth,
        turnover_30=sums.turnover_30 if sums else 0,
        commission_30=sums.commission_30 if sums else 0,
        turnover=sums.turnover if sums else 0,
        commission=sums.commission if sums else 0,
        earned=earned,
    )


def _whole() -> Summary | None:
    run = db.session.get(NetworkRun, current_tenant())
    if run is None or not run.summary:
        return None
    said = dict(run.summary)
    levels = by_level(said.pop("levels"), said["partners"])
    return Summary(levels=levels, **said)


_SIZE = """
WITH RECURSIVE below(id, n) AS (
    SELECT %(top)s::bigint, 0
    UNION ALL
    SELECT e.partner_id, b.n + 1 FROM below b JOIN sponsor_edge e ON e.sponsor_id = b.id
    WHERE e.valid_from <= %(now)s AND (e.valid_to IS NULL OR e.valid_to > %(now)s)
)
SELECT count(*) - 1 AS n, max(n) AS depth FROM (SELECT n FROM below LIMIT %(most)s) seen
"""


def branch_size(top: int) -> tuple[int, int, bool]:
    """Return (how many stand below now, how deep, whether that is all).

    Counted on the spot up to COUNTED; a larger branch is as large as the last roll-up says.
    """
    values = {"top": top, "now": clock.now(), "most": COUNTED + 1}
    seen = sql.one(_SIZE, values)
    if seen.n < COUNTED:
        return int(seen.n), int(seen.depth), True
    run = db.session.get(NetworkRun, current_tenant())
    row = db.session.get(Branch, (current_tenant(), run.ready, top)) if run and run.ready else None
    return (row.whole, row.depth, False) if row else (COUNTED - 1, int(seen.depth), False)


_WAITING = """
SELECT v.tenant_id FROM tree_version v
JOIN tenant t ON t.id = v.tenant_id
LEFT JOIN network_run r ON r.tenant_id = v.tenant_id
WHERE r.tenant_id IS NULL OR r.stage <> 'idle'
   OR (coalesce(r.rest_until, %(wall)s) <= %(wall)s
       AND (r.ready IS NULL OR r.version <> v.version OR r.due_at <= %(wall)s + t.clock_offset))
ORDER BY v.tenant_id
"""


def waiting() -> list[int]:
    """Return the tenants whose roll-up is old or half done; to be asked as partnerka_drain."""
    return [row.tenant_id for row in sql.rows(_WAITING, {"wall": clock.wall()})]


def moves() -> list[tuple[int, int]]:
    """Return (tenant, id) of removals whose children still move; to be asked as partnerka_drain."""
    query = select(Rehang.tenant_id, Rehang.id).where(Rehang.finished_at.is_(None))
    return [(row.tenant_id, row.id) for row in db.session.execute(query.order_by(Rehang.id))]
