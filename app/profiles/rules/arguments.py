"""Read and write the arguments of effects by their registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.profiles.rules.effects import EFFECTS, Arg, Of, Spec
from app.profiles.rules.shape import LEVELS, All, AnyOf, Leaf, Not
from app.profiles.rules.tree import Problems, read_node, write_node
from app.profiles.rules.values import MOST_DAYS, NoValueError, day, rate, rate_text, whole, word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST_LEVELS, MOST_CATEGORIES = 100, 200
_TREES = {Of.LINES: "line", Of.UPLINE: "upline"}
_STATES = ("paid", "completed")


def read_args(spec: Spec, data: dict[str, Any], path: str, found: Problems) -> dict[str, Any]:
    """Return the arguments that were given; problems are noted."""
    found.only(data, {"do", *(each.name for each in spec.args)}, path)
    read: dict[str, Any] = {}
    for arg in spec.args:
        place = f"{path}.{arg.name}"
        if arg.name not in data:
            if arg.required:
                found.add(place, "missing", name=arg.name)
            continue
        try:
            read[arg.name] = _read(arg, data[arg.name], place, found)
        except NoValueError:
            found.add(place, "wrong_value")
    if read.get("basis") == "lines" and "lines" not in data:
        found.add(f"{path}.lines", "no_lines")
    if spec.do in {"spend.limit", "withdraw.rule"} and not read:
        found.add(path, "missing", name=spec.args[0].name)
    return read


def write_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments as JSON."""
    return {name: _written(value) for name, value in args.items()}


def required(do: str) -> tuple[str, ...]:
    """Return the arguments that the effect cannot do without."""
    return tuple(each.name for each in EFFECTS[do].args if each.required)


def _written(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _written(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_written(each) for each in value]
    return write_node(value) if isinstance(value, Leaf | All | AnyOf | Not) else value


def _read(arg: Arg, value: Any, path: str, found: Problems) -> Any:
    if arg.of in _TREES:
        return read_node(value, path, _TREES[arg.of], found)
    if arg.of is Of.LEVELS:
        return _levels(value, path, found)
    return _READERS[arg.of](arg, value)


def _rate(arg: Arg, value: Any) -> str:
    read = rate(value)
    if read < arg.low:
        raise NoValueError
    return f"{read.numerator}/{read.denominator}" if arg.low else rate_text(read)


def _points(_arg: Arg, value: Any) -> int:
    return whole(value, 1)


def _choice(arg: Arg, value: Any) -> str:
    if not isinstance(value, str) or value not in {each for each, _ in arg.options}:
        raise NoValueError
    return value


def _yes(_arg: Arg, value: Any) -> bool:
    if not isinstance(value, bool):
        raise NoValueError
    return value


def _delay(_arg: Arg, value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value.keys() == {"days"}:
        return {"days": whole(value["days"], 0, MOST_DAYS)}
    if isinstance(value, dict) and value.keys() == {"until"} and value["until"] in _STATES:
        return {"until": value["until"]}
    raise NoValueError


def _expires(_arg: Arg, value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value.keys() == {"days"}:
        return {"days": whole(value["days"], 1, MOST_DAYS)}
    if isinstance(value, dict) and value.keys() == {"end_of"} and value["end_of"] == "month":
        return {"end_of": "month"}
    if isinstance(value, dict) and value.keys() == {"on"}:
        day(value["on"])
        return {"on": value["on"]}
    raise NoValueError


def _tail(_arg: Arg, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not {"ratio"} <= value.keys() <= {"ratio", "min_points"}:
        raise NoValueError
    if rate(value["ratio"]) > 1:
        raise NoValueError  # a tail never grows
    return {
        "ratio": rate_text(rate(value["ratio"])),
        "min_points": whole(value.get("min_points", 1), 1),
    }


def _percents(_arg: Arg, value: Any) -> dict[str, int]:
    if not isinstance(value, dict) or not 1 <= len(value) <= MOST_CATEGORIES:
        raise NoValueError
    return {word(name): whole(each, 0, 100) for name, each in value.items()}


def _levels(value: Any, path: str, found: Problems) -> list[Any]:
    """Read levels: "2/100", or {"rate" or "points", "when"}."""
    if not isinstance(value, list) or not 1 <= len(value) <= min(MOST_LEVELS, LEVELS):
        raise NoValueError
    return [_level(each, f"{path}.{place}", found) for place, each in enumerate(value)]


def _level(value: Any, path: str, found: Problems) -> Any:
    if isinstance(value, str):
        return rate_text(rate(value))
    if not isinstance(value, dict) or not value.keys() <= {"rate", "points", "when"}:
        raise NoValueError
    if len({"rate", "points"} & value.keys()) != 1:
        raise NoValueError
    read: dict[str, Any] = {}
    if "rate" in value:
        read["rate"] = rate_text(rate(value["rate"]))
    else:
        read["points"] = whole(value["points"], 1)
    if "when" in value:
        read["when"] = read_node(value["when"], f"{path}.when", "upline", found)
    return read


_READERS: dict[Of, Callable[[Arg, Any], Any]] = {
    Of.RATE: _rate,
    Of.POINTS: _points,
    Of.SUM: lambda _arg, value: whole(value),
    Of.COUNT: lambda arg, value: whole(value, arg.low, arg.high),
    Of.PERCENT: lambda _arg, value: whole(value, 0, 100),
    Of.WORD: lambda _arg, value: word(value),
    Of.MESSAGE: lambda _arg, value: word(value),
    Of.CHOICE: _choice,
    Of.YES: _yes,
    Of.DELAY: _delay,
    Of.EXPIRES: _expires,
    Of.TAIL: _tail,
    Of.PERCENTS: _percents,
}
