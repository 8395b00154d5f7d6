"""What rules would have given for what happened: by what holds today, and with a draft. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from app.profiles.rules import Facts, Run, Used, evaluate, settle
from app.profiles.rules.due import Earning, Published, Seen, WindowKey, due_within, use, windowed
from app.profiles.rules.shape import Window

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from app.profiles.rules import Rule
    from app.profiles.rules.reaching import Growth

BACK = 90  # days that a backtest looks over
# What can be told anew from orders, reports and the calendar; nobody knows when the others would have been.
REPLAYED = frozenset(
    {
        *("order.created", "order.paid", "order.completed"),
        *("member.registered", "member.profile_updated", "member.subscribed"),
        *("review.published", "external.event", "schedule.birthday", "metric.crossed"),
    }
)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a customer besides an order; `key`: what makes two of them one."""

    key: str
    trigger: str
    facts: Facts
    growth: Growth | None = None  # of an achievement: rules take their own levels alone
    level: int = 0

    def waited_for(self, rule: Rule) -> bool:
        """Tell whether a rule looks at it."""
        if rule.trigger != self.trigger:
            return False
        return self.growth is None or self.level in self.growth.crosses(rule)


@dataclass(slots=True)
class Given:
    """What was given: by rule, by recipient, by day; bonus minor units. `able`: who has an account."""

    able: Container[int]
    rules: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    people: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    days: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def total(self) -> int:
        """All together."""
        return sum(self.rules.values())

    def add(self, rule: int, recipient: int | None, day: str, amount: int) -> None:
        """Note one sum; nothing, and what goes to nobody, is not noted."""
        if amount > 0 and recipient is not None and recipient in self.able:
            self.rules[rule] += amount
            self.people[recipient] += amount
            self.days[day] += amount


@dataclass(frozen=True, slots=True)
class Terms:
    """By what bonuses are given: the rules, the program, the merchant's zone."""

    rules: tuple[Published, ...]
    program: Earning
    zone: ZoneInfo


def with_draft(
    live: Iterable[Published], rule_id: int, draft: Rule, since: datetime, until: datetime
) -> tuple[Published, ...]:
    """Return the rules that hold, the draft in the place of its own. Dates that touch no day are left aside."""
    if is_undated(draft, since, until):
        draft = replace(draft, window=Window())
    others = [each for each in live if each.rule_id != rule_id]
    return (*others, Published(rule_id, 0, draft))


def is_undated(draft: Rule, since: datetime, until: datetime) -> bool:
    """Tell whether the dates of a draft lie wholly outside what is looked over."""
    start, end = draft.window.since, draft.window.until
    return (start is not None and start >= until) or (end is not None and end <= since)


def give(
    seen: Sequence[Seen],
    events: Iterable[Event],
    terms: Terms,
    used: dict[WindowKey, Used],
    since: datetime,
    until: datetime,
    able: Container[int],
) -> Given:
    """Return what one customer's orders and events give within a time; limits go on from `used`.

    `seen`: all his orders: those made outside the time tell of him, and earn nothing here.
    """
    given = Given(able)
    inside = [replace(each, rules=terms.rules) for each in seen if since <= each.created_at < until]
    made = {each.order_id: each.created_at.astimezone(terms.zone) for each in inside}
    for due in due_within(inside, terms.program, terms.zone, used):
        day = made[due.order_id].date().isoformat()
        given.add(due.rule_id, due.to.id if due.to.who != "owner" else None, day, due.amount)
    told: set[str] = set()
    for event in sorted(events, key=lambda each: (each.facts.at, each.key)):
        if event.key not in told:
            told.add(event.key)
            _happened(event, terms, used, given)
    return given


def _happened(event: Event, terms: Terms, used: dict[WindowKey, Used], given: Given) -> None:
    rules = [each for each in terms.rules if event.waited_for(each.rule)]
    if not rules:
        return
    versions, at = {each.rule_id: each for each in rules}, event.facts.at
    runs = [Run(each.rule_id, each.rule, evaluate(each.rule, event.facts)) for each in rules]
    applied = settle(runs, windowed(versions, used, at), terms.program.rounding)
    use(used, applied, versions, at)
    for each in applied:
        recipient = each.to.id if each.to.who != "owner" else None
        given.add(each.rule, recipient, at.date().isoformat(), each.amount)


def sums_of(before: Given, after: Given, orders: int, events: int) -> dict[str, Any]:
    """Return a batch's part of the sums: pairs of before and after, by rule and by day."""
    return {
        "orders": orders,
        "events": events,
        "cost": [before.total, after.total],
        "rules": _pairs(before.rules, after.rules),
        "days": _pairs(before.days, after.days),
    }


def merged(each: Iterable[Given]) -> Given:
    """Return what several customers were given, together."""
    found = Given(())
    for one in each:
        for name in ("rules", "people", "days"):
            into = getattr(found, name)
            for key, amount in getattr(one, name).items():
                into[key] += amount
    return found


def _pairs(before: Mapping[Any, int], after: Mapping[Any, int]) -> dict[str, list[int]]:
    return {
        str(key): [before.get(key, 0), after.get(key, 0)]
        for key in sorted({*before, *after}, key=str)
    }


# What limits have given goes from batch to batch as {"b:7:everybody:2026-11": [points, times]}.


def written(side: str, used: Mapping[WindowKey, Used]) -> dict[int, dict[str, list[int]]]:
    """Return what limits gave to referrers and to everybody (0), by recipient, as JSON keeps it."""
    found: dict[int, dict[str, list[int]]] = defaultdict(dict)
    for (rule, scope, recipient, window), each in used.items():
        if scope != "per_member":
            name = f"{side}:{rule}:{scope}:{window}"
            found[recipient or 0][name] = [each.points, each.times]
    return found


def read(side: str, recipient: int, kept: Mapping[str, Sequence[int]]) -> dict[WindowKey, Used]:
    """Return what written() wrote of one recipient."""
    found = {}
    for name, (points, times) in kept.items():
        of, rule, scope, window = name.split(":", 3)
        if of == side:
            found[int(rule), scope, recipient or None, window] = Used(points, times)
    return found
