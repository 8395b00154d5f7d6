"""Several rules over one event: which of them give, multipliers after bases, one rounding, limits last."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from app.profiles.rules.outcome import Applied, Evaluation, Recipient, Share
from app.profiles.rules.rounding import rounded_together

if TYPE_CHECKING:
    from app.profiles.rules.shape import Cap, Rule

YIELDED, STOPPED, LIMITED, ROUNDED = "yielded", "stopped", "limited", "rounded"


@dataclass(frozen=True, slots=True)
class Run:
    """A rule, by the id under which its effects are kept, and what it made of the event."""

    rule_id: int
    rule: Rule
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Used:
    """What a rule has given in its window already, to somebody or to everybody."""

    points: int = 0
    times: int = 0


Usage = Mapping[tuple[int, str, int | None], Used]  # (rule, scope, recipient): scope as in Limits
NOTHING: Usage = {}


def settle(
    runs: Sequence[Run], used: Usage = NOTHING, rounding: str = "down"
) -> tuple[Applied, ...]:
    """Return what is due to whom from all rules together, in bonus minor units.

    Bases add, or the strongest exclusive rule alone gives what it gives (to the customer, to referrers,
    to rights holders). A multiplier gives (times - 1) of all bases of the customer, up to its cap.
    Each rule's sum for a recipient is rounded once (by `rounding` where effects say nothing); limits cut
    what is rounded. A matching rule with `stop` silences all weaker ones. What is silenced stays in the
    answer with 0 and the reason.
    """
    matched = [run for run in in_order(runs) if run.evaluation.matched]
    stopped = after_stop(matched)
    winners = _winners([run for run in matched if run.rule_id not in stopped])
    given: dict[int, list[tuple[Share, str]]] = {}
    for run in matched:
        given[run.rule_id] = [
            (share, _silenced(run, share, stopped, winners)) for share in run.evaluation.shares
        ]
    total = sum(
        (
            share.raw
            for each in given.values()
            for share, silent in each
            if not silent and share.factor is None and share.to.who == "member"
        ),
        Fraction(0),
    )
    found: list[Applied] = []
    for run in matched:
        rows = _rounded(run.rule_id, given[run.rule_id], total, rounding)
        found += limited(run.rule, rows, used)
    return tuple(found)


def in_order(runs: Sequence[Run]) -> list[Run]:
    """Return rules, the strongest first."""
    return sorted(runs, key=lambda run: (-run.rule.stacking.priority, run.rule_id))


def after_stop(matched: Sequence[Run]) -> set[int]:
    """Return which of the rules, the strongest first, a rule with `stop` silences."""
    for place, run in enumerate(matched):
        if any(act.do == "stop" for act in run.evaluation.acts):
            return {each.rule_id for each in matched[place + 1 :]}
    return set()


def _winners(runs: Sequence[Run]) -> dict[str, int]:
    """Return {kind of recipient: the exclusive rule that alone gives to it}."""
    found: dict[str, tuple[int, Fraction, int]] = {}
    for run in runs:
        if run.rule.stacking.mode != "exclusive":
            continue
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for share in run.evaluation.shares:
            if share.factor is None and share.raw > 0:
                sums[share.to.who] += share.raw
        for who, raw in sums.items():
            key = (run.rule.stacking.priority, raw, -run.rule_id)
            found[who] = max(found.get(who, key), key)
    return {who: -key[2] for who, key in found.items()}


def _silenced(run: Run, share: Share, stopped: set[int], winners: Mapping[str, int]) -> str:
    if run.rule_id in stopped:
        return STOPPED
    if share.factor is not None:
        return ""
    winner = winners.get(share.to.who, run.rule_id)
    return "" if winner == run.rule_id else YIELDED


def _rounded(
    rule_id: int, shares: Sequence[tuple[Share, str]], total: Fraction, rounding: str
) -> list[Applied]:
    raws = [Fraction(0) if silent else _with_factor(share, total) for share, silent in shares]
    groups: dict[tuple[str, int | None], list[int]] = defaultdict(list)
    for place, (share, _silent) in enumerate(shares):
        groups[share.to.who, share.to.id].append(place)
    amounts = [0] * len(shares)
    for places in groups.values():
        parts = rounded_together([raws[p] for p in places], shares[places[0]][0].args, rounding)
        for place, amount in zip(places, parts, strict=True):
            amounts[place] = amount
    return [
        Applied(
            rule=rule_id,
            effect=share.effect,
            do=share.do,
            to=share.to,
            raw=share.raw if silent else raw,
            amount=amount,
            why=silent or (ROUNDED if raw != amount else ""),
            lines=share.lines,
            args=share.args,
        )
        for (share, silent), raw, amount in zip(shares, raws, amounts, strict=True)
    ]


def _with_factor(share: Share, total: Fraction) -> Fraction:
    if share.factor is None:
        return share.raw
    more = total * (share.factor - 1)
    return more if share.cap is None else min(more, Fraction(share.cap))


def limited(rule: Rule, rows: Sequence[Applied], used: Usage) -> list[Applied]:
    """Cut what a rule gives to what its limits leave; `pay` nothing: all or none of it."""
    found = list(rows)
    for scope, who, cap in (
        ("per_member", "member", rule.limits.per_member),
        ("per_referrer", "referrer", rule.limits.per_referrer),
        ("everybody", None, rule.limits.everybody),
    ):
        if cap is None:
            continue
        mine: dict[int | None, list[int]] = defaultdict(list)
        for place, row in enumerate(found):
            if who is None or row.to.who == who:
                mine[None if who is None else row.to.id].append(place)
        for recipient, places in mine.items():
            before = used.get((found[places[0]].rule, scope, recipient), Used())
            _cut(found, places, _left(cap, before), rest=rule.limits.pay == "rest")
    return found


def _left(cap: Cap, before: Used) -> int | None:
    """Return how many bonuses may still be given; None: as many as are due."""
    if cap.times is not None and before.times >= cap.times:
        return 0
    return None if cap.points is None else max(cap.points - before.points, 0)


def _cut(rows: list[Applied], places: Sequence[int], left: int | None, *, rest: bool) -> None:
    if left is None:
        return
    due = sum(rows[place].amount for place in places)
    if due > left and not rest:
        left = 0
    for place in places:
        row = rows[place]
        amount = min(row.amount, left)
        left -= amount
        if amount != row.amount:
            rows[place] = replace(row, amount=amount, why=LIMITED)


__all__ = ["Recipient", "Run", "Usage", "Used", "limited", "settle"]
