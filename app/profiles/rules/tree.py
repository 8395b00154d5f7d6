"""Read and write the tree of conditions."""

from __future__ import annotations

from typing import Any

from app.profiles.rules.facts import Fact, find
from app.profiles.rules.problems import Problem
from app.profiles.rules.shape import AGGREGATES, DEPTH, LEAVES, All, AnyOf, Leaf, Lines, Node, Not
from app.profiles.rules.values import MOST_DAYS, NoValueError, wanted, whole

_WIDEST = 100
_DEEPEST = 8  # nothing below is read at all: bad input ends in problems, not in a full stack
_GROUPS = ("all", "any", "not", "lines", "fact")


class Problems:
    """What was found wrong so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.all: list[Problem] = []

    def add(self, path: str, code: str, **values: Any) -> None:
        """Note one."""
        self.all.append(Problem(path, code, values))

    def only(self, data: dict[Any, Any], known: set[str], path: str) -> None:
        """Note every key that has no meaning here."""
        for name in data:
            if name not in known:
                place = f"{path}.{name}".strip(".")[:200]
                self.add(place, "unknown_key", name=str(name)[:60])


def read_node(data: Any, path: str, scope: str, found: Problems, level: int = 0) -> Node:
    """Return the tree; a stand-in where it is none, and then a problem is noted.

    `scope`: event, line (inside goods) or upline (inside a chain's condition).
    """
    if not isinstance(data, dict):
        found.add(path, "not_an_object")
        return All()
    kinds = [name for name in _GROUPS if name in data]
    if len(kinds) != 1 or level > _DEEPEST:
        found.add(path, "unknown_node" if len(kinds) != 1 else "too_deep", most=DEPTH)
        return All()
    if kinds[0] == "fact":
        return _leaf(data, path, scope, found)
    if kinds[0] == "lines":
        return _lines(data, path, scope, found, level)
    found.only(data, {kinds[0]}, path)
    if kinds[0] == "not":
        return Not(read_node(data["not"], f"{path}.not", scope, found, level + 1))
    nodes = _nodes(data[kinds[0]], f"{path}.{kinds[0]}", scope, found, level)
    if not nodes and (kinds[0] == "any" or level):
        found.add(f"{path}.{kinds[0]}", "empty_group")
    return All(nodes) if kinds[0] == "all" else AnyOf(nodes)


def _nodes(data: Any, path: str, scope: str, found: Problems, level: int) -> tuple[Node, ...]:
    if not isinstance(data, list):
        found.add(path, "not_a_list")
        return ()
    if len(data) > _WIDEST:
        found.add(path, "too_many_leaves", most=LEAVES)
        return ()
    return tuple(
        read_node(each, f"{path}.{place}", scope, found, level + 1)
        for place, each in enumerate(data)
    )


def write_node(node: Node) -> dict[str, Any]:
    """Return the tree as JSON."""
    if isinstance(node, All | AnyOf):
        name = "all" if isinstance(node, All) else "any"
        return {name: [write_node(each) for each in node.nodes]}
    if isinstance(node, Not):
        return {"not": write_node(node.node)}
    if isinstance(node, Lines):
        least = {} if node.value is None else {"value": node.value}
        return {"lines": write_node(node.node), "agg": node.agg, **least}
    days = {} if node.days is None else {"days": node.days}
    value = list(node.value) if isinstance(node.value, tuple) else node.value
    return {"fact": node.fact, **days, "op": node.op, "value": value}


def _lines(data: dict[str, Any], path: str, scope: str, found: Problems, level: int) -> Node:
    found.only(data, {"lines", "agg", "value"}, path)
    if scope != "event":
        found.add(path, "unknown_node")
    agg, value = data.get("agg", "any"), data.get("value")
    if agg not in AGGREGATES:
        found.add(f"{path}.agg", "wrong_value")
        agg = "any"
    counted = agg in {"count_gte", "sum_gte"}
    try:
        value = whole(value, 1) if counted else None
    except NoValueError:
        found.add(f"{path}.value", "wrong_value")
    if not counted and data.get("value") is not None:
        found.add(f"{path}.value", "wrong_value")
    return Lines(read_node(data["lines"], f"{path}.lines", "line", found, level + 1), agg, value)


def _leaf(data: dict[str, Any], path: str, scope: str, found: Problems) -> Node:
    found.only(data, {"fact", "op", "value", "days"}, path)
    name = data["fact"]
    fact = find(name) if isinstance(name, str) else None
    if fact is None:
        found.add(f"{path}.fact", "unknown_fact", name=str(name)[:60])
        return All()
    if (fact.family if fact.family in {"line", "upline"} else "event") != scope:
        found.add(f"{path}.fact", "wrong_scope", name=fact.key)
    op = data.get("op")
    if not isinstance(op, str) or op not in fact.operators:
        found.add(f"{path}.op", "wrong_operator", name=fact.key)
        return All()
    return _compared(data, fact, op, path, found)


def _compared(data: dict[str, Any], fact: Fact, op: str, path: str, found: Problems) -> Node:
    days = data.get("days")
    if days is not None:
        if not fact.windowed:
            found.add(f"{path}.days", "no_window", name=fact.key)
        try:
            days = whole(days, 1, MOST_DAYS)
        except NoValueError:
            found.add(f"{path}.days", "wrong_value")
    try:
        return Leaf(fact.key, op, wanted(fact, op, data.get("value")), days)
    except NoValueError:
        found.add(f"{path}.value", "wrong_value")
        return All()
