"""Conditions as rows and groups on a page: read from a form, from a rule, and written as a rule.

A row has its fact for good, so its operators and its control fit without a script. A group's mode says
how its rows hold together: all of them, any, none, or not all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

from app.profiles.forms.offered import choices
from app.profiles.forms.values import TypedError, count, shown, wanted
from app.profiles.rules.facts import Fact, find
from app.profiles.rules.shape import DEPTH

if TYPE_CHECKING:
    from werkzeug.datastructures import MultiDict

MODES = (
    ("all", _l("all of these hold")),
    ("any", _l("any of these holds")),
    ("none", _l("none of these holds")),
    ("notall", _l("not all of these hold")),
)
AGGREGATES = (
    ("any", _l("there are such goods")),
    ("none", _l("there are no such goods")),
    ("count_gte", _l("lines of such goods, at least")),
    ("sum_gte", _l("goods for a sum of at least")),
)
MOST = 60  # children that are read


@dataclass
class Row:
    """One question; `typed` as it stands in its control."""

    path: str
    fact: Fact
    op: str
    typed: list[str] = field(default_factory=list)
    days: str = ""
    kind: str = "row"

    @property
    def options(self) -> tuple[tuple[str | int, str], ...]:
        """The values that it offers: the fact's own, or words that the merchant has defined."""
        return choices(self.fact)


@dataclass
class Group:
    """Rows and groups inside; `agg`: a group of goods, with how many of them or how much."""

    path: str
    mode: str = "all"
    nodes: list[Row | Group] = field(default_factory=list)
    agg: str = ""
    least: str = ""
    scope: str = "event"
    level: int = 0
    kind: str = "group"

    @property
    def may_nest(self) -> bool:
        """Whether another group fits inside."""
        return self.level + 1 < DEPTH

    def find(self, path: str) -> Group | None:
        """Return the group at the path."""
        if path == self.path:
            return self
        found = (each.find(path) for each in self.nodes if isinstance(each, Group))
        return next((each for each in found if each is not None), None)

    def drop(self, path: str) -> bool:
        """Take the row or group at the path away."""
        for each in self.nodes:
            if each.path == path:
                self.nodes.remove(each)
                return True
            if isinstance(each, Group) and each.drop(path):
                return True
        return False

    def number(self) -> None:
        """Give everything inside the path of its place."""
        for place, each in enumerate(self.nodes):
            each.path = f"{self.path}.{place}"
            if isinstance(each, Group):
                each.level = self.level + 1
                each.number()


def read(form: MultiDict[str, str], path: str, scope: str = "event", level: int = 0) -> Group:
    """Return the group that a form shows at the path."""
    mode = form.get(f"{path}.mode", "all")
    agg = form.get(f"{path}.agg", "")
    group = Group(
        path,
        mode if mode in dict(MODES) else "all",
        agg=agg if agg in dict(AGGREGATES) else "",
        least=form.get(f"{path}.least", ""),
        scope=scope,
        level=level,
    )
    inner = "line" if group.agg else scope
    for place in range(MOST):
        here = f"{path}.{place}"
        kind = form.get(f"{here}.kind")
        if kind == "row":
            fact = find(form.get(f"{here}.fact", ""))
            if fact is not None:
                group.nodes.append(_row(form, here, fact))
        elif kind == "group" and level < DEPTH:
            group.nodes.append(read(form, here, inner, level + 1))
        elif kind is None:
            break
    return group


def _row(form: MultiDict[str, str], path: str, fact: Fact) -> Row:
    op = form.get(f"{path}.op", "")
    return Row(
        path,
        fact,
        op if op in fact.operators else fact.operators[0],
        form.getlist(f"{path}.value"),
        form.get(f"{path}.days", ""),
    )


def new_row(fact: Fact) -> Row:
    """Return an empty row; the operator that is meant most often stands first."""
    op = "gte" if "gte" in fact.operators else fact.operators[0]
    return Row("", fact, op, ["yes"] if op == "is" else [])


def show(node: dict[str, Any] | None, path: str, scope: str = "event") -> Group:
    """Return the group that shows a rule's tree (as JSON)."""
    root = _node(node or {"all": []}, scope)
    if not isinstance(root, Group) or root.agg:
        root = Group("", nodes=[root], scope=scope)
    root.path = path
    root.number()
    return root


def _node(node: dict[str, Any], scope: str) -> Row | Group:
    if "fact" in node:
        fact = find(node["fact"])
        if fact is None:
            raise ValueError(node["fact"])
        days = str(node.get("days", ""))
        return Row("", fact, node["op"], shown(fact, node["op"], node["value"]), days)
    if "lines" in node:
        return _goods(node)
    if "not" in node:
        return _none(node["not"], scope)
    name = "all" if "all" in node else "any"
    return Group("", name, [_node(each, scope) for each in node[name]], scope=scope)


def _none(inner: dict[str, Any], scope: str) -> Group:
    if "any" in inner:
        return Group("", "none", [_node(each, scope) for each in inner["any"]], scope=scope)
    if "all" in inner:
        return Group("", "notall", [_node(each, scope) for each in inner["all"]], scope=scope)
    return Group("", "none", [_node(inner, scope)], scope=scope)


def _goods(node: dict[str, Any]) -> Group:
    found = _node(node["lines"], "line")
    group = found if isinstance(found, Group) else Group("", nodes=[found])
    group.agg, group.scope = node["agg"], "event"
    if "value" in node:
        fact = find("line.amount" if node["agg"] == "sum_gte" else "line.qty")
        group.least = shown(fact, "gte", node["value"])[0] if fact else ""
    return group


@dataclass
class Written:
    """A rule as JSON, where each of its places stands on the page, and what could not be read."""

    places: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)

    def at(self, path: str) -> str:
        """Return the place on the page for a place in the rule; the nearest known above it."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return self.places.get(path, "")

    def write(self, group: Group, path: str) -> dict[str, Any] | None:
        """Return the group as JSON; None where nothing is in it. `path`: its place in the rule."""
        self.places[path] = group.path
        if not group.nodes:
            return None
        only = len(group.nodes) == 1
        inner = {
            "all": f"{path}.all.{{}}",
            "any": f"{path}.any.{{}}",
            "none": f"{path}.not" if only else f"{path}.not.any.{{}}",
            "notall": f"{path}.not.all.{{}}",
        }[group.mode]
        nodes = [self._node(each, inner.format(n)) for n, each in enumerate(group.nodes)]
        if group.mode == "none":
            return {"not": nodes[0]} if only else {"not": {"any": nodes}}
        if group.mode == "notall":
            return {"not": {"all": nodes}}
        return {group.mode: nodes}

    def _node(self, node: Row | Group, path: str) -> dict[str, Any]:
        self.places[path] = node.path
        if isinstance(node, Row):
            return self._row(node)
        if node.agg:
            return self._goods(node, path)
        found = self.write(node, path)
        return {"all": []} if found is None else found

    def _goods(self, group: Group, path: str) -> dict[str, Any]:
        inner = self.write(group, f"{path}.lines") or {"all": []}
        made: dict[str, Any] = {"lines": self.single(inner, f"{path}.lines"), "agg": group.agg}
        if group.agg in {"count_gte", "sum_gte"}:
            fact = find("line.amount" if group.agg == "sum_gte" else "line.qty")
            made["value"] = self.typed(group.path, lambda: wanted(fact, "gte", [group.least]))  # type: ignore[arg-type]
        return made

    def _row(self, row: Row) -> dict[str, Any]:
        made: dict[str, Any] = {"fact": row.fact.key, "op": row.op}
        made["value"] = self.typed(row.path, lambda: wanted(row.fact, row.op, row.typed))
        if row.days.strip():
            made["days"] = self.typed(row.path, lambda: count(row.days.strip()))
        return made

    def single(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        """Return the one condition of a group that holds nothing else; its place moves along."""
        found = single(node)
        inner = f"{path}.all.0"
        for known in [each for each in self.places if f"{each}.".startswith(f"{inner}.")]:
            if found is not node:
                self.places[path + known[len(inner) :]] = self.places[known]
        return found

    def typed(self, place: str, reading: Any) -> Any:
        """Return what was typed; the complaint is kept at its place."""
        try:
            return reading()
        except TypedError as error:
            self.problems[place] = str(error)
            return None


def single(node: dict[str, Any]) -> dict[str, Any]:
    """Return the one condition of a group that holds nothing else."""
    inner = node.get("all")
    return inner[0] if isinstance(inner, list) and len(inner) == 1 else node
