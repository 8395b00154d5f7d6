"""How vouchers lie on an order's rows: the shop tells one sum for each, we spread it to the minor unit. Pure.

The rows carry prices before any voucher, and only the order's total says what came off. What a voucher takes
off the shipping touches no goods.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.money import split

if TYPE_CHECKING:
    from collections.abc import Sequence

CHEAPEST = -1  # what a cart rule says instead of a product


@dataclass(frozen=True, slots=True)
class Voucher:
    """One voucher of an order; `product`: of which alone it is, else 0, or CHEAPEST."""

    value: int
    free_shipping: bool = False
    product: int = 0


@dataclass(frozen=True, slots=True)
class Goods:
    """One row before vouchers, in minor units; `unit` is the price of one piece."""

    amount: int
    product: int = 0
    unit: int = 0


@dataclass(frozen=True, slots=True)
class Spread:
    """What remains: of each row, and of shipping and wrapping."""

    rows: tuple[int, ...]
    shipping: int
    wrapping: int


def spread(
    goods: Sequence[Goods], shipping: int, wrapping: int, vouchers: Sequence[Voucher], total: int
) -> Spread:
    """Take `total` off: free shipping off the shipping, the rest off the rows, more than they hold off the others."""
    left = [max(each.amount, 0) for each in goods]
    total = max(min(total, sum(left) + shipping + wrapping), 0)
    of_shipping = min(shipping, total, sum(each.value for each in vouchers if each.free_shipping))
    rest = total - of_shipping
    for each in vouchers:
        if each.product and not each.free_shipping:
            rest -= _take(left, _places(goods, left, each), min(each.value, rest))
    rest -= _take(left, range(len(left)), rest)
    more = min(rest, shipping - of_shipping)
    return Spread(tuple(left), shipping - of_shipping - more, wrapping - (rest - more))


def _places(goods: Sequence[Goods], left: Sequence[int], voucher: Voucher) -> list[int]:
    if voucher.product == CHEAPEST:
        held = [place for place, each in enumerate(left) if each]
        return sorted(held, key=lambda place: (goods[place].unit, place))[:1]
    return [place for place, each in enumerate(goods) if each.product == voucher.product]


def _take(left: list[int], places: Sequence[int], wanted: int) -> int:
    """Take a sum off rows by what they hold, as far as they hold it; return how much that was."""
    weights = [left[place] for place in places]
    taken = min(wanted, sum(weights))
    if taken > 0:
        for place, part in zip(places, split(taken, weights), strict=True):
            left[place] -= part
    return max(taken, 0)


def reconciled(exact: Sequence[int], total: int, pieces: int) -> list[int]:
    """Return rows that sum to the shop's own total of them, where only its rounding lies between.

    The shop rounds by piece, by row or at the end, as it is set: at most half a minor unit a piece.
    """
    said = sum(exact)
    if said == total or not said or total < 0 or 2 * abs(said - total) > pieces + 2 * len(exact):
        return list(exact)
    return split(total, [max(each, 0) for each in exact])
