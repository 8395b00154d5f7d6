"""Whether a message can be kept and read again: what connectors make of a stranger's body is held to it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from app.money import BIGINT_MAX
from app.orders.rules.message import snapshot_from_json, snapshot_to_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.orders.rules.message import Snapshot

LONGEST_ID = 128
LONGEST = 4000  # characters of a text; an address is the longest
MOST_DIGITS, MOST_DECIMALS = 12, 6  # of a quantity, as in the API
MOST = 5000  # lines, refunds, coupons


def unkeepable(snapshot: Snapshot, external_id: str = "") -> str | None:
    """Return the first field that could not be stored or read again, such as lines.0.quantity; else None."""
    if external_id and not is_id(external_id):
        return "id"
    found = next(_strange(snapshot, ""), None)
    if found is not None:
        return found
    try:
        kept = snapshot_from_json(snapshot_to_json(snapshot))
    except ValidationError as error:
        return ".".join(str(step) for step in error.errors()[0]["loc"])
    # A number where a text belongs would be read again as that text, and be no text until then.
    names = (each.name for each in fields(snapshot))
    return next((name for name in names if getattr(kept, name) != getattr(snapshot, name)), None)


def is_id(text: str) -> bool:
    """Whether a shop's own id can be kept: 1 to 128 characters that PostgreSQL can store."""
    return 0 < len(text) <= LONGEST_ID and _is_plain(text)


def _strange(value: Any, path: str) -> Iterator[str]:
    if is_dataclass(value):
        for each in fields(value):
            yield from _strange(getattr(value, each.name), f"{path}.{each.name}".lstrip("."))
    elif isinstance(value, tuple):
        if len(value) > MOST:
            yield path
        for place, each in enumerate(value[:MOST]):
            yield from _strange(each, f"{path}.{place}")
    elif not _is_sound(value, path):
        yield path


def _is_sound(value: Any, path: str) -> bool:
    if isinstance(value, str):
        return _is_plain(value) and len(value) <= (LONGEST_ID if path.endswith(".id") else LONGEST)
    if isinstance(value, Decimal):
        return _is_quantity(value)
    if isinstance(value, datetime):
        return value.tzinfo is not None and 1970 <= value.year <= 9000
    return value is None or (isinstance(value, int) and abs(value) <= BIGINT_MAX)


def _is_plain(text: str) -> bool:
    """False for what PostgreSQL cannot keep: NUL and lone surrogates."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _is_quantity(value: Decimal) -> bool:
    if not value.is_finite():
        return False
    exponent = value.as_tuple().exponent
    return (
        isinstance(exponent, int) and exponent >= -MOST_DECIMALS and value.adjusted() < MOST_DIGITS
    )
