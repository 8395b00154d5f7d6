"""What rules give: one rounding, multipliers after bases, limits, the chain of any depth."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import floor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.profiles.rules import Applied, Facts, Owner, Referrer, Rule, Run, Used, evaluate, settle
from tests.profiles.made import events, rules
from tests.profiles.test_rules import given_to, order, rule

SOME = settings(max_examples=100, deadline=None)
PERCENT = {"do": "earn.percent", "rate": "1/100"}


def together(
    facts: Facts, *made: Rule, used: dict[tuple[int, str, int | None], Used] | None = None
) -> tuple[Applied, ...]:
    runs = [Run(n, each, evaluate(each, facts)) for n, each in enumerate(made, start=1)]
    return settle(runs, used or {})


def sums(applied: tuple[Applied, ...]) -> dict[int, int]:
    found: dict[int, int] = {}
    for each in applied:
        found[each.rule] = found.get(each.rule, 0) + each.amount
    return found


def chain_of(*ids: int, inactive: tuple[int, ...] = ()) -> tuple[Referrer, ...]:
    return tuple(Referrer(member_id=each, active=each not in inactive) for each in ids)


def paid(
    made: dict[str, Any], chain: tuple[Referrer, ...], total: int = 100_000
) -> tuple[Any, str]:
    facts = replace(order(lines=((total, False),)), chain=chain)
    found = evaluate(rule(None, {"do": "chain.pay", **made}), facts)
    return [(each.to.id, each.to.level, each.amount) for each in found.effects], found.stops[0][1]


def test_a_percentage_is_counted_from_the_goods_that_match_and_rounded_down_once() -> None:
    two = rule(
        None,
        {
            "do": "earn.percent",
            "rate": "1/100",
            "lines": {"fact": "line.has_promo_price", "op": "is", "value": False},
        },
        {
            "do": "earn.percent",
            "rate": "1/100",
            "lines": {"fact": "line.has_promo_price", "op": "is", "value": True},
        },
    )
    found = evaluate(two, order(lines=((199, False), (199, True))))
    # 1.99 + 1.99 is 3.98: rounded once 3, not 1 + 1.
    assert sum(each.amount for each in found.effects) == 3
    assert [each.lines for each in found.effects] == [("1",), ("2",)]


@pytest.mark.parametrize(("how", "due"), [(None, 1), ("down", 1), ("up", 2), ("half_up", 2)])
def test_rounding_goes_down_unless_the_rule_says(how: str | None, due: int) -> None:
    said = {"rounding": how} if how else {}
    found = evaluate(rule(None, {**PERCENT, **said}), order(lines=((150, False),)))
    assert found.effects[0].amount == due


def test_bonuses_for_each_full_sum() -> None:
    made = rule(None, {"do": "earn.per_amount", "points": 100, "per": 50_000})
    for total, due in ((49_999, 0), (50_000, 100), (149_999, 200)):
        assert evaluate(made, order(lines=((total, False),))).effects[0].amount == due


def test_bases_add_and_multipliers_come_after_them() -> None:
    facts = order(lines=((10_000, False),))
    plain, more = rule(None, PERCENT), rule(None, {"do": "earn.fixed", "points": 50})
    doubled = rule(None, {"do": "earn.multiply", "by": "2/1"})
    capped = rule(None, {"do": "earn.multiply", "by": "3/1", "cap": 120})
    assert sums(together(facts, plain, more)) == {1: 100, 2: 50}
    assert sums(together(facts, doubled, plain, more)) == {1: 150, 2: 100, 3: 50}
    assert sums(together(facts, capped, plain, more)) == {1: 120, 2: 100, 3: 50}


def test_the_strongest_exclusive_rule_alone_gives() -> None:
    facts = order(lines=((10_000, False),))
    plain = rule(None, PERCENT)
    weak = rule(
        None, {"do": "earn.fixed", "points": 900}, stacking={"mode": "exclusive", "priority": 1}
    )
    strong = rule(
        None, {"do": "earn.fixed", "points": 30}, stacking={"mode": "exclusive", "priority": 2}
    )
    found = together(facts, plain, weak, strong)
    assert sums(found) == {1: 0, 2: 0, 3: 30}
    assert {each.rule: each.why for each in found} == {1: "yielded", 2: "yielded", 3: ""}
    # Of two as strong the one that gives more; and one that is not met keeps nobody from anything.
    equal = rule(
        None, {"do": "earn.fixed", "points": 31}, stacking={"mode": "exclusive", "priority": 2}
    )
    assert sums(together(facts, strong, equal)) == {1: 0, 2: 31}
    never = rule(
        {"fact": "order.total", "op": "gt", "value": 10_000_000},
        {"do": "earn.fixed", "points": 30},
        stacking={"mode": "exclusive", "priority": 9},
    )
    assert sums(together(facts, plain, never)) == {1: 100}


def test_stop_silences_weaker_rules_only_when_it_is_met() -> None:
    facts = order(lines=((10_000, False),))
    plain = rule(None, PERCENT)
    stop = rule(None, {"do": "earn.fixed", "points": 7}, {"do": "stop"}, stacking={"priority": 5})
    found = together(facts, plain, stop)
    assert sums(found) == {1: 0, 2: 7}
    unmet = replace(stop, when=rule({"fact": "order.total", "op": "lt", "value": 1}).when)
    assert sums(together(facts, plain, unmet)) == {1: 100}


@pytest.mark.parametrize(
    ("limits", "before", "due"),
    [
        ({"per_member": {"points": 120}}, Used(), 100),
        ({"per_member": {"points": 120}}, Used(points=90), 30),
        ({"per_member": {"points": 120}, "pay": "nothing"}, Used(points=90), 0),
        ({"per_member": {"points": 120}}, Used(points=500), 0),
        ({"per_member": {"times": 2, "window": "day"}}, Used(times=1), 100),
        ({"per_member": {"times": 2, "window": "day"}}, Used(times=2), 0),
    ],
)
def test_limits_of_a_customer_pay_the_rest_or_nothing(
    limits: dict[str, Any], before: Used, due: int
) -> None:
    made = rule(None, PERCENT, limits=limits)
    facts = order(lines=((10_000, False),))
    found = together(facts, made, used={(1, "per_member", 1): before})
    assert found[0].amount == due
    assert (found[0].why == "limited") == (due < 100)


def test_limits_of_everybody_and_of_a_referrer() -> None:
    facts = replace(order(lines=((10_000, False),)), chain=chain_of(2, 3))
    chain = {"do": "chain.pay", "levels": ["1/100", "1/100"]}
    made = rule(None, PERCENT, chain, limits={"global": {"points": 150}})
    assert [each.amount for each in together(facts, made)] == [100, 50, 0]
    made = rule(None, PERCENT, chain, limits={"per_referrer": {"points": 60}})
    found = together(facts, made, used={(1, "per_referrer", 3): Used(points=50)})
    assert [each.amount for each in found] == [100, 60, 10]


def test_the_chain_is_paid_level_by_level_and_then_by_its_tail() -> None:
    people = chain_of(*range(2, 30))
    found, why = paid({"levels": ["5/100", {"points": 700}]}, people)
    assert found == [(2, 1, 5_000), (3, 2, 700)]
    assert why == "last_level"
    found, why = paid({"levels": ["1/100"], "tail": {"ratio": "1/2", "min_points": 200}}, people)
    assert found == [(2, 1, 1_000), (3, 2, 500), (4, 3, 250)]
    assert why == "too_small"


def test_the_chain_ends_where_nobody_is_above_or_somebody_comes_again() -> None:
    assert paid({"levels": ["1/100"] * 5}, chain_of(2, 3)) == (
        [(2, 1, 1_000), (3, 2, 1_000)],
        "no_parent",
    )
    assert paid({"levels": ["1/100"] * 5}, chain_of(2, 3, 2)) == (
        [(2, 1, 1_000), (3, 2, 1_000)],
        "cycle",
    )
    assert paid({"levels": ["1/100"] * 5}, chain_of(2, 1)) == ([(2, 1, 1_000)], "cycle")


def test_the_chain_of_any_depth_ends_after_a_thousand_levels() -> None:
    made = {"levels": ["1/100"], "tail": {"ratio": "1/1"}}
    found, why = paid(made, chain_of(*range(2, 1_502)))
    assert len(found) == 1_000
    assert why == "too_long"


def test_inactive_referrers_are_passed_over_or_go_without() -> None:
    people = chain_of(2, 3, 4, inactive=(2,))
    levels = {"levels": ["2/100", "1/100"]}
    assert paid(levels, people)[0] == [(3, 2, 1_000)]
    assert paid({**levels, "compress": True}, people)[0] == [(3, 1, 2_000), (4, 2, 1_000)]


def test_the_budget_of_a_chain_is_never_exceeded() -> None:
    made = {"levels": ["2/100", "2/100", "2/100"], "budget": 3_500}
    found, why = paid(made, chain_of(2, 3, 4))
    assert [amount for _, _, amount in found] == [2_000, 1_500]
    assert why == "budget"


def test_a_level_whose_condition_is_not_met_or_not_known_goes_unpaid() -> None:
    gold = {"fact": "upline.rank", "op": "in", "value": ["gold"]}
    people = (
        Referrer(member_id=2, said={"upline.rank": "gold"}),
        Referrer(member_id=3, said={"upline.rank": "silver"}),
        Referrer(member_id=4),
        Referrer(member_id=5, said={"upline.rank": "gold"}),
    )
    found, _ = paid({"levels": ["1/100"] * 4, "when": gold}, people)
    assert found == [(2, 1, 1_000), (5, 4, 1_000)]
    mixed: list[Any] = [
        "1/100",
        {"rate": "1/100", "when": {"not": gold}},
        {"points": 5, "when": gold},
    ]
    assert paid({"levels": mixed}, people)[0] == [(2, 1, 1_000), (3, 2, 1_000)]


def test_rights_holders_are_paid_for_their_goods() -> None:
    facts = replace(
        order(lines=((10_000, False), (20_000, False), (5_000, False))),
        owners=(
            Owner(owner_id=7, line="1"),
            Owner(owner_id=7, line="2", share=Fraction(1, 2)),
            Owner(owner_id=8, line="2"),
        ),
    )
    found = evaluate(rule(None, {"do": "owner.pay", "rate": "10%"}), facts)
    assert given_to(found) == [("owner", 7, 2_000), ("owner", 8, 2_000)]
    assert found.effects[0].lines == ("1", "2")


def test_a_rule_outside_its_days_gives_nothing_and_says_why() -> None:
    made = rule(None, PERCENT, window={"from": "2026-12-01T00:00:00+03:00"})
    found = evaluate(made, order())
    assert not found.matched
    assert found.trace[0].path == "window"


@given(facts=events(), made=st.lists(rules("order.paid"), min_size=1, max_size=4))
@SOME
def test_each_rule_is_rounded_once_for_each_recipient(
    facts: Facts, made: list[dict[str, Any]]
) -> None:
    read = [rule(each.get("when"), *_down(each["effects"])) for each in made]
    found = together(facts, *read)
    exact: dict[tuple[int, str, int | None], Fraction] = {}
    whole: dict[tuple[int, str, int | None], int] = {}
    for each in found:
        if each.why in {"yielded", "stopped"}:
            continue
        key = (each.rule, each.to.who, each.to.id)
        exact[key] = exact.get(key, Fraction(0)) + each.raw
        whole[key] = whole.get(key, 0) + each.amount
    assert whole == {key: floor(raw) for key, raw in exact.items()}


@given(facts=events(), made=st.lists(rules("order.paid"), min_size=1, max_size=4))
@SOME
def test_in_whatever_order_rules_are_looked_at_they_give_the_same(
    facts: Facts, made: list[dict[str, Any]]
) -> None:
    read = [rule(each.get("when"), *each["effects"]) for each in made]
    runs = [Run(n, each, evaluate(each, facts)) for n, each in enumerate(read)]
    assert settle(runs) == settle(runs[::-1])


def _down(effects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in each.items() if name != "rounding"} for each in effects]
