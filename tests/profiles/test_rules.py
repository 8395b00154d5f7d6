"""The shape of rules: the example of the design, strict reading, answers, and what follows from the registries."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from babel.messages.pofile import read_po
from hypothesis import given, settings
from hypothesis import strategies as st

from app.profiles.rules import (
    EFFECTS,
    FACTS,
    PROFILES,
    All,
    AnyOf,
    English,
    Evaluation,
    Facts,
    Goods,
    Not,
    Referrer,
    Rule,
    RuleError,
    document,
    evaluate,
    leaves,
    parse,
    rule_hash,
    schema,
    sentence,
    unfit,
    write,
)
from app.profiles.rules.document import EXAMPLE
from app.profiles.rules.reaching import reached, told_of
from app.profiles.rules.shape import Leaf, Lines, Node
from tests.house.catalogs import catalogue
from tests.profiles.made import NOW, events, rules

ROOT = Path(__file__).resolve().parent.parent.parent
SCHEMA = jsonschema_rs.validator_for(schema())
SOME = settings(max_examples=150, deadline=None)

# LOYALTY.md, word for word.
THE_EXAMPLE = """
{"schema":1,"trigger":"order.paid","when":{"all":[
  {"fact":"order.total","op":"gte","value":300000},
  {"fact":"member.rank","op":"in","value":["silver","gold"]},
  {"any":[{"fact":"order.is_first","op":"is","value":true},{"fact":"time.weekday","op":"in","value":[6,7]}]},
  {"not":{"fact":"order.has_coupon","op":"is","value":true}}]},
 "effects":[{"do":"earn.percent","rate":"5/100","lines":{"not":{"fact":"line.has_promo_price","op":"is","value":true}},
   "delay":{"days":14},"expires":{"days":365}},
  {"do":"chain.pay","levels":["2/100","1/100"],"tail":{"ratio":"1/2","min_points":1}}],
 "limits":{"per_member":{"points":5000,"window":"month"}}}
"""


class Russian(English):
    """The Russian catalogue, without an application around it."""

    def __init__(self) -> None:
        with catalogue("ru").open("rb") as text:
            self.known = read_po(text, locale="ru")

    def gettext(self, text: str, **values: Any) -> str:
        found = self.known.get(text)
        assert found is not None, text
        told = str(found.string)
        return told % values if values else told

    def ngettext(self, one: str, many: str, num: int, **values: Any) -> str:
        found = self.known.get(one)
        assert found is not None, one
        form = 0 if num % 10 == 1 and num % 100 != 11 else 1
        form = 2 if num % 10 in {0, 5, 6, 7, 8, 9} or 11 <= num % 100 <= 14 else form
        return found.string[form] % {"num": num, **values}


RUSSIAN = Russian()


def rule(when: Any = None, *effects: dict[str, Any], **more: Any) -> Rule:
    made = {"schema": 1, "trigger": "order.paid", "effects": list(effects), **more}
    return parse(made if when is None else {**made, "when": when})


def order(
    *, lines: tuple[tuple[int, bool | None], ...] = ((400_000, False),), **said: Any
) -> Facts:
    """An order on a Saturday: lines as (sum, whether on promotion), and what else is known."""
    goods = tuple(
        Goods(
            line=str(n),
            basis=Fraction(amount),
            said={"line.amount": amount, "line.has_promo_price": promo},
        )
        for n, (amount, promo) in enumerate(lines, start=1)
    )
    known = {key.replace("__", "."): value for key, value in said.items()}
    total = sum(amount for amount, _ in lines)
    return Facts(
        at=NOW,
        member_id=1,
        said={"order.total": total, "time.weekday": 6, "order.has_coupon": False, **known},
        goods=goods,
    )


def given_to(evaluation: Evaluation) -> list[tuple[str, int | None, int]]:
    return [(each.to.who, each.to.id, each.amount) for each in evaluation.effects]


def test_the_example_of_the_design_pays_as_it_says() -> None:
    made = parse(json.loads(THE_EXAMPLE))
    assert unfit(made) == ()
    chain = tuple(Referrer(member_id=n) for n in range(2, 40))
    facts = replace(
        order(
            lines=((300_000, False), (100_000, True)), member__rank="gold", order__is_first=False
        ),
        chain=chain,
    )
    found = evaluate(made, facts)
    assert found.matched
    # 5% of 3,000.00 without the promotional line is 150.00, cut to the month's 50.00.
    assert given_to(found)[0] == ("member", 1, 5_000)
    assert found.effects[0].raw == 15_000
    # Up the chain 2%, 1%, then halves of what the level below gets, until under one unit.
    up = [amount for who, _, amount in given_to(found)[1:] if who == "referrer"]
    assert up[:5] == [8_000, 4_000, 2_000, 1_000, 500]
    assert up[-1] == 1
    assert found.stops == ((1, "too_small"),)
    assert found.effects[0].delay == {"days": 14}
    assert found.effects[0].expires == {"days": 365}


@pytest.mark.parametrize(
    ("changed", "first_no"),
    [
        ({"order__total": 299_999}, "order.total"),
        ({"member__rank": "bronze"}, "member.rank"),
        ({"time__weekday": 5}, "order.is_first"),
        ({"order__has_coupon": True}, "order.has_coupon"),
        ({"order__has_coupon": None}, "order.has_coupon"),
        ({"member__rank": None}, "member.rank"),
    ],
)
def test_the_example_pays_nothing_when_one_condition_fails_or_is_not_known(
    changed: dict[str, Any], first_no: str
) -> None:
    known = {"member__rank": "silver", "order__is_first": False, **changed}
    found = evaluate(parse(json.loads(THE_EXAMPLE)), order(**known))
    assert not found.matched
    assert found.effects == ()
    assert len(found.trace) == 5, "every leaf is asked, also after the first no"
    asked = {step.fact: step for step in found.trace}
    assert asked[first_no].result is not True or first_no == "order.has_coupon"


def test_the_example_in_both_languages() -> None:
    made = parse(EXAMPLE)
    assert made == parse(json.loads(THE_EXAMPLE))
    assert sentence(made, English()) == (
        "Give 5% for a paid order, counting only: goods not on promotion, usable after 14 days, for 365"
        " days; pay up the chain 2%, 1%, then each level 50% of the one below, if order total is at least"
        " 3,000.00, customer's rank is silver or gold, (it is the customer's first order or day of the"
        " week is Saturday or Sunday) and no coupon is used. At most for a customer: 50.00 bonuses"
        " each month."
    )
    told = sentence(made, RUSSIAN)
    assert told.startswith("Начислять 5 % за оплаченный заказ, считая только: товары не по акции")
    assert "если сумма заказа не меньше 3,000.00" in told
    assert "(это первый заказ клиента или день недели: Суббота или Воскресенье)" in told


def test_the_page_of_the_documentation_is_current() -> None:
    assert (ROOT / "docs" / "rules-of-bonuses.md").read_text() == document()


def test_every_profile_has_triggers_facts_and_effects() -> None:
    assert len(PROFILES) == 12
    assert all(fact.triggers for fact in FACTS.values())
    assert all(spec.triggers for spec in EFFECTS.values())


@pytest.mark.parametrize(
    ("broken", "path", "code"),
    [
        ({"schema": 2}, "schema", "unknown_schema"),
        ({"trigger": "order.lost"}, "trigger", "unknown_trigger"),
        ({"profile": "birthday"}, "trigger", "foreign_trigger"),
        ({"extra": 1}, "extra", "unknown_key"),
        ({"when": []}, "when", "not_an_object"),
        ({"when": {"all": [], "any": []}}, "when", "unknown_node"),
        ({"when": {"any": []}}, "when.any", "empty_group"),
        ({"when": {"fact": "order.size", "op": "eq", "value": 1}}, "when.fact", "unknown_fact"),
        ({"when": {"fact": "line.qty", "op": "eq", "value": 1}}, "when.fact", "wrong_scope"),
        ({"when": {"fact": "order.total", "op": "in", "value": [1]}}, "when.op", "wrong_operator"),
        ({"when": {"fact": "order.total", "op": "eq", "value": 1.5}}, "when.value", "wrong_value"),
        ({"when": {"fact": "order.total", "op": "eq", "value": True}}, "when.value", "wrong_value"),
        ({"when": {"fact": "time.weekday", "op": "in", "value": [8]}}, "when.value", "wrong_value"),
        ({"when": {"fact": "order.total", "op": "eq", "value": 1, "days": 3}}, "when.days", "no_window"),
        ({"effects": [{"do": "earn.much"}]}, "effects.0.do", "unknown_effect"),
        ({"effects": [{"do": "earn.percent"}]}, "effects.0.rate", "missing"),
        ({"effects": [{"do": "earn.percent", "rate": "5"}]}, "effects.0.rate", "wrong_value"),
        ({"effects": [{"do": "earn.percent", "rate": "1/0"}]}, "effects.0.rate", "wrong_value"),
        ({"effects": [{"do": "earn.multiply", "by": "1/2"}]}, "effects.0.by", "wrong_value"),
        ({"effects": [{"do": "chain.pay", "levels": []}]}, "effects.0.levels", "wrong_value"),
        ({"limits": {"per_member": {"window": "month"}}}, "limits.per_member", "missing"),
        ({"stacking": {"mode": "best"}}, "stacking.mode", "wrong_value"),
        ({"window": {"from": "2026-11-02T00:00:00Z", "to": "2026-11-01T00:00:00Z"}}, "window.to", "rule_window"),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_told_by_name_and_place(
    broken: dict[str, Any], path: str, code: str
) -> None:
    with pytest.raises(RuleError) as caught:
        parse({"schema": 1, "trigger": "order.paid", "effects": [], **broken})
    assert (path, code) in [(each.path, each.code) for each in caught.value.problems]
    assert all(each.text(English()) and each.text(RUSSIAN) for each in caught.value.problems)


def test_depth_and_number_of_questions_are_bounded() -> None:
    leaf = {"fact": "order.total", "op": "gte", "value": 1}
    deep: dict[str, Any] = leaf
    for _ in range(4):
        deep = {"not": deep}
    assert parse({"schema": 1, "trigger": "order.paid", "when": deep}).when != All()
    for when in ({"not": deep}, {"all": [leaf] * 41}):
        with pytest.raises(RuleError):
            parse({"schema": 1, "trigger": "order.paid", "when": when})
    endless: dict[str, Any] = leaf
    for _ in range(5_000):
        endless = {"not": endless}
    with pytest.raises(RuleError):
        parse({"schema": 1, "trigger": "order.paid", "when": endless})


def _all(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"all": list(nodes)}


def _total(op: str, value: Any) -> dict[str, Any]:
    return {"fact": "order.total", "op": op, "value": value}


@pytest.mark.parametrize(
    "when",
    [
        _all(_total("gt", 100), _total("lt", 100)),
        _all(_total("gte", 200), _all(_total("lte", 100))),
        _all(_total("eq", 100), _total("ne", 100)),
        _total("between", [200, 100]),
        _all(
            {"fact": "member.rank", "op": "in", "value": ["gold"]},
            {"fact": "member.rank", "op": "not_in", "value": ["gold", "silver"]},
        ),
        _all(
            {"fact": "order.is_first", "op": "is", "value": True},
            {"fact": "order.is_first", "op": "is", "value": False},
        ),
        {"any": [_total("gt", 5), _all(_total("gt", 100), _total("lt", 50))]},
        _all(
            {"fact": "time.date", "op": "before", "value": "2026-11-01"},
            {"fact": "time.date", "op": "after", "value": "2026-11-30"},
        ),
    ],
)
def test_what_can_never_be_so_is_not_published(when: dict[str, Any]) -> None:
    made = rule(when, {"do": "earn.fixed", "points": 100})
    assert "never_so" in {each.code for each in unfit(made)}


def test_what_can_be_so_is_published() -> None:
    for when in (
        _all(_total("gte", 100), _total("lte", 100)),
        _all(_total("between", [100, 200]), _total("ne", 150)),
        {"any": [_total("gt", 100), _total("lt", 50)]},
    ):
        assert unfit(rule(when, {"do": "earn.fixed", "points": 100})) == ()


def test_a_rule_asks_only_what_is_known_then_and_does_only_what_fits() -> None:
    review = {"fact": "review.length", "op": "gte", "value": 50}
    assert {p.code for p in unfit(rule(review, {"do": "earn.fixed", "points": 1}))} == {
        "fact_not_known_then"
    }
    assert {p.code for p in unfit(rule(None))} == {"no_effects"}
    limit = rule(None, {"do": "spend.limit", "percent": 50})
    assert {p.code for p in unfit(limit)} == {"effect_not_then"}
    birthday = parse(
        {
            "schema": 1,
            "trigger": "schedule.birthday",
            "effects": [{"do": "chain.pay", "levels": ["1/100"]}],
        }
    )
    assert {p.code for p in unfit(birthday)} == {"effect_not_then"}


@given(made=rules())
@SOME
def test_any_rule_has_a_sentence_a_valid_form_and_one_hash(made: dict[str, Any]) -> None:
    read = parse(made)
    written = write(read)
    assert parse(written) == read
    assert rule_hash(written) == rule_hash(write(parse(json.loads(json.dumps(written)))))
    SCHEMA.validate(written)
    for words in (English(), RUSSIAN):
        told = sentence(read, words)
        assert told.endswith(".")
        assert "%(" not in told


@given(made=rules(), facts=events())
@SOME
def test_any_rule_meets_any_event_without_an_error(made: dict[str, Any], facts: Facts) -> None:
    read = parse(made)
    found = evaluate(read, facts)
    asked = [step for step in found.trace if step.path.startswith("when") and step.fact != "lines"]
    assert len(asked) >= sum(1 for each in leaves(read.when) if not each.fact.startswith("line."))
    assert all(each.amount >= 0 for each in found.effects)
    assert found.matched or not found.effects


def shuffled(node: Node, draw: Any) -> Node:
    """Return the tree with its groups in another order."""
    if isinstance(node, Leaf):
        return node
    if isinstance(node, Not | Lines):
        return replace(node, node=shuffled(node.node, draw))
    nodes = tuple(shuffled(each, draw) for each in draw(st.permutations(node.nodes)))
    return replace(node, nodes=nodes)


@given(made=rules(), facts=events(), data=st.data())
@SOME
def test_the_order_of_conditions_changes_nothing(
    made: dict[str, Any], facts: Facts, data: st.DataObject
) -> None:
    read = parse(made)
    other = evaluate(replace(read, when=shuffled(read.when, data.draw)), facts)
    found = evaluate(read, facts)
    assert (found.matched, found.effects) == (other.matched, other.effects)
    assert sorted(map(repr, (s.fact for s in found.trace))) == sorted(
        map(repr, (s.fact for s in other.trace))
    )


@given(made=rules(), facts=events())
@SOME
def test_nothing_known_never_pays_a_rule_that_asks(made: dict[str, Any], facts: Facts) -> None:
    read = parse(made)
    nothing = replace(facts, said={}, goods=(), chain=(), owners=())
    asks = any(not each.fact.startswith("line.") for each in leaves(read.when))
    goods = any(each.fact.startswith("line.") for each in leaves(read.when))
    if asks and not goods:
        assert not evaluate(read, nothing).matched


@given(made=rules(), facts=events(), more=events())
@SOME
def test_what_is_learnt_later_never_takes_back_a_yes(
    made: dict[str, Any], facts: Facts, more: Facts
) -> None:
    """Were an unknown fact known, whatever it is, a rule that was met is met still."""
    read = parse(made)
    if evaluate(read, facts).matched:
        known = replace(facts, said={**more.said, **facts.said})
        assert evaluate(read, known).matched


def test_not_of_what_is_not_known_does_not_pay() -> None:
    made = rule(
        {"not": {"fact": "order.has_coupon", "op": "is", "value": True}},
        {"do": "earn.fixed", "points": 100},
    )
    assert evaluate(made, order(order__has_coupon=False)).matched
    assert not evaluate(made, order(order__has_coupon=True)).matched
    found = evaluate(made, order(order__has_coupon=None))
    assert not found.matched
    assert found.trace[0].result is None


def test_conditions_on_goods_count_lines_and_sums() -> None:
    promo = {"fact": "line.has_promo_price", "op": "is", "value": True}

    def met(agg: str, value: int | None, *lines: tuple[int, bool | None]) -> bool:
        least = {} if value is None else {"value": value}
        made = rule({"lines": promo, "agg": agg, **least}, {"do": "earn.fixed", "points": 1})
        return evaluate(made, order(lines=lines)).matched

    assert met("any", None, (100, False), (100, True))
    assert not met("any", None, (100, False))
    assert met("none", None, (100, False))
    assert not met("none", None, (100, None)), "not known is not none"
    assert met("count_gte", 2, (100, True), (100, True))
    assert not met("count_gte", 2, (100, True), (100, None))
    assert met("sum_gte", 200, (150, True), (50, True), (900, False))
    assert not met("sum_gte", 200, (150, True), (900, False))


def achievement(name: str, fact: str, value: int) -> Rule:
    named = {"fact": "metric.name", "op": "in", "value": [name]}
    more = {"fact": fact, "op": "gte", "value": value}
    gift = {"do": "earn.fixed", "points": 100}
    return rule({"all": [named, more]}, gift, trigger="metric.crossed")


def test_a_sum_of_purchases_is_never_asked_as_a_number() -> None:
    ten = achievement("sum", "metric.sum", 1_000_000)
    assert not unfit(ten)
    assert reached(ten, "sum", 1_000_000) == {1_000_000}
    assert not reached(ten, "sum", 999_999)
    assert "sum that was reached is at least 10,000.00" in sentence(ten, English())
    assert told_of("sum", 1_000_000) == {"name": "sum", "sum": 1_000_000}
    wrong = achievement("sum", "metric.value", 10_000)
    assert [each.code for each in unfit(wrong)] == ["other_metric"]
    assert not reached(wrong, "sum", 10_000), "10,000 is not reached at a hundred roubles"
    assert [each.code for each in unfit(achievement("orders", "metric.sum", 1))] == ["other_metric"]
    assert [each.code for each in unfit(achievement("likes", "metric.value", 1))] == ["no_metric"]
    assert not unfit(achievement("orders", "metric.value", 10))


def test_what_is_said_of_spending_says_when_by_itself() -> None:
    spends = rule(
        None, {"do": "spend.limit", "percent": 50}, trigger="quote.requested", profile="spend"
    )
    assert sentence(spends, English()) == "Let bonuses pay up to 50% of the order."


def test_groups_are_kept_apart_in_the_sentence() -> None:
    first = {"fact": "order.is_first", "op": "is", "value": True}
    both = rule({"all": [{"any": [first, _total("gte", 100)]}, _total("lte", 900)]})
    assert "(it is the customer's first order or order total is at least 1.00) and" in sentence(
        both, English()
    )
    assert isinstance(both.when, All)
    assert isinstance(both.when.nodes[0], AnyOf)
