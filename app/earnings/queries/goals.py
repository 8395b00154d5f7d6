"""What rules of achievements wait for, how far a customer is, and how each looks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.earnings.queries.people import friends_of, metrics_of
from app.orders import service as orders
from app.profiles import queries as profiles
from app.profiles.rules.reaching import BY_LEVEL, FRIENDS, OWN, levels_of
from app.profiles.rules.reaching import metrics_of as asked_by
from app.ranks import queries as ranks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.ranks.models import AchievementLook

# In this order people read them.
ORDER = ("orders", "sum", "streak", "active_referrals", "referrals_sum", *BY_LEVEL)


@dataclass(frozen=True, slots=True)
class Goal:
    """A level of a metric that some rule waits for: its look, the rules, and how far somebody is."""

    metric: str
    level: int
    rules: Sequence[int] = ()
    name: str | None = None
    symbol: str | None = None
    art: str | None = None
    value: int = 0
    reached_at: datetime | None = None
    customers: int = 0  # who have reached it

    @property
    def percent(self) -> int:
        """How far it is, 0 to 100."""
        return min(100, max(self.value, 0) * 100 // self.level)

    @property
    def key(self) -> str:
        """What names it in an address."""
        return f"{self.metric}:{self.level}"


@dataclass(frozen=True, slots=True)
class Goals:
    """A customer's achievements: reached ones, and those that come next of each metric."""

    reached: Sequence[Goal] = field(default_factory=tuple)
    coming: Sequence[Goal] = field(default_factory=tuple)

    def __bool__(self) -> bool:
        return bool(self.reached or self.coming)


def wanted() -> dict[tuple[str, int], list[int]]:
    """Return the levels for which rules that hold now wait, with the rules."""
    found: dict[tuple[str, int], list[int]] = defaultdict(list)
    for trigger in (OWN, FRIENDS):
        for each in profiles.live(trigger):
            for metric in asked_by(each.rule):
                for level in levels_of(each.rule, metric) or ():
                    if level > 0:
                        found[metric, level].append(each.rule_id)
    return found


def defined() -> list[Goal]:
    """Return all achievements of the program, with how many customers have reached each."""
    looks, many = ranks.achievement_looks(), ranks.reached_by_many()
    return [
        _goal(key, rules, looks.get(key), customers=many.get(key, 0))
        for key, rules in sorted(wanted().items(), key=_place)
    ]


def goals(member_id: int, zone: str) -> Goals:
    """Return what a customer has reached, and the next level of each metric with the way to it."""
    asked = wanted()
    if not asked:
        return Goals()
    values = _values(member_id, zone, {metric for metric, _level in asked})
    looks = ranks.achievement_looks()
    stand = {
        (row.metric, row.level): row.reached_at
        for row in ranks.achievements([member_id])
        if row.lost_at is None
    }
    done, coming = [], {}
    for key, rules in sorted(asked.items(), key=_place):
        goal = _goal(key, rules, looks.get(key), values.get(key[0], 0), stand.get(key))
        if goal.reached_at is not None:
            done.append(goal)
        elif goal.metric not in coming:
            coming[goal.metric] = goal
    return Goals(done, list(coming.values()))


def _values(member_id: int, zone: str, metrics: set[str]) -> Mapping[str, int]:
    found = dict(metrics_of(orders.of_members([member_id]), zone))
    if metrics - found.keys():
        depth = max((BY_LEVEL.get(each, 1) for each in metrics), default=1)
        found |= friends_of([member_id], depth).get(member_id, {})
    return found


def _goal(
    key: tuple[str, int],
    rules: Sequence[int],
    look: AchievementLook | None,
    value: int = 0,
    reached_at: datetime | None = None,
    customers: int = 0,
) -> Goal:
    return Goal(
        metric=key[0],
        level=key[1],
        rules=rules,
        name=look.name if look else None,
        symbol=look.symbol if look else None,
        art=ranks.art(look.picture) if look else None,
        value=value,
        reached_at=reached_at,
        customers=customers,
    )


def _place(each: tuple[tuple[str, int], object]) -> tuple[int, int]:
    metric, level = each[0]
    return (ORDER.index(metric) if metric in ORDER else len(ORDER), level)
