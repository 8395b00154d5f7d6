"""Any well-formed rule and any event, for property tests."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from typing import Any

from hypothesis import strategies as st

from app.profiles.rules import EFFECTS, FACTS, TRIGGERS, Facts, Goods, Owner, Referrer
from app.profiles.rules.effects import Arg, Of, Spec
from app.profiles.rules.facts import LISTS, OPERATORS, Fact, Kind
from app.profiles.rules.triggers import PROFILES

WORDS = ("silver", "gold", "lamps", "retail", "card")
NOW = datetime(2026, 11, 28, 15, 30, tzinfo=UTC)  # a Saturday
word = st.sampled_from(WORDS)
small = st.integers(0, 40)
days = st.dates(date(2026, 11, 1), date(2026, 12, 20))


def _one(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.options:
        return st.sampled_from([value for value, _ in fact.options])
    return {
        Kind.MONEY: st.integers(0, 5_000),
        Kind.NUMBER: st.one_of(small, st.sampled_from(["0.5", "7.25"])),
        Kind.DATE: days.map(date.isoformat),
        Kind.ANY: st.one_of(small, word),
    }.get(fact.kind, word)


def _value(fact: Fact, op: str) -> st.SearchStrategy[Any]:
    if op in LISTS:
        return st.lists(_one(fact), min_size=1, max_size=3, unique=True)
    if op == "is":
        return st.booleans()
    if op == "within_days":
        return small
    if op == "starts_with":
        return word
    one = _one(fact)
    return st.tuples(one, one).map(list) if op == "between" else one


@cache
def leaf(scope: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from(
        [(f, op) for f in FACTS.values() if _scope(f) == scope for op in OPERATORS[f.kind]]
    ).flatmap(lambda each: _asked(*each))


@cache
def _asked(fact: Fact, op: str) -> st.SearchStrategy[dict[str, Any]]:
    parts = {"fact": st.just(fact.key), "op": st.just(op), "value": _value(fact, op)}
    windows = {"days": st.integers(1, 90)} if fact.windowed else {}
    return st.fixed_dictionaries(parts, optional=windows)


def _scope(fact: Fact) -> str:
    return fact.family if fact.family in {"line", "upline"} else "event"


@cache
def tree(scope: str, depth: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    kinds: list[st.SearchStrategy[dict[str, Any]]] = [leaf(scope)]
    if depth:
        inner = tree(scope, depth - 1)
        many = st.lists(inner, min_size=1, max_size=2)
        kinds += [
            many.map(lambda nodes: {"all": nodes}),
            many.map(lambda nodes: {"any": nodes}),
            inner.map(lambda node: {"not": node}),
        ]
    if scope == "event" and depth:
        kinds.append(tree("line", 1).map(lambda node: {"lines": node, "agg": "any"}))
        kinds.append(tree("line", 1).map(lambda node: {"lines": node, "agg": "none"}))
        kinds.append(
            tree("line", 1).map(lambda node: {"lines": node, "agg": "sum_gte", "value": 900})
        )
    return st.one_of(kinds)


rates = st.sampled_from(["5/100", "1/3", "2.5%", "1/1"])
_ARGS: dict[Of, st.SearchStrategy[Any]] = {
    Of.RATE: rates,
    Of.POINTS: st.integers(1, 5_000),
    Of.SUM: st.integers(0, 5_000),
    Of.COUNT: small,
    Of.PERCENT: st.integers(0, 100),
    Of.WORD: word,
    Of.MESSAGE: st.sampled_from(["order", "birthday"]),
    Of.YES: st.booleans(),
    Of.LINES: tree("line", 1),
    Of.UPLINE: tree("upline", 1),
    Of.DELAY: st.sampled_from([{"days": 14}, {"until": "completed"}, {"until": "paid"}]),
    Of.EXPIRES: st.sampled_from([{"days": 365}, {"end_of": "month"}, {"on": "2026-12-31"}]),
    Of.LEVELS: st.lists(
        st.one_of(rates, st.sampled_from([{"points": 100}, {"rate": "1/10"}])),
        min_size=1,
        max_size=4,
    ),
    Of.TAIL: st.sampled_from([{"ratio": "1/2", "min_points": 1}, {"ratio": "1/1"}]),
    Of.PERCENTS: st.dictionaries(word, st.integers(0, 100), min_size=1, max_size=2),
}


def _arg(arg: Arg) -> st.SearchStrategy[Any]:
    if arg.of is Of.CHOICE:
        return st.sampled_from([value for value, _ in arg.options if value != "lines"])
    return st.sampled_from(["2/1", "3/2"]) if arg.low == 1 else _ARGS[arg.of]


@st.composite
def effect(draw: st.DrawFn, spec: Spec) -> dict[str, Any]:
    made: dict[str, Any] = {"do": spec.do}
    needs_one = spec.do in {"spend.limit", "withdraw.rule"}
    for place, arg in enumerate(spec.args):
        if arg.required or (needs_one and not place) or draw(st.integers(0, 3)) == 0:
            made[arg.name] = draw(_arg(arg))
    return made


@st.composite
def rules(draw: st.DrawFn, trigger: str | None = None) -> dict[str, Any]:
    """Any well-formed rule, as JSON."""
    happened = trigger or draw(st.sampled_from(list(TRIGGERS)))
    fits = [spec for spec in EFFECTS.values() if happened in spec.triggers]
    specs = draw(st.lists(st.sampled_from(fits), max_size=3))
    made: dict[str, Any] = {"schema": 1, "trigger": happened}
    profiles = [key for key, each in PROFILES.items() if happened in each.triggers]
    if draw(st.booleans()):
        made["profile"] = draw(st.sampled_from(profiles))
    if draw(st.booleans()):
        made["when"] = draw(tree("event"))
    made["effects"] = [draw(effect(spec)) for spec in specs]
    if draw(st.booleans()):
        caps = [{"points": 700, "window": "month"}, {"times": 1}, {"points": 50, "times": 2}]
        made["limits"] = {"per_member": draw(st.sampled_from(caps)), "pay": "nothing"}
    if draw(st.booleans()):
        made["stacking"] = {"mode": "exclusive", "priority": draw(st.integers(-5, 5))}
    if draw(st.booleans()):
        made["window"] = {"from": "2026-11-01T00:00:00+03:00"}
    return made


def _known(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.options:
        return st.sampled_from([value for value, _ in fact.options])
    return {
        Kind.MONEY: st.integers(0, 5_000),
        Kind.NUMBER: small,
        Kind.BOOL: st.booleans(),
        Kind.SET: st.frozensets(word, max_size=3),
        Kind.DATE: days,
    }.get(fact.kind, word)


@cache
def said(scope: str) -> st.SearchStrategy[dict[str, Any]]:
    """What is known of an event, a line or a referrer; much is not."""
    fits = {fact.key: _known(fact) for fact in FACTS.values() if _scope(fact) == scope}
    return st.fixed_dictionaries({}, optional=fits)


@st.composite
def events(draw: st.DrawFn) -> Facts:
    """Any event."""
    goods = tuple(
        Goods(
            line=str(place),
            basis=Fraction(draw(st.integers(0, 300_000)), draw(st.integers(1, 7))),
            said=draw(said("line")),
        )
        for place in range(draw(st.integers(0, 3)))
    )
    chain = tuple(
        Referrer(member_id=place + 2, active=draw(st.booleans()), said=draw(said("upline")))
        for place in range(draw(st.integers(0, 6)))
    )
    owners = tuple(Owner(owner_id=90, line=each.line) for each in goods[:1])
    at = NOW + timedelta(days=draw(st.integers(-2, 2)))
    return Facts(
        at=at,
        member_id=1,
        said=draw(said("event")),
        goods=goods,
        chain=chain,
        owners=owners,
    )
