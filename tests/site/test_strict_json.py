from __future__ import annotations

import pytest

from app import strict_json


def test_what_is_json_is_read() -> None:
    body = '{"a": [1, 2.5, "ключ", null, true, {"b": "\\u00e9\\ud83d\\ude00"}]}'.encode()
    assert strict_json.parse(body) == {"a": [1, 2.5, "ключ", None, True, {"b": "é😀"}]}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"lines": [{"name": "\\u0000"}]}', "lines.0.name"),
        (b'{"name": "\\udc00"}', "name"),
        (b'{"\\ud800": 1}', ""),
    ],
)
def test_text_that_cannot_be_kept_is_named_by_its_place(body: bytes, path: str) -> None:
    with pytest.raises(strict_json.Unstorable) as refused:
        strict_json.parse(body)
    assert refused.value.path == path


def test_an_escaped_backslash_is_no_escape() -> None:
    assert strict_json.parse(b'{"a": "\\\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b"-Infinity", b"1e999", b'{"a":1,"a":1}', b"\xff", b"1" * 100]
)
def test_what_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(strict_json.BadJson):
        strict_json.parse(body)
