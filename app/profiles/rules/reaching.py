"""Which levels of a metric the rules of achievements wait for, and which of them are reached."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from app.profiles.rules.shape import Leaf, leaves

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.profiles.rules.shape import Rule

OWN, FRIENDS = "metric.crossed", "referral.metric_crossed"
# `streak`: months in a row with a paid order, the longest run; of friends of friends, by level.
BY_LEVEL = {
    "active_referrals_2": 2,
    "referrals_sum_2": 2,
    "active_referrals_3": 3,
    "referrals_sum_3": 3,
}
METRICS = {
    OWN: frozenset({"orders", "sum", "streak"}),
    FRIENDS: frozenset({"active_referrals", "referrals_sum", *BY_LEVEL}),
}
_VALUES = frozenset({"metric.value", "metric.level"})


def metrics_of(rule: Rule) -> frozenset[str]:
    """Return the metrics of its trigger that a rule asks for by name, else the plain ones."""
    known = METRICS[rule.trigger]
    named: set[str] = set()
    for leaf in leaves(rule.when):
        if leaf.fact == "metric.name" and leaf.op == "in" and isinstance(leaf.value, tuple):
            named |= {str(each).casefold() for each in leaf.value}
    return frozenset(named & known) if named else known - BY_LEVEL.keys() - {"streak"}


def depth_of(rules: Iterable[Rule]) -> int:
    """Return how many levels of people rules ask for."""
    named = {metric for rule in rules for metric in metrics_of(rule)}
    return max((BY_LEVEL[each] for each in named & BY_LEVEL.keys()), default=1)


def levels_of(rule: Rule) -> frozenset[int]:
    """Return the values at which a rule may begin to hold; none: it takes every value as it comes."""
    found = {_begins(leaf) for leaf in leaves(rule.when) if leaf.fact in _VALUES}
    return frozenset(each for each in found if each is not None)


def reached(rule: Rule, value: int) -> frozenset[int]:
    """Return the levels of a rule that a value has reached."""
    levels = levels_of(rule)
    if not levels:
        return frozenset({value}) if value > 0 else frozenset()
    return frozenset(each for each in levels if 0 < each <= value)


@dataclass(frozen=True, slots=True)
class Growth:
    """A metric that grows."""

    metric: str
    before: int
    after: int

    def crosses(self, rule: Rule) -> frozenset[int]:
        """Return the levels of a rule that it reaches."""
        if rule.trigger not in METRICS or self.metric not in metrics_of(rule):
            return frozenset()
        return frozenset(each for each in reached(rule, self.after) if each > self.before)


def _begins(leaf: Leaf) -> int | None:
    wanted = leaf.value[0] if leaf.op == "between" and isinstance(leaf.value, tuple) else leaf.value
    if leaf.op not in {"eq", "gt", "gte", "between"} or isinstance(wanted, bool | tuple):
        return None
    number = Fraction(str(wanted))
    return floor(number) + 1 if leaf.op == "gt" else ceil(number)
