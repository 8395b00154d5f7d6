"""What a payment provider may say, and how it proves that it is the one who says it."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.billing import rules
from app.billing.rules import (
    BadNotice,
    Notice,
    Requisites,
    Status,
    read_notice,
)
from app.standard_webhooks import is_signed, signature

SECRET = "whsec_" + b64encode(b"a secret of the provider").decode()
NOW = 1_790_000_000
GOOD = {
    "payment": "p-1",
    "invoice": "1001",
    "status": "succeeded",
    "amount": "500.00",
    "currency": "RUB",
}


def test_a_whole_notice_is_read() -> None:
    assert read_notice(GOOD) == Notice("p-1", 1001, Status.SUCCEEDED, 50_000, "RUB")


@pytest.mark.parametrize("missing", list(GOOD))
def test_half_an_answer_is_none(missing: str) -> None:
    with pytest.raises(BadNotice) as wrong:
        read_notice({k: v for k, v in GOOD.items() if k != missing})
    assert wrong.value.field == missing


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "1e3"}, {"amount": "-1.00"}, {"amount": "0.00"}, {"amount": 500}, {"amount": "NaN"},
        {"amount": "1.001"}, {"amount": "9" * 30}, {"invoice": "0"}, {"invoice": "1" + "0" * 21}, {"invoice": 1001},
        {"invoice": "\uff11\uff10"}, {"status": "refunded"}, {"status": ""}, {"payment": "x" * 129},
        {"payment": "a\x00"}, {"currency": ""},
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadNotice):
        read_notice(GOOD | change)


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_what_is_no_object_is_refused(body: Any) -> None:
    with pytest.raises(BadNotice):
        read_notice(body)


def headers(stamp: int = NOW, body: bytes = b"{}", secret: str = SECRET) -> dict[str, str]:
    return {
        "webhook-id": "m1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(secret, "m1", stamp, body),
    }


def test_a_good_signature_holds_also_beside_a_bad_one() -> None:
    good = headers()
    assert is_signed(SECRET, good, b"{}", NOW)
    two = good | {"webhook-signature": "v1,AAAA " + good["webhook-signature"]}
    assert is_signed(SECRET, two, b"{}", NOW)


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({}, b"{ }"),
        ({"webhook-id": "m2"}, b"{}"),
        ({"webhook-id": ""}, b"{}"),
        ({"webhook-timestamp": str(NOW + 1)}, b"{}"),
        ({"webhook-timestamp": "now"}, b"{}"),
        ({"webhook-timestamp": "9" * 13}, b"{}"),
        ({"webhook-signature": ""}, b"{}"),
        ({"webhook-signature": "v1,"}, b"{}"),
        ({"webhook-signature": signature(SECRET, "m1", NOW, b"{}").replace("v1,", "v2,")}, b"{}"),
        ({"webhook-signature": "v1,\u00e9"}, b"{}"),
    ],
)
def test_anything_else_does_not(changed: dict[str, str], body: bytes) -> None:
    assert not is_signed(SECRET, headers() | changed, body, NOW)


def test_an_old_call_and_one_from_the_future_are_refused() -> None:
    for late, holds in ((300, True), (301, False), (-300, True), (-301, False)):
        assert is_signed(SECRET, headers(), b"{}", NOW + late) is holds


@given(
    st.dictionaries(st.sampled_from(sorted(Requisites.__dataclass_fields__)), st.text(max_size=20))
)
def test_requisites_are_read_as_they_were_written(given: dict[str, str]) -> None:
    one = Requisites(**given)
    assert Requisites.of(one.to_json()) == one


def test_a_balance_is_low_at_the_moment_it_falls_below() -> None:
    assert rules.crossed(100, 99, 100)
    assert not rules.crossed(99, 50, 100)
    assert not rules.crossed(150, 100, 100)
    assert not rules.crossed(150, 0, None)
