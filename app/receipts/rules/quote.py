"""From a cart and a wish to what is paid how: the rules beside this one, put together. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.receipts.rules.cart import allowance
from app.receipts.rules.rows import receipt
from app.receipts.rules.spread import settle, spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.receipts.rules.cart import Goods, Limits
    from app.receipts.rules.rows import Mode, Receipt


@dataclass(frozen=True, slots=True)
class Quoted:
    """The most that bonuses may pay, what they do pay, of each line, and the receipt. Minor units."""

    most: int
    spend: int
    shares: tuple[int, ...]
    receipt: Receipt


def quoted(
    goods: Sequence[Goods],
    limits: Limits,
    available: int,
    wish: int,
    mode: Mode,
    *,
    other: int = 0,
) -> Quoted:
    """Return what a customer with `available` bonuses who wishes to spend `wish` may pay in them.

    `other`: what is paid in money beside the goods, such as shipping that bonuses do not pay.
    """
    allowed = allowance(goods, limits, available, other=other)
    spend, found = settle(goods, allowed.caps, allowed.of(wish), step=allowed.step)
    return Quoted(allowed.most, spend, found.shares, receipt(goods, found.shares, mode))


def laid(goods: Sequence[Goods], limits: Limits, amount: int, mode: Mode) -> Quoted:
    """Return how an order is paid that says `amount`, which was found to be allowed: all of it.

    Raises ValueError above the caps of the lines.
    """
    allowed = allowance(goods, limits, amount)
    shares = spread(goods, allowed.caps, amount, firm=True).shares
    return Quoted(allowed.most, amount, shares, receipt(goods, shares, mode))
