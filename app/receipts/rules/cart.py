"""How much of a cart may be paid in bonuses: the caps of its lines and of the whole. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

ALL = Fraction(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Goods:
    """One line of a cart, or its shipping: worth `value` minor units after all other discounts.

    `categories`: the line's category and those above it, nearest first.
    """

    line: str
    quantity: Decimal
    value: int
    categories: tuple[str, ...] = ()
    promo: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a merchant lets be paid in bonuses; sums in minor units, percents of 100.

    `category_percents`: the most of a line of that category, 0 leaves it out; the nearest speaks.
    `narrower`: more of these, each by itself; of a line no more may be had than all of them let.
    """

    percent: Fraction = ALL
    minimum_cash: int = 0
    step: int = 1
    min_unit_price: int = 1
    category_percents: Mapping[str, Fraction] = field(default_factory=dict)
    promo: bool = True
    narrower: tuple[Mapping[str, Fraction], ...] = ()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be taken: from each line (its cap), and from them all together, minor units."""

    caps: tuple[int, ...]
    most: int
    step: int

    def of(self, wish: int) -> int:
        """Return as much of a wish as may be had, down to the step."""
        return _down(max(min(wish, self.most), 0), self.step)


def cap(goods: Goods, limits: Limits) -> int:
    """Return minor units that bonuses may take from a line: ⌊value x percent⌋, a price kept a unit."""
    kept = ceil(limits.min_unit_price * Fraction(goods.quantity))
    return max(min(floor(goods.value * _percent(goods, limits) / 100), goods.value - kept), 0)


def _percent(goods: Goods, limits: Limits) -> Fraction:
    if goods.promo and not limits.promo:
        return Fraction(0)
    known = (limits.category_percents, *limits.narrower)
    return min(_nearest(goods.categories, percents) for percents in known)


def _nearest(categories: Sequence[str], percents: Mapping[str, Fraction]) -> Fraction:
    said = (percents.get(name) for name in categories)
    return next((percent for percent in said if percent is not None), ALL)


def allowance(
    goods: Sequence[Goods], limits: Limits, available: int, *, other: int = 0
) -> Allowance:
    """Return what bonuses may pay of a cart, whatever the customer wishes.

    The least of: what he has, the lines' caps, ⌊percent x total of the lines that take part⌋, and
    the total less the cash that must remain; then down to the step. `other`: minor units beside
    the goods that are paid in money whatever happens, such as shipping where bonuses do not pay it.
    """
    caps = tuple(cap(one, limits) for one in goods)
    taking_part = sum(one.value for one in goods if _percent(one, limits) > 0)
    total = sum(one.value for one in goods) + other
    most = min(
        available,
        sum(caps),
        floor(taking_part * limits.percent / 100),
        total - limits.minimum_cash,
    )
    return Allowance(caps, _down(max(most, 0), limits.step), limits.step)


def _down(amount: int, step: int) -> int:
    return amount - amount % step
