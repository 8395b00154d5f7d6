"""The order in which a network is brought in: sponsors first, and circles named."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SHOWN = 8  # members of a circle that are named


def arranged(
    nodes: Sequence[str], parents: Mapping[str, Iterable[str]]
) -> tuple[list[str], list[list[str]]]:
    """Return all nodes with parents before children, and the circles among them.

    Parents may stand outside of `nodes`. Members of circles and whoever hangs below them come last, in
    the order given; a circle is told from a node to its parent.
    """
    waits: dict[str, int] = dict.fromkeys(nodes, 0)
    below: dict[str, list[str]] = {}
    for node in nodes:
        for parent in set(parents.get(node, ())):
            if parent in waits:
                waits[node] += 1
                below.setdefault(parent, []).append(node)
    ready = deque(node for node in nodes if not waits[node])
    order: list[str] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for child in below.get(node, ()):
            waits[child] -= 1
            if not waits[child]:
                ready.append(child)
    if len(order) == len(waits):
        return order, []
    placed = set(order)
    left = [node for node in waits if node not in placed]
    return order + left, _circles(left, parents)


def _circles(left: Sequence[str], parents: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """Return the circles among nodes that could not be placed, each once."""
    among = set(left)
    state: dict[str, int] = {}  # 1: on the way, 2: done
    circles: list[list[str]] = []
    for start in left:
        if start in state:
            continue
        way = [start]
        todo = [iter([p for p in parents.get(start, ()) if p in among])]
        state[start] = 1
        while todo:
            step = next(todo[-1], None)
            if step is None:
                state[way.pop()] = 2
                todo.pop()
            elif step not in state:
                state[step] = 1
                way.append(step)
                todo.append(iter([p for p in parents.get(step, ()) if p in among]))
            elif state[step] == 1:
                circles.append(way[way.index(step) :])
    return circles


def told(circle: Sequence[str], node: str) -> str:
    """Return a circle as people read it, from one of its members: "a → b → a"."""
    start = circle.index(node)
    turned = [*circle[start:], *circle[:start]]
    shown = turned[:SHOWN]
    rest = ["…"] if len(turned) > SHOWN else []
    return " → ".join([*shown, *rest, node])
