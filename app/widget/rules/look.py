"""How a merchant may want the widget: colours, corners, place, blocks, words. Nothing else gets through.

Every value is of a closed shape: what is stored here is set by scripts as a value of a style's variable or
as text, and cannot be anything more.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

COLOURS = ("accent", "ink", "paper", "line")
POSITIONS = ("wide", "start", "center", "end")
BLOCKS = ("pending", "expiry", "why", "history", "guest")
OWN_TEXTS = ("title", "earn", "spend", "guest")
MOST_RADIUS = 24
LONGEST_TITLE, LONGEST_TEXT = 40, 120
MOST_LANGUAGES = 20
_COLOUR = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?", re.ASCII)


class LookError(ValueError):
    """A value that no look may have; `name` is the field's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A whole look. `texts`: by language, then by name, where the merchant's words stand for ours."""

    accent: str = "#1f6f54"
    ink: str = "#1b1f23"
    paper: str = "#ffffff"
    line: str = "#d5dade"
    radius: int = 8
    position: str = "wide"
    blocks: tuple[str, ...] = BLOCKS
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def said(self) -> dict[str, Any]:
        """Return it as it is stored and told."""
        return asdict(self) | {"blocks": list(self.blocks)}

    @property
    def version(self) -> str:
        """Return a mark that changes when anything does."""
        text = json.dumps(self.said(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_look(said: Mapping[str, Any]) -> Look:
    """Return the look that is said; what is not said is as we made it. Raises LookError."""
    known = {each.name for each in fields(Look)}
    unknown = sorted(said.keys() - known)
    if unknown:
        raise LookError(unknown[0])
    for name in COLOURS:
        if name in said and not _is_colour(said[name]):
            raise LookError(name)
    radius = said.get("radius", 0)
    if not isinstance(radius, int) or isinstance(radius, bool) or not 0 <= radius <= MOST_RADIUS:
        raise LookError("radius")
    if said.get("position", "wide") not in POSITIONS:
        raise LookError("position")
    blocks = said.get("blocks", [])
    if not isinstance(blocks, list | tuple) or not set(blocks) <= set(BLOCKS):
        raise LookError("blocks")
    _check_texts(said.get("texts", {}))
    ordered = tuple(each for each in BLOCKS if each in blocks)
    return Look(**{**said, **({"blocks": ordered} if "blocks" in said else {})})


def _is_colour(value: object) -> bool:
    return isinstance(value, str) and _COLOUR.fullmatch(value) is not None


def _check_texts(texts: object) -> None:
    if not isinstance(texts, dict) or len(texts) > MOST_LANGUAGES:
        raise LookError("texts")
    for language, words in texts.items():
        if not _LANGUAGE.fullmatch(str(language)) or not isinstance(words, dict):
            raise LookError("texts")
        for name, text in words.items():
            most = LONGEST_TITLE if name == "title" else LONGEST_TEXT
            if name not in OWN_TEXTS or not _is_line(text, most):
                raise LookError("texts")


def _is_line(text: object, most: int) -> bool:
    return isinstance(text, str) and 0 < len(text) <= most and text.isprintable()
