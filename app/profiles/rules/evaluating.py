"""What a rule makes of an event: the same pure function live, in a trial, and when it is replayed."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from app.profiles.rules.answering import Asking
from app.profiles.rules.chain import pay_chain
from app.profiles.rules.effects import EFFECTS
from app.profiles.rules.outcome import Act, Evaluation, Facts, Recipient, Share, Step
from app.profiles.rules.stacking import Run, settle
from app.profiles.rules.values import rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.profiles.rules.outcome import Goods
    from app.profiles.rules.shape import Effect, Rule


def evaluate(rule: Rule, facts: Facts) -> Evaluation:
    """Return whether the rule is met, every answer on the way, and what it gives to whom.

    `shares` are exact; `effects` are rounded and within the limits as if this were the only rule and
    nothing had been given before. `stacking.settle` puts several rules together.
    """
    asking = Asking(facts.said, facts.goods, facts.at.date())
    holds = _within(rule, facts, asking)
    met = asking.ask(rule.when, "when") is True and holds
    if not met:
        return Evaluation(matched=False, trace=tuple(asking.trace))
    shares: list[Share] = []
    acts: list[Act] = []
    stops: list[tuple[int, str]] = []
    for place, effect in enumerate(rule.effects):
        if effect.do == "chain.pay":
            paid, why = pay_chain(place, effect, facts, asking)
            shares += paid
            stops.append((place, why))
        elif EFFECTS[effect.do].earns:
            shares += _EARNERS[effect.do](place, effect, facts, asking)
        else:
            acts.append(Act(place, effect.do, effect.args))
    evaluation = Evaluation(
        matched=True,
        trace=tuple(asking.trace),
        shares=tuple(shares),
        acts=tuple(acts),
        stops=tuple(stops),
    )
    alone = settle([Run(0, rule, evaluation)])
    return Evaluation(
        matched=True,
        trace=evaluation.trace,
        shares=evaluation.shares,
        acts=evaluation.acts,
        stops=evaluation.stops,
        effects=alone,
    )


def _within(rule: Rule, facts: Facts, asking: Asking) -> bool:
    since, until = rule.window.since, rule.window.until
    if since is None and until is None:
        return True
    within = (since is None or since <= facts.at) and (until is None or facts.at < until)
    asking.trace.append(Step("window", "window", "between", (since, until), facts.at, within))
    return within


def _to_member(
    place: int, effect: Effect, facts: Facts, raw: Fraction, goods: tuple[Goods, ...]
) -> list[Share]:
    to = Recipient("member", facts.member_id)
    lines = tuple(each.line for each in goods)
    return [Share(effect=place, do=effect.do, to=to, raw=raw, lines=lines, args=effect.args)]


def _matching(place: int, effect: Effect, asking: Asking) -> tuple[Goods, ...]:
    node = effect.args.get("lines")
    found = asking.matching(node, f"effects.{place}.lines")
    return tuple(asking.goods) if effect.args.get("basis") == "order" else found


def _fixed(place: int, effect: Effect, facts: Facts, _asking: Asking) -> list[Share]:
    return _to_member(place, effect, facts, Fraction(effect.args["points"]), facts.goods)


def _percent(place: int, effect: Effect, facts: Facts, asking: Asking) -> list[Share]:
    goods = _matching(place, effect, asking)
    return _to_member(place, effect, facts, _basis(goods) * rate(effect.args["rate"]), goods)


def _per_amount(place: int, effect: Effect, facts: Facts, asking: Asking) -> list[Share]:
    goods = _matching(place, effect, asking)
    times = floor(_basis(goods) / effect.args["per"])
    return _to_member(place, effect, facts, Fraction(times * effect.args["points"]), goods)


def _multiply(place: int, effect: Effect, facts: Facts, _asking: Asking) -> list[Share]:
    return [
        Share(
            effect=place,
            do=effect.do,
            to=Recipient("member", facts.member_id),
            raw=Fraction(0),
            factor=rate(effect.args["by"]),
            cap=effect.args.get("cap"),
            lines=tuple(each.line for each in facts.goods),
            args=effect.args,
        )
    ]


def _owners(place: int, effect: Effect, facts: Facts, asking: Asking) -> list[Share]:
    goods = {each.line: each for each in _matching(place, effect, asking)}
    part = rate(effect.args["rate"])
    sums: dict[int, Fraction] = {}
    lines: dict[int, list[str]] = {}
    for owner in facts.owners:
        if owner.line in goods:
            due = goods[owner.line].basis * part * owner.share
            sums[owner.owner_id] = sums.get(owner.owner_id, Fraction(0)) + due
            lines.setdefault(owner.owner_id, []).append(owner.line)
    return [
        Share(
            effect=place,
            do=effect.do,
            to=Recipient("owner", owner_id),
            raw=sums[owner_id],
            lines=tuple(lines[owner_id]),
            args=effect.args,
        )
        for owner_id in sorted(sums)
    ]


def _basis(goods: tuple[Goods, ...]) -> Fraction:
    return sum((each.basis for each in goods), Fraction(0))


_EARNERS: dict[str, Callable[[int, Effect, Facts, Asking], list[Share]]] = {
    "earn.fixed": _fixed,
    "earn.percent": _percent,
    "earn.per_amount": _per_amount,
    "earn.multiply": _multiply,
    "owner.pay": _owners,
}
