"""How much an act by hand moves, between which accounts, and how pasted lines are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.adjustments.rules import (
    KEY,
    Act,
    Line,
    Refusal,
    Standing,
    Wish,
    gain,
    key_of,
    moves,
    read_lines,
    settled,
)
from app.ledger.rules import deltas


@pytest.mark.parametrize(
    ("act", "amount", "expected"),
    [
        (Act.ACCRUE, 50, 50),
        (Act.DEDUCT, 50, -50),
        (Act.DEDUCT, 500, -500),
        (Act.FORGIVE, None, 30),
        (Act.FORGIVE, 30, 30),
        (Act.EXPIRE, None, -100),
        (Act.FORGIVE, 31, "above_debt"),
        (Act.EXPIRE, 101, "above_available"),
        (Act.ACCRUE, 0, "zero"),
        (Act.ACCRUE, None, "nothing_there"),
        (Act.DEDUCT, 10**14 + 1, "too_large"),
    ],
)
def test_what_an_act_gives_or_takes(act: Act, amount: int | None, expected: int | str) -> None:
    wish = Wish(1, act, amount, "why")
    if isinstance(expected, int):
        assert gain(wish, Standing(100, 30)) == expected
    else:
        with pytest.raises(Refusal) as refused:
            gain(wish, Standing(100, 30))
        assert refused.value.code == expected


@given(
    st.sampled_from([Act.ACCRUE, Act.DEDUCT, Act.EXPIRE, Act.UNDO]),
    st.integers(1, 1000),
    st.integers(0, 1000),
    st.integers(0, 1000),
)
def test_moves_change_the_accounts_as_the_standing_says(
    act: Act, size: int, free: int, owed: int
) -> None:
    amount = size if act is Act.ACCRUE else -size
    before = Standing(free, owed)
    found, after = moves(1, act, amount, "why", before)
    changes = deltas(found)
    assert after.available - free == changes.get("partner:1:available", 0)
    assert after.debt - owed == changes.get("partner:1:debt", 0)
    assert after.available >= 0
    assert (after.available - after.debt) - (free - owed) == amount


@pytest.mark.parametrize(
    ("act", "amount", "before", "after", "back"),
    [
        (Act.ACCRUE, 50, Standing(0, 40), Standing(10, 0), 40),
        (Act.ACCRUE, 30, Standing(0, 40), Standing(0, 10), 30),
        (Act.ACCRUE, 30, Standing(5, 0), Standing(35, 0), 0),
        (Act.DEDUCT, 30, Standing(5, 0), Standing(0, 25), 0),
        (Act.FORGIVE, None, Standing(0, 40), Standing(0, 0), 0),
        (Act.EXPIRE, None, Standing(7, 0), Standing(0, 0), 0),
    ],
)
def test_a_preview_says_how_the_partner_then_stands(
    act: Act, amount: int | None, before: Standing, after: Standing, back: int
) -> None:
    assert settled(Wish(1, act, amount, "why"), before) == (after, back)


def test_lines_are_read_with_semicolons_or_tabs() -> None:
    text = 'anna;50,00;Prize; of May\n\nboris\t-5\n"vera";"7";""\nnobody\n;5\n'
    assert read_lines(text) == (
        [
            Line(1, "anna", "50,00", "Prize; of May"),
            Line(3, "boris", "-5", ""),
            Line(4, "vera", "7", ""),
        ],
        [5, 6],
    )


def test_the_key_of_what_is_answered_is_one_that_forms_bring() -> None:
    assert KEY.fullmatch(key_of("bf_1-2"))
    assert key_of("bf_1-2") == key_of("bf_1-2") != key_of("bf_1-3")
