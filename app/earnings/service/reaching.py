"""What customers, and those who brought them, reach by paid orders, and lose when orders are cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app import clock
from app.bonuses import service as wallet
from app.earnings import queries
from app.earnings.service import acting
from app.earnings.service.happening import happened, take_back
from app.profiles import queries as profiles
from app.profiles.rules.reaching import (
    BY_LEVEL,
    FRIENDS,
    METRICS,
    OWN,
    depth_of,
    metrics_of,
    reached,
    told_of,
)
from app.ranks import queries as ranks
from app.ranks import service as ladder

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from app.orders.service import Standing
    from app.profiles.rules.due import Published
    from app.ranks.models import Achievement, Rank
    from app.tenants.models import Tenant


_DEEPEST = max(BY_LEVEL.values())


def achievements(
    merchant: Tenant,
    owned: Mapping[int, Sequence[Standing]],
    accounts: Collection[int],
    *,
    on: bool,
) -> None:
    """Give for the levels that customers, and those who brought them, have reached by their paid orders.

    `owned`: all orders of each. A level is one event, whatever comes after: reached once, lost when
    cancelled orders bring the customer below it, with what it gave, and reached again when they return.
    While loyalty is not `on` levels are only lost.
    """
    [live], _windows = profiles.published_at([clock.now()])
    rules = {t: [r for r in live if on and r.rule.trigger == t] for t in METRICS}
    known = ranks.achievements(owned)
    if rules[OWN] or known:
        for member_id in sorted(set(owned) & set(accounts)):
            values = queries.metrics_of(owned[member_id], merchant.timezone)
            mine = [each for each in known if each.member_id == member_id]
            _bring(merchant, OWN, member_id, values, rules[OWN], mine)
    depth = depth_of(each.rule for each in rules[FRIENDS])
    referrers = queries.referrers_of(owned, depth)
    known = ranks.achievements(referrers) if referrers else ()
    if referrers and (rules[FRIENDS] or known):
        wallet.bring_up(
            referrers
        )  # the lock: of two friends who buy at once, the second counts both
        friends = queries.friends_of(referrers, depth)
        for member_id in referrers:
            values = dict.fromkeys(METRICS[FRIENDS], 0) | friends.get(member_id, {})
            if depth < _DEEPEST:
                values = {name: n for name, n in values.items() if BY_LEVEL.get(name, 1) <= depth}
            mine = [each for each in known if each.member_id == member_id]
            _bring(merchant, FRIENDS, member_id, values, rules[FRIENDS], mine)


def _bring(
    merchant: Tenant,
    trigger: str,
    member_id: int,
    values: Mapping[str, int],
    rules: Sequence[Published],
    known: Sequence[Achievement],
) -> None:
    """Bring one customer's achievements of a kind to what his metrics say."""
    stand = {(each.metric, each.level): each for each in known if each.metric in values}
    for (metric, level), row in stand.items():
        if row.lost_at is None and values[metric] < level:
            ladder.lose(row)
            take_back(merchant, f"{trigger}:{member_id}:{metric}:{level}")
    wanted: dict[tuple[str, int], list[Published]] = {}
    for rule in rules:
        for metric in metrics_of(rule.rule):
            for level in reached(rule.rule, metric, values[metric]):
                wanted.setdefault((metric, level), []).append(rule)
    for (metric, level), found in sorted(wanted.items(), key=lambda each: each[0]):
        before = stand.get((metric, level))
        asked = [each.rule_id for each in found]
        if before is not None and before.lost_at is None and set(asked) <= set(before.asked):
            continue
        ladder.reach(member_id, metric, level, asked)
        key = f"{trigger}:{member_id}:{metric}:{level}"
        data = told_of(metric, level)
        happened(merchant, trigger, key, member_id, clock.now(), data, rules=found, again=True)


def rank_changed(merchant: Tenant, member_id: int, before: Rank | None) -> None:
    """Give for a rank that a customer has now, once a rank; take back where nothing gives the former one.

    `before`: which he had. His account is locked.
    """
    now = ranks.rank_of(member_id)
    if now is before:
        return
    given = {each.rank_id for each in ranks.marks([member_id])[member_id]}
    if before is not None and before.id not in given:
        take_back(merchant, f"rank.changed:{member_id}:{before.id}")
    if now is not None:
        key = f"rank.changed:{member_id}:{now.id}"
        happened(merchant, "rank.changed", key, member_id, clock.now(), again=True)


acting.FOLLOWING.append(rank_changed)
