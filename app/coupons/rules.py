"""What a first-order coupon is worth, where it comes from, and lines of coupons that shops made."""

from __future__ import annotations

import csv
import re
from dataclasses import asdict, dataclass
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

from app.codes.rules import DEFAULT_COUPON
from app.partners.rules import fold_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LINK = "coupon"  # the purpose of signed links to a coupon
LONGEST, LONGEST_VALUE = 128, 200
MOST_LINES = 10_000
_PERCENT = re.compile(r"[0-9]{1,3}(\.[0-9]{1,4})?%")
_SUM = re.compile(r"([0-9]+(?:\.[0-9]+)?) ([A-Z]{3})")


@dataclass(frozen=True, slots=True)
class Offer:
    """The merchant's word on first-order coupons; `low`: how many are few."""

    on: bool = False
    value: str = ""  # "10%", "500.00 RUB", or words
    source: Literal["pattern", "pool"] = "pattern"
    pattern: str = DEFAULT_COUPON
    low: int = 10


def offer_to_json(offer: Offer) -> dict[str, Any]:
    """Write the offer for storage."""
    return asdict(offer)


def offer_from_json(stored: Mapping[str, Any] | None) -> Offer:
    """Read what offer_to_json wrote."""
    return Offer(**stored) if stored else Offer()


@dataclass(frozen=True, slots=True)
class Worth:
    """A value, read: percents, or a sum in a currency, or words; one of the three."""

    percent: Decimal | None = None
    amount: str | None = None
    currency: str | None = None
    words: str | None = None


def worth(value: str) -> Worth:
    """Read a value by its shape: "10%", "500.00 RUB", else words."""
    if _PERCENT.fullmatch(value):
        return Worth(percent=Decimal(value[:-1]))
    if found := _SUM.fullmatch(value):
        return Worth(amount=found[1], currency=found[2])
    return Worth(words=value)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: a coupon, and the refcode of the partner whose own it is."""

    number: int
    code: str
    refcode: str | None = None

    @property
    def key(self) -> str:
        """By what it is looked up."""
        return fold_code(self.code)


def read_lines(text: str) -> Iterator[Entry]:
    """Read pasted lines or a CSV file: a coupon a line, behind it perhaps a partner's refcode.

    Raises csv.Error from the line on that cannot be read.
    """
    sign = next((each for each in (";", "\t", ",") if each in text), ";")
    rows = csv.reader(StringIO(text.replace("\x00", ""), newline=""), delimiter=sign)
    for number, row in enumerate(rows, start=1):
        cells = [cell.strip() for cell in row]
        if cells and cells[0] and not (number == 1 and cells[0].casefold() in {"code", "coupon"}):
            yield Entry(number, cells[0], cells[1] if len(cells) > 1 and cells[1] else None)


def is_coupon(code: str) -> bool:
    """Whether a shop could have made this: printable, without breaks, at most 128 characters."""
    return 0 < len(code) <= LONGEST and code.isprintable()
