"""Ask the tree: yes, no, or not known, without short cuts, with every answer kept."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.profiles.rules.outcome import Goods, Step
from app.profiles.rules.shape import All, Leaf, Lines, Node, Not
from app.profiles.rules.values import day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Answer = bool | None


class Asking:
    """One look at an event: what is known, and the answers so far."""

    def __init__(self, said: Mapping[str, Any], goods: Sequence[Goods], today: date) -> None:
        """`today`: from which days are counted back."""
        self.said, self.goods, self.today = said, goods, today
        self.trace: list[Step] = []

    def ask(self, node: Node, path: str, said: Mapping[str, Any] | None = None) -> Answer:
        """Return whether it is so. `said`: what is known of one line or one referrer, else of the event."""
        if isinstance(node, Leaf):
            return self._leaf(node, path, self.said if said is None else said)
        if isinstance(node, Lines):
            return self._lines(node, path)
        if isinstance(node, Not):
            inner = self.ask(node.node, f"{path}.not", said)
            return None if inner is None else not inner
        name = "all" if isinstance(node, All) else "any"
        answers = [
            self.ask(each, f"{path}.{name}.{place}", said) for place, each in enumerate(node.nodes)
        ]
        return _all(answers) if isinstance(node, All) else _any(answers)

    def matching(self, node: Node | None, path: str) -> tuple[Goods, ...]:
        """Return the lines for which it is so for certain; all where nothing is asked."""
        if node is None:
            return tuple(self.goods)
        answers = [(each, self.ask(node, f"{path}[{each.line}]", each.said)) for each in self.goods]
        return tuple(each for each, answer in answers if answer)

    def _leaf(self, leaf: Leaf, path: str, said: Mapping[str, Any]) -> Answer:
        got = said.get(leaf.fact if leaf.days is None else f"{leaf.fact}@{leaf.days}")
        answer = None if got is None else compare(leaf, got, self.today)
        self.trace.append(Step(path, leaf.fact, leaf.op, leaf.value, got, answer))
        return answer

    def _lines(self, node: Lines, path: str) -> Answer:
        inner = f"{path}.lines"
        asked = [(e, self.ask(node.node, f"{inner}[{e.line}]", e.said)) for e in self.goods]
        sure = [each for each, answer in asked if answer]
        maybe = [each for each, answer in asked if answer is None]
        if node.agg == "sum_gte":
            got, more = _sum(sure), _sum(maybe)
        else:
            got, more = Fraction(len(sure)), Fraction(len(maybe))
        least = node.value or 1
        answer: Answer = True if got >= least else None if got + more >= least else False
        if node.agg == "none" and answer is not None:
            answer = not answer
        self.trace.append(Step(path, "lines", node.agg, node.value, got, answer))
        return answer


def _sum(goods: Sequence[Goods]) -> Fraction:
    return sum((Fraction(each.said.get("line.amount") or 0) for each in goods), Fraction(0))


def _all(answers: Sequence[Answer]) -> Answer:
    if any(each is False for each in answers):
        return False
    return None if any(each is None for each in answers) else True


def _any(answers: Sequence[Answer]) -> Answer:
    if any(answers):
        return True
    return None if any(each is None for each in answers) else False


def compare(leaf: Leaf, got: Any, today: date) -> Answer:
    """Compare what is known with what is wanted; None where the two are not of one kind."""
    if leaf.op == "is":
        return (got is leaf.value) if isinstance(got, bool) else None
    if leaf.op in {"any_in", "all_in", "none_in"}:
        return _sets(leaf, got)
    if leaf.op in {"in", "not_in"}:
        return _listed(leaf, got)
    if leaf.op == "starts_with":
        return (
            got.casefold().startswith(str(leaf.value).casefold()) if isinstance(got, str) else None
        )
    if isinstance(got, date):
        return _days(leaf, got, today)
    return _ordered(leaf, got)


def _sets(leaf: Leaf, got: Any) -> Answer:
    if isinstance(got, str) or not hasattr(got, "__iter__"):
        return None
    wanted = {_folded(each) for each in _many(leaf)}
    has = {_folded(each) for each in got}
    if leaf.op == "all_in":
        return wanted <= has
    return bool(wanted & has) == (leaf.op == "any_in")


def _listed(leaf: Leaf, got: Any) -> Answer:
    if isinstance(got, bool):
        return None
    within = _folded(got) in {_folded(each) for each in _many(leaf)}
    return within == (leaf.op == "in")


def _folded(value: Any) -> Any:
    """Words are compared without regard to case, and a number with the text of it."""
    return str(value).casefold()


def _many(leaf: Leaf) -> tuple[str | int, ...]:
    return leaf.value if isinstance(leaf.value, tuple) else ()


def _days(leaf: Leaf, got: date, today: date) -> Answer:
    if leaf.op == "within_days":
        return 0 <= (today - got).days <= int(str(leaf.value))
    wanted = day(leaf.value)
    return got < wanted if leaf.op == "before" else got > wanted


def _ordered(leaf: Leaf, got: Any) -> Answer:
    if leaf.op == "between":
        low, high = (_number(each) for each in _many(leaf))
        value = _number(got)
        return None if value is None or low is None or high is None else low <= value <= high
    value, wanted = _number(got), _number(leaf.value)
    if value is None or wanted is None:
        if isinstance(got, str) and isinstance(leaf.value, str) and leaf.op in {"eq", "ne"}:
            return (got.casefold() == leaf.value.casefold()) == (leaf.op == "eq")
        return None
    return {
        "eq": value == wanted,
        "ne": value != wanted,
        "gt": value > wanted,
        "gte": value >= wanted,
        "lt": value < wanted,
        "lte": value <= wanted,
    }.get(leaf.op)


def _number(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Fraction):
        return None
    try:
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        return None
