"""Numbers of cards, the bars of Code 128 read back by the standard, codes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cards import rules
from app.cards.rules import Asked, bars, check_digit, code_of, may_try, normalise_number, own_number

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SIGNS = st.text(st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-"), min_size=4, max_size=40)


@pytest.mark.parametrize("number", ["4006381333931", "9780306406157", "5901234123457"])
def test_the_last_digit_is_that_of_ean_13(number: str) -> None:
    assert check_digit(number[:-1]) == number[-1]


@given(st.integers(0, 10**10 - 1))
def test_a_number_of_ours_is_an_ean_13_of_a_shops_own_kind(chance: int) -> None:
    number = own_number(chance)
    assert len(number) == 13
    assert number.startswith("29")
    weighed = sum(int(d) * (1, 3)[place % 2] for place, d in enumerate(number))
    assert weighed % 10 == 0
    assert normalise_number(number) == number


def read_back(widths: tuple[int, ...]) -> tuple[str, int]:
    """Read bars as a till does: signs of six widths by their table, the check sign, the stop."""
    text = "".join(str(width) for width in widths)
    assert text.endswith("2331112")
    signs = [text[at : at + 6] for at in range(0, len(text) - 7, 6)]
    values = [rules._WIDTHS.index(sign) for sign in signs]
    start, *data, check = values
    assert start == 104
    return "".join(chr(value + 32) for value in data), check


@given(SIGNS)
def test_bars_read_back_as_the_number(number: str) -> None:
    text, check = read_back(bars(number))
    assert text == number
    values = [ord(sign) - 32 for sign in number]
    assert check == (104 + sum(n * v for n, v in enumerate(values, 1))) % 103


def test_the_table_of_signs_is_one_of_code_128() -> None:
    """Each sign is three bars and three spaces of 11 modules, bars of an even sum, no two alike."""
    assert len(set(rules._WIDTHS)) == 106
    for sign in rules._WIDTHS:
        widths = [int(width) for width in sign]
        assert sum(widths) == 11
        assert sum(widths[::2]) % 2 == 0
        assert max(widths) <= 4


def test_the_check_sign_is_that_of_the_textbook() -> None:
    """PJJ123C has check value 54 when it starts in set A (103): in set B, 104, it is one more."""
    assert read_back(bars("PJJ123C"))[1] == 55


def test_signs_that_no_bar_has_are_refused() -> None:
    with pytest.raises(ValueError, match="ё"):
        bars("ё")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" 2900 0000 0001 8 ", "2900000000018"),
        ("ab-12", "AB-12"),
        ("123", None),
        ("", None),
        ("12345;", None),
        ("١٢٣٤٥", None),
        ("a" * 41, None),
        ("12\x0034", None),
    ],
)
def test_numbers_are_kept_in_one_form(typed: str, kept: str | None) -> None:
    assert normalise_number(typed) == kept


@pytest.mark.parametrize(
    ("asked", "may"),
    [
        (Asked(NOW + timedelta(seconds=1), 4, False), True),
        (Asked(NOW, 0, False), False),
        (Asked(NOW + timedelta(minutes=5), 5, False), False),
        (Asked(NOW + timedelta(minutes=5), 0, True), False),
    ],
)
def test_a_code_holds_until_its_time_five_tries_or_its_use(asked: Asked, *, may: bool) -> None:
    assert may_try(asked, NOW) is may


@given(st.integers(0, 2**64 - 1))
def test_a_code_has_six_digits(mark: int) -> None:
    code = code_of(f"{mark:016x}" + "0" * 48)
    assert len(code) == 6
    assert code.isdecimal()
