"""Rates and their strength: which of several levels lists decides what a partner earns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from app.money import MoneyError, parse_decimal, plain_number, to_decimal_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_LEVELS = 9
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?")
_HUNDRED = Decimal(100)


class RateError(ValueError):
    """What was given is no rate; `code` says in what way."""

    def __init__(self, code: str) -> None:
        """Codes: not_a_rate, above_100, too_many_levels, no_levels, and those of MoneyError."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Percent:
    """A part of the base, in percent: 10 means a tenth."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Fixed:
    """A sum in minor units: per unit of quantity or per order, as its source says."""

    minor: int


Rate = Percent | Fixed
Levels = tuple[Rate | None, ...]  # first level first; None falls through to a weaker source


class Source(StrEnum):
    """Where a rate may stand, strongest first."""

    PARTNER = "partner"
    CAMPAIGN = "campaign"
    PRODUCT = "product"
    CATEGORY = "category"
    GROUP = "group"
    TERMS = "terms"

    @property
    def per_unit(self) -> bool:
        """Whether a fixed sum from here is per unit of quantity; else it is once per order."""
        return self in {Source.PRODUCT, Source.CATEGORY}


STRENGTH = {source: place for place, source in enumerate(Source)}


@dataclass(frozen=True, slots=True)
class Offer:
    """Levels that a source has for a line; `owner` names whose, such as product:7."""

    source: Source
    owner: str
    levels: Levels


@dataclass(frozen=True, slots=True)
class Resolved:
    """The rate that decides, and where it stands."""

    rate: Rate
    source: Source
    owner: str


def resolve(offers: Iterable[Offer], level: int) -> Resolved | None:
    """Return the strongest rate for the level (counted from 1), or None.

    Null or missing falls through to the next weaker source; "0%" is a rate and stops there. Of
    offers with one source the first given is the stronger.
    """
    for offer in sorted(offers, key=lambda offer: STRENGTH[offer.source]):
        rate = offer.levels[level - 1] if level <= len(offer.levels) else None
        if rate is not None:
            return Resolved(rate, offer.source, offer.owner)
    return None


def parse_rate(text: str, currency: str) -> Rate:
    """Read a rate as the API writes it: "10%" or a sum "50.00". Raises RateError."""
    if not text.endswith("%"):
        try:
            return Fixed(parse_decimal(text, currency))
        except MoneyError as error:
            raise RateError(error.code) from error
    number = text[:-1]
    if _PERCENT.fullmatch(number) is None:
        raise RateError("not_a_rate")
    if Decimal(number) > _HUNDRED:
        raise RateError("above_100")
    return Percent(Decimal(number))


def parse_rate_typed(text: str, locale: str, currency: str) -> Rate:
    """Read a rate as people of the locale type it: "7,5 %". Raises RateError."""
    trimmed = text.strip()
    mark = "%" if trimmed.endswith("%") else ""
    try:
        return parse_rate(plain_number(trimmed.removesuffix("%"), locale) + mark, currency)
    except MoneyError as error:
        raise RateError(error.code) from error


def write_rate(rate: Rate, currency: str) -> str:
    """Write a rate as the API does."""
    if isinstance(rate, Percent):
        return f"{format(rate.value.normalize(), 'f')}%"
    return to_decimal_string(rate.minor, currency)


def parse_levels(texts: Sequence[str | None], currency: str) -> Levels:
    """Read a list of rates, first level first, null for "falls through". Raises RateError."""
    if len(texts) > MOST_LEVELS:
        raise RateError("too_many_levels")
    return tuple(None if text is None else parse_rate(text, currency) for text in texts)


def parse_terms_levels(texts: Sequence[str | None], currency: str) -> Levels:
    """Read the levels of a set of terms: one to nine, for they say how many there are."""
    if not texts:
        raise RateError("no_levels")
    return parse_levels(texts, currency)


def write_levels(levels: Levels, currency: str) -> list[str | None]:
    """Write levels as the API does."""
    return [None if rate is None else write_rate(rate, currency) for rate in levels]
