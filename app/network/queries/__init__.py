"""Read the network: nodes of the tree, the way up to one, and what another tree would have paid."""

from __future__ import annotations

from app.network.queries.nodes import (
    Node,
    Page,
    Viewer,
    as_merchant,
    as_partner,
    below,
    node,
    nodes,
    searched,
)
from app.network.queries.rehearsal import Rehearsal, rehearse
from app.network.queries.totals import Summary, branch_size, moves, summary, waiting
from app.network.queries.ways import Way, way_up

__all__ = [
    "Node",
    "Page",
    "Rehearsal",
    "Summary",
    "Viewer",
    "Way",
    "as_merchant",
    "as_partner",
    "below",
    "branch_size",
    "moves",
    "node",
    "nodes",
    "rehearse",
    "searched",
    "summary",
    "waiting",
    "way_up",
]
