"""Refunds over lines, and the base that commission is earned from. Exact fractions throughout."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from app.money import half_up, split
from app.orders.rules.message import (
    Line,
    Snapshot,
    goods_total,
    line_value,
    refund_line_value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

SHIPPING_LINE = ""  # no line of a shop may be called so
_ONE = Decimal(1)
_NONE, _WHOLE = Fraction(0), Fraction(1)


@dataclass(frozen=True, slots=True)
class BaseRule:
    """What belongs to the base; by default line values with tax, less the part paid in bonuses."""

    shipping: bool = False
    tax: bool = True
    bonus: bool = False
    discount: bool = False  # reckon from prices as they were before the discount


@dataclass(frozen=True, slots=True)
class Refunded:
    """What was given back, minor units: per line (exactly), from shipping and from fees."""

    lines: Mapping[str, Fraction]
    shipping: int
    fees: int


@dataclass(frozen=True, slots=True)
class LineBase:
    """What one line leaves to earn from, in minor units, and how that came about."""

    line: str
    product: str | None
    quantity: Decimal
    value: int
    tax: int  # left out of the base
    refunded: Fraction
    kept: Fraction  # f = 1 - refunded / value
    full: Fraction  # the base had nothing been given back: less tax left out and paid in bonuses
    base: Fraction  # full x kept
    bonus: Fraction = _NONE  # left out because it was paid in bonuses
    grown: Fraction = _WHOLE  # price before the discount / value, where that is the base


def refunded(snapshot: Snapshot) -> Refunded:
    """Lay refunds over the order: those with lines first, then the total of the others once.

    That total goes, in minor units, wholly over the lines by what remains of each; only the rest
    touches shipping, then fees. What exceeds the order is left out (problems() refuses it before).
    """
    values = {line.id: line_value(line) for line in snapshot.lines}
    by_id = {line.id: line for line in snapshot.lines}
    taken = {line.id: Fraction(0) for line in snapshot.lines}
    total = 0
    for refund in snapshot.refunds:
        if not refund.lines:
            total += refund.amount or 0
        for part in refund.lines:
            if part.line in by_id:
                taken[part.line] += refund_line_value(part, by_id[part.line])
    taken = {name: min(part, Fraction(values[name])) for name, part in taken.items()}
    remains = [values[name] - part for name, part in taken.items()]
    over_lines = min(total, ceil(sum(remains, Fraction(0))))
    if over_lines:
        for name, cut in zip(taken, split(over_lines, remains), strict=True):
            taken[name] = min(taken[name] + cut, Fraction(values[name]))
    rest = total - over_lines
    shipping = min(rest, snapshot.shipping)
    return Refunded(taken, shipping, min(rest - shipping, snapshot.fees))


def bases(snapshot: Snapshot, rule: BaseRule) -> tuple[LineBase, ...]:
    """Return each line's base in minor units, exactly; with shipping in the base, one line more.

    base = (value - tax where the base is without tax) x (1 - bonuses / sum of line values)
    x (1 - refunded / value). Before discount the first factor grows by undiscounted / value: tax
    keeps its part, and what was given away free still earns nothing. Nothing is rounded here.
    """
    given_back = refunded(snapshot)
    paid = _paid_in_money(snapshot, rule)
    found = []
    for line in snapshot.lines:
        value = line_value(line)
        tax = 0 if rule.tax else min(line.tax, value)
        back = given_back.lines[line.id]
        kept = _kept(back, value)
        grown = _undiscounted(line, value, rule)
        full = (value - tax) * paid if grown == 1 else (value - tax) * paid * grown
        found.append(
            LineBase(
                line.id,
                line.product,
                line.quantity,
                value,
                tax,
                back,
                kept,
                full,
                full * kept,
                _NONE if paid == 1 else (value - tax) * (1 - paid),
                grown,
            )
        )
    if rule.shipping:
        cost, back = snapshot.shipping, Fraction(given_back.shipping)
        kept = _kept(back, cost)
        full = Fraction(cost)
        found.append(LineBase(SHIPPING_LINE, None, _ONE, cost, 0, back, kept, full, full * kept))
    return tuple(found)


def _undiscounted(line: Line, value: int, rule: BaseRule) -> Fraction:
    """Return how many times its value the line would cost without the discount; never below 1."""
    if not rule.discount or value <= 0:
        return _WHOLE
    if line.price is None:
        return Fraction(value + line.discount, value)
    return max(Fraction(1), Fraction(half_up(line.price * Fraction(line.quantity)), value))


def _paid_in_money(snapshot: Snapshot, rule: BaseRule) -> Fraction:
    goods = goods_total(snapshot)
    if rule.bonus or goods <= 0:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(snapshot.bonus_spend, goods))


def _kept(back: Fraction, value: int) -> Fraction:
    return 1 - back / value if value > 0 else Fraction(0)
