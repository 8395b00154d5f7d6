"""Whether a well-formed rule may be published."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from app.profiles.rules.effects import EFFECTS
from app.profiles.rules.facts import PAYLOAD
from app.profiles.rules.problems import Problem
from app.profiles.rules.reaching import strangers
from app.profiles.rules.shape import All, AnyOf, Leaf, Lines, Node, Not, Rule, leaves, trees
from app.profiles.rules.triggers import TRIGGERS
from app.profiles.rules.values import day

if TYPE_CHECKING:
    from collections.abc import Iterator


def unfit(rule: Rule) -> tuple[Problem, ...]:
    """Return what keeps the rule from being published: facts, effects, contradictions."""
    found = [*_facts(rule), *_effects(rule)]
    for path, _scope, tree in trees(rule):
        found += _never(tree, path)
    return tuple(found)


def _facts(rule: Rule) -> Iterator[Problem]:
    families = TRIGGERS[rule.trigger].families
    for name in strangers(rule):
        yield Problem(
            "when", "other_metric" if name.startswith("metric.") else "no_metric", {"name": name}
        )
    for path, scope, tree in trees(rule):
        goods = scope == "line" or _asks_goods(tree)
        if goods and "order" not in families:
            yield Problem(path, "fact_not_known_then", {"name": "line"})
        for leaf in leaves(tree):
            family = leaf.fact.partition(".")[0]
            if PAYLOAD.fullmatch(leaf.fact):
                family = "external"
            if family not in {"line", "upline"} and family not in families:
                yield Problem(path, "fact_not_known_then", {"name": leaf.fact})


def _asks_goods(node: Node) -> bool:
    if isinstance(node, Leaf):
        return False
    if isinstance(node, Lines):
        return True
    return any(
        _asks_goods(each) for each in ((node.node,) if isinstance(node, Not) else node.nodes)
    )


def _effects(rule: Rule) -> Iterator[Problem]:
    if not rule.effects:
        yield Problem("effects", "no_effects")
    for place, effect in enumerate(rule.effects):
        if rule.trigger not in EFFECTS[effect.do].triggers:
            yield Problem(f"effects.{place}", "effect_not_then", {"name": effect.do})
        if effect.args.get("to") == "staff" and effect.args.get("channel") == "sms":
            yield Problem(f"effects.{place}.channel", "staff_by_mail")
        by_rate = effect.do == "chain.pay" and any(
            isinstance(each, str) or "rate" in each for each in effect.args["levels"]
        )
        if by_rate and not TRIGGERS[rule.trigger].of_order:
            yield Problem(f"effects.{place}.levels", "effect_not_then", {"name": effect.do})


def _never(node: Node, path: str) -> list[Problem]:
    """Find groups that can never be so: what excludes one another among conditions that hold together."""
    if isinstance(node, Leaf):
        return [Problem(path, "never_so", {"name": node.fact})] if _empty([node]) else []
    if isinstance(node, AnyOf):
        return [p for n, each in enumerate(node.nodes) for p in _never(each, f"{path}.any.{n}")]
    if isinstance(node, Not):
        return _never(node.node, f"{path}.not")
    if isinstance(node, Lines):
        return _never(node.node, f"{path}.lines")
    together: dict[tuple[str, int | None], list[Leaf]] = defaultdict(list)
    for leaf in _together(node):
        together[leaf.fact, leaf.days].append(leaf)
    found = [
        Problem(path, "never_so", {"name": fact})
        for (fact, _days), each in together.items()
        if _empty(each)
    ]
    inner = list(_groups(node))
    return found + [p for place, each in inner for p in _never(each, f"{path}.{place}")]


def _together(node: All) -> Iterator[Leaf]:
    for each in node.nodes:
        if isinstance(each, Leaf):
            yield each
        elif isinstance(each, All):
            yield from _together(each)


def _groups(node: All, path: str = "all") -> Iterator[tuple[str, Node]]:
    for n, each in enumerate(node.nodes):
        if isinstance(each, All):
            yield from _groups(each, f"{path}.{n}.all")
        elif not isinstance(each, Leaf):
            yield f"{path}.{n}", each


def _empty(held: list[Leaf]) -> bool:
    """Tell whether no value of the one fact satisfies all the leaves."""
    return _no_number(held) or _no_choice(held) or len({x.value for x in held if x.op == "is"}) > 1


def _no_number(held: list[Leaf]) -> bool:
    low: tuple[Fraction, bool] | None = None  # the bound, and whether it itself is out
    high: tuple[Fraction, bool] | None = None
    forbidden = {_key(each.value) for each in held if each.op == "ne"}
    for each in held:
        below, above = _bounds(each)
        if below is not None:
            low = below if low is None else max(low, below)
        if above is not None:
            high = above if high is None else min(high, above, key=lambda b: (b[0], not b[1]))
    if low is None or high is None:
        return False
    if low[0] > high[0] or (low[0] == high[0] and (low[1] or high[1])):
        return True
    return low[0] == high[0] and low[0] in forbidden


Bound = tuple[Fraction, bool]


def _bounds(leaf: Leaf) -> tuple[Bound | None, Bound | None]:
    """Return what the leaf asks at least and at most; each with whether the bound itself is out."""
    if leaf.op == "between" and isinstance(leaf.value, tuple):
        low, high = (_key(each) for each in leaf.value)
        return (None, None) if low is None or high is None else ((low, False), (high, False))
    value = _key(leaf.value)
    if value is None:
        return None, None
    within = (value, False)
    return {
        "eq": (within, within),
        "gt": ((value, True), None),
        "gte": (within, None),
        "lt": (None, (value, True)),
        "lte": (None, within),
        "before": (None, (value, True)),
        "after": ((value, True), None),
    }.get(leaf.op, (None, None))


def _key(value: object) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, str) and len(value) == 10 and value[4] == "-":
        try:
            return Fraction(day(value).toordinal())
        except ValueError:
            return None
    try:
        return Fraction(value)
    except ValueError:
        return None


def _no_choice(held: list[Leaf]) -> bool:
    allowed: set[object] | None = None
    for each in held:
        if each.op == "in" and isinstance(each.value, tuple):
            allowed = set(each.value) if allowed is None else allowed & set(each.value)
        if each.op == "eq" and isinstance(each.value, str) and _key(each.value) is None:
            allowed = {each.value} if allowed is None else allowed & {each.value}
    out = {x for each in held if each.op == "not_in" for x in _many(each)}
    must = {x for each in held if each.op == "all_in" for x in _many(each)}
    never = {x for each in held if each.op == "none_in" for x in _many(each)}
    some = [set(_many(each)) for each in held if each.op == "any_in"]
    if must & never or any(each <= never for each in some):
        return True
    return allowed is not None and not allowed - out


def _many(leaf: Leaf) -> tuple[str | int, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else ()
