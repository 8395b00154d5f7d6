"""What a rule costs at most: for one event, for one customer, for all of them in a month."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Any

from app.profiles.rules.effects import EFFECTS
from app.profiles.rules.giving import percent_text
from app.profiles.rules.shape import LEVELS
from app.profiles.rules.triggers import TRIGGERS
from app.profiles.rules.values import rate
from app.profiles.rules.words import N_

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.profiles.rules.shape import Cap, Effect, Rule
    from app.profiles.rules.words import Words

# How many windows a month touches at most: a month of 31 days reaches into six weeks.
IN_A_MONTH = {"day": 31, "week": 6, "month": 1, "year": 1, "ever": 1}
# Events that come to a customer once in a month at most, whatever limits say.
ONCE = frozenset({"member.registered", "member.profile_updated", "schedule.birthday"})
_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class Price:
    """At most so many bonuses (minor units), a part of the order, and so many times what all rules give."""

    points: Fraction = _NOTHING
    share: Fraction = _NOTHING
    times: Fraction = _NOTHING

    def __add__(self, other: Price) -> Price:
        """Return both together."""
        return Price(self.points + other.points, self.share + other.share, self.times + other.times)

    @property
    def bounded(self) -> bool:
        """Whether it is a sum, however large the order."""
        return not self.share and not self.times


@dataclass(frozen=True, slots=True)
class Worst:
    """`event`: one event without limits; the others in bonus minor units by the limits, None: unbounded."""

    event: Price
    event_cap: int | None
    customer: int | None  # in a month
    month: int | None  # all customers


def worst_of(rule: Rule) -> Worst:
    """Return what the rule costs at most, bonuses rounded up."""
    price = sum((_price(each) for each in rule.effects), Price())
    limits = rule.limits
    alone = all(each.do not in {"chain.pay", "owner.pay"} for each in rule.effects)
    own = limits.per_member if alone else None
    points = [cap.points for cap in (own, limits.everybody) if cap and cap.points is not None]
    if price.bounded:
        points.append(ceil(price.points))
    event = min(points, default=None)
    month = _of_cap(limits.everybody, event)
    customer = _of_cap(own, event)
    if rule.trigger in ONCE and event is not None:
        customer = event if customer is None else min(customer, event)
    if month is not None:
        customer = month if customer is None else min(customer, month)
    return Worst(price, event, customer, month)


def _of_cap(cap: Cap | None, event: int | None) -> int | None:
    """Return what a cap lets through in a month."""
    if cap is None:
        return None
    windows = IN_A_MONTH[cap.window]
    found = [] if cap.points is None else [cap.points * windows]
    if cap.times is not None and event is not None:
        found.append(event * cap.times * windows)
    return min(found, default=None)


def _price(effect: Effect) -> Price:
    found = _PRICES.get(effect.do)
    if found is not None:
        return found(effect.args)
    return Price(share=rate(effect.args["rate"])) if EFFECTS[effect.do].earns else Price()


def _multiply(args: Mapping[str, Any]) -> Price:
    if "cap" in args:
        return Price(points=Fraction(args["cap"]))
    return Price(times=max(rate(args["by"]) - 1, _NOTHING))


def _chain(args: Mapping[str, Any]) -> Price:
    if "budget" in args:
        return Price(points=Fraction(args["budget"]))
    levels = [_level(each) for each in args["levels"]]
    found = sum(levels, Price())
    tail = args.get("tail")
    if tail is None or not levels:
        return found
    ratio, more = rate(tail["ratio"]), LEVELS - len(levels)
    times = Fraction(more) if ratio == 1 else ratio / (1 - ratio)
    return found + Price(levels[-1].points * times, levels[-1].share * times)


def _level(said: Any) -> Price:
    if isinstance(said, str):
        return Price(share=rate(said))
    return (
        Price(points=Fraction(said["points"]))
        if "points" in said
        else Price(share=rate(said["rate"]))
    )


_PRICES: dict[str, Callable[[Mapping[str, Any]], Price]] = {
    "chain.pay": _chain,
    "earn.fixed": lambda args: Price(points=Fraction(args["points"])),
    "earn.per_amount": lambda args: Price(share=Fraction(args["points"], args["per"])),
    "earn.multiply": _multiply,
}
UNBOUNDED = N_("unbounded: no limit holds it")


def worst_told(rule: Rule, words: Words) -> list[tuple[str, str]]:
    """Return what it costs at most as lines: of what, how much."""
    worst = worst_of(rule)
    event = N_("For one order") if TRIGGERS[rule.trigger].of_order else N_("For one event")
    said = _price_told(worst.event, words)
    if worst.event_cap is not None and not worst.event.bounded:
        cap = words.money(worst.event_cap)
        said = words.gettext("%(said)s, and never more than %(sum)s", said=said, sum=cap)
    lines = [(words.gettext(event), said)]
    for label, sum_ in (
        (N_("For one customer in a month"), worst.customer),
        (N_("For everybody in a month"), worst.month),
    ):
        told = words.gettext(UNBOUNDED) if sum_ is None else words.money(sum_)
        lines.append((words.gettext(label), told))
    return lines


def _price_told(price: Price, words: Words) -> str:
    parts = []
    if price.share:
        part = percent_text(Fraction(ceil(price.share * 10_000), 10_000), words)
        parts.append(words.gettext("%(percent)s of the order", percent=part))
    if price.points or price.bounded:
        parts.append(words.money(ceil(price.points)))
    if price.times:
        times = percent_text(Fraction(ceil(price.times * 10_000), 10_000), words)
        parts.append(words.gettext("%(percent)s of what all rules give together", percent=times))
    return " + ".join(parts)
