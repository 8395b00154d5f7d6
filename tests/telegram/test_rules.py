from __future__ import annotations

from typing import Any

import pytest

from app.outcomes import Fate
from app.telegram.rules import judge, read, shortened

CODE = "a" * 32


def update(text: Any = f"/start {CODE}", **chat: Any) -> dict[str, Any]:
    said = {"id": 77, "type": "private", "first_name": "Anna", "last_name": "B."} | chat
    return {"update_id": 5, "message": {"chat": said, "text": text}}


def test_a_code_and_a_stop_are_read_and_other_words_are_nobodys_business() -> None:
    word = read(update())
    assert word is not None
    assert (word.chat, word.name, word.code, word.stops) == (77, "Anna B.", CODE, False)
    stop = read(update("/stop@lampa_bot"))
    assert stop is not None
    assert stop.stops
    other = read(update("hello"))
    assert other is not None
    assert (other.code, other.stops) == (None, False)


@pytest.mark.parametrize(
    "said",
    [
        None, 1, [], "x", {}, {"update_id": "5"}, {"update_id": True}, {"update_id": 5, "message": []},
        {"update_id": 5, "message": {"chat": {"id": "7"}}}, {"update_id": 2**70, "message": {}},
        update(type="group"), update(type="channel"), update(id=2**70), update(id=1.5),
    ],
)  # fmt: skip
def test_whatever_else_comes_is_passed_over(said: Any) -> None:
    assert read(said) is None


@pytest.mark.parametrize(
    "text", [None, 7, [], {"a": 1}, f"/start {CODE} more", "/start", "/start x"]
)
def test_a_text_of_another_shape_is_no_code(text: Any) -> None:
    word = read(update(text))
    assert word is not None
    assert word.code is None


def test_a_name_keeps_nothing_that_cannot_be_stored() -> None:
    word = read(update(first_name="An\x00na\ud800", last_name=["x"]))
    assert word is not None
    assert word.name == "Anna"


@pytest.mark.parametrize(
    ("status", "said", "fate", "gone"),
    [
        (200, {"ok": True}, Fate.SENT, False),
        (200, None, Fate.LATER, False),
        (400, {"ok": False}, Fate.NEVER, False),
        (401, {"ok": False}, Fate.LATER, False),
        (403, {"ok": False}, Fate.NEVER, True),
        (429, {"ok": False}, Fate.LATER, False),
        (502, None, Fate.LATER, False),
    ],
)
def test_what_telegram_answers_decides(status: int, said: Any, fate: Fate, gone: bool) -> None:
    outcome = judge(status, said)
    assert (outcome.fate, outcome.gone) == (fate, gone)


def test_a_long_message_is_cut_as_telegram_counts() -> None:
    assert len(shortened("😀" * 4000).encode("utf-16-le")) // 2 <= 4096
    assert shortened("short") == "short"
