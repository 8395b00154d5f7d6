"""Which levels of a metric the rules of achievements wait for, and which of them are reached."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING, Any

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
# In minor units; the others are numbers.
SUMS = frozenset({"sum", "referrals_sum", "referrals_sum_2", "referrals_sum_3"})
_COUNTED, _SUMMED = frozenset({"metric.value", "metric.level"}), frozenset({"metric.sum"})
_VALUES = _COUNTED | _SUMMED


def told_of(metric: str, level: int) -> dict[str, Any]:
    """Return what is told of a level that was reached: a sum is no number, so that 10 is never 10 kopecks."""
    return {"name": metric} | (
        {"sum": level} if metric in SUMS else {"value": level, "level": level}
    )


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


def levels_of(rule: Rule, metric: str) -> frozenset[int] | None:
    """Return the values at which a rule may begin to hold; None: it takes every value as it comes."""
    fitting = _SUMMED if metric in SUMS else _COUNTED
    asked = [leaf for leaf in leaves(rule.when) if leaf.fact in _VALUES]
    found = frozenset(_begins(leaf) for leaf in asked if leaf.fact in fitting) - {None}
    other = any(leaf.fact not in fitting for leaf in asked)
    return frozenset(each for each in found if each is not None) if found or other else None


def reached(rule: Rule, metric: str, value: int) -> frozenset[int]:
    """Return the levels of a rule that a value of a metric has reached."""
    levels = levels_of(rule, metric)
    if levels is None:
        return frozenset({value}) if value > 0 else frozenset()
    return frozenset(each for each in levels if 0 < each <= value)


def strangers(rule: Rule) -> tuple[str, ...]:
    """Return what keeps a rule of achievements from ever being met.

    Names of metrics that nobody counts; "metric.sum" or "metric.value" where sums are asked as numbers
    or numbers as sums.
    """
    if rule.trigger not in METRICS:
        return ()
    asked = list(leaves(rule.when))
    names = [
        str(each)
        for leaf in asked
        if leaf.fact == "metric.name" and leaf.op == "in" and isinstance(leaf.value, tuple)
        for each in leaf.value
    ]
    unknown = tuple(each for each in names if each.casefold() not in METRICS[rule.trigger])
    return unknown if unknown or not names else _mixed(metrics_of(rule), {x.fact for x in asked})


def _mixed(metrics: frozenset[str], facts: set[str]) -> tuple[str, ...]:
    if facts & _COUNTED and metrics <= SUMS:
        return ("metric.value",)
    return ("metric.sum",) if facts & _SUMMED and not metrics & SUMS else ()


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
        return frozenset(
            each for each in reached(rule, self.metric, self.after) if each > self.before
        )


def _begins(leaf: Leaf) -> int | None:
    wanted = leaf.value[0] if leaf.op == "between" and isinstance(leaf.value, tuple) else leaf.value
    if leaf.op not in {"eq", "gt", "gte", "between"} or isinstance(wanted, bool | tuple):
        return None
    number = Fraction(str(wanted))
    return floor(number) + 1 if leaf.op == "gt" else ceil(number)
