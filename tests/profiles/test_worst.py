"""What rules cost at most: no event of any kind gives more; and what they name, wherever it stands."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings

from app.profiles.rules import EFFECTS, English, Facts, evaluate, parse
from app.profiles.rules.references import references
from app.profiles.rules.worst import worst_of, worst_told
from tests.profiles.made import events, rules

ENGLISH = English()
GIFT: dict[str, Any] = {"do": "earn.fixed", "points": 5_000}


def rule(*effects: dict[str, Any], trigger: str = "order.paid", **more: Any) -> Any:
    return parse({"schema": 1, "trigger": trigger, "effects": list(effects), **more})


@given(rules(), events())
@settings(max_examples=300)
def test_no_event_gives_more_than_the_price_says(body: dict[str, Any], facts: Facts) -> None:
    read = parse(body)
    worst = worst_of(read)
    effects = evaluate(read, facts).effects
    given_ = sum(each.amount for each in effects)
    basis = sum((each.basis for each in facts.goods), Fraction(0))
    bases = worst.event.points + worst.event.share * basis
    most = bases * (1 + worst.event.times) + len(effects)  # each is rounded by less than one
    assert given_ <= most
    if worst.event_cap is not None:
        assert given_ <= worst.event_cap + len(effects)


def test_prices_of_effects() -> None:
    chain = {"do": "chain.pay", "levels": ["2%", "1%"], "tail": {"ratio": "1/2", "min_points": 1}}
    assert worst_of(rule(chain)).event.share == Fraction(4, 100), "2 + 1 + 1/2 + 1/4 + …"
    assert worst_of(rule({**chain, "budget": 700})).event_cap == 700
    assert worst_of(rule(GIFT, GIFT)).event_cap == 10_000
    endless = {**chain, "levels": [{"points": 100}], "tail": {"ratio": "1/1", "min_points": 1}}
    assert worst_of(rule(endless)).event_cap == 100 * 1000, "a chain ends after a thousand levels"
    full = {"do": "earn.per_amount", "points": 100, "per": 10_000}
    assert worst_of(rule(full)).event.share == Fraction(1, 100)


@pytest.mark.parametrize(
    ("limits", "customer", "month"),
    [
        ({}, None, None),
        ({"per_member": {"times": 1, "window": "day"}}, 31 * 5_000, None),
        ({"per_member": {"points": 7_000, "window": "week"}}, 6 * 7_000, None),
        ({"per_member": {"times": 2, "points": 7_000, "window": "month"}}, 7_000, None),
        ({"global": {"points": 90_000, "window": "ever"}}, 90_000, 90_000),
        ({"global": {"times": 3, "window": "month"}}, 15_000, 15_000),
    ],
)
def test_limits_bound_a_month(limits: dict[str, Any], customer: Any, month: Any) -> None:
    worst = worst_of(rule(GIFT, limits=limits))
    assert (worst.customer, worst.month) == (customer, month)


def test_some_events_come_once_to_a_customer() -> None:
    assert worst_of(rule(GIFT, trigger="member.registered")).customer == 5_000
    assert worst_of(rule(GIFT, trigger="external.event")).customer is None


def test_a_limit_of_the_customer_does_not_hold_those_above_him() -> None:
    chain = {"do": "chain.pay", "levels": ["2%"]}
    limits = {"per_member": {"points": 700, "window": "month"}}
    worst = worst_of(rule(GIFT, chain, limits=limits))
    assert (worst.event_cap, worst.customer, worst.month) == (None, None, None)


def test_it_is_said_in_words() -> None:
    percent = {"do": "earn.percent", "rate": "5%"}
    capped = rule(percent, GIFT, limits={"per_member": {"points": 70_000, "window": "month"}})
    assert worst_told(capped, ENGLISH) == [
        ("For one order", "5% of the order + 50.00, and never more than 700.00"),
        ("For one customer in a month", "700.00"),
        ("For everybody in a month", "unbounded: no limit holds it"),
    ]


def test_names_are_found_wherever_they_stand() -> None:
    product = {"fact": "line.product", "op": "in", "value": ["lamp-1", "lamp-2"]}
    rank = {"fact": "member.rank", "op": "not_in", "value": ["gold"]}
    upline = {"fact": "upline.rank", "op": "in", "value": ["silver"]}
    found = references(
        rule(
            {"do": "earn.percent", "rate": "1%", "lines": {"not": product}},
            {"do": "chain.pay", "levels": [{"rate": "1%", "when": upline}]},
            {"do": "rank.set", "rank": "bronze"},
            when={"any": [rank, {"all": [{"lines": product, "agg": "any"}]}]},
        )
    )
    assert [(each.path, each.kind, each.name) for each in found] == [
        ("when.any.0", "rank", "gold"),
        ("when.any.1.all.0.lines", "product", "lamp-1"),
        ("when.any.1.all.0.lines", "product", "lamp-2"),
        ("effects.0.lines.not", "product", "lamp-1"),
        ("effects.0.lines.not", "product", "lamp-2"),
        ("effects.1.levels.0.when", "rank", "silver"),
        ("effects.2.rank", "rank", "bronze"),
    ]
    assert "rank.set" in EFFECTS
