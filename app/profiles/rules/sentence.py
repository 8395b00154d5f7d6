"""A rule as one would say it: what is given, if what, and within which limits."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.profiles.rules.facts import OPERATOR_LABELS, Kind, find
from app.profiles.rules.giving import giving
from app.profiles.rules.shape import All, AnyOf, Leaf, Lines, Node, Not
from app.profiles.rules.triggers import TRIGGERS
from app.profiles.rules.values import day
from app.profiles.rules.words import N_

if TYPE_CHECKING:
    from app.profiles.rules.shape import Cap, Rule
    from app.profiles.rules.words import Words

_WINDOWS = {
    "day": N_("each day"),
    "week": N_("each week"),
    "month": N_("each month"),
    "year": N_("each year"),
    "ever": N_("in all"),
}
_OF_ITSELF = frozenset(
    {"spend.limit", "withdraw.rule"}
)  # they say when: of spending, of withdrawing


def sentence(rule: Rule, words: Words) -> str:
    """Return the rule in a language: "Give 5% for a paid order, if …"."""
    event = words.gettext(TRIGGERS[rule.trigger].phrase)
    given = [
        giving(effect, words, condition, "" if place or effect.do in _OF_ITSELF else event)
        for place, effect in enumerate(rule.effects)
    ]
    what = "; ".join(given) if given else words.gettext("do nothing yet %(event)s", event=event)
    if rule.when != All():
        what = words.gettext(
            "%(said)s, if %(condition)s", said=what, condition=condition(rule.when, words)
        )
    parts = [what[:1].upper() + what[1:], *_window(rule, words)]
    parts += _limits(rule, words)
    if rule.stacking.mode == "exclusive":
        parts.append(words.gettext("The strongest such rule alone gives bonuses"))
    return " ".join(f"{part}." for part in parts)


def condition(node: Node, words: Words, *, inside: bool = False) -> str:
    """Return a condition as a clause; groups inside groups stand in brackets."""
    if isinstance(node, Leaf):
        return leaf_text(node, words)
    if isinstance(node, Not):
        return _not(node, words)
    if isinstance(node, Lines):
        return _lines(node, words)
    if not node.nodes:
        return words.gettext("in any case")
    parts = [condition(each, words, inside=True) for each in node.nodes]
    said = joined(parts, words, either=isinstance(node, AnyOf))
    return f"({said})" if inside and len(parts) > 1 else said


def leaf_text(leaf: Leaf, words: Words) -> str:
    """Return one question as a clause: "order total is at least 3,000.00"."""
    fact = find(leaf.fact)
    if fact is None:
        return leaf.fact
    if leaf.op == "is" and fact.kind is Kind.BOOL:
        return lowered(words.gettext(fact.label if leaf.value else fact.no))
    name = fact.key if fact.kind is Kind.ANY else lowered(words.gettext(fact.label))
    if leaf.days is not None:
        over = words.ngettext("over the last %(num)s day", "over the last %(num)s days", leaf.days)
        name = f"{name} {over}"
    if leaf.op == "within_days":
        value = words.ngettext(
            "is within the last %(num)s day",
            "is within the last %(num)s days",
            int(str(leaf.value)),
        )
        return f"{name} {value}"
    if leaf.op == "in" and isinstance(leaf.value, tuple):
        values = joined([told(leaf.fact, each, words) for each in leaf.value], words, either=True)
        return words.gettext("%(name)s is %(values)s", name=name, values=values)
    how = words.gettext(OPERATOR_LABELS[leaf.op])
    return f"{name} {how} {value_text(leaf, words)}"


def value_text(leaf: Leaf, words: Words) -> str:
    """Return what a leaf compares with, in words."""
    return told(leaf.fact, leaf.value, words)


def told(name: str, value: Any, words: Words) -> str:
    """Return a value of a fact as people read it."""
    fact = find(name)
    if isinstance(value, bool):
        return words.gettext("yes") if value else words.gettext("no")
    if isinstance(value, tuple | frozenset | list | set):
        ordered = sorted(value, key=str) if isinstance(value, frozenset | set) else value
        return ", ".join(told(name, each, words) for each in ordered)
    named = dict((*fact.options, *fact.names)).get(value) if fact is not None else None
    if named is not None:
        return words.gettext(named)
    if fact is not None and fact.kind is Kind.MONEY and isinstance(value, int | Fraction):
        return words.money(int(value))
    if fact is not None and fact.kind is Kind.DATE:
        return words.day(day(value) if isinstance(value, str) else value)
    return words.number(value) if isinstance(value, int) else words.called(name, str(value))


def lowered(text: str) -> str:
    """Return a label as a part of a sentence."""
    return text[:1].lower() + text[1:]


def joined(parts: list[str], words: Words, *, either: bool = False) -> str:
    """Return "a, b and c" or "a, b or c"."""
    if len(parts) == 1:
        return parts[0]
    first, last = ", ".join(parts[:-1]), parts[-1]
    if either:
        return words.gettext("%(first)s or %(last)s", first=first, last=last)
    return words.gettext("%(first)s and %(last)s", first=first, last=last)


def _not(node: Not, words: Words) -> str:
    inner = node.node
    if isinstance(inner, Leaf) and inner.op == "is" and (fact := find(inner.fact)) and fact.no:
        return lowered(words.gettext(fact.no if inner.value else fact.label))
    return words.gettext("it is not so that %(what)s", what=condition(inner, words, inside=True))


def _lines(node: Lines, words: Words) -> str:
    what = condition(node.node, words, inside=True)
    if node.agg == "none":
        return words.gettext("there are no such goods: %(what)s", what=what)
    if node.agg == "count_gte":
        return words.ngettext(
            "there is at least %(num)s line of such goods: %(what)s",
            "there are at least %(num)s lines of such goods: %(what)s",
            node.value or 1,
            what=what,
        )
    if node.agg == "sum_gte":
        least = words.money(node.value or 1)
        return words.gettext(
            "there are such goods for at least %(sum)s: %(what)s", sum=least, what=what
        )
    return words.gettext("there are such goods: %(what)s", what=what)


def _limits(rule: Rule, words: Words) -> list[str]:
    limits = rule.limits
    said = [
        (words.gettext("At most for a customer"), limits.per_member),
        (words.gettext("At most for a referrer"), limits.per_referrer),
        (words.gettext("At most for everybody"), limits.everybody),
    ]
    return [f"{who}: {_cap(cap, words)}" for who, cap in said if cap is not None]


def _window(rule: Rule, words: Words) -> list[str]:
    since, until = rule.window.since, rule.window.until
    found = []
    if since is not None:
        found.append(words.gettext("It holds from %(day)s", day=words.day(since.date())))
    if until is not None:
        found.append(words.gettext("It ends on %(day)s", day=words.day(until.date())))
    return found


def _cap(cap: Cap, words: Words) -> str:
    window = words.gettext(_WINDOWS[cap.window])
    parts = []
    if cap.points is not None:
        sum_ = words.money(cap.points)
        parts.append(words.gettext("%(sum)s bonuses %(window)s", sum=sum_, window=window))
    if cap.times is not None:
        times = words.ngettext("%(num)s time", "%(num)s times", cap.times)
        parts.append(f"{times} {window}")
    return ", ".join(parts)
