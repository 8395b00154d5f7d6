"""Carts of chance, and what every one of them must keep to."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import strategies as st

from app.money import half_up
from app.receipts.rules import Goods, Limits, Mode, allowance, receipt, spread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

PLENTY = 10**15
CATEGORIES = {"gifts": Fraction(0), "food": Fraction(30), "odd": Fraction(333, 10)}


def goods(
    n: int, quantity: Decimal, price: int, off: int = 0, category: str = "", *, promo: bool = False
) -> Goods:
    value = max(half_up(price * Fraction(quantity)) - off, 0)
    return Goods(
        line=str(n),
        quantity=quantity,
        value=value,
        categories=(category,) if category else (),
        promo=promo,
    )


PIECES = st.integers(1, 12).map(Decimal)
WEIGHTS = st.integers(1, 60_000).map(lambda grams: Decimal(grams) / 1000)
PRICES = st.one_of(st.integers(0, 300), st.integers(1, 10**7))


@st.composite
def carts(
    draw: st.DrawFn,
    quantities: st.SearchStrategy[Decimal] = PIECES,
    *,
    even: bool = False,
    most: int = 8,
) -> list[Goods]:
    """Return 1 to `most` lines; `even`: every line divides by its quantity before bonuses."""
    return [
        goods(
            n,
            draw(quantities),
            draw(PRICES),
            0 if even else draw(st.sampled_from([0, 0, 1, 7, 100])),
            draw(st.sampled_from(["", "", "lamps", *CATEGORIES])),
            promo=draw(st.booleans()),
        )
        for n in range(draw(st.integers(1, most)))
    ]


LIMITS = st.builds(
    Limits,
    percent=st.sampled_from([Fraction(100), Fraction(50), Fraction(999, 10)]),
    minimum_cash=st.sampled_from([0, 0, 1, 10_000]),
    step=st.sampled_from([1, 1, 1, 100]),
    min_unit_price=st.sampled_from([0, 1, 1, 100]),
    category_percents=st.sampled_from([{}, CATEGORIES]),
    promo=st.booleans(),
)


def drawn(chance: Random, *, weighed: bool) -> list[Goods]:
    """Return a cart as shops have them: 1 to 12 lines of 1 to 6 units, some of them weighed."""
    found = []
    for n in range(chance.randint(1, 12)):
        if weighed and chance.random() < 0.4:
            quantity = Decimal(chance.randint(100, 60_000)) / 1000
        else:
            quantity = Decimal(chance.randint(1, 6))
        found.append(goods(n, quantity, chance.randint(1, 500_000)))
    return found


def keeps_to_the_kopeck(cart: Sequence[Goods], limits: Limits, amount: int) -> int:
    """Pay the cart and assert all that a receipt owes; return how many lines have two rows."""
    caps = allowance(cart, limits, PLENTY).caps
    shares = spread(cart, caps, amount, firm=True).shares
    assert sum(shares) == amount
    assert all(0 <= share <= cap for share, cap in zip(shares, caps, strict=True))
    said = receipt(cart, shares, Mode.DISCOUNT)
    total = sum(one.value for one in cart)
    assert said.cash == sum(row.amount for row in said.rows) == total - amount
    for one, share in zip(cart, shares, strict=True):
        rows = [row for row in said.rows if row.line == one.line]
        assert sum(row.quantity for row in rows) == one.quantity
        assert sum(row.amount for row in rows) == one.value - share
        assert all(row.quantity > 0 and row.price >= 0 for row in rows)
        if share:
            assert all(row.price >= limits.min_unit_price for row in rows)
        off = [abs(half_up(row.price * Fraction(row.quantity)) - row.amount) for row in rows]
        by_the_piece = one.quantity == one.quantity.to_integral_value()
        assert max(off) <= (0 if by_the_piece else 1)
    return len(said.rows) - len(cart)
