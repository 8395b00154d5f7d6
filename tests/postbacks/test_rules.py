"""Macros: known ones, in their place, encoded."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.postbacks.rules import (
    MACROS,
    MOST_ATTEMPTS,
    MacroError,
    check_macros,
    is_taken,
    pause_after,
    without_macros,
    write,
)

ADDRESS = "https://tracker.example/{sub2}/pb?cid={sub1}&s={status}"


def test_known_macros_pass_and_are_filled_in() -> None:
    check_macros(ADDRESS)
    check_macros("https://tracker.example/?" + "&".join(f"{m}={{{m}}}" for m in MACROS))
    assert write(ADDRESS, {"sub1": "a b&c", "status": "agreed"}) == (
        "https://tracker.example//pb?cid=a%20b%26c&s=agreed"
    )
    assert without_macros(ADDRESS) == "https://tracker.example/x/pb?cid=x&s=x"


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("https://tracker.example/?c={clickid}", "{clickid}"),
        ("https://tracker.example/?c={}", "{}"),
        ("https://{sub1}.tracker.example/", "{sub1}.tracker.example"),
        ("https://{sub1}/", "{sub1}"),
        ("https://tracker.example:{sub1}/", "tracker.example:{sub1}"),
    ],
)
def test_unknown_macros_and_those_that_choose_the_host_are_named(address: str, named: str) -> None:
    with pytest.raises(MacroError) as caught:
        check_macros(address)
    assert caught.value.name == named


@given(st.text(max_size=50))
def test_whatever_a_visitor_put_into_a_sub_id_stays_in_its_place(value: str) -> None:
    value = value.encode("utf-8", "replace").decode()
    parts = urlsplit(write("https://tracker.example/pb?cid={sub1}&end=1", {"sub1": value}))
    assert parts.netloc == "tracker.example"
    assert parse_qs(parts.query, keep_blank_values=True) == {"cid": [value], "end": ["1"]}


def test_a_call_is_taken_by_any_success_and_tried_seven_times() -> None:
    assert [is_taken(status) for status in (199, 200, 204, 299, 302, 500)] == [
        False, True, True, True, False, False,
    ]  # fmt: skip
    assert pause_after(MOST_ATTEMPTS) is None
    assert pause_after(MOST_ATTEMPTS - 1) is not None
