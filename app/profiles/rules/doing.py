"""What rules do besides giving bonuses: for one event, and for the orders of a customer as they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.orders.rules import State
from app.profiles.rules.due import moment, reached
from app.profiles.rules.effects import EFFECTS
from app.profiles.rules.evaluating import evaluate
from app.profiles.rules.stacking import Run, after_stop

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from app.profiles.rules.due import Earning, Seen
    from app.profiles.rules.shape import Rule

_LIVE = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})


@dataclass(frozen=True, slots=True)
class Task:
    """What one effect of one rule is to do for an event."""

    rule_id: int
    version_id: int
    effect: int
    do: str
    args: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A task of an order, and when the order came to it."""

    order_id: int
    task: Task
    at: datetime


def tasks_of(runs: Sequence[Run], versions: Mapping[int, int]) -> tuple[Task, ...]:
    """Return what matching rules do; those that a stronger rule stops do nothing."""
    ordered = sorted(runs, key=lambda run: (-run.rule.stacking.priority, run.rule_id))
    matched = [run for run in ordered if run.evaluation.matched]
    stopped = after_stop(matched)
    return tuple(
        Task(run.rule_id, versions[run.rule_id], act.effect, act.do, act.args)
        for run in matched
        if run.rule_id not in stopped
        for act in run.evaluation.acts
        if act.do != "stop"
    )


def acts(rule: Rule) -> bool:
    """Tell whether a rule does anything besides giving bonuses."""
    return any(each.do != "stop" and not EFFECTS[each.do].earns for each in rule.effects)


def _spends(rule: Rule, order: Seen) -> bool:
    """Tell whether a rule of paying with bonuses meets an order that is paid so: then it may write of it."""
    return rule.trigger == "quote.requested" and order.paid_by_bonus > 0


def wanted_of(orders: Sequence[Seen], program: Earning) -> tuple[Wanted, ...]:
    """Return what a customer's orders are to have done; cancelled ones nothing.

    Nothing is done before the order was made, whatever it says of when it was paid: so what an order
    does is known to later orders only.
    """
    found: list[Wanted] = []
    for order in orders:
        live = [
            each
            for each in order.rules
            if reached(each.rule, order, program) or _spends(each.rule, order)
        ]
        if order.state not in _LIVE or not any(acts(each.rule) for each in live):
            continue
        runs = [Run(each.rule_id, each.rule, evaluate(each.rule, order.facts)) for each in live]
        times = {e.rule_id: max(moment(e.rule, order, program), order.created_at) for e in live}
        tasks = tasks_of(runs, {each.rule_id: each.version_id for each in live})
        found += [Wanted(order.order_id, task, times[task.rule_id]) for task in tasks]
    return tuple(found)
