"""Rows of a receipt: each with one unit price, together worth exactly what is paid. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from app.money import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from app.receipts.rules.cart import Goods

_HALF = Fraction(1, 2)


class Mode(StrEnum):
    """How a receipt shows bonuses: prices are lowered, or stay and are paid by consideration."""

    DISCOUNT = "discount"
    CONSIDERATION = "consideration"


@dataclass(frozen=True, slots=True)
class Row:
    """`quantity` at `price`, together `amount`: a minor unit beside their product at most."""

    line: str
    quantity: Decimal
    price: int
    amount: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """The rows, and the part of their sum that is paid by consideration instead of in money."""

    rows: tuple[Row, ...]
    consideration: int

    @property
    def cash(self) -> int:
        """Minor units to be paid in money."""
        return sum(row.amount for row in self.rows) - self.consideration


def receipt(goods: Sequence[Goods], shares: Sequence[int], mode: Mode) -> Receipt:
    """Return the rows of a cart whose lines are paid in bonuses by `shares`, minor units."""
    lowers = mode is Mode.DISCOUNT
    found = (
        row
        for one, share in zip(goods, shares, strict=True)
        for row in rows(one.line, one.quantity, one.value - share if lowers else one.value)
    )
    return Receipt(tuple(found), 0 if lowers else sum(shares))


def rows(line: str, quantity: Decimal, amount: int) -> tuple[Row, ...]:
    """Return one row, or two whose prices differ by one minor unit, worth exactly `amount`.

    A weighed row may be worth a minor unit more or less than price x quantity, as registers allow;
    beyond that whole units of it go into a row of their own.
    """
    if quantity == quantity.to_integral_value():
        price, dearer = divmod(amount, int(quantity))
    else:
        weight = Fraction(quantity)
        price = half_up(amount / weight)
        if abs(half_up(price * weight) - amount) <= 1:
            return (Row(line, quantity, price, amount),)
        price = ceil((amount + _HALF) / weight) - 1
        dearer = amount - half_up(price * weight)
    above = dearer * (price + 1)
    first = Row(line, quantity - dearer, price, amount - above)
    return (first, Row(line, Decimal(dearer), price + 1, above)) if dearer else (first,)


def part(sold: Iterable[Row], before: Decimal, quantity: Decimal) -> tuple[Row, ...]:
    """Return what a refund's receipt says of one line: the sold rows' own units, never new prices.

    `before`: the quantity of the line that went back earlier. Amounts add up over any refunds.
    """
    return tuple(_cut(sold, before, before + quantity))


def _cut(sold: Iterable[Row], start: Decimal, end: Decimal) -> Iterator[Row]:
    at = Decimal(0)
    for row in sold:
        first, last = max(start - at, Decimal(0)), min(end - at, row.quantity)
        if first < last:
            amount = _worth(row, last) - _worth(row, first)
            yield Row(row.line, last - first, row.price, amount)
        at += row.quantity


def _worth(row: Row, quantity: Decimal) -> int:
    """Return what the first units of a row are worth, minor units; all of them: its amount."""
    if quantity == row.quantity:
        return row.amount
    return min(half_up(row.price * Fraction(quantity)), row.amount)
