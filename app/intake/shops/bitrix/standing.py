"""Whether a site lets us do what we do, and what it calls its statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops.bitrix.client import call, listed, rows
from app.intake.shops.bitrix.reading import CANCELED, PAYED, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.intake.shops import Access

LANGUAGE = "ru"
# The country's zones by their offsets, for it moves no clocks; elsewhere the offset itself is a zone.
_ZONES = {
    "+02:00": "Europe/Kaliningrad",
    "+03:00": "Europe/Moscow",
    "+04:00": "Europe/Samara",
    "+05:00": "Asia/Yekaterinburg",
    "+06:00": "Asia/Omsk",
    "+07:00": "Asia/Novosibirsk",
    "+08:00": "Asia/Irkutsk",
    "+09:00": "Asia/Yakutsk",
    "+10:00": "Asia/Vladivostok",
    "+11:00": "Asia/Magadan",
    "+12:00": "Asia/Kamchatka",
}


def health(access: Access) -> Mapping[str, Any]:
    """Look whether the webhook may see orders, their properties and the catalogue; tell of the site."""
    body = {"select": ["id", "currency"], "order": {"id": "desc"}, "start": 0}
    got = call(access, "sale.order.list", body)
    call(access, "sale.property.list", {"select": ["id"], "start": 0})
    call(access, "catalog.catalog.list", {"select": ["id"], "start": 0})
    orders = rows(got.said, "orders")
    said: dict[str, Any] = {
        "currency": str(orders[0].get("currency") or "")[:3] if orders else "",
        "statuses": _statuses(access),
    }
    zone = zone_of(got.date)
    return said | ({"zone": zone} if zone else {})


def zone_of(date: str) -> str | None:
    """Return a zone of the offset that the portal's times carry."""
    offset = date[-6:]
    if offset in _ZONES:
        return _ZONES[offset]
    if date.endswith(("Z", "+00:00")):
        return "UTC"
    if (
        len(offset) == 6
        and offset[0] in "+-"
        and offset.endswith(":00")
        and offset[1:3].isdecimal()
    ):
        hours = int(offset[1:3])
        return f"Etc/GMT{'-' if offset[0] == '+' else '+'}{hours}" if 0 < hours <= 12 else None
    return None


def _statuses(access: Access) -> list[dict[str, str | None]]:
    """Return the words that orders come with: the shop's statuses by their names, and our two for flags."""
    found = listed(access, "sale.status.list", "statuses", {"select": ["id", "type", "sort"]})
    names = _names(listed(access, "sale.statusLang.list", "statusLangs", {}))
    of_orders = [each for each in found if each.get("type", "O") == "O" and each.get("id")]
    of_orders.sort(key=lambda each: (_number(each.get("sort")), str(each["id"])))
    named = [(str(each["id"]), names.get(str(each["id"]), str(each["id"]))) for each in of_orders]
    flags = [(PAYED, "Оплачен (статус N)"), (CANCELED, "Отменён (флаг)")]
    return [
        {"word": word, "name": name[:100], "state": words.get(word, "")}
        for word, name in named + flags
    ]


def _names(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for each in found:
        if each.get("name") and (each.get("lid") == LANGUAGE or str(each["statusId"]) not in names):
            names[str(each["statusId"])] = str(each["name"])
    return names


def _number(said: Any) -> int:
    text = str(said)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
