"""Traces and effects as they are kept."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.profiles.rules import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.profiles.rules import Applied


def trace_json(trace: Iterable[Step]) -> list[Any]:
    """Return every answer as JSON keeps it."""
    return [
        {
            "path": each.path,
            "fact": each.fact,
            "op": each.op,
            "wanted": _plain(each.wanted),
            "got": _plain(each.got),
            "result": each.result,
        }
        for each in trace
    ]


def trace_of(kept: Iterable[Mapping[str, Any]]) -> list[Step]:
    """Return the answers that were kept."""
    names = ("path", "fact", "op", "wanted", "got", "result")
    return [Step(*(_read(each[name]) for name in names)) for each in kept]


def _read(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def effects_json(applied: Iterable[Applied]) -> list[Any]:
    """Return what was given as JSON keeps it."""
    return [
        {
            "effect": each.effect,
            "do": each.do,
            "to": f"{each.to.who}:{each.to.id}",
            "level": each.to.level,
            "raw": str(each.raw),
            "amount": each.amount,
            "why": each.why,
        }
        for each in applied
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | set | tuple | list):
        ordered = sorted(value, key=str) if isinstance(value, frozenset | set) else value
        return [_plain(each) for each in ordered]
    return value
