"""Refunds: bonuses go back by all that went back so far, and receipts repeat what was sold."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from app.receipts.rules import Goods, Row, given_back, paid_in_money, part, rows, spread
from tests.receipts.carts import PIECES, WEIGHTS, carts

ANY = st.one_of(PIECES, WEIGHTS)


def test_bonuses_go_back_by_all_refunds_together() -> None:
    backs = [given_back(100, 300, Fraction(so_far)) for so_far in (0, 1, 2, 3, 100, 299, 300)]
    assert backs == [0, 0, 0, 1, 33, 99, 100]
    assert given_back(100, 300, Fraction(301)) == 100
    assert given_back(0, 0, Fraction(0)) == 0


def test_what_was_paid_in_money_shrinks_with_refunds() -> None:
    assert paid_in_money(100, 300, Fraction(0)) == 200
    assert paid_in_money(100, 300, Fraction(150)) == 100
    assert paid_in_money(100, 300, Fraction(300)) == 0
    assert paid_in_money(0, 0, Fraction(0)) == 0


@given(carts(ANY), st.data())
def test_any_subset_of_lines_in_any_order_gives_back_its_own_and_all_give_back_all(
    cart: list[Goods], data: st.DataObject
) -> None:
    caps = [one.value for one in cart]
    amount = data.draw(st.integers(0, sum(caps)))
    shares = spread(cart, caps, amount, firm=True).shares
    back = [Fraction(0)] * len(cart)
    booked, turns = 0, data.draw(st.permutations(range(len(cart))))
    for turn in turns:
        pieces = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=4))
        for piece in pieces:
            back[turn] += Fraction(cart[turn].value * piece, sum(pieces))
            due = sum(map(given_back, shares, caps, back))
            assert 0 <= due - booked <= shares[turn]
            booked = due
        done = [shares[n] for n in turns[: turns.index(turn) + 1]]
        assert booked == sum(done)
    assert booked == amount
    assert sum(map(paid_in_money, shares, caps, back)) == 0


@given(ANY, st.integers(0, 10**6), st.data())
def test_receipts_of_refunds_repeat_the_sold_rows_and_add_up_to_them(
    quantity: Decimal, amount: int, data: st.DataObject
) -> None:
    sold = rows("1", quantity, amount)
    left = quantity
    said: list[Row] = []
    while left:
        some = data.draw(st.integers(1, 1000)) * quantity / 1000
        some = min(left, Decimal(int(some) or 1) if quantity == int(quantity) else some)
        now = part(sold, quantity - left, some)
        assert sum(row.quantity for row in now) == some
        said += now
        left -= some
    assert sum(row.quantity for row in said) == quantity
    assert sum(row.amount for row in said) == amount
    assert {row.price for row in said} == {row.price for row in sold}
    assert part(sold, quantity, Decimal(1)) == ()


def test_a_refund_of_one_unit_has_the_price_it_was_sold_at() -> None:
    sold = rows("1", Decimal(3), 1000)  # 2 at 3.33 and 1 at 3.34
    assert [(str(row.quantity), row.price) for row in part(sold, Decimal(0), Decimal(1))] == [
        ("1", 333)
    ]
    both = [(str(row.quantity), row.price) for row in part(sold, Decimal(1), Decimal(2))]
    assert both == [("1", 333), ("1", 334)]
