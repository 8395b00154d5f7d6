"""What of a call is kept: nothing that tells who somebody is, and a shape that can be sent again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.calls.rules import LARGEST, Call, Mask, masked_call, reason_of
from app.members.rules import normalise_phone

MASK = Mask(b"salt")
texts = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=8)
emails = st.builds(lambda a, b: f"{a}@{b}.example", texts, texts)
values = st.recursive(
    emails | texts | st.integers() | st.none() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def masked(**body: Any) -> Any:
    return json.loads(MASK.text(json.dumps(body)))


def test_a_customer_keeps_the_id_and_loses_name_e_mail_and_phone() -> None:
    said = masked(
        customer={
            "id": "77",
            "name": "Gleb",
            "email": "Gleb@example.org",
            "phone": "+7 916 123-45-67",
        },
        lines=[{"id": "1", "name": "Lamp", "price": "950.00"}],
    )
    assert said["customer"]["id"] == "77"
    assert said["customer"]["name"] == "G•••"
    assert said["customer"]["email"].endswith("@hidden.example")
    assert said["customer"]["phone"].startswith("+7000")
    assert said["lines"] == [{"id": "1", "name": "Lamp", "price": "950.00"}]


@pytest.mark.parametrize(
    "name", ["password", "api_key", "webhook_secret", "access_token", "Authorization", "pin"]
)
def test_secrets_are_hidden_whatever_they_are_called(name: str) -> None:
    assert masked(**{name: "s3cret"}) == {name: "[hidden]"}


def test_shipping_is_no_pin() -> None:
    assert masked(shipping="300.00") == {"shipping": "300.00"}


def test_keys_in_texts_are_hidden() -> None:
    assert masked(a="use sk_live_abc-DEF_1 please") == {"a": "use [hidden] please"}
    assert MASK.text("not JSON: pk_live_xyz gleb@example.org").count("example.org") == 0


def test_a_path_loses_what_its_query_tells() -> None:
    path = MASK.path("/api/v1/members?email=gleb%40example.org&phone=79161234567&token=abc&limit=5")
    assert "gleb" not in path
    assert "79161234567" not in path
    assert "abc" not in path
    assert path.endswith("&limit=5")


@given(values)
@example({"mobile": "a@a.example"})
def test_no_e_mail_survives_and_masking_twice_is_masking_once(value: Any) -> None:
    once = MASK.value(value)
    told = json.dumps(once)
    assert not [e for e in _emails(value) if e in told]
    assert MASK.value(once) == once


def _emails(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if "@" in value else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for each in inner for found in _emails(each)]


def test_a_masked_phone_is_one_that_an_order_may_have() -> None:
    told = masked(phone="+7 916 123-45-67")["phone"]
    assert normalise_phone(told, None) == told
    assert masked(phone=told) == {"phone": told}


@given(emails)
def test_the_same_e_mail_is_the_same_customer(email: str) -> None:
    assert MASK.email(email) == MASK.email(email.upper())
    assert MASK.email(email) != Mask(b"other").email(email)


def test_what_is_too_long_is_told_by_its_length() -> None:
    assert MASK.text("x" * (LARGEST + 1)) == f"[{LARGEST + 1} characters]"


def test_half_a_character_can_be_kept() -> None:
    kept = MASK.text('{"a": "\\ud800", "b": "\\u0000"}')
    assert kept.encode()
    assert "\0" not in kept
    assert MASK.text("\ud800").encode()


def test_of_a_body_that_is_no_json_the_length_alone_is_kept() -> None:
    """A comma too many must not leave names, phones and passwords as they were typed."""
    typed = '{"customer": {"name": "Gleb", "phone": "+79161234567"}, "password": "hush",}'
    assert MASK.text(typed) == f"[{len(typed)} characters, no JSON]"
    assert MASK.text("") == ""
    assert MASK.text("[20009 bytes]") == "[20009 bytes]"


def test_phones_are_hidden_in_words_lists_keys_and_under_longer_names() -> None:
    said = masked(
        message="call +7 (916) 123-45-67 now",
        phones=["+79161234567"],
        customer={"mobile_phone": "89161234567", "phone_number": "79161234567"},
        **{"a@b.example": 1, "at": "2026-11-22T10:00:00+03:00"},
    )
    told = json.dumps(said)
    assert not [each for each in ("123-45-67", "9161234567", "a@b.example") if each in told]
    assert said["at"] == "2026-11-22T10:00:00+03:00"
    assert "9161234567" not in MASK.path("/api/v1/orders?q=%2B79161234567")


def test_what_no_database_holds_is_left_out_of_a_path_as_well() -> None:
    assert MASK.path("/api/v1/orders/a\0b") == "/api/v1/orders/ab"


def test_the_reason_is_the_answers_code() -> None:
    assert reason_of(200, '{"code": "x"}') == ""
    assert reason_of(422, '{"code": "invalid"}') == "invalid"
    assert reason_of(502, "<html>") == "502"
    assert reason_of(400, "[]") == "400"


def test_a_call_is_kept_masked() -> None:
    call = Call(
        1, 2, "2026-11-30T10:00:00+00:00", "PUT", "/api/v1/orders/a@b.example", 422, 7,
        '{"email": "a@b.example"}', '{"code": "invalid"}', "r1",
    )  # fmt: skip
    kept = masked_call(call, b"salt")
    assert "a@b.example" not in json.dumps(kept)
    assert (kept["reason"], kept["ms"], kept["key_id"]) == ("invalid", 7, 2)
