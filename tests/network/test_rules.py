from __future__ import annotations

import pytest

from app.network.rules import Difference, Shift, by_level, differences, masked, shifts


def test_who_gains_and_who_loses_levels() -> None:
    assert shifts((1, 2, 3), (4, 2)) == [
        Shift(4, None, 2),
        Shift(1, 2, None),
        Shift(3, 4, None),
    ]
    assert shifts((1, 2), (1, 2)) == []
    assert shifts((1, 2), (2,)) == [Shift(2, 3, 2), Shift(1, 2, None)]
    assert shifts((), (1,)) == [Shift(1, None, 2)]


def test_sums_are_put_side_by_side_the_greatest_change_first() -> None:
    was, would = {1: 500, 2: 100, 3: 7}, {2: 150, 4: 900, 3: 7}
    assert differences(was, would) == [
        Difference(4, 0, 900),
        Difference(1, 500, 0),
        Difference(2, 100, 150),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Boris Ivanov", "B•••"),
        ("  ёлкина", "Ё•••"),
        ("«Лампа»", "Л•••"),
        ("—", "•••"),
        ("", "•••"),
        ("x@example.org", "X•••"),
    ],
)
def test_a_mask_leaves_the_first_letter(name: str, shown: str) -> None:
    assert masked(name) == shown


def test_levels_are_told_as_far_as_there_is_anybody() -> None:
    assert by_level([2, 1, 0], 3) == [(1, 2), (2, 1)]
    assert by_level([2, 1], 10) == [(1, 2), (2, 1), (None, 7)]
    assert by_level([0, 0], 0) == []
