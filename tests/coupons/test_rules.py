"""What coupons are worth, and lines of them."""

from __future__ import annotations

from decimal import Decimal

import pytest

from app.coupons.rules import (
    Entry,
    Offer,
    Worth,
    is_coupon,
    offer_from_json,
    offer_to_json,
    read_lines,
    worth,
)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("10%", Worth(percent=Decimal(10))),
        ("2.5%", Worth(percent=Decimal("2.5"))),
        ("500.00 RUB", Worth(amount="500.00", currency="RUB")),
        ("free delivery", Worth(words="free delivery")),
        ("100% silk", Worth(words="100% silk")),
    ],
)
def test_a_value_is_read_by_its_shape(value: str, found: Worth) -> None:
    assert worth(value) == found


@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_lines_may_name_whose_the_coupon_is(sign: str) -> None:
    text = f"code{sign}refcode\r\nSPRING-1{sign}anna\n\n  SPRING-2 \n{sign}nobody\n"
    assert list(read_lines(text)) == [Entry(2, "SPRING-1", "anna"), Entry(4, "SPRING-2")]


def test_anything_that_a_shop_could_have_made_is_a_coupon() -> None:
    assert is_coupon("10% OFF!")
    assert not is_coupon("")
    assert not is_coupon("x" * 129)
    assert not is_coupon("two\nlines")
    assert Entry(1, "Ünï 10").key == Entry(2, "ÜNÏ 10").key


def test_an_offer_is_read_as_it_was_written() -> None:
    offer = Offer(on=True, value="10%", source="pool", low=3)
    assert offer_from_json(offer_to_json(offer)) == offer
    assert offer_from_json(None) == Offer()
