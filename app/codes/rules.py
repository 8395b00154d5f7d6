"""What a code is good for, and how new ones are made by the merchant's pattern."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.facts.rules import Timeline
from app.partners.rules import LONGEST_CODE, code_from_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOST_USES = 10_000
CONFIRM = "confirm code"  # the purpose of signed links by which a customer says that it was he
# Characters that nobody mistakes for another when they are read aloud or from paper.
LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ"
DIGITS = "0123456789"
EITHER = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
SLOTS = {"@": LETTERS, "#": DIGITS, "*": EITHER}
NAME = "{name}"
UNGUESSABLE = 2**40  # so many codes at least, where guessing one is worth something
DEFAULT_PATTERN = "{name}-##"
DEFAULT_COUPON = "FIRST-*********"
_PATTERN = re.compile(r"(?:\{name\}|[@#*A-Za-z0-9_-])+")
_LONGEST_NAME = 16


class Lapse(StrEnum):
    """Why a code was not good for an order."""

    RETIRED = "code_retired"
    EARLY = "code_early"
    EXPIRED = "code_expired"
    OTHER_SHOP = "code_other_shop"
    USED_UP = "code_used_up"


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a code is good for: from and until (end excluded), for so many orders, in one shop."""

    starts: datetime | None = None
    ends: datetime | None = None
    limit: int | None = None
    shop_id: int | None = None
    off: bool = False

    def lapse(self, at: datetime, shop_id: int | None) -> Lapse | None:
        """Return why the code was not good then and there, limits aside; None: it was."""
        if self.off:
            return Lapse.RETIRED
        if self.starts is not None and at < self.starts:
            return Lapse.EARLY
        if self.ends is not None and at >= self.ends:
            return Lapse.EXPIRED
        if self.shop_id is not None and shop_id != self.shop_id:
            return Lapse.OTHER_SHOP
        return None


ALWAYS = Conditions()


def conditions_to_json(said: Conditions) -> dict[str, Any] | None:
    """Write conditions for storage; None: always good."""
    if said == ALWAYS:
        return None
    return {
        "starts": _written(said.starts),
        "ends": _written(said.ends),
        "limit": said.limit,
        "shop": said.shop_id,
        "off": said.off,
    }


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()  # one moment has one spelling


def conditions_from_json(stored: Any) -> Conditions:
    """Read what conditions_to_json wrote."""
    if not stored:
        return ALWAYS
    return Conditions(
        starts=datetime.fromisoformat(stored["starts"]) if stored["starts"] else None,
        ends=datetime.fromisoformat(stored["ends"]) if stored["ends"] else None,
        limit=stored["limit"],
        shop_id=stored["shop"],
        off=stored["off"],
    )


def timeline(rows: Iterable[tuple[str, Any]] | None) -> Timeline[Conditions] | None:
    """Read a code's dated rows (instant as written, stored value); None: it never had any."""
    found = [(datetime.fromisoformat(at), conditions_from_json(value)) for at, value in rows or ()]
    return Timeline.of(found) if found else None


class PatternError(ValueError):
    """No pattern that makes codes; `code` says why."""

    def __init__(self, code: str) -> None:
        """Codes: form, too_long, too_short, guessable."""
        super().__init__(code)
        self.code = code


def check_pattern(pattern: str, *, unguessable: bool = False) -> str:
    """Return the pattern, trimmed. Raises PatternError.

    "@" is a letter, "#" a digit, "*" either, "{name}" the partner's name; other letters, digits,
    "-" and "_" stand for themselves.
    """
    text = pattern.strip()
    if not _PATTERN.fullmatch(text):
        raise PatternError("form")
    longest = len(text.replace(NAME, "")) + _LONGEST_NAME * text.count(NAME)
    if longest > LONGEST_CODE:
        raise PatternError("too_long")
    if longest < 2:
        raise PatternError("too_short")
    if unguessable and how_many(text) < UNGUESSABLE:
        raise PatternError("guessable")
    return text


def how_many(pattern: str) -> int:
    """Return how many codes a pattern makes for one name: who guesses has one chance in so many."""
    total = 1
    for char in pattern.replace(NAME, ""):
        total *= len(SLOTS.get(char, "1"))
    return total


def fill(pattern: str, name: str, pick: Callable[[Sequence[str]], str]) -> str:
    """Return a code by the pattern; `pick` takes one of several characters at random."""
    short = code_from_name(name, _LONGEST_NAME).upper() if NAME in pattern else ""
    parts = pattern.split(NAME)
    filled = ("".join(pick(SLOTS[c]) if c in SLOTS else c for c in part) for part in parts)
    return short.join(filled)
