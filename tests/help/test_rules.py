"""Which addresses a question carries, and whose turn follows what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.help.rules import LIFECYCLE, LONGEST_PAGE, State, read_page


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("/lampa/office/payouts/", "/lampa/office/payouts/"),
        ("/lampa/password?token=secret#x", "/lampa/password"),
        ("//evil.example/", ""),
        ("/\\evil.example", ""),
        ("https://evil.example/", ""),
        ("javascript:alert(1)", ""),
        ("/a b", ""),
        ("/a\r\nb", ""),
        ("", ""),
    ],
)
def test_only_a_path_of_ours_is_kept(address: str, kept: str) -> None:
    assert read_page(address) == kept


@given(st.text())
def test_whatever_is_kept_is_a_short_path_without_secrets(address: str) -> None:
    kept = read_page(address)
    assert kept == "" or (kept[0] == "/" and kept[1:2] not in {"/", "\\"})
    assert len(kept) <= LONGEST_PAGE
    assert "?" not in kept
    assert "#" not in kept


def test_a_closed_question_opens_again_by_a_word_of_who_asked_and_is_not_answered() -> None:
    assert LIFECYCLE.next(State.CLOSED, "ask") is State.OPEN
    assert not LIFECYCLE.allows(State.CLOSED, "answer")
    assert LIFECYCLE.actions(State.ANSWERED) == ("ask", "answer", "close")
