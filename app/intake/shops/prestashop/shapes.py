"""What a PrestaShop's JSON looks like, read with patience.

An empty list is `[]`, not an object; ids are numbers or strings; a field of several languages is a text, a
list, or an object; what belongs to a thing lies in a list, or in a list below its own name. Pure.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.intake.shops import ShopError
from app.intake.shops.figures import figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def rows(said: Any, *names: str) -> list[dict[str, Any]]:
    """Return the things that an answer lists under any of these names. Raises ShopError."""
    found = said
    if isinstance(said, dict):
        known = [name for name in names if name in said]
        # Some resources are listed under the name of the thing that they stand for.
        other = [name for name in said if name != "errors"] if len(said) == 1 else []
        found = next((said[name] for name in known or other), None if said else [])
        if isinstance(found, dict):
            found = next((found[name] for name in names if name in found), found)
        if isinstance(found, dict):
            found = [found]
        elif found == "":
            found = []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise ShopError("not_a_shop", f"no list of {names[0]}")
    return found


def parts(thing: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return what belongs to a thing, such as an order's rows; nothing where there is none."""
    held = thing.get("associations")
    found = held.get(name) if isinstance(held, dict) else None
    if isinstance(found, dict):
        inner = [each for each in found.values() if isinstance(each, (list, dict))]
        found = inner[0] if inner else [found]
        found = [found] if isinstance(found, dict) else found
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def words(value: Any, depth: int = 4) -> str:
    """Return a text that may be of several languages: the first that says anything."""
    if isinstance(value, (dict, list)):
        inner = value if isinstance(value, list) else value.values()
        inner = [value["value"]] if isinstance(value, dict) and "value" in value else inner
        found = (words(each, depth - 1) for each in inner if depth)
        return next((text for text in found if text), "")
    if value is None or isinstance(value, bool):
        return ""
    return str(value).strip()


def number(value: Any) -> str:
    """Return an id as its digits; "" for none, and for 0, which stands for none."""
    text = str(value).strip() if isinstance(value, (int, str)) else ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 19):
        return ""
    return text.lstrip("0")


def flag(value: Any) -> bool:
    """Return a yes or no that may be a number or a string."""
    return str(value).strip().lower() in {"1", "true"}


def amount(value: Any) -> Decimal:
    """Return a sum such as "4.450000"; empty is nothing. Raises ValueError."""
    if value is None or value == "" or isinstance(value, bool):
        return Decimal(0)
    return figure(value)


def roughly(value: Any) -> Decimal:
    """Return a sum that decides no money; what is none is nothing."""
    try:
        return amount(value)
    except ValueError:
        return Decimal(0)


def zone_of(name: str) -> ZoneInfo | None:
    """Return the shop's zone; None: nobody knows it, or not one by this name."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def local(text: Any) -> datetime | None:
    """Read a time of the shop's, without zone; None for none ("0000-00-00 00:00:00")."""
    said = str(text or "").strip()
    if not said or said.startswith("0000"):
        return None
    try:
        return datetime.fromisoformat(said).replace(tzinfo=None)
    except ValueError:
        return None


def instant(text: Any, zone: ZoneInfo | None, now: datetime | None) -> datetime | None:
    """Return when a time of the shop's was, in UTC; without a known zone as if it were UTC.

    An hour that comes twice in autumn is read as its second coming, unless the shop's own clock says that
    this is still ahead: so what changes later never looks older.
    """
    said = local(text)
    if said is None:
        return None
    if zone is None:
        return said.replace(tzinfo=UTC)
    first, second = (said.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    later = max(first, second)
    return min(first, second) if now is not None and later > now + timedelta(minutes=5) else later


def clock_of(at: datetime, zone: ZoneInfo | None) -> str:
    """Return what the shop's clock shows at an instant, as the webservice writes it."""
    return at.astimezone(zone or UTC).strftime("%Y-%m-%d %H:%M:%S")


def either(values: Sequence[str]) -> str:
    """Write a filter: any of these."""
    return f"[{'|'.join(values)}]"
