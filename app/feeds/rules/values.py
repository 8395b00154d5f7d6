"""What an offer says, read strictly: a row as it will stand in the catalogue, and what was wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from app.catalog.rules import (
    LONGEST_ID,
    LONGEST_NAME,
    LONGEST_URL,
    PageError,
    page_address,
    search_text,
)
from app.feeds.rules.kinds import Flaw, Offer
from app.money import MoneyError, parse_decimal

if TYPE_CHECKING:
    from collections.abc import Collection

SHOWN = 120  # characters of what is wrong that are kept
SAME_CURRENCIES = {"RUR": "RUB"}
YES = frozenset("true yes y 1 + да есть instock available".split()) | {"в наличии", "in stock"}
NO = frozenset("false no n 0 - нет outofstock unavailable".split()) | {
    "нет в наличии",
    "out of stock",
}
_PLAIN_ADDRESS = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,4})?/[!-\[\]-~]*")
_SPACES = re.compile("[\\s\u00a0\u202f']")
_COMMA = re.compile(r"[0-9]+,[0-9]{1,2}")
_SIGN = re.compile(r"(?:руб\.?|р\.|₽|rub|rur)$", re.IGNORECASE)
_COUNT = re.compile(r"[0-9]{1,9}(?:[.,]0+)?")


@dataclass(frozen=True, slots=True)
class Row:
    """An offer as it will stand in the catalogue; None: not said."""

    line: int
    external_id: str
    name: str | None
    search: str | None
    category: str | None
    price: int | None
    old_price: int | None
    url: str | None
    picture: str | None
    available: bool | None
    cost: int | None


class Reader:
    """Reads offers of one feed; `flaws` gathers what was wrong."""

    def __init__(
        self, currency: str, categories: Collection[str] | None, *, commas: bool, always: bool
    ) -> None:
        """`commas`: sums may be written with one; `always`: what says nothing of it can be had."""
        self.currency, self.categories = currency, categories
        self.commas, self.always = commas, always
        self.flaws: list[Flaw] = []
        self.at = (0, "")

    def read(self, offer: Offer) -> Row | None:
        """Return the row; None where it cannot stand at all."""
        said = offer.said
        key = said.get("id", "").strip()
        self.at = (offer.line, key[:LONGEST_ID])
        if not key or len(key) > LONGEST_ID:
            self._wrong("no_id" if not key else "long_id", key)
            return None
        name = self._name(said)
        price, old, cost = self._sums(said)
        return Row(
            offer.line,
            key,
            name,
            search_text(name, key) if name else None,
            self._category(said),
            price,
            old if price is not None and old is not None and old > price else None,
            self._address(said, "url"),
            self._address(said, "picture"),
            self._available(said),
            cost,
        )

    def _wrong(self, code: str, said: str = "") -> None:
        line, key = self.at
        self.flaws.append(Flaw(line, key, code, said[:SHOWN]))

    def _name(self, said: dict[str, str]) -> str | None:
        text = said.get("name") or " ".join(
            part for part in (said.get(n) for n in ("typePrefix", "vendor", "model")) if part
        )
        name = " ".join(text.split())
        if len(name) > LONGEST_NAME:
            self._wrong("long_name", name)
            name = name[: LONGEST_NAME - 1] + "…"
        return name or None

    def _sums(self, said: dict[str, str]) -> tuple[int | None, int | None, int | None]:
        unit = said.get("currencyId", "").strip().upper()
        if unit and SAME_CURRENCIES.get(unit, unit) != self.currency:
            self._wrong("currency", unit)
            return None, None, None
        return (
            self._sum(said, "price"),
            self._sum(said, "oldprice"),
            self._sum(said, "purchase_price"),
        )

    def _sum(self, said: dict[str, str], name: str) -> int | None:
        typed = said.get(name, "")
        text = _SIGN.sub("", _SPACES.sub("", typed))
        if not text:
            return None
        if _COMMA.fullmatch(text):
            if not self.commas:
                self._wrong("comma", typed)
            text = text.replace(",", ".")
        try:
            return parse_decimal(_shortened(text), self.currency)
        except MoneyError:
            self._wrong(name, typed)
            return None

    def _category(self, said: dict[str, str]) -> str | None:
        found = said.get("categoryId", "").strip()
        if not found:
            return None
        if len(found) > LONGEST_ID or (
            self.categories is not None and found not in self.categories
        ):
            self._wrong("category", found)
            return None
        return found

    def _address(self, said: dict[str, str], name: str) -> str | None:
        text = said.get(name, "")
        if not text:
            return None
        if len(text) <= LONGEST_URL and _PLAIN_ADDRESS.fullmatch(text):
            return text  # as page_address would say, in a tenth of the time
        try:
            return page_address(text)
        except PageError:
            self._wrong(name, text)
            return None

    def _available(self, said: dict[str, str]) -> bool | None:
        text = " ".join(said.get("available", "").casefold().split())
        if not text:
            return True if self.always else None
        if text in YES or text in NO:
            return text in YES
        if _COUNT.fullmatch(text):
            return Decimal(text.replace(",", ".")) > 0
        self._wrong("available", text)
        return None


def _shortened(text: str) -> str:
    """Return a sum without zeros that say nothing: "1990.0000" is "1990"."""
    whole, point, rest = text.partition(".")
    if not point or not rest.isdigit():
        return text
    kept = rest.rstrip("0")
    return f"{whole}.{kept}" if kept else whole
