"""The scales: what a sale leaves, what is given away of it, and the worst that can come together."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.rules import BadMargin, read_margin
from app.margins.rules import UNKNOWN, Given, Known, Sold, newly_red, weigh, worst_commission

WHOLE = Fraction(1)
LEVELS = st.dictionaries(st.integers(1, 9), st.integers(0, 10_000), max_size=9)
CROWDS = st.dictionaries(st.text("abc", min_size=1, max_size=2), LEVELS, max_size=4)


def line(gross: int, value: int, known: Known, quantity: int = 1, kept: Fraction = WHOLE) -> Sold:
    return Sold(Fraction(gross), Fraction(value), Fraction(quantity), kept, known)


def test_a_purchase_price_and_a_percent_say_the_same() -> None:
    by_cost = weigh([line(2_000_00, 1_900_00, Known(cost=600_00), 2)], Given(commission=170_00))
    by_part = weigh([line(2_000_00, 1_900_00, Known(margin="40%"), 2)], Given(commission=170_00))
    assert by_cost == by_part
    assert by_cost is not None
    assert (by_cost.room, by_cost.given.discount, by_cost.left) == (800_00, 100_00, 530_00)
    assert by_cost.part == 34
    assert not by_cost.red


def test_more_given_than_there_is_is_red_and_what_came_back_counts_no_more() -> None:
    known = Known(margin="10%")
    red = weigh([line(1_000_00, 1_000_00, known)], Given(commission=60_00, bonuses=50_00))
    assert red is not None
    assert (red.red, red.left, red.part) == (True, -10_00, 110)
    half = weigh([line(1_000_00, 900_00, known, kept=Fraction(1, 2))], Given())
    assert half is not None
    assert (half.room, half.given.discount) == (50_00, 50_00)


def test_a_line_of_which_nothing_is_known_is_not_judged_unless_it_came_back_whole() -> None:
    lines = [line(100, 100, Known(cost=50)), line(100, 100, UNKNOWN)]
    assert weigh(lines, Given()) is None
    back = [lines[0], line(100, 100, UNKNOWN, kept=Fraction(0))]
    assert weigh(back, Given()) is not None


@pytest.mark.parametrize(
    ("text", "kept"), [("40", "40%"), (" 37,50 %", "37.5%"), ("0%", "0%"), ("100", "100%")]
)
def test_margins_are_read_as_people_write_them(text: str, kept: str) -> None:
    assert read_margin(text) == kept


@pytest.mark.parametrize("text", ["101", "-1", "ten", "1e1", "4.125%", "١٠"])
def test_what_is_no_margin_is_refused(text: str) -> None:
    with pytest.raises(BadMargin):
        read_margin(text)


def test_above_who_brings_it_may_stand_anybody_and_his_terms_say_how_deep() -> None:
    flat, deep = {1: 300}, {1: 100, 2: 50, 3: 25}
    rich = {1: 10, 2: 90}
    assert worst_commission({"flat": flat, "deep": deep, "rich": rich}, {}, 10_000) == (300, 0)
    assert worst_commission({"deep": deep, "rich": rich}, {}, 10_000) == (100 + 90 + 25, 0)
    own = {"deep": {0: 70, 1: 100, 2: 50}}
    assert worst_commission({"deep": deep}, own, 10_000) == (220, 70)
    assert worst_commission({"deep": deep}, own, 200) == (200, 70), "never more than the line"


@given(CROWDS, CROWDS, st.integers(0, 20_000))
def test_no_real_upline_ever_gets_more_than_the_worst(
    paid: dict[str, dict[int, int]], own: dict[str, dict[int, int]], base: int
) -> None:
    most, cashback = worst_commission(paid, own, base)
    assert 0 <= cashback <= most <= base
    for each in paid.values():
        assert most >= min(sum(each.values()), base)
    more = {**paid, "z": {1: 5, 2: 5}}
    assert worst_commission(more, own, base)[0] >= most, "one kind more never makes it less"


@given(st.integers(0, 10**6), st.integers(0, 100), st.integers(0, 10**6))
def test_what_is_left_and_what_is_given_are_the_room(gross: int, percent: int, paid: int) -> None:
    found = weigh([line(gross, gross, Known(margin=f"{percent}%"))], Given(commission=paid))
    assert found is not None
    assert found.left + found.given.whole == found.room
    assert found.red == (found.given.whole > found.room)


def test_a_change_names_what_it_makes_red_or_redder_and_nothing_else() -> None:
    before = [(1, 100), (2, -5), (3, -5), (4, 10)]
    after = [(1, -1), (2, -5), (3, -6), (4, 5), (5, -1)]
    assert newly_red(before, after) == {1, 3, 5}
