"""Codes: one namespace for refcodes, promo codes and link codes, written alike by everybody."""

from __future__ import annotations

import unicodedata

SHORTEST, LONGEST = 2, 40
_ASCII_DIGITS = frozenset("0123456789")
_MARKS = frozenset("-_")


class CodeError(ValueError):
    """What was given is no code; `code` says in what way."""

    def __init__(self, code: str) -> None:
        """Codes: too_short, too_long, bad_character, mixed_scripts."""
        super().__init__(code)
        self.code = code


def normalise_code(text: str) -> str:
    """Return the form in which codes are compared: NFKC and casefold, so Anna10 is anna10.

    2 to 40 letters, digits, "-" and "_"; all letters of one script, so that no code only looks
    like another's. Raises CodeError.
    """
    if len(text) > LONGEST * 4:
        raise CodeError("too_long")
    code = fold_code(text)
    if any(not _allowed(char) for char in code):
        raise CodeError("bad_character")
    if len(code) < SHORTEST:
        raise CodeError("too_short")
    if len(code) > LONGEST:
        raise CodeError("too_long")
    if len({_script(char) for char in code if char.isalpha()}) > 1:
        raise CodeError("mixed_scripts")
    return code


def fold_code(text: str) -> str:
    """Return the key by which a code is looked up; what is no code finds nothing."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text.strip()).casefold())


def _allowed(char: str) -> bool:
    return char.isalpha() or char in _ASCII_DIGITS or char in _MARKS


def _script(char: str) -> str:
    """Return the script by the first word of the character's name: LATIN, CYRILLIC, GREEK."""
    return unicodedata.name(char, "NAMELESS").split(" ")[0]
