"""Partners: their states, who they are as buyers, and the tree of sponsors as it was at any instant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from app.lifecycle import Lifecycle

FOREVER = datetime.max.replace(tzinfo=UTC)


class Status(StrEnum):
    """Where a partner stands; only an active one earns."""

    PENDING = "pending"
    ACTIVE = "active"
    BLOCKED = "blocked"
    REMOVED = "removed"
    REJECTED = "rejected"


LIFECYCLE = Lifecycle(
    {
        (Status.PENDING, "approve"): Status.ACTIVE,
        (Status.PENDING, "reject"): Status.REJECTED,
        (Status.ACTIVE, "block"): Status.BLOCKED,
        (Status.ACTIVE, "remove"): Status.REMOVED,
        (Status.BLOCKED, "unblock"): Status.ACTIVE,
        (Status.BLOCKED, "remove"): Status.REMOVED,
        (Status.REJECTED, "approve"): Status.ACTIVE,
        (Status.REJECTED, "remove"): Status.REMOVED,
    }
)


@dataclass(frozen=True, slots=True)
class Identity:
    """By what a partner is known as a buyer: members' ids, normalised e-mails, E.164 phones."""

    members: frozenset[int] = frozenset()
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()

    def is_buyer(self, member_id: int | None, email: str | None, phone: str | None) -> bool:
        """Whether the buyer is this partner: the same member, e-mail or phone."""
        return member_id in self.members or email in self.emails or phone in self.phones


@dataclass(frozen=True, slots=True)
class Edge:
    """Who sponsors a partner in [start, end); no sponsor: a root, said aloud."""

    partner_id: int
    sponsor_id: int | None
    start: datetime
    end: datetime | None = None


Tree = Mapping[int, tuple[Edge, ...]]


def tree_of(edges: Iterable[Edge]) -> Tree:
    """Group edges by partner, oldest first."""
    found: dict[int, list[Edge]] = defaultdict(list)
    for edge in sorted(edges, key=lambda edge: edge.start):
        found[edge.partner_id].append(edge)
    return {partner: tuple(own) for partner, own in found.items()}


def sponsor_at(tree: Tree, partner_id: int, at: datetime) -> int | None:
    """Return the sponsor at the instant; before the first edge the first one is read."""
    own = tree.get(partner_id, ())
    if own and at < own[0].start:
        return own[0].sponsor_id
    for edge in own:
        if edge.start <= at < (edge.end or FOREVER):
            return edge.sponsor_id
    return None


def upline(tree: Tree, partner_id: int, at: datetime, depth: int) -> tuple[int, ...]:
    """Return up to `depth` sponsors above the partner at the instant, nearest first."""
    chain: list[int] = []
    below: int | None = partner_id
    while below is not None and len(chain) < depth:
        below = sponsor_at(tree, below, at)
        if below is None or below == partner_id or below in chain:
            break
        chain.append(below)
    return tuple(chain)


def makes_cycle(tree: Tree, edge: Edge) -> bool:
    """Say whether adding the edge would put a partner above themselves at any instant of it.

    The tree is that without the edge, and with what the edge replaces ended before its start.
    """
    if edge.sponsor_id is None:
        return False
    todo = [(edge.sponsor_id, edge.start, edge.end or FOREVER)]
    seen: set[tuple[int, datetime, datetime]] = set()
    while todo:
        node, start, end = todo.pop()
        if node == edge.partner_id:
            return True
        for above in tree.get(node, ()):
            if above.sponsor_id is None:
                continue
            step = (above.sponsor_id, max(start, above.start), min(end, above.end or FOREVER))
            if step[1] < step[2] and step not in seen:
                seen.add(step)
                todo.append(step)
    return False
