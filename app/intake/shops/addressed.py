"""The secret in an address that a shop calls: for shops that sign nothing, it is all the proof there is."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, unquote_plus

from app.intake.shops import QUERY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KEY = "key"


def address_with(hook: str, secret: str) -> str:
    """Return the address that a shop is to call, with the secret in it."""
    return f"{hook}?{KEY}={quote(secret, safe='')}"


def knows(secret: str, given: Iterable[str]) -> bool:
    """Tell whether the secret is among what was given."""
    wanted = secret.encode()
    found = [hmac.compare_digest(each.encode("utf-8", "replace"), wanted) for each in given]
    return any(found)


def in_address(headers: Mapping[str, str], secret: str) -> bool:
    """Tell whether the address that was called holds the secret, escaped or as somebody pasted it."""
    pairs = [part.partition("=") for part in headers.get(QUERY, "").split("&")]
    values = [value for name, _sign, value in pairs if name == KEY]
    return knows(secret, [read(value) for value in values for read in (unquote, unquote_plus)])
