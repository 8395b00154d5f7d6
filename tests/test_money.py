from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.money import (
    BIGINT_MAX,
    Money,
    MoneyError,
    exponent,
    half_up,
    parse_decimal,
    parse_typed,
    plain_number,
    share,
    split,
    to_decimal_string,
)

QUICK = settings(max_examples=60)


def refusal(text: str, currency: str = "RUB") -> str:
    with pytest.raises(MoneyError) as caught:
        parse_decimal(text, currency)
    return caught.value.code


def test_money_adds_and_compares_only_within_one_currency() -> None:
    rubles = Money(150, "RUB")
    assert rubles + Money(50, "RUB") == Money(200, "RUB")
    assert rubles - Money(50, "RUB") == Money(100, "RUB")
    assert -rubles == Money(-150, "RUB")
    assert Money(1, "RUB") < rubles
    assert rubles <= Money(150, "RUB")
    assert rubles
    assert not Money(0, "RUB")
    assert str(Money(-5, "RUB")) == "-0.05 RUB"
    with pytest.raises(MoneyError, match="other_currency"):
        rubles + Money(1, "USD")


@pytest.mark.parametrize(("currency", "places"), [("RUB", 2), ("JPY", 0), ("KWD", 3), ("b:7", 2)])
def test_a_currency_has_its_own_number_of_decimals(currency: str, places: int) -> None:
    assert exponent(currency) == places


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1990.00", "RUB", 199000),
        ("1990", "RUB", 199000),
        ("0.5", "RUB", 50),
        ("007", "JPY", 7),
        ("1.005", "KWD", 1005),
        ("92233720368547758.07", "RUB", BIGINT_MAX),
    ],
)
def test_an_api_sum_is_read_in_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_decimal(text, currency) == minor


NO_NUMBERS = [
    "", " ", "1e3", "NaN", "Infinity", "-Infinity", "1_000", "１２", "٣", "1,5", "1 000", "+1",
    "-0", "-0.00", ".5", "5.", "1.2.3", "0x10", "1\n", "1\x00", "９.5", "--1", "1" * 41,
]  # fmt: skip


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_what_is_no_plain_number_is_refused(text: str) -> None:
    assert refusal(text) == "not_a_number"


def test_sums_too_precise_too_large_or_negative_are_refused_by_name() -> None:
    assert refusal("1.005") == "too_precise"
    assert refusal("1.0", "JPY") == "too_precise"
    assert refusal("92233720368547758.08") == "too_large"
    assert refusal("-1") == "negative"
    assert parse_decimal("-1.5", "RUB", allow_negative=True) == -150
    with pytest.raises(MoneyError, match="not_a_number"):
        parse_decimal("-0", "RUB", allow_negative=True)


@pytest.mark.parametrize(
    ("text", "locale", "minor"),
    [
        ("1 234,50", "ru", 123450),
        (" 1 234,50 ", "ru_RU", 123450),
        ("1\u00a0234,5", "ru", 123450),
        ("1\u202f234\u202f567", "ru", 123456700),
        ("1234,5", "ru", 123450),
        ("1,234.50", "en", 123450),
        ("1234.50", "en-US", 123450),
        ("12,345,678", "en", 1234567800),
        ("1.234,50", "de", 123450),
    ],
)
def test_a_typed_sum_is_read_by_the_typists_locale(text: str, locale: str, minor: int) -> None:
    assert parse_typed(text, locale, "RUB") == minor


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("1,5", "en"),
        ("1,50", "en"),
        ("1 234.50", "en"),
        ("1'234.50", "en"),
        ("1.5", "ru"),
        ("1,234.50", "ru"),
        ("12 34", "ru"),
        ("1234 567", "ru"),
        ("1 234\u00a0567", "ru"),
        (" ", "ru"),
        (",5", "ru"),
        ("1,", "ru"),
        ("1e3", "ru"),
        ("NaN", "en"),
        ("１２", "ru"),
        ("1_000", "en"),
        ("-0", "en"),
    ],
)
def test_what_another_locale_would_read_otherwise_is_refused(text: str, locale: str) -> None:
    with pytest.raises(MoneyError, match="not_a_number"):
        parse_typed(text, locale, "RUB")


def test_a_typed_minus_needs_leave() -> None:
    assert parse_typed("-1 000", "ru", "RUB", allow_negative=True) == -100000
    assert plain_number("-1 000", "ru") == "-1000"
    with pytest.raises(MoneyError, match="negative"):
        parse_typed("-1", "ru", "RUB")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [(199000, "RUB", "1990.00"), (5, "RUB", "0.05"), (-5, "RUB", "-0.05"), (7, "JPY", "7")],
)
def test_minor_units_are_written_with_the_currencys_decimals(
    minor: int, currency: str, text: str
) -> None:
    assert to_decimal_string(minor, currency) == text


@QUICK
@given(st.integers(0, BIGINT_MAX), st.sampled_from(["RUB", "JPY", "KWD"]))
def test_writing_and_reading_a_sum_gives_it_back(minor: int, currency: str) -> None:
    assert parse_decimal(to_decimal_string(minor, currency), currency) == minor


@QUICK
@given(st.text("0123456789.,- \u00a0\u202f_eE+Na１'", max_size=12))
def test_any_text_is_a_sum_or_refused(text: str) -> None:
    for locale in ("ru", "en"):
        try:
            assert parse_typed(text, locale, "RUB") >= 0
        except MoneyError as error:
            assert error.code in {"not_a_number", "negative", "too_precise", "too_large"}  # noqa: PT017


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), 0),
        (Fraction(149, 100), 1),
        (Decimal("2.5"), 3),
        (Decimal("2.4999"), 2),
        (7, 7),
    ],
)
def test_a_half_goes_up(value: Fraction | Decimal | int, rounded: int) -> None:
    assert half_up(value) == rounded


def test_a_share_is_rounded_once() -> None:
    assert share(Fraction(765000, 19), Fraction(1, 10)) == 4026


def test_leftovers_of_a_split_go_to_the_largest_remainders_then_by_position() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [1, 6, 3]) == [1, 6, 3]
    assert split(5, [Fraction(1, 3), Fraction(2, 3)]) == [2, 3]
    assert split(0, [0, 0]) == [0, 0]
    assert split(0, []) == []


def test_a_split_over_nothing_or_below_zero_is_refused() -> None:
    for total, weights, code in [
        (1, [0], "no_weights"),
        (-1, [1], "negative"),
        (1, [2, -1], "negative"),
    ]:
        with pytest.raises(MoneyError, match=code):
            split(total, weights)


@QUICK
@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**6), min_size=1, max_size=9))
def test_parts_sum_to_the_whole_and_stay_within_one_unit_of_fair(
    total: int, weights: list[int]
) -> None:
    if sum(weights) == 0:
        weights = [1, *weights]
    parts = split(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(total * weight, sum(weights))) < 1
