"""Money in minor units, and the one place where anything is rounded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import floor
from typing import TYPE_CHECKING

from babel import Locale
from babel.numbers import get_currency_precision

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

BIGINT_MAX = 2**63 - 1
LARGEST = 10**14  # minor units of one order, one entry by hand: 92,000 of them fit one balance
_LONGEST = 40
_PLAIN = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?")
_SPACES = (" ", "\u00a0", "\u202f", "\u2009")


class MoneyError(ValueError):
    """What was given is no sum of this currency; `code` says in what way."""

    def __init__(self, code: str) -> None:
        """Codes: not_a_number, negative, too_precise, too_large, other_currency, no_weights."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Money:
    """A sum in the smallest units of its currency; sums of two currencies never meet."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        """Raise MoneyError for another currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        """Raise MoneyError for another currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        """Turn the sign."""
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        """Raise MoneyError for another currency."""
        return self.minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        """Raise MoneyError for another currency."""
        return self.minor <= self._same(other)

    def __bool__(self) -> bool:
        """Zero is false, as with numbers."""
        return self.minor != 0

    def __str__(self) -> str:
        """Read in logs and errors: 1990.00 RUB."""
        return f"{to_decimal_string(self.minor, self.currency)} {self.currency}"

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise MoneyError("other_currency")
        return other.minor


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Return how many decimals the currency has (RUB 2, JPY 0, KWD 3); what is unknown has 2."""
    return get_currency_precision(currency)


def to_decimal_string(minor: int, currency: str) -> str:
    """Write minor units as the API does: 199000 RUB -> "1990.00"."""
    places = exponent(currency)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def parse_decimal(text: str, currency: str, *, allow_negative: bool = False) -> int:
    """Read an API string ("1990.00", "1990") as minor units.

    Only ASCII digits and one dot: what Decimal() also takes (1e3, NaN, 1_000, full-width digits)
    is refused, and so is a sign unless negatives are allowed, and "-0" always.
    Raises MoneyError.
    """
    found = _PLAIN.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise MoneyError("not_a_number")
    sign, whole, part = found.group(1), found.group(2), found.group(3) or ""
    places = exponent(currency)
    if len(part) > places:
        raise MoneyError("too_precise")
    minor = int(whole + part.ljust(places, "0"))
    if sign and (not allow_negative or minor == 0):
        raise MoneyError("negative" if minor else "not_a_number")
    if minor > BIGINT_MAX:
        raise MoneyError("too_large")
    return -minor if sign else minor


def plain_number(text: str, locale: str) -> str:
    """Turn a number as people of the locale write it into the API's form: "1 234,50" -> "1234.50".

    Thousands may be grouped with the locale's own sign (any space where that is a space), in
    threes or not at all; so "1,5" in English is refused, not read as fifteen. Raises MoneyError.
    """
    decimal, groups = _signs(locale)
    trimmed = text.strip()
    sign, body = ("-", trimmed[1:]) if trimmed.startswith("-") else ("", trimmed)
    whole, mark, part = body.partition(decimal)
    for group in groups:
        if group in whole:
            first, *rest = whole.split(group)
            if not 1 <= len(first) <= 3 or any(len(piece) != 3 for piece in rest):
                raise MoneyError("not_a_number")
            whole = "".join((first, *rest))
            break
    plain = f"{sign}{whole}.{part}" if mark else f"{sign}{whole}"
    if "." in whole or _PLAIN.fullmatch(plain) is None:
        raise MoneyError("not_a_number")
    return plain


def parse_typed(text: str, locale: str, currency: str, *, allow_negative: bool = False) -> int:
    """Read what a person typed, strictly by locale, as minor units. Raises MoneyError."""
    return parse_decimal(plain_number(text, locale), currency, allow_negative=allow_negative)


@lru_cache(maxsize=64)
def _signs(locale: str) -> tuple[str, tuple[str, ...]]:
    symbols = Locale.parse(locale.replace("-", "_")).number_symbols["latn"]
    group = symbols["group"]
    return symbols["decimal"], _SPACES if group in _SPACES else (group,)


def half_up(value: Fraction | Decimal | int) -> int:
    """Round to whole minor units; a half goes up (towards plus infinity)."""
    above, below = value.as_integer_ratio()
    return (2 * above + below) // (2 * below)


def share(base: Fraction, rate: Fraction) -> int:
    """Take a rate (1/10 is 10%) of a base in minor units: exact, then rounded once, half up."""
    return half_up(base * rate)


def split(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """Divide minor units by weights so that the parts sum exactly to the whole.

    Largest remainder; equal remainders go by position. Raises MoneyError for a negative total or
    weight, and where something is to be divided over nothing.
    """
    if total < 0 or any(weight < 0 for weight in weights):
        raise MoneyError("negative")
    whole = sum(weights)
    if whole == 0:
        if total:
            raise MoneyError("no_weights")
        return [0 for _ in weights]
    exact = [Fraction(total) * weight / whole for weight in weights]
    parts = [floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: parts[i] - exact[i])
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
