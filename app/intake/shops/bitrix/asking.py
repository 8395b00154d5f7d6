"""What we ask of a 1C-Bitrix site: what changed, each order whole, what is still there."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from app import clock
from app.intake.shops import FETCHED, Fetched, OrderSaid, Page, ShopError, Unreadable
from app.intake.shops.bitrix.client import PAGE, batch, call, rows
from app.intake.shops.bitrix.reading import (
    BAD,
    EMAIL,
    PAYER,
    PHONE,
    changed_at,
    instant,
    parse_order,
    refund_ids,
    trimmed,
)
from app.intake.shops.unread import by_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access

_FORM = "%Y-%m-%dT%H:%M:%S"
_LISTED = ["id", "dateInsert", "dateUpdate"]


def is_number(external_id: str) -> bool:
    """Whether this may be an order's id in a shop."""
    return external_id.isascii() and external_id.isdecimal() and len(external_id) <= 18


def fetch(access: Access, external_id: str) -> Fetched | None:
    """Return an order as the shop shows it now; None: it has it no more."""
    if not is_number(external_id):
        return None
    found = whole(access, [external_id])
    return found[0] if found else None


def whole(access: Access, external_ids: Sequence[str]) -> list[Fetched]:
    """Return orders with all that belongs to them, by few calls; those that are gone are left out."""
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {
        f"o{each}": ("sale.order.get", {"id": each}) for each in external_ids
    }
    asked = {flag: _flag(flag) for flag in (EMAIL, PHONE, PAYER)}
    found, failed = batch(access, {**asked, **calls})
    flags = {
        flag: {str(e.get("id")) for e in rows(found[flag], "properties") if e.get(flag) == "Y"}
        for flag in asked
        if flag in found
    }
    orders = []
    for each in external_ids:
        if f"o{each}" in found:
            orders.append(fetched(order_in(found[f"o{each}"]), flags, access))
            continue
        reason = failed.get(f"o{each}")
        if reason is None or reason.code != "gone":
            raise reason or ShopError("failing", f"no answer about order {each}", later=True)
    return orders


def _flag(name: str) -> tuple[str, Mapping[str, Any]]:
    return "sale.property.list", {"select": ["id", name], "filter": {name: "Y"}}


def order_in(said: Any) -> dict[str, Any]:
    """Return the order in an answer. Raises ShopError."""
    order = said.get("order", said) if isinstance(said, dict) else None
    if not isinstance(order, dict) or "id" not in order:
        raise ShopError("not_a_shop", "no order")
    return order


def fetched(said: Mapping[str, Any], flags: Mapping[str, set[str]], access: Access) -> Fetched:
    """Return an order as it goes into the line of deliveries."""
    try:
        kept = trimmed(said, flags)
        body = json.dumps(kept, ensure_ascii=False, default=_plain).encode("utf-8", "replace")
        products = {str(each["productId"]) for each in kept["order"]["basketItems"]}
        return Fetched(
            external_id=str(said["id"]),
            body=body,
            topic=FETCHED,
            changed_at=changed_at(said),
            created_at=instant(said["dateInsert"]),
            fingerprint=_fingerprint(body, access.currency),
            products=tuple(sorted(products - {"0", "None", ""})),
        )
    except BAD as error:
        return by_number(said, clock.wall(), error)


def _plain(number: Any) -> float | int | str:
    """Write a Decimal as the number that it was."""
    return int(number) if number == int(number) else str(number)


def _fingerprint(body: bytes, currency: str) -> tuple[Any, ...]:
    """Return what tells two states of an order of one second apart."""
    try:
        said = parse_order(body, currency)
    except Unreadable as error:
        return ("unreadable", str(error))
    if not isinstance(said, OrderSaid):
        return ("gone",)
    return said.snapshot.status, said.snapshot.coupons, refund_ids(said.snapshot)


def beginning(at: datetime, zone: str) -> dict[str, dict[str, Any]]:
    """Return where the look at changed orders begins, in the shop's own time."""
    return {"any": {"since": _naive(at, zone), "zone": zone}}


def changed_since(access: Access, cursor: Mapping[str, Any]) -> Page:
    """Return orders that changed since a cursor: {"since", "zone", "page"}.

    Each page asks from the last change that was seen, less a second, for the shop counts in seconds; where
    a whole page is of one second, the next page of the same question follows.
    """
    since, zone = str(cursor["since"]), str(cursor.get("zone") or access.zone)
    number = int(cursor.get("page", 1))
    body = {
        "select": _LISTED,
        "filter": {">=dateUpdate": _with_offset(since, zone)},
        "order": {"dateUpdate": "asc", "id": "asc"},
        "start": (number - 1) * PAGE,
    }
    got = call(access, "sale.order.list", body)
    listed = rows(got.said, "orders")
    more = got.next is not None
    if not listed:
        return Page([], {**cursor, "page": 1}, more=False, total=got.total)
    ends = _naive(_time(listed[-1], "dateUpdate") - timedelta(seconds=1), zone)
    stuck = ends <= since
    place = {"since": max(ends, since), "page": number + 1 if stuck and more else 1}
    found = whole(access, [str(each["id"]) for each in listed])
    return Page(found, {**cursor, **place, "zone": zone}, more=more, total=got.total)


def history(access: Access, since: datetime, offset: int) -> Page:
    """Return orders made since an instant, by when they were made, from the page that holds `offset` on."""
    start = offset // PAGE * PAGE
    body = {
        "select": _LISTED,
        "filter": {">=dateInsert": _with_offset(_naive(since, access.zone), access.zone)},
        "order": {"dateInsert": "asc", "id": "asc"},
        "start": start,
    }
    got = call(access, "sale.order.list", body)
    listed = rows(got.said, "orders")
    found = whole(access, [str(each["id"]) for each in listed]) if listed else []
    following = start + len(listed)
    return Page(found, {"offset": following}, more=got.next is not None, total=got.total)


def existing(access: Access, external_ids: Sequence[str]) -> set[str]:
    """Return which of these orders the shop still lists.

    Older versions take a list of numbers for one number: whatever is missing is asked for on its own.
    """
    known = [each for each in external_ids if is_number(each)]
    found: set[str] = set()
    for start in range(0, len(known), PAGE):
        some = known[start : start + PAGE]
        body = {"select": ["id"], "filter": {"@id": some}, "order": {"id": "asc"}, "start": 0}
        found |= _listed_ids(call(access, "sale.order.list", body).said)
        found |= _one_by_one(access, [each for each in some if each not in found])
    return found & set(known)


def _one_by_one(access: Access, external_ids: Sequence[str]) -> set[str]:
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {
        f"o{each}": ("sale.order.list", {"select": ["id"], "filter": {"id": each}})
        for each in external_ids
    }
    said, _failed = batch(access, calls) if calls else ({}, {})
    return {number for each in said.values() for number in _listed_ids(each)}


def _listed_ids(said: Any) -> set[str]:
    return {str(each["id"]) for each in rows(said, "orders") if "id" in each}


def _time(said: Mapping[str, Any], name: str) -> datetime:
    try:
        return instant(said[name])
    except BAD as error:
        raise ShopError("not_a_shop", f"no {name} of an order") from error


def _naive(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).strftime(_FORM)


def _with_offset(since: str, zone: str) -> str:
    """Write a time of the shop's with its offset, as the shop itself writes times."""
    return datetime.fromisoformat(since).replace(tzinfo=ZoneInfo(zone)).isoformat()
