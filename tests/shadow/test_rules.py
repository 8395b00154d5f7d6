"""There and here: every difference has one reason, and no sum is lost between them."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.shadow.rules import Reason, Side, compare, reason_of

DAY = date(2026, 11, 22)
SIDES = st.builds(
    Side,
    st.integers(0, 10**6),
    st.none() | st.integers(0, 10**6),
    st.none() | st.sampled_from(["5%", "10%"]),
    st.none() | st.dates(),
    st.integers(1, 5),
)
PARTS = st.dictionaries(st.sampled_from(["1", "2", "3", "?lost", "?gone"]), SIDES, max_size=4)


@pytest.mark.parametrize(
    ("there", "here", "reason"),
    [
        (Side(190_00), Side(190_00), Reason.SAME),
        (Side(190_00, day=DAY), Side(190_00, day=date(2026, 11, 23)), Reason.OTHER_DAY),
        (Side(190_01), Side(190_00), Reason.ROUNDING),
        (Side(190_03), Side(190_00, lines=3), Reason.ROUNDING),
        (Side(190_03), Side(190_00, lines=2), Reason.OTHER_SUM),
        (Side(200_00, base=2_000_00), Side(190_00, base=1_900_00), Reason.OTHER_BASE),
        (Side(95_00, base=1_900_00, rate="5%"), Side(190_00, 1_900_00, "10%"), Reason.OTHER_RATE),
        (Side(95_00, rate="5%"), Side(190_00, 1_900_00, "10%"), Reason.OTHER_RATE),
        (Side(95_00), Side(190_00, 1_900_00, "10%"), Reason.OTHER_SUM),
    ],
)
def test_the_smallest_cause_that_explains_it_is_named(
    there: Side, here: Side, reason: Reason
) -> None:
    assert reason_of(there, here) is reason


def reasons(there: dict[str, Side], here: dict[str, Side], *, is_here: bool = True) -> list[str]:
    known = frozenset({"1", "2"})
    return [each.reason.value for each in compare(there, here, is_here=is_here, known=known)]


def test_orders_and_partners_that_one_side_lacks_are_told_apart() -> None:
    some = Side(100)
    assert reasons({"1": some}, {}, is_here=False) == ["no_order_here"]
    assert reasons({}, {"1": some}) == ["no_order_there"]
    assert reasons({"1": some}, {"2": some}) == ["other_partner"]
    assert reasons({"?lost": some}, {"2": some}) == ["no_partner_here"]
    assert reasons({"1": some}, {}) == ["nothing_here"]
    assert reasons({"1": some}, {"1": some, "2": some}) == ["same", "nothing_there"]


@given(PARTS, PARTS, st.booleans())
def test_every_sum_of_both_sides_stands_in_exactly_one_difference(
    there: dict[str, Side], here: dict[str, Side], is_here: bool
) -> None:
    ours = {who: side for who, side in here.items() if not who.startswith("?")} if is_here else {}
    known = frozenset(who for who in there if not who.startswith("?"))
    found = compare(there, ours, is_here=is_here, known=known)
    assert sum(each.there for each in found) == sum(side.amount for side in there.values())
    assert sum(each.here for each in found) == sum(side.amount for side in ours.values())
    assert sorted(e.there_who for e in found if e.there_who) == sorted(there)
    assert sorted(e.here_who for e in found if e.here_who) == sorted(ours)
    for each in found:
        if each.reason is Reason.SAME:
            assert each.there == each.here
