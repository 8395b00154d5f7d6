"""What a snapshot may not say, and what connectors make of an over-refund."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

from app.money import LARGEST, half_up
from app.orders.rules.message import (
    Line,
    Refund,
    RefundLine,
    Snapshot,
    line_value,
    order_total,
    refund_line_value,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint: a dotted path such as lines.0.discount, and a stable code."""

    field: str
    code: str


def problems(snapshot: Snapshot) -> tuple[Problem, ...]:
    """Return everything that makes the snapshot unacceptable; empty when it is sound.

    Codes: required, duplicate, not_positive, negative, price_or_amount, discount_above_line,
    too_large, unknown_line, quantity_or_amount, lines_or_amount, refund_above_line,
    refund_above_order.
    """
    found = [
        *_line_problems(snapshot.lines),
        *_negative("shipping", snapshot.shipping),
        *_negative("fees", snapshot.fees),
        *_negative("bonus.spend", snapshot.bonus_spend),
        *_negative("bonus.spend_partner", snapshot.partner_spend),
        *_refund_problems(snapshot),
    ]
    if not found:
        found = list(_sum_problems(snapshot))
    return tuple(found)


def _negative(field: str, minor: int | None) -> Iterator[Problem]:
    if minor is not None and minor < 0:
        yield Problem(field, "negative")


def _twice(names: Sequence[str]) -> set[int]:
    """Return the positions of names that stood before."""
    seen: Counter[str] = Counter()
    again = set()
    for position, name in enumerate(names):
        if seen[name]:
            again.add(position)
        seen[name] += 1
    return again


def _line_problems(lines: Sequence[Line]) -> Iterator[Problem]:
    again = _twice([line.id for line in lines])
    for i, line in enumerate(lines):
        at = f"lines.{i}"
        if not line.id:
            yield Problem(f"{at}.id", "required")
        if i in again:
            yield Problem(f"{at}.id", "duplicate")
        if line.quantity <= 0:
            yield Problem(f"{at}.quantity", "not_positive")
        if line.price is None and line.amount is None:
            yield Problem(f"{at}.price", "price_or_amount")
        for name in ("price", "discount", "amount", "tax"):
            yield from _negative(f"{at}.{name}", getattr(line, name))
        if line.price is not None and line.discount > line.price * Fraction(line.quantity):
            yield Problem(f"{at}.discount", "discount_above_line")


def _refund_problems(snapshot: Snapshot) -> Iterator[Problem]:
    known = {line.id for line in snapshot.lines}
    again = _twice([refund.id for refund in snapshot.refunds])
    for i, refund in enumerate(snapshot.refunds):
        at = f"refunds.{i}"
        if not refund.id:
            yield Problem(f"{at}.id", "required")
        if i in again:
            yield Problem(f"{at}.id", "duplicate")
        if not refund.lines and refund.amount is None:
            yield Problem(f"{at}.amount", "lines_or_amount")
        yield from _negative(f"{at}.amount", refund.amount)
        for k, part in enumerate(refund.lines):
            yield from _refund_line_problems(f"{at}.lines.{k}", part, known)


def _refund_line_problems(at: str, part: RefundLine, known: set[str]) -> Iterator[Problem]:
    if part.line not in known:
        yield Problem(f"{at}.line", "unknown_line")
    if part.quantity is None and part.amount is None:
        yield Problem(f"{at}.amount", "quantity_or_amount")
    if part.quantity is not None and part.quantity <= 0:
        yield Problem(f"{at}.quantity", "not_positive")
    yield from _negative(f"{at}.amount", part.amount)


def _sum_problems(snapshot: Snapshot) -> Iterator[Problem]:
    for i, line in enumerate(snapshot.lines):
        if max(line_value(line), line.price or 0, line.discount, line.tax) > LARGEST:
            yield Problem(f"lines.{i}.amount", "too_large")
    if max(order_total(snapshot), snapshot.bonus_spend, snapshot.partner_spend) > LARGEST:
        yield Problem("lines", "too_large")
    purse = _Purse(snapshot)
    for i, refund in enumerate(snapshot.refunds):
        for k, part in enumerate(refund.lines):
            if not purse.takes_line(part):
                yield Problem(f"refunds.{i}.lines.{k}.amount", "refund_above_line")
    for i, refund in enumerate(snapshot.refunds):
        if not refund.lines and not purse.takes_sum(refund.amount or 0):
            yield Problem(f"refunds.{i}.amount", "refund_above_order")


class _Purse:
    """What refunds may still take: first those with lines, then those by sum.

    Refunds by quantity are rounded per line, as shops pay them, so that a shop which gives back
    the rounded rest is not told that it gave a part of a minor unit too much.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._lines = {line.id: line for line in snapshot.lines}
        self._total = order_total(snapshot)
        self._taken = {line.id: Fraction(0) for line in snapshot.lines}
        self._by_sum = 0

    def takes_line(self, part: RefundLine) -> bool:
        """Count the part if the line still holds as much."""
        line = self._lines[part.line]
        after = self._taken[part.line] + refund_line_value(part, line)
        if half_up(after) > line_value(line):
            return False
        self._taken[part.line] = after
        return True

    def line_remains(self, name: str) -> int:
        """Return whole minor units that the line still holds."""
        return floor(line_value(self._lines[name]) - self._taken[name])

    def remains(self) -> int:
        """Return minor units that refunds by sum may still take from the whole order."""
        by_line = sum(half_up(taken) for taken in self._taken.values())
        return self._total - by_line - self._by_sum

    def takes_sum(self, amount: int) -> bool:
        """Count the sum if the order still holds as much."""
        if amount > self.remains():
            return False
        self._by_sum += amount
        return True


def clamp_refunds(snapshot: Snapshot) -> tuple[Snapshot, bool]:
    """Cut refunds to what the order holds, for shops whose messages must not be refused.

    A refund that names a line we do not know counts by its sum. Returns the snapshot and whether
    anything was changed.
    """
    known = {line.id for line in snapshot.lines}
    purse = _Purse(snapshot)
    familiar = [_without_strangers(refund, known) for refund in snapshot.refunds]
    by_lines = [_clamp_lines(refund, purse) for refund in familiar]
    clamped = tuple(_clamp_sum(refund, purse) for refund in by_lines)
    return replace(snapshot, refunds=clamped), clamped != snapshot.refunds


def _without_strangers(refund: Refund, known: set[str]) -> Refund:
    if all(part.line in known for part in refund.lines):
        return refund
    said = sum(part.amount or 0 for part in refund.lines)
    return Refund(id=refund.id, amount=refund.amount or said)


def _clamp_lines(refund: Refund, purse: _Purse) -> Refund:
    kept = []
    for part in refund.lines:
        if purse.takes_line(part):
            kept.append(part)
        else:
            cut = replace(part, amount=purse.line_remains(part.line))
            purse.takes_line(cut)
            kept.append(cut)
    return replace(refund, lines=tuple(kept))


def _clamp_sum(refund: Refund, purse: _Purse) -> Refund:
    if refund.lines:
        return refund
    amount = min(refund.amount or 0, purse.remains())
    purse.takes_sum(amount)
    return replace(refund, amount=amount)
