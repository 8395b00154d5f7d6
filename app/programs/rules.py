"""Rates and their strength: which of several levels lists decides what a partner earns."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from app.money import MoneyError, parse_decimal, plain_number, to_decimal_string

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MOST_LEVELS = 9
SCOPES = ("products", "categories", "groups", "partners")  # what narrows a campaign
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


def over(stronger: Sequence[str | None], weaker: Sequence[str | None]) -> list[str | None]:
    """Return written levels of which the stronger say each that they know; as many as the weaker have."""
    said = [*stronger, *[None] * len(weaker)]
    return [weak if own is None else own for own, weak in zip(said, weaker, strict=False)]


def left(stronger: Sequence[str | None], weaker: Sequence[str | None]) -> list[str | None]:
    """Return what of the weaker levels still counts under the stronger."""
    said = [*stronger, *[None] * len(weaker)]
    found = [weak if own is None else None for own, weak in zip(said, weaker, strict=False)]
    return found if any(each is not None for each in found) else []


@dataclass(frozen=True, slots=True)
class Offer:
    """Levels that a source has for a line; `owner` names whose, such as product:7."""

    source: Source
    owner: str
    levels: Levels
    buyer_group: str | None = None  # these levels hold for buyers of this group alone


@dataclass(frozen=True, slots=True)
class Resolved:
    """The rate that decides, and where it stands."""

    rate: Rate
    source: Source
    owner: str
    buyer_group: str | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """Special levels from moment to moment (the end is outside); an empty set of ids means all.

    Every scope narrows: a line must fit the products and the categories, a partner the groups and
    the partners.
    """

    levels: Levels
    starts: datetime
    ends: datetime | None = None
    products: frozenset[int] = frozenset()
    categories: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    partners: frozenset[int] = frozenset()

    def runs(self, at: datetime) -> bool:
        """Whether the campaign is on at the instant."""
        return self.starts <= at and (self.ends is None or at < self.ends)

    def concerns(self, partner_id: int, group_id: int | None) -> bool:
        """Whether the partner, who is in that group, earns by it."""
        named = not self.partners or partner_id in self.partners
        return named and (not self.groups or group_id in self.groups)

    def covers(self, product_id: int | None, categories: Collection[int]) -> bool:
        """Whether a line of the product, in these categories, earns by it."""
        named = not self.products or product_id in self.products
        return named and (not self.categories or not self.categories.isdisjoint(categories))


def campaign_from_json(said: Mapping[str, Any], currency: str) -> Campaign:
    """Read a campaign as its dated fact keeps it. Raises RateError."""
    return Campaign(
        levels=parse_levels(said["levels"], currency),
        starts=datetime.fromisoformat(said["from"]),
        ends=datetime.fromisoformat(said["to"]) if said.get("to") else None,
        **{name: frozenset(said.get(name) or ()) for name in SCOPES},
    )


def buyer_key(name: str) -> str:
    """Return the form in which names of buyers' groups are compared."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def resolve(offers: Iterable[Offer], level: int) -> Resolved | None:
    """Return the strongest rate for the level (counted from 1), or None.

    Null or missing falls through to the next weaker source; "0%" is a rate and stops there. Of
    offers with one source the first given is the stronger.
    """
    for offer in sorted(offers, key=lambda offer: STRENGTH[offer.source]):
        rate = offer.levels[level - 1] if level <= len(offer.levels) else None
        if rate is not None:
            return Resolved(rate, offer.source, offer.owner, offer.buyer_group)
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


BASE = {
    "shipping": False,
    "tax": True,
    "bonus": False,
    "discount": False,
}  # parts, as they are unsaid


@dataclass(frozen=True, slots=True)
class Moved:
    """What was changed since a draft was made, and would be undone by publishing the draft."""

    name: str  # of a fact, or of a part of the base
    was: Any
    now: Any
    draft: Any


def opened(said: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a draft keeps, or what holds, thing by thing: facts, and each part of the base."""
    found: dict[str, Any] = {**said["terms"], **said["merchant"]}
    base = found.pop("base", None) or {}
    return found | {part: base.get(part, usual) for part, usual in BASE.items()}


def moved(draft: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any]) -> list[Moved]:
    """Return what a draft made from `was` would undo of `now`, thing by thing."""
    before, after = opened(was), opened(now)
    return [
        Moved(name, before.get(name), after.get(name), value)
        for name, value in opened(draft).items()
        if before.get(name) != after.get(name) != value
    ]


def changed(draft: Mapping[str, Any], was: Mapping[str, Any]) -> list[str]:
    """Return the names of what a draft itself changes."""
    before = opened(was)
    return [name for name, value in opened(draft).items() if before.get(name) != value]


def brought_up(
    draft: Mapping[str, Any], was: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a draft that keeps only what it changed itself, and for the rest says what holds now."""
    kept = set(changed(draft, was))
    ours, theirs = opened(draft), opened(now)
    found = {name: value if name in kept else theirs.get(name) for name, value in ours.items()}
    terms = {name: found.get(name) for name in draft["terms"] if name != "base"}
    return {
        "terms": terms | {"base": {part: found[part] for part in BASE}},
        "merchant": {name: found[name] for name in draft["merchant"]},
    }
