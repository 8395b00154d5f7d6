"""A bank's statement as it was read, whatever its format; and why a file cannot be read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

BIGGEST = 20 * 2**20  # bytes of a file
MOST_LINES = 100_000


class Wrong(StrEnum):
    """Why a file is refused."""

    EMPTY = "empty"
    TOO_BIG = "too_big"
    TOO_LONG = "too_long"  # more lines than are read
    UNKNOWN = "unknown"  # no format that we know
    CODING = "coding"  # its letters cannot be read
    CUT_OFF = "cut_off"  # its end is missing, or a part of it
    SUM = "sum"  # a sum that is none
    HOSTILE = "hostile"  # entities, or a document type of its own
    ACCOUNT = "account"  # of another account
    CURRENCY = "currency"


class Unreadable(ValueError):
    """A file that is refused, and why."""

    def __init__(self, why: Wrong) -> None:
        """Keep the reason for the sentence people see."""
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Entry:
    """One line; the sum in minor units. `text` is all in which our number may stand."""

    n: int
    incoming: bool
    amount: int
    on_day: date | None
    text: str
    other: str  # the other party
    account: str  # of ours that it is on
    sent_back: bool = False  # the bank itself says that it is a return


@dataclass(frozen=True, slots=True)
class Statement:
    """A file: of which accounts, for which days; `adds_up`: whether its lines come to the totals it tells."""

    format: str
    accounts: tuple[str, ...]
    since: date | None
    until: date | None
    entries: tuple[Entry, ...]
    currency: str
    adds_up: bool = True
