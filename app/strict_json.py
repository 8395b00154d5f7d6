"""JSON as the API takes it: no NaN, no key twice, nothing that cannot be stored."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

DEEPEST = 50
LONGEST_NUMBER = 40
# Escapes that may hide a NUL or half a surrogate pair: only then is every string looked at.
_SUSPECT = re.compile(rb"\\u(0000|[dD][89a-fA-F])")


class BadJson(ValueError):
    """The body is no JSON that we read; the message is one sentence."""


class BadNumber(BadJson):
    """A number that is none (NaN), or beyond all that is kept; the message is one sentence."""


class Unstorable(ValueError):
    """A string holds a NUL or a lone surrogate; `path` says where."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


def parse(body: bytes) -> Any:
    """Return the document. Raises BadJson, BadNumber, and Unstorable for text that no database keeps."""
    try:
        text = body.decode("utf-8")
        found = json.loads(
            text,
            parse_constant=_refuse,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_once,
        )
    except RecursionError:
        raise BadJson("The document is nested too deeply.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadJson("The body is not valid JSON in UTF-8.") from error
    _check_depth(found, DEEPEST)
    if _SUSPECT.search(body):
        _check_text(found, "")
    return found


def _refuse(name: str) -> NoReturn:
    message = f"{name} is no number that is kept."
    raise BadNumber(message)


def _finite(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise BadNumber("A number is too large.")
    return value


def _whole(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise BadNumber("A number is too large.")
    return int(text)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadJson("An object names a key twice.")
    return found


def _check_depth(value: Any, left: int) -> None:
    if left == 0:
        raise BadJson("The document is nested too deeply.")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        if isinstance(item, dict | list):
            _check_depth(item, left - 1)


def _check_text(value: Any, path: str) -> None:
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise Unstorable(path)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_text(key, path)
            _check_text(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _check_text(item, f"{path}.{place}".lstrip("."))
