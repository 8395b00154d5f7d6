"""Single values of rules, read strictly: what a leaf compares with, rates, delays, levels."""

from __future__ import annotations

import re
from datetime import date, datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from app.money import LARGEST
from app.profiles.rules.facts import LISTS, Fact, Kind

if TYPE_CHECKING:
    from app.profiles.rules.shape import Value

_RATE = re.compile(r"([0-9]{1,9})/([1-9][0-9]{0,8})")
_PERCENT = re.compile(r"([0-9]{1,5}(?:\.[0-9]{1,4})?)%")
_DECIMAL = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")
MOST_WORDS, LONGEST_WORD = 200, 128
MOST_DAYS = 36_500


class NoValueError(ValueError):
    """It does not fit."""


def rate(text: Any) -> Fraction:
    """Read "5/100" or "5%" exactly. Raises NoValueError."""
    if isinstance(text, str):
        found = _RATE.fullmatch(text)
        if found:
            return Fraction(int(found[1]), int(found[2]))
        found = _PERCENT.fullmatch(text)
        if found:
            return Fraction(found[1]) / 100
    raise NoValueError


def rate_text(read: Fraction) -> str:
    """Write a rate in its one form: 5% where four decimals say it, else 1/3."""
    scaled = read * 1_000_000
    if scaled.denominator != 1 or read >= 10**5:
        return f"{read.numerator}/{read.denominator}"
    percents, rest = divmod(int(scaled), 10_000)
    decimals = f"{rest:04}".rstrip("0")
    return f"{percents}.{decimals}%" if decimals else f"{percents}%"


def whole(value: Any, low: int = 0, high: int = LARGEST) -> int:
    """Read a whole number within bounds; true and false are none. Raises NoValueError."""
    if type(value) is not int or not low <= value <= high:
        raise NoValueError
    return value


def word(value: Any) -> str:
    """Read a text of a line: not empty, nothing that cannot be kept. Raises NoValueError."""
    if not isinstance(value, str) or not 1 <= len(value.strip()) <= LONGEST_WORD:
        raise NoValueError
    if any(ord(letter) < 32 or "\ud800" <= letter <= "\udfff" for letter in value):
        raise NoValueError
    return value


def number(value: Any) -> Fraction:
    """Read a number: whole, or decimals in a string. Raises NoValueError."""
    if type(value) is int and abs(value) <= LARGEST:
        return Fraction(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return Fraction(value)
    raise NoValueError


def day(value: Any) -> date:
    """Read a day as 2026-11-30. Raises NoValueError."""
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise NoValueError


def instant(value: Any) -> datetime:
    """Read a moment with its offset. Raises NoValueError."""
    try:
        if isinstance(value, str) and len(value) <= 40:
            found = datetime.fromisoformat(value)
            if found.tzinfo is not None:
                return found
    except ValueError:
        pass
    raise NoValueError


def wanted(fact: Fact, op: str, value: Any) -> Value:
    """Read what a leaf compares with; lists become tuples. Raises NoValueError."""
    if op in LISTS:
        return _listed(fact, value)
    if op == "between":
        low, high = _pair(value)
        return (_one(fact, low), _one(fact, high))
    if op == "is":
        if not isinstance(value, bool):
            raise NoValueError
        return value
    if op == "within_days":
        return whole(value, 0, MOST_DAYS)
    if op == "starts_with":
        return word(value)
    return _one(fact, value)


def _pair(value: Any) -> tuple[Any, Any]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise NoValueError
    return value[0], value[1]


def _one(fact: Fact, value: Any) -> str | int:
    if fact.kind is Kind.MONEY:
        return whole(value, -LARGEST)
    if fact.kind is Kind.NUMBER:
        number(value)
    elif fact.kind is Kind.DATE:
        day(value)
    elif fact.kind is Kind.TEXT or isinstance(value, str):
        word(value)
    else:
        number(value)
    said: str | int = value
    return said


def _listed(fact: Fact, value: Any) -> tuple[str | int, ...]:
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MOST_WORDS:
        raise NoValueError
    allowed = {each for each, _ in fact.options}
    for each in value:
        if allowed:
            if isinstance(each, bool) or each not in allowed:
                raise NoValueError
        elif type(each) is int:
            number(each)
        else:
            word(each)
    return tuple(dict.fromkeys(value))
