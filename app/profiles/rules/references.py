"""What a rule names that the merchant must have: products, categories, ranks and so on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.profiles.rules.shape import All, AnyOf, Leaf, Lines, Node, Not, Rule, trees

if TYPE_CHECKING:
    from collections.abc import Iterator

# Which facts and which arguments of effects name what.
FACTS = {
    "line.product": "product",
    "line.category": "category",
    "member.group": "group",
    "upline.group": "group",
    "member.rank": "rank",
    "referral.referrer_rank": "rank",
    "upline.rank": "rank",
    "subscription.list": "list",
}
ARGUMENTS = {
    ("rank.set", "rank"): "rank",
    ("award.grant", "award"): "award",
    ("coupon.issue", "coupon"): "coupon",
    ("notify", "message"): "template",
    ("spend.limit", "categories"): "category",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One name, of one kind, at its place in the rule."""

    path: str
    kind: str
    name: str


def references(rule: Rule) -> tuple[Reference, ...]:
    """Return everything that a rule names, in its order."""
    found: list[Reference] = []
    for path, _scope, tree in trees(rule):
        found += _in_tree(tree, path)
    for place, effect in enumerate(rule.effects):
        for (do, name), kind in ARGUMENTS.items():
            if effect.do == do and name in effect.args:
                said = effect.args[name]
                names = [said] if isinstance(said, str) else list(said)
                found += [Reference(f"effects.{place}.{name}", kind, each) for each in names]
    return tuple(found)


def _in_tree(node: Node, path: str) -> Iterator[Reference]:
    if isinstance(node, Leaf):
        kind = FACTS.get(node.fact)
        names = node.value if isinstance(node.value, tuple) else (node.value,)
        if kind is not None:
            yield from (Reference(path, kind, str(each)) for each in names)
    elif isinstance(node, All | AnyOf):
        name = "all" if isinstance(node, All) else "any"
        for place, each in enumerate(node.nodes):
            yield from _in_tree(each, f"{path}.{name}.{place}")
    elif isinstance(node, Not | Lines):
        yield from _in_tree(node.node, f"{path}.{'not' if isinstance(node, Not) else 'lines'}")
