"""Why this sum, and why nothing: in words, for every rule that may be set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from flask_babel import force_locale

from app.commissions import explain
from app.money import to_decimal_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

READER = explain.Reader(lambda minor: to_decimal_string(minor, "RUB"))
WHY: dict[str, Any] = {"source": "terms", "owner": "terms:1", "rate": "10%", "base": 450000}


@pytest.fixture(params=["en", "ru"])
def locale(app: App, request: pytest.FixtureRequest) -> Iterator[str]:
    with app.test_request_context(), force_locale(request.param):
        yield request.param


def said(amount: int = 45000, **more: Any) -> str:
    return explain.line(WHY | more, amount, READER)


def test_a_cap_says_what_it_is_and_how_much_of_what_was_paid(locale: str) -> None:
    cap = {"by": "partner", "most": 1000000, "wanted": 45000, "paid": 31200}
    text = said(31200, caps=[cap])
    words = {
        "en": "The cap of 10000.00 a month for this partner was reached: 312.00 of 450.00 were counted.",
        "ru": "Достигнут месячный предел партнёра, 10000.00: засчитано 312.00 из 450.00.",
    }
    assert words[locale] in text


@pytest.mark.parametrize("kind", ["order", "customer", "partner", "terms", "month"])
def test_every_kind_of_cap_has_its_words(locale: str, kind: str) -> None:
    text = said(0, caps=[{"by": kind, "most": 1000, "wanted": 500, "paid": 0}])
    assert "10.00" in text
    assert ("nothing of 5.00" if locale == "en" else "из 5.00 не засчитано ничего") in text


@pytest.mark.parametrize(
    "reason", ["promotional", "foreign_coupon", "beyond_first", "cap_reached", "rate_is_zero"]
)
def test_every_reason_why_nothing_is_a_sentence(locale: str, reason: str) -> None:
    text = explain.nothing(reason)
    assert text != reason
    assert text.endswith(".")


def test_the_buyers_group_and_the_discount_are_told(locale: str) -> None:
    text = said(buyer_group="wholesale", undiscounted=500000)
    assert "wholesale" in text
    assert "5000.00" in text
    assert ("Before the discount" if locale == "en" else "До скидки") in text


def test_a_campaign_is_named_as_the_source(locale: str) -> None:
    text = said(source="campaign", owner="campaign:1")
    assert ("the campaign" if locale == "en" else "кампани") in text
