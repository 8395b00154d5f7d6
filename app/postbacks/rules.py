"""Macros of an address, what counts as taken, and how often a call is tried."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

MACROS = (
    *("status", "deal", "order", "commission", "currency", "refcode", "code", "time", "id"),
    *("sub1", "sub2", "sub3", "sub4", "sub5"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"),
)
STATES = ("registered", "agreed", "completed", "cancelled", "refunded")
METHODS = ("GET", "POST")
LONGEST = 2000
MOST = 5  # postbacks of one partner
MOST_FAILURES = 50  # in a row, until it is switched off
LEASE = timedelta(seconds=60)
_PAUSES = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720))
MOST_ATTEMPTS = len(_PAUSES) + 1
_MACRO = re.compile(r"\{([^{}]*)\}")
GONE = 410


class State(StrEnum):
    """How far a call is."""

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"


class MacroError(ValueError):
    """The address has a macro that there is not; `name` is that macro."""

    def __init__(self, name: str) -> None:
        """Keep the name for the sentence."""
        super().__init__(name)
        self.name = name


def check_macros(address: str) -> None:
    """Raise MacroError for a macro that is unknown, or that decides where the call goes."""
    for found in _MACRO.finditer(address):
        if found.group(1) not in MACROS:
            raise MacroError(found.group(0))
    start = address.partition("://")[2]
    host = re.split(r"[/?#]", start, maxsplit=1)[0]
    if _MACRO.search(host):
        raise MacroError(host)


def without_macros(address: str) -> str:
    """Return the address with a harmless word in place of each macro, to be looked at as an address."""
    return _MACRO.sub("x", address)


def write(address: str, values: Mapping[str, str]) -> str:
    """Return the address with its macros filled in; values are encoded, so they stay in their place."""
    return _MACRO.sub(lambda found: quote(values.get(found.group(1), ""), safe=""), address)


def pause_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many attempts failed; None: no more."""
    return _PAUSES[attempts - 1] if 0 < attempts <= len(_PAUSES) else None


def is_taken(status: int) -> bool:
    """Whether the tracker took the call."""
    return 200 <= status < 300
