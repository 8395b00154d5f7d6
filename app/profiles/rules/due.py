"""What each of a customer's orders has earned, as it now stands: computed, never remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from app.orders.rules import State
from app.profiles.rules.evaluating import evaluate
from app.profiles.rules.stacking import Run, Used, settle
from app.profiles.rules.values import day

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from app.bonuses.rules import Program
    from app.profiles.rules.outcome import Applied, Facts, Recipient
    from app.profiles.rules.shape import Cap, Rule

_LIVE = frozenset({State.REGISTERED, State.AGREED, State.COMPLETED})
_PAID = frozenset({State.AGREED, State.COMPLETED})
_ORDER_TRIGGERS = ("order.created", "order.paid", "order.completed")


@dataclass(frozen=True, slots=True)
class Published:
    """A rule as it was published when an order was made."""

    rule_id: int
    version_id: int
    rule: Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Earning:
    """What the merchant's program says of earning.

    `on`: agreed or completed, when an order counts as paid; `while_redeeming`: whether an order that is
    paid with bonuses in part earns at all; days and rounding: where an effect says nothing
    (None: never).
    """

    on: str = "agreed"
    while_redeeming: bool = True
    delay_days: int = 0
    expires_days: int | None = None
    rounding: str = "down"


def earning_of(program: Program) -> Earning:
    """Return what a bonus program says of earning."""
    return Earning(
        on=program.earn_on,
        while_redeeming=program.earn_while_redeeming,
        delay_days=program.delay_days,
        expires_days=program.expires_days,
        rounding=program.rounding,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One order: where it stands, what is known of it without its refunds, and what came back.

    `values`: minor units by line; `refunded`: exactly, by line.
    """

    order_id: int
    state: State
    created_at: datetime
    paid_at: datetime | None
    completed_at: datetime | None
    facts: Facts
    values: Mapping[str, int]
    refunded: Mapping[str, Fraction] = field(default_factory=dict)
    paid_by_bonus: int = 0
    rules: tuple[Published, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What one effect of one rule gives one recipient for one order, bonus minor units.

    `full` before refunds, `amount` of it is kept; `activates_at` None: at once; `expires_at` None: never.
    """

    order_id: int
    rule_id: int
    version_id: int
    effect: int
    to: Recipient
    full: int
    amount: int
    activates_at: datetime | None
    expires_at: datetime | None
    comment: str | None = None

    @property
    def reference(self) -> str:
        """What makes it one fact, whatever version of the rule says so."""
        who = f"{self.to.who}:{self.to.id}:{self.to.level}"
        return f"profile:order:{self.order_id}:{self.rule_id}:{self.effect}:{who}"


WindowKey = tuple[int, str, int | None, str]  # rule, scope, recipient, window
Taken = Mapping[WindowKey, Used]


def due_of(
    orders: Sequence[Seen], program: Earning, zone: ZoneInfo, taken: Taken | None = None
) -> tuple[Due, ...]:
    """Return what a customer's orders are due; cancelled ones nothing.

    `taken`: what limits have given already outside these orders (window_of() names the window). Orders
    are taken by the moment they were made, so that limits cut the later ones, whatever came in first.
    """
    return due_within(orders, program, zone, dict(taken or {}))


def due_within(
    orders: Sequence[Seen], program: Earning, zone: ZoneInfo, used: dict[WindowKey, Used]
) -> tuple[Due, ...]:
    """Return what orders are due, as due_of() does; what limits give is added to `used`."""
    found: list[Due] = []
    for order in sorted(orders, key=lambda each: (each.created_at, each.order_id)):
        if order.state not in _LIVE or (order.paid_by_bonus and not program.while_redeeming):
            continue
        live = [each for each in order.rules if reached(each.rule, order, program)]
        runs = [Run(each.rule_id, each.rule, evaluate(each.rule, order.facts)) for each in live]
        versions = {each.rule_id: each for each in live}
        at = order.created_at.astimezone(zone)
        applied = settle(runs, windowed(versions, used, at), program.rounding)
        use(used, applied, versions, at)
        for each in applied:
            version = versions[each.rule]
            if each.amount > 0 and _usable(each, order):
                found.append(_due(each, version, order, program, zone))
    return tuple(found)


def kept(
    full: int, lines: Sequence[str], values: Mapping[str, int], back: Mapping[str, Fraction]
) -> int:
    """Return B - floor(B x R / T): R came back of what the bonuses were counted from, worth T."""
    total = sum(values.get(line, 0) for line in lines)
    returned = sum((back.get(line, Fraction(0)) for line in lines), Fraction(0))
    if total <= 0:
        return full
    return full - floor(full * min(returned, Fraction(total)) / total)


def window_of(cap: Cap, at: datetime) -> str:
    """Name the window of a limit that holds at a local moment."""
    calendar = at.isocalendar()
    return {
        "day": f"{at.date()}",
        "week": f"{calendar.year}-W{calendar.week}",
        "month": f"{at.year}-{at.month}",
        "year": f"{at.year}",
        "ever": "",
    }[cap.window]


def reached(rule: Rule, order: Seen, program: Earning) -> bool:
    """Tell whether an order has come to what sets a rule off."""
    if rule.trigger not in _ORDER_TRIGGERS:
        return False
    if rule.trigger == "order.created":
        return True
    if rule.trigger == "order.completed" or program.on == "completed":
        return order.state is State.COMPLETED
    return order.state in _PAID


def moment(rule: Rule, order: Seen, program: Earning) -> datetime:
    """Return when an order came to what sets a rule off."""
    if rule.trigger == "order.created":
        return order.created_at
    if rule.trigger == "order.completed" or program.on == "completed":
        return order.completed_at or order.created_at
    return order.paid_at or order.created_at


def _usable(applied: Applied, order: Seen) -> bool:
    """Tell whether what waits for a state of the order may be given."""
    until = (applied.delay or {}).get("until")
    if until == "completed":
        return order.state is State.COMPLETED
    return until is None or order.state in _PAID


def _due(
    applied: Applied, version: Published, order: Seen, program: Earning, zone: ZoneInfo
) -> Due:
    start = moment(version.rule, order, program)
    delay = applied.delay or {"days": program.delay_days}
    if "until" in delay:
        start = (order.completed_at if delay["until"] == "completed" else order.paid_at) or start
    days = delay.get("days", 0)
    activates = start + timedelta(days=days) if days else None
    return Due(
        order_id=order.order_id,
        rule_id=applied.rule,
        version_id=version.version_id,
        effect=applied.effect,
        to=applied.to,
        full=applied.amount,
        amount=kept(applied.amount, applied.lines, order.values, order.refunded),
        activates_at=activates,
        expires_at=expiry(applied, activates or start, program, zone),
        comment=applied.args.get("comment"),
    )


def expiry(
    applied: Applied, activates: datetime, program: Earning, zone: ZoneInfo
) -> datetime | None:
    """Return when bonuses that become usable at an instant lapse; None: never."""
    said = applied.expires
    if said is None:
        said = {} if program.expires_days is None else {"days": program.expires_days}
    if "days" in said:
        return activates + timedelta(days=said["days"])
    if "on" in said:
        return _midnight(day(said["on"]) + timedelta(days=1), zone)
    if "end_of" in said:
        local = activates.astimezone(zone).date().replace(day=1)
        return _midnight((local + timedelta(days=32)).replace(day=1), zone)
    return None


def _midnight(on: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time(), tzinfo=zone)


def caps_of(rule: Rule) -> tuple[tuple[str, Cap], ...]:
    """Return the caps of a rule by their scope."""
    limits = rule.limits
    said = (
        ("per_member", limits.per_member),
        ("per_referrer", limits.per_referrer),
        ("everybody", limits.everybody),
    )
    return tuple((scope, cap) for scope, cap in said if cap is not None)


def windowed(
    versions: Mapping[int, Published], used: Mapping[WindowKey, Used], at: datetime
) -> dict[tuple[int, str, int | None], Used]:
    """Return what was used in those windows that hold at a local moment."""
    found = {}
    for rule_id, version in versions.items():
        now = {scope: window_of(cap, at) for scope, cap in caps_of(version.rule)}
        for (rule, scope, recipient, window), each in used.items():
            if rule == rule_id and now.get(scope) == window:
                found[rule, scope, recipient] = each
    return found


def use(
    used: dict[WindowKey, Used],
    applied: Sequence[Applied],
    versions: Mapping[int, Published],
    at: datetime,
) -> None:
    """Add what rules gave at a local moment to what their limits have given."""
    sums: dict[WindowKey, int] = {}
    for each in applied:
        for scope, cap in caps_of(versions[each.rule].rule):
            who = {"per_member": "member", "per_referrer": "referrer"}.get(scope)
            if each.amount and who in {None, each.to.who}:
                recipient = None if who is None else each.to.id
                key = (each.rule, scope, recipient, window_of(cap, at))
                sums[key] = sums.get(key, 0) + each.amount
    for key, points in sums.items():
        before = used.get(key, Used())
        used[key] = Used(before.points + points, before.times + 1)
