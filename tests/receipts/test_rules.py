"""What bonuses may pay, and how they lie on a cart: exactly, whatever the cart."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.money import half_up
from app.receipts.rules import (
    Goods,
    Limits,
    Mode,
    allowance,
    cap,
    receipt,
    rows,
    settle,
    spread,
)
from app.receipts.rules.units import units
from tests.receipts.carts import (
    CATEGORIES,
    LIMITS,
    PIECES,
    PLENTY,
    WEIGHTS,
    carts,
    drawn,
    goods,
    keeps_to_the_kopeck,
)

ANY = st.one_of(PIECES, WEIGHTS)
LAMP = goods(1, Decimal(2), 100_000, 10_000)  # 2 at 1000.00, 100.00 off
BULB = goods(2, Decimal(1), 9_999, category="lamps")
CARD = goods(3, Decimal(1), 50_000, category="gifts")


def test_the_whole_is_payable_but_a_kopeck_a_unit_and_not_what_the_customer_lacks() -> None:
    cart = [LAMP, BULB]
    assert allowance(cart, Limits(), PLENTY).most == 189_998 + 9_998
    assert allowance(cart, Limits(), 500).most == 500
    assert allowance(cart, Limits(), -500).most == 0
    assert allowance(cart, Limits(min_unit_price=0), PLENTY).most == 199_999
    assert allowance([], Limits(), PLENTY).most == 0


@pytest.mark.parametrize(
    ("limits", "other", "most"),
    [
        (Limits(percent=Fraction(30)), 0, 74_999),  # of all 249 999, rounded down
        (Limits(percent=Fraction(30), category_percents=CATEGORIES), 0, 59_999),  # without the card
        (Limits(minimum_cash=200_000), 0, 49_999),
        (Limits(minimum_cash=200_000), 30_000, 79_999),  # shipping is cash too
        (Limits(minimum_cash=10**9), 0, 0),
        (Limits(step=100), 0, 249_900),
        (Limits(min_unit_price=100), 0, 249_999 - 400),
        (Limits(category_percents={"lamps": Fraction(333, 10)}), 0, 189_998 + 3_329 + 49_999),
    ],
)
def test_each_limit_holds(limits: Limits, other: int, most: int) -> None:
    assert allowance([LAMP, BULB, CARD], limits, PLENTY, other=other).most == most


def test_the_nearest_category_with_a_percent_speaks_and_promo_may_be_left_out() -> None:
    line = Goods(line="1", quantity=Decimal(1), value=1000, categories=("bulbs", "lamps", "all"))
    said = {"lamps": Fraction(50), "all": Fraction(0)}
    assert cap(line, Limits(category_percents=said)) == 500
    assert cap(line, Limits(category_percents={"all": Fraction(0)})) == 0
    promo = replace(line, promo=True)
    assert cap(promo, Limits()) == 999
    assert cap(promo, Limits(promo=False)) == 0
    assert allowance([promo], Limits(promo=False), PLENTY).most == 0


def test_a_wish_is_cut_to_what_may_be_had_and_to_the_step() -> None:
    allowed = allowance([LAMP], Limits(step=500), PLENTY)
    assert [allowed.of(wish) for wish in (-1, 0, 499, 1_234, 10**9)] == [0, 0, 0, 1_000, 189_500]


def test_the_example_of_the_interface() -> None:
    shares = spread([LAMP], [189_998], 20_000).shares
    (row,) = receipt([LAMP], shares, Mode.DISCOUNT).rows
    assert (row.quantity, row.price, row.amount) == (Decimal(2), 85_000, 170_000)


@given(carts(ANY), LIMITS, st.data())
def test_any_cart_keeps_to_the_kopeck(
    cart: list[Goods], limits: Limits, data: st.DataObject
) -> None:
    most = sum(allowance(cart, limits, PLENTY).caps)
    amount = data.draw(st.one_of(st.integers(0, most), st.just(most)))
    keeps_to_the_kopeck(cart, limits, amount)


@given(carts(even=True), st.data())
def test_at_most_one_line_has_two_prices(cart: list[Goods], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, allowance(cart, Limits(), PLENTY).most))
    assert keeps_to_the_kopeck(cart, Limits(), amount) <= 1


@given(carts(ANY), LIMITS, st.data())
def test_bonuses_add_at_most_one_row_to_what_was_odd_before(
    cart: list[Goods], limits: Limits, data: st.DataObject
) -> None:
    caps = allowance(cart, limits, PLENTY).caps
    whole = sum(
        units(one.value, one.quantity).below(cap) or 0 for one, cap in zip(cart, caps, strict=True)
    )
    amount = data.draw(st.integers(0, whole))  # beyond it the caps themselves are odd
    before = sum(len(rows(one.line, one.quantity, one.value)) - 1 for one in cart)
    assert keeps_to_the_kopeck(cart, limits, amount) <= before + 1


@given(carts(ANY), LIMITS, st.randoms(use_true_random=False), st.data())
def test_the_order_of_lines_changes_no_total_and_no_line(
    cart: list[Goods], limits: Limits, chance: Random, data: st.DataObject
) -> None:
    allowed = allowance(cart, limits, PLENTY)
    amount = data.draw(st.integers(0, sum(allowed.caps)))

    def paid(lines: list[Goods]) -> list[tuple[int, Decimal, int, int]]:
        caps = allowance(lines, limits, PLENTY).caps
        shares = spread(lines, caps, amount, firm=True).shares
        return sorted(
            (one.value, one.quantity, cap, share)
            for one, cap, share in zip(lines, caps, shares, strict=True)
        )

    turned = chance.sample(cart, len(cart))
    assert allowance(turned, limits, PLENTY).most == allowed.most
    assert paid(turned) == paid(cart)  # equal lines may change places


@given(carts(), LIMITS, st.data())
def test_more_bonuses_never_lower_a_line_by_more_than_a_kopeck_a_unit(
    cart: list[Goods], limits: Limits, data: st.DataObject
) -> None:
    caps = allowance(cart, limits, PLENTY).caps
    less = data.draw(st.integers(0, sum(caps)))
    more = min(less + data.draw(st.one_of(st.integers(0, 20), st.integers(0, 10**6))), sum(caps))
    few, many = spread(cart, caps, less).shares, spread(cart, caps, more).shares
    for one, before, after in zip(cart, few, many, strict=True):
        assert before - after <= one.quantity


@given(carts(even=True), st.data())
def test_each_line_is_within_a_kopeck_a_unit_of_its_fair_part(
    cart: list[Goods], data: st.DataObject
) -> None:
    cart = [replace(one, value=one.value + 1000 * int(one.quantity)) for one in cart]
    total = sum(one.value for one in cart)
    caps = [one.value for one in cart]
    amount = data.draw(st.integers(0, total))
    for one, share in zip(cart, spread(cart, caps, amount).shares, strict=True):
        assert abs(share - Fraction(amount * one.value, total)) < one.quantity


@given(carts(ANY), LIMITS)
def test_nothing_and_everything(cart: list[Goods], limits: Limits) -> None:
    caps = allowance(cart, limits, PLENTY).caps
    assert spread(cart, caps, 0).shares == (0,) * len(cart)
    assert spread(cart, caps, sum(caps), firm=True).shares == caps


@given(ANY, st.integers(0, 10**7), LIMITS, st.data())
def test_one_line_takes_it_all(
    quantity: Decimal, price: int, limits: Limits, data: st.DataObject
) -> None:
    line = goods(1, quantity, price)
    amount = data.draw(st.integers(0, cap(line, limits)))
    assert spread([line], [cap(line, limits)], amount, firm=True).shares == (amount,)


@pytest.mark.parametrize("amount", [0, 1, 2, 50, 99, 100])
def test_equal_lines_and_lines_of_a_kopeck(amount: int) -> None:
    equal = [goods(n, Decimal(1), 100) for n in range(3)]
    shares = spread(equal, [100] * 3, amount).shares
    assert sum(shares) == amount
    assert max(shares) - min(shares) <= 1
    assert list(shares) == sorted(shares, reverse=True)  # by place
    kopecks = [goods(n, Decimal(1), 1) for n in range(100)]
    assert sum(spread(kopecks, [1] * 100, amount).shares) == amount
    assert allowance(kopecks, Limits(), PLENTY).most == 0


@pytest.mark.parametrize("amount", [1, 9_999, 10_000, 10_001, 123_456, 29_990_000])
def test_ten_thousand_units_beside_one(amount: int) -> None:
    cart = [goods(1, Decimal(10_000), 3_000), goods(2, Decimal(1), 700)]
    assert keeps_to_the_kopeck(cart, Limits(), amount) <= 1
    fair = Fraction(amount * 700, 30_000_700)
    assert abs(spread(cart, [29_990_000, 699], amount).shares[1] - fair) <= 1


def test_a_cart_of_excluded_lines_takes_nothing() -> None:
    allowed = allowance([CARD, CARD], Limits(category_percents=CATEGORIES), PLENTY)
    assert (allowed.caps, allowed.most) == ((0, 0), 0)
    with pytest.raises(ValueError, match="more than the lines take"):
        spread([CARD, CARD], allowed.caps, 1)


def test_full_lines_leave_the_rest_to_the_others_in_cascade() -> None:
    cart = [goods(n, Decimal(1), 1_000) for n in range(4)]
    assert spread(cart, [100, 300, 500, 1_000], 1_500).shares == (100, 300, 500, 600)
    assert spread(cart, [100, 300, 500, 1_000], 1_200).shares == (100, 300, 400, 400)
    assert spread(cart, [100, 300, 500, 1_000], 1_900).shares == (100, 300, 500, 1_000)


def test_weighed_goods_leave_the_difference_to_goods_by_the_piece() -> None:
    cheese, knife = goods(1, Decimal("7.35"), 80_000), goods(2, Decimal(1), 30_000)
    found = spread([cheese, knife], [500_000, 29_999], 10_001)
    assert (sum(found.shares), found.returned) == (10_001, 0)
    said = receipt([cheese, knife], found.shares, Mode.DISCOUNT)
    assert len(said.rows) == 2
    assert cheese.value - found.shares[0] == round(said.rows[0].price * Decimal("7.35"))


def test_weighed_goods_alone_are_a_kopeck_off_or_give_few_back() -> None:
    cheese = goods(1, Decimal("7.35"), 80_000)  # prices are 7 or 8 kopecks apart
    reached = {amount: spread([cheese], [500_000], amount) for amount in range(1_000, 1_016)}
    assert {found.returned for found in reached.values()} == {0, 1, 2, 3, 4}
    near = [amount for amount, found in reached.items() if not found.returned]
    assert near == [1000, 1001, 1006, 1007, 1008, 1013, 1014, 1015]  # a price, and a kopeck beside
    lowered, found = settle([cheese], [500_000], 1_005)
    assert lowered + 4 >= 1_005 > lowered
    assert found == spread([cheese], [500_000], lowered, firm=True)
    firm = receipt([cheese], spread([cheese], [500_000], 1_005, firm=True).shares, Mode.DISCOUNT)
    assert firm.cash == 588_000 - 1_005
    assert sum(row.quantity for row in firm.rows) == Decimal("7.35")


@given(carts(WEIGHTS), st.sampled_from([1, 100]), st.data())
def test_what_is_settled_lies_without_rest_and_few_are_given_back(
    cart: list[Goods], step: int, data: st.DataObject
) -> None:
    caps = allowance(cart, Limits(), PLENTY).caps
    amount = data.draw(st.integers(0, sum(caps)))
    amount -= amount % step
    lowered, found = settle(cart, caps, amount, step=step)
    assert 0 <= amount - lowered <= max(50, step)
    assert lowered % step == 0
    assert found == spread(cart, caps, lowered, firm=True)
    assert sum(found.shares) == lowered
    assert settle(cart, caps, lowered, step=step) == (lowered, found)


def test_large_weights_do_not_give_back_much() -> None:
    cable = goods(1, Decimal("60000.5"), 12)  # a step is 600 roubles
    lowered, found = settle([cable], [660_000], 123_456)
    assert (lowered, found.returned, found.shares) == (123_456, 0, (123_456,))
    assert spread([cable], [123_456], 123_456).returned == 0


@pytest.mark.parametrize("amount", range(1_000, 3_000, 100))
def test_what_goes_back_of_whole_roubles_is_whole_roubles(amount: int) -> None:
    cheese = goods(1, Decimal("7.35"), 80_000)
    lowered, found = settle([cheese], [500_000], amount, step=100)
    assert lowered in {amount, amount - 100}
    assert found.shares == (lowered,)


@pytest.mark.parametrize("quantity", ["1", "3", "7", "0.350", "0.7", "1.5", "7.35", "12.125"])
@pytest.mark.parametrize("value", [0, 1, 5, 99, 100, 101])
def test_shares_of_one_price_are_found_as_by_trying_all(value: int, quantity: str) -> None:
    amounts = {half_up(price * Fraction(quantity)) for price in range(value * 4 + 2)}
    good = [share for share in range(value + 1) if value - share in amounts]
    found = units(value, Decimal(quantity))
    for share in range(value + 1):
        assert found.below(share) == max((g for g in good if g <= share), default=None)
        assert found.above(share) == min((g for g in good if g > share), default=None)


@given(carts(ANY), LIMITS, st.data())
def test_consideration_leaves_prices_and_says_its_sum(
    cart: list[Goods], limits: Limits, data: st.DataObject
) -> None:
    caps = allowance(cart, limits, PLENTY).caps
    amount = data.draw(st.integers(0, sum(caps)))
    shares = spread(cart, caps, amount, firm=True).shares
    said = receipt(cart, shares, Mode.CONSIDERATION)
    assert said.consideration == amount
    assert said.rows == receipt(cart, [0] * len(cart), Mode.DISCOUNT).rows
    assert said.cash == sum(one.value for one in cart) - amount


def test_all_paid_in_bonuses_is_a_receipt_of_zero() -> None:
    limits = Limits(min_unit_price=0)
    allowed = allowance([LAMP, BULB], limits, PLENTY)
    shares = spread([LAMP, BULB], allowed.caps, allowed.most).shares
    said = receipt([LAMP, BULB], shares, Mode.DISCOUNT)
    assert [(row.price, row.amount) for row in said.rows] == [(0, 0), (0, 0)]
    assert said.cash == 0


def test_shipping_is_a_line_like_others_where_bonuses_may_pay_it() -> None:
    shipping = goods(0, Decimal(1), 30_000)
    allowed = allowance([LAMP, shipping], Limits(), PLENTY)
    assert allowed.most == 189_998 + 29_999
    shares = spread([LAMP, shipping], allowed.caps, 22_000).shares
    assert shares == (19_000, 3_000)


@given(carts(ANY), st.data())
def test_money_and_bonuses_make_up_each_line(cart: list[Goods], data: st.DataObject) -> None:
    assume(any(one.value for one in cart))
    caps = [one.value for one in cart]
    amount = data.draw(st.integers(0, sum(caps)))
    shares = spread(cart, caps, amount, firm=True).shares
    said = receipt(cart, shares, Mode.DISCOUNT)
    for one, share in zip(cart, shares, strict=True):
        cash = sum(row.amount for row in said.rows if row.line == one.line)
        assert cash + share == one.value


def test_thousands_of_carts_are_paid_exactly_with_one_row_more_at_most() -> None:
    many(3_000, seed=2026)


@pytest.mark.long
@pytest.mark.parametrize("part", range(10))
def test_a_hundred_thousand_carts(part: int) -> None:
    many(10_000, seed=part)


def many(number: int, seed: int) -> None:
    chance, divided = Random(seed), 0  # noqa: S311 - the same carts in every run
    for n in range(number):
        cart = drawn(chance, weighed=n % 3 == 0)
        most = allowance(cart, Limits(), PLENTY).most
        more = keeps_to_the_kopeck(cart, Limits(), chance.randint(0, most))
        assert more <= 1
        divided += more if n % 3 else 0
    assert divided < number * 2 // 3 * 0.25  # of carts without weighed goods a fifth has a row more
