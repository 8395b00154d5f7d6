"""How one attempt to tell somebody something ended, whatever carried it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Fate(StrEnum):
    """How one attempt ended."""

    SENT = "sent"
    LATER = "later"  # the server was away, busy or slow: try again
    NEVER = "never"  # the address is refused, or nobody wants the letter any more
    UNKNOWN = "unknown"  # it may have gone, and going again costs money: people decide


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one attempt; the problem is for the message log, without secrets."""

    fate: Fate
    problem: str | None = None
    unspent: bool = False  # what was reserved for it was not used
    not_before: datetime | None = None  # nothing was tried: its time has not come
    gone: bool = False  # the address itself has left: a chat that was closed to us
