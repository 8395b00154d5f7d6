"""How a shop's customer is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

# Where a phone without a country code is dialled, by the merchant's currency.
REGIONS = {
    "RUB": "RU",
    "KZT": "KZ",
    "BYN": "BY",
    "UAH": "UA",
    "USD": "US",
    "GBP": "GB",
    "PLN": "PL",
    "RON": "RO",
    "BRL": "BR",
}
LONGEST_TAG = 60
_NOBODY = frozenset({"", "0"})  # shops write guests so


def normalise_email(text: str | None) -> str | None:
    """Return the e-mail as it is compared: trimmed, casefolded; None where there is none."""
    trimmed = (text or "").strip().casefold()
    before, _at, after = trimmed.rpartition("@")
    return trimmed if before and after else None


def normalise_phone(text: str | None, region: str | None) -> str | None:
    """Return the phone in E.164; numbers without a country code are read as of `region`."""
    try:
        number = phonenumbers.parse(text or "", region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def key_of(customer_id: str | None, email: str | None, phone: str | None) -> str | None:
    """Return the key of a customer: the shop's id, else e-mail, else phone (both normalised)."""
    if customer_id is not None and customer_id.strip() not in _NOBODY:
        return f"id:{customer_id.strip()}"
    if email is not None:
        return f"email:{email}"
    return f"phone:{phone}" if phone is not None else None


def region_of(currency: str) -> str | None:
    """Return the region whose phones a merchant of the currency writes without a country code."""
    return REGIONS.get(currency)


def masked(name: str | None, email: str | None = None) -> str:
    """Return a buyer as others may see him: the first letter, and where the e-mail is kept.

    "Gleb" is "G•••", "gleb@example.org" is "g•••@example.org"; nobody is "•••".
    """
    if name and name.strip():
        return f"{name.strip()[0]}•••"
    local, at, host = (email or "").strip().rpartition("@")
    return f"{local[0]}•••{at}{host}" if local else "•••"


@dataclass(frozen=True, slots=True)
class Tagged:
    """A tag that was put on a customer (`added`) or taken off, when, and by whom or what."""

    tag: str
    added: bool
    at: datetime
    source: str
    actor: str | None = None


def worn(marks: Iterable[Tagged], before: datetime | None = None) -> tuple[Tagged, ...]:
    """Return the tags that a customer bears, or bore just before a moment, by their words.

    The latest word about a tag holds; capitals make no difference.
    """
    last: dict[str, Tagged] = {}
    for mark in sorted(marks, key=lambda each: (each.at, each.source)):
        if before is None or mark.at < before:
            last[mark.tag.casefold()] = mark
    return tuple(last[key] for key in sorted(last) if last[key].added)
