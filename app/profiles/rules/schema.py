"""The JSON Schema of rules, made from the registries."""

from __future__ import annotations

from typing import Any

from app.money import LARGEST
from app.profiles.rules.effects import EFFECTS, Arg, Of, Spec
from app.profiles.rules.facts import FACTS, LISTS, Fact, Kind, find
from app.profiles.rules.shape import AGGREGATES, SCHEMA, WINDOWS
from app.profiles.rules.triggers import PROFILES, TRIGGERS
from app.profiles.rules.values import LONGEST_WORD, MOST_DAYS, MOST_WORDS

_RATE = {"type": "string", "pattern": r"^([0-9]{1,9}/[1-9][0-9]{0,8}|[0-9]{1,5}(\.[0-9]{1,4})?%)$"}
_WORD = {"type": "string", "minLength": 1, "maxLength": LONGEST_WORD}
_DECIMAL = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}
_DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_MOMENT = {"type": "string", "maxLength": 40}


def schema() -> dict[str, Any]:
    """Return the whole schema; every well-formed rule is valid by it."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule of bonuses",
        **_object(
            {
                "schema": {"const": SCHEMA},
                "profile": {"enum": list(PROFILES)},
                "trigger": {"enum": list(TRIGGERS)},
                "when": {"$ref": "#/$defs/event"},
                "effects": {"type": "array", "items": {"$ref": "#/$defs/effect"}},
                "limits": _object(
                    {
                        **{n: _cap() for n in ("per_member", "per_referrer", "global")},
                        "pay": {"enum": ["rest", "nothing"]},
                    }
                ),
                "stacking": _object(
                    {"mode": {"enum": ["add", "exclusive"]}, "priority": _whole(-1000, 1000)}
                ),
                "window": _object({"from": _MOMENT, "to": _MOMENT}),
            },
            "schema",
            "trigger",
        ),
        "$defs": {
            **{scope: _tree(scope) for scope in ("event", "line", "upline")},
            "effect": {"oneOf": [_effect(each) for each in EFFECTS.values()]},
        },
    }


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _whole(low: int, high: int = LARGEST) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _cap() -> dict[str, Any]:
    found = _object({"points": _whole(1), "times": _whole(1), "window": {"enum": list(WINDOWS)}})
    return {**found, "anyOf": [{"required": ["points"]}, {"required": ["times"]}]}


def _tree(scope: str) -> dict[str, Any]:
    here = {"$ref": f"#/$defs/{scope}"}
    many = {"type": "array", "items": here}
    kinds = [_object({"all": many}, "all"), _object({"any": {**many, "minItems": 1}}, "any")]
    kinds.append(_object({"not": here}, "not"))
    if scope == "event":
        parts = {"lines": {"$ref": "#/$defs/line"}, "agg": {"enum": list(AGGREGATES)}}
        kinds.append(_object({**parts, "value": _whole(1)}, "lines"))
    for fact in FACTS.values():
        if (fact.family if fact.family in {"line", "upline"} else "event") == scope:
            kinds += _leaves(fact, {"const": fact.key})
    payload = find("external.payload.field")
    if scope == "event" and payload is not None:
        kinds += _leaves(
            payload,
            {"type": "string", "pattern": r"^external\.payload\.[a-z][a-z0-9_]{0,39}$"},
        )
    return {"anyOf": kinds}


def _leaves(fact: Fact, name: dict[str, Any]) -> list[dict[str, Any]]:
    days = {"days": _whole(1, MOST_DAYS)} if fact.windowed else {}
    return [
        _object(
            {"fact": name, "op": {"const": op}, "value": _wanted(fact, op), **days},
            "fact",
            "op",
            "value",
        )
        for op in fact.operators
    ]


def _wanted(fact: Fact, op: str) -> dict[str, Any]:
    if op in LISTS:
        items = {"enum": [value for value, _ in fact.options]} if fact.options else _any()
        return {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_WORDS}
    if op == "is":
        return {"type": "boolean"}
    if op == "within_days":
        return _whole(0, MOST_DAYS)
    if op == "starts_with":
        return _WORD
    one = {
        Kind.MONEY: _whole(-LARGEST),
        Kind.NUMBER: {"anyOf": [_whole(-LARGEST), _DECIMAL]},
        Kind.DATE: _DAY,
        Kind.TEXT: _WORD,
    }.get(fact.kind, _any())
    return {"type": "array", "items": one, "minItems": 2, "maxItems": 2} if op == "between" else one


def _any() -> dict[str, Any]:
    return {"anyOf": [_whole(-LARGEST), _WORD]}


def _effect(spec: Spec) -> dict[str, Any]:
    required = [arg.name for arg in spec.args if arg.required]
    return _object(
        {"do": {"const": spec.do}, **{arg.name: _arg(arg) for arg in spec.args}}, "do", *required
    )


def _arg(arg: Arg) -> dict[str, Any]:
    if arg.of is Of.CHOICE:
        return {"enum": [value for value, _ in arg.options]}
    if arg.of is Of.COUNT:
        return _whole(arg.low, arg.high)
    return _ARGS[arg.of]


def _either(*kinds: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(kinds)}


def _level(**sum_: Any) -> dict[str, Any]:
    return _object({**sum_, "when": {"$ref": "#/$defs/upline"}}, *sum_)


_DAYS = _object({"days": _whole(0, MOST_DAYS)}, "days")
_ARGS: dict[Of, dict[str, Any]] = {
    Of.RATE: _RATE,
    Of.POINTS: _whole(1),
    Of.SUM: _whole(0),
    Of.PERCENT: _whole(0, 100),
    Of.WORD: _WORD,
    Of.MESSAGE: _WORD,
    Of.YES: {"type": "boolean"},
    Of.LINES: {"$ref": "#/$defs/line"},
    Of.UPLINE: {"$ref": "#/$defs/upline"},
    Of.DELAY: _either(_DAYS, _object({"until": {"enum": ["paid", "completed"]}}, "until")),
    Of.EXPIRES: _either(
        _DAYS, _object({"end_of": {"const": "month"}}, "end_of"), _object({"on": _DAY}, "on")
    ),
    Of.LEVELS: {
        "type": "array",
        "minItems": 1,
        "items": _either(_RATE, _level(rate=_RATE), _level(points=_whole(1))),
    },
    Of.TAIL: _object({"ratio": _RATE, "min_points": _whole(1)}, "ratio"),
    Of.PERCENTS: {"type": "object", "minProperties": 1, "additionalProperties": _whole(0, 100)},
}
