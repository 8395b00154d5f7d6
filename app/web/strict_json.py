"""JSON as RFC 8259 has it, and no more: what Python reads beyond that is refused, not guessed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NoReturn

from flask.json.provider import DefaultJSONProvider

if TYPE_CHECKING:
    from collections.abc import Sequence

DEEPEST = 64
LONGEST_NUMBER = 40
_UNFIT = re.compile("[\x00\ud800-\udfff]")


class StrictJSON(DefaultJSONProvider):
    """Refuses NaN, infinities, doubled keys, NUL, lone surrogates, a byte order mark and deep nesting."""

    sort_keys = False
    ensure_ascii = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """Read a document; raises ValueError, which Flask answers with 400."""
        text = s.decode("utf-8") if isinstance(s, bytes) else s
        if text.startswith("\ufeff"):
            raise ValueError("a byte order mark is no JSON")
        try:
            found = json.loads(
                text,
                object_pairs_hook=_once,
                parse_constant=_refuse,
                parse_float=_plain_float,
                parse_int=_plain_int,
                **kwargs,
            )
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        _check(found, DEEPEST)
        return found


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(word: str) -> NoReturn:
    msg = f"{word} is no JSON"
    raise ValueError(msg)


def _plain_float(text: str) -> float:
    found = float(text)
    if len(text) > LONGEST_NUMBER or found in {float("inf"), float("-inf")}:
        raise ValueError("a number out of range")
    return found


def _plain_int(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise ValueError("a number out of range")
    return int(text)


def _check(value: Any, left: int) -> None:
    if left == 0:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        if _UNFIT.search(value):
            raise ValueError("a character that no text can hold")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, left)
            _check(item, left - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, left - 1)
