"""The page of the documentation about rules, made from the registries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from app.profiles.rules.effects import ASKING, EFFECTS
from app.profiles.rules.facts import FACTS, FAMILIES, OPERATOR_LABELS, OPERATORS
from app.profiles.rules.parse import parse
from app.profiles.rules.sentence import sentence
from app.profiles.rules.shape import DEPTH, LEAVES, LEVELS
from app.profiles.rules.triggers import PROFILES, TRIGGERS
from app.profiles.rules.words import English

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

EXAMPLE: dict[str, Any] = {
    "schema": 1,
    "trigger": "order.paid",
    "when": {
        "all": [
            {"fact": "order.total", "op": "gte", "value": 300000},
            {"fact": "member.rank", "op": "in", "value": ["silver", "gold"]},
            {
                "any": [
                    {"fact": "order.is_first", "op": "is", "value": True},
                    {"fact": "time.weekday", "op": "in", "value": [6, 7]},
                ]
            },
            {"not": {"fact": "order.has_coupon", "op": "is", "value": True}},
        ]
    },
    "effects": [
        {
            "do": "earn.percent",
            "rate": "5/100",
            "lines": {"not": {"fact": "line.has_promo_price", "op": "is", "value": True}},
            "delay": {"days": 14},
            "expires": {"days": 365},
        },
        {
            "do": "chain.pay",
            "levels": ["2/100", "1/100"],
            "tail": {"ratio": "1/2", "min_points": 1},
        },
    ],
    "limits": {"per_member": {"points": 5000, "window": "month"}},
}

_HEAD = f"""# Rules of bonuses

This page is made from the registries of facts and effects, by `document()` of
`app.profiles.rules`; a test keeps it current.

A rule is JSON: `schema` (1), `profile`, `trigger`, `when` (conditions), `effects`, `limits`, `stacking`, `window`.
Sums are whole numbers of the smallest unit, of money and of bonuses alike; rates are `"5/100"` or `"5%"`.

`when` is a tree of `{{"all": […]}}`, `{{"any": […]}}`, `{{"not": …}}` and questions `{{"fact", "op", "value"}}`,
in places with `"days"`; of goods asks `{{"lines": …, "agg", "value"}}` with `any`, `none`, `count_gte` or
`sum_gte`. At most {DEPTH} groups stand inside one another, and at most {LEAVES} questions are asked. What is not known
is neither so nor not so: it never pays.

Bonuses of all rules add, or the strongest `exclusive` rule alone gives; multipliers come after; each rule's sum for a
recipient is rounded once, down unless the effect says; limits cut last (`pay`: the rest, or nothing). A chain ends
where nobody is above, where a tail falls under its floor, where the budget is spent, where somebody comes a second
time, and after {LEVELS:,} levels.
"""


def _when(triggers: Sequence[str]) -> str:
    if len(triggers) == len(TRIGGERS):
        return "any"
    if set(triggers) == set(TRIGGERS) - set(ASKING):
        return f"any but {_codes(ASKING)}"
    return _codes(triggers)


def document() -> str:
    """Return docs/rules-of-bonuses.md."""
    words = English()
    example = "\n".join(
        (
            "```json",
            json.dumps(EXAMPLE, indent=2),
            "```",
            "",
            f"> {sentence(parse(EXAMPLE), words)}",
        )
    )
    parts = [
        _HEAD,
        f"## An example\n\n{example}\n",
        "## Profiles and what sets them off\n",
        _table(
            ("profile", "for", "triggers"),
            ((f"`{p.key}`", p.help, _codes(p.triggers)) for p in PROFILES.values()),
        ),
        _table(
            ("trigger", "when", "facts", "once per"),
            (
                (f"`{t.key}`", t.label, ", ".join(sorted(t.families)), t.key_of)
                for t in TRIGGERS.values()
            ),
        ),
        "## Facts\n",
    ]
    parts += [_family(family, label) for family, label in FAMILIES.items()]
    parts += ["## Operators\n", _operators(), "## Effects\n"]
    parts += [_effects()]
    return "\n".join(parts).rstrip() + "\n"


def _family(family: str, label: str) -> str:
    if family == "external":
        return f"### {label}\n\n`external.payload.<field>`: what the outside service sends, by its own names.\n"
    rows = (
        (
            f"`{f.key}`",
            f.label + (f" / {f.no}" if f.no else ""),
            f.kind.value + (" over `days`" if f.windowed else ""),
            ", ".join(f"`{value}`" for value, _ in (*f.options, *f.names)) or f.help,
        )
        for f in FACTS.values()
        if f.family == family
    )
    return f"### {label}\n\n" + _table(("fact", "what it is", "kind", ""), rows)


def _operators() -> str:
    rows = (
        (kind.value, ", ".join(f"`{op}` ({OPERATOR_LABELS[op]})" for op in ops))
        for kind, ops in OPERATORS.items()
    )
    return _table(("kind", "operators"), rows)


def _effects() -> str:
    rows = (
        (
            f"`{spec.do}`",
            spec.label,
            ", ".join(f"`{a.name}`" + ("" if a.required else "?") for a in spec.args),
            _when(spec.triggers),
        )
        for spec in EFFECTS.values()
    )
    return _table(("effect", "what it does", "arguments (? may be left out)", "triggers"), rows)


def _codes(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
