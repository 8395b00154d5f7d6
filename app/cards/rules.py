"""Numbers of loyalty cards, the bars that a till reads, and the rules of a code by SMS."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

SHORTEST, LONGEST = 4, 40  # characters of a number
PREFIX = "29"  # EAN-13 numbers that begin with 20 to 29 are a shop's own
DIGITS = 12  # of a number of ours before its check digit
CODE_DIGITS = 6
TRIES = 5
LIFE = timedelta(minutes=10)
PAUSE = timedelta(seconds=60)  # between two codes for one phone
MOST_AN_HOUR = 5  # codes for one phone
STAY = timedelta(days=90)  # how long a phone stays signed in without being used

_NUMBER = re.compile(rf"[0-9A-Z-]{{{SHORTEST},{LONGEST}}}", re.ASCII)
# Widths of bars and spaces of Code 128 (ISO/IEC 15417), by the value of the sign.
_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232"
).split()
_START, _STOP, _FROM = 104, "2331112", 32  # set B: the value of a sign is its ASCII code less 32


def normalise_number(text: str) -> str | None:
    """Return a card's number as it is kept: capitals, digits and dashes; None for what is no number."""
    number = "".join(text.split()).upper()
    return number if _NUMBER.fullmatch(number) else None


def own_number(chance: int) -> str:
    """Return a number of ours of 13 digits, which any till reads as EAN-13; `chance` gives ten of them."""
    body = f"{PREFIX}{chance % 10 ** (DIGITS - len(PREFIX)):0{DIGITS - len(PREFIX)}d}"
    return body + check_digit(body)


def check_digit(body: str) -> str:
    """Return the last digit of an EAN-13 of twelve digits (GS1: weights 1 and 3 from the left)."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return str(-total % 10)


def bars(number: str) -> tuple[int, ...]:
    """Return the widths of bars and spaces, bar first, of a number in Code 128, set B.

    Raises ValueError for signs outside ASCII's printed ones.
    """
    values = [ord(sign) - _FROM for sign in number]
    if not all(0 <= value <= 94 for value in values):
        raise ValueError(number)
    check = (_START + sum(place * value for place, value in enumerate(values, 1))) % 103
    signs = [_WIDTHS[value] for value in (_START, *values, check)]
    return tuple(int(width) for width in "".join(signs) + _STOP)


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that was asked for: until when it holds, how often it was tried, whether it was used."""

    until: datetime
    tries: int
    used: bool


def may_try(asked: Asked, now: datetime) -> bool:
    """Whether a code may be tried once more."""
    return not asked.used and asked.tries < TRIES and now < asked.until


def code_of(mark: str) -> str:
    """Return the code of a secret mark in hex (HMAC): as many digits as an SMS can ask for.

    Of 2^64 values a million are all but equally likely (RFC 4226 cuts in the same manner).
    """
    return f"{int(mark[:16], 16) % 10**CODE_DIGITS:0{CODE_DIGITS}d}"
