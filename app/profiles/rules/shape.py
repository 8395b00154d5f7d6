"""A rule: what sets it off, what must be so, what then happens, and how often. Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

SCHEMA = 1
DEPTH, LEAVES = 4, 40  # groups inside groups; leaves of all conditions together
LEVELS = 1_000  # a chain ends here at the latest
WINDOWS = ("day", "week", "month", "year", "ever")

Value = str | int | bool | tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One question: a fact, an operator, a value; `days`: counted over so many last days."""

    fact: str
    op: str
    value: Value
    days: int | None = None


@dataclass(frozen=True, slots=True)
class All:
    """All of it must be so; nothing in it is always so."""

    nodes: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one must be so."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """It must not be so; what is not known is not "not so"."""

    node: Node


@dataclass(frozen=True, slots=True)
class Lines:
    """Of the goods for which `node` is so: any, none, a count of at least, a sum of at least."""

    node: Node
    agg: str
    value: int | None = None


Node = Leaf | All | AnyOf | Not | Lines
AGGREGATES = ("any", "none", "count_gte", "sum_gte")


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens, by its name in the registry of effects, with checked arguments.

    Trees among them (`lines`, `when`) are nodes; all else is as JSON writes it.
    """

    do: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most so many bonuses (minor units) and times within a window."""

    points: int | None = None
    times: int | None = None
    window: str = "ever"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Caps for a member, for a referrer, for everybody; `pay`: of a nearly used one, rest or nothing."""

    per_member: Cap | None = None
    per_referrer: Cap | None = None
    everybody: Cap | None = None
    pay: str = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stacking:
    """Whether its bonuses add to those of other rules, or the strongest rule alone gives them."""

    mode: str = "add"
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """When the rule holds: from an instant, until another (excluded); None is open."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A whole rule."""

    profile: str
    trigger: str
    when: Node = All()
    effects: tuple[Effect, ...] = ()
    limits: Limits = Limits()
    stacking: Stacking = Stacking()
    window: Window = Window()


def leaves(node: Node) -> tuple[Leaf, ...]:
    """Return every leaf of a tree, in its order."""
    if isinstance(node, Leaf):
        return (node,)
    if isinstance(node, Not | Lines):
        return leaves(node.node)
    return tuple(leaf for each in node.nodes for leaf in leaves(each))


def depth(node: Node) -> int:
    """Return how many groups stand inside one another."""
    if isinstance(node, Leaf):
        return 0
    inner = (node.node,) if isinstance(node, Not | Lines) else node.nodes
    return 1 + max((depth(each) for each in inner), default=0)


def pays_owners(rule: Rule) -> bool:
    """Tell whether a rule pays rights holders."""
    return any(each.do == "owner.pay" for each in rule.effects)


def trees(rule: Rule) -> tuple[tuple[str, str, Node], ...]:
    """Return all conditions of a rule: (path, scope, tree); scope is event, line or upline."""
    found: list[tuple[str, str, Node]] = [("when", "event", rule.when)]
    for place, effect in enumerate(rule.effects):
        path = f"effects.{place}"
        for name, scope in (("lines", "line"), ("when", "upline")):
            if name in effect.args:
                found.append((f"{path}.{name}", scope, effect.args[name]))
        for level, each in enumerate(effect.args.get("levels", ())):
            if isinstance(each, Mapping) and "when" in each:
                found.append((f"{path}.levels.{level}.when", "upline", each["when"]))
    return tuple(found)
