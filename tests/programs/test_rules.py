from decimal import Decimal

import pytest

from app.programs.rules import (
    Fixed,
    Levels,
    Offer,
    Percent,
    Rate,
    RateError,
    Resolved,
    Source,
    parse_levels,
    parse_rate,
    parse_rate_typed,
    parse_terms_levels,
    resolve,
    write_levels,
    write_rate,
)

TEN, FIVE, ZERO = (Percent(Decimal(number)) for number in (10, 5, 0))


def offer(source: Source, *levels: Rate | None) -> Offer:
    return Offer(source, f"{source}:1", levels)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("10%", TEN),
        ("0%", ZERO),
        ("100%", Percent(Decimal(100))),
        ("7.25%", Percent(Decimal("7.25"))),
        ("50.00", Fixed(5000)),
        ("50", Fixed(5000)),
    ],
)
def test_a_rate_is_a_percent_or_a_sum(text: str, rate: Rate) -> None:
    assert parse_rate(text, "RUB") == rate


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not_a_number"),
        ("%", "not_a_rate"),
        ("1e1%", "not_a_rate"),
        ("-1%", "not_a_rate"),
        ("10 %", "not_a_rate"),
        ("1.12345%", "not_a_rate"),
        ("１０%", "not_a_rate"),
        ("100.01%", "above_100"),
        ("-5", "negative"),
        ("1.005", "too_precise"),
    ],
)
def test_what_is_no_rate_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(RateError) as caught:
        parse_rate(text, "RUB")
    assert caught.value.code == code


def test_people_type_rates_in_their_own_locale() -> None:
    assert parse_rate_typed(" 7,5 % ", "ru", "RUB") == Percent(Decimal("7.5"))
    assert parse_rate_typed("1 000,50", "ru", "RUB") == Fixed(100050)
    with pytest.raises(RateError, match="not_a_number"):
        parse_rate_typed("7,5%", "en", "RUB")


def test_levels_are_written_as_they_were_read() -> None:
    texts = ["10%", None, "50.00", "0.5%"]
    assert write_levels(parse_levels(texts, "RUB"), "RUB") == texts
    assert write_rate(Percent(Decimal("10.50")), "RUB") == "10.5%"
    assert write_rate(Percent(Decimal(100)), "RUB") == "100%"


def test_terms_have_one_to_nine_levels_and_a_card_may_have_none() -> None:
    assert parse_levels([], "RUB") == ()
    assert len(parse_terms_levels(["1%"] * 9, "RUB")) == 9
    with pytest.raises(RateError, match="too_many_levels"):
        parse_levels(["1%"] * 10, "RUB")
    with pytest.raises(RateError, match="no_levels"):
        parse_terms_levels([], "RUB")


def test_the_stronger_source_decides_whatever_order_they_come_in() -> None:
    offers = [offer(source, TEN) for source in reversed(Source)]
    for source in Source:
        found = resolve(offers, 1)
        assert found == Resolved(TEN, source, f"{source}:1")
        offers = [other for other in offers if other.source is not source]
    assert resolve(offers, 1) is None


def test_null_and_missing_levels_fall_through_one_by_one() -> None:
    card: Levels = (None, FIVE)
    offers = [offer(Source.TERMS, TEN, TEN, TEN), offer(Source.PARTNER, *card)]
    sources = [found.source for level in (1, 2, 3) if (found := resolve(offers, level))]
    assert sources == [Source.TERMS, Source.PARTNER, Source.TERMS]
    assert resolve(offers, 4) is None


def test_zero_percent_is_a_rate_and_stops() -> None:
    found = resolve([offer(Source.PRODUCT, ZERO), offer(Source.TERMS, TEN)], 1)
    assert found == Resolved(ZERO, Source.PRODUCT, "product:1")


def test_of_two_categories_the_nearer_one_given_first_is_stronger() -> None:
    near, far = Offer(Source.CATEGORY, "near", (FIVE,)), Offer(Source.CATEGORY, "far", (TEN,))
    found = resolve([near, far], 1)
    assert found is not None
    assert found.owner == "near"


def test_only_products_and_categories_pay_fixed_sums_per_unit() -> None:
    assert {source for source in Source if source.per_unit} == {Source.PRODUCT, Source.CATEGORY}
