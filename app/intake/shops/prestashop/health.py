"""Whether a key is good for what we do in a PrestaShop, resource by resource, and what the shop is like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops import ShopError
from app.intake.shops.prestashop import states
from app.intake.shops.prestashop.client import read, read_xml
from app.intake.shops.prestashop.gathering import VOUCHERS
from app.intake.shops.prestashop.shapes import flag, number, roughly, rows, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from app.intake.shops import Access

# Without these no order can be read whole, and money would go wrong in silence.
NEEDED = "orders order_states order_slip cart_rules customers currencies".split()
# Without these something less is known or done: what is lost is said on the page of the shop.
USEFUL = {
    "order_histories": "get",
    "order_details": "get",
    "addresses": "get",
    "products": "get",
    "categories": "get",
    "specific_prices": "get",
    "configurations": "get",
    "customer_threads": "get post",
    "customer_messages": "get post put",
    "cart_rules": "post put delete",
    "customers": "put",
    "groups": "get",
}
_SETTINGS = ("PS_TIMEZONE", "PS_CURRENCY_DEFAULT", "PS_VERSION_DB", *states.SETTINGS)
Rights = dict[str, frozenset[str]]


def health(access: Access) -> Mapping[str, Any]:
    """Look whether the key reads what is needed; return the shop's currency, zone, version and states.

    Raises ShopError "rights" with the names of resources that the key must be allowed to read.
    """
    rights, version = rights_of(access)
    lacking = [name for name in _needed(access, rights) if "get" not in rights.get(name, ())]
    if lacking:
        raise ShopError("rights", ", ".join(lacking))
    settings = _settings(access, rights)
    listed = rows(
        read(access, "order_states", {"display": "full"}).said, "order_states", "order_state"
    )
    return {
        "currency": _currency(access, settings),
        "zone": settings.get("PS_TIMEZONE", ""),
        "version": version or settings.get("PS_VERSION_DB", ""),
        "statuses": states.suggested(listed, settings),
        "lacking": _less(rights),
    }


def rights_of(access: Access) -> tuple[Rights, str]:
    """Return what the key may do, and the shop's version. Raises ShopError."""
    try:
        got = read_xml(access, "")
    except ShopError as error:
        if error.code != "rights":
            raise
        raise ShopError("rights", ", ".join([*NEEDED, VOUCHERS[0]])) from error  # none at all
    return _rights(got.said), got.version


def _rights(whole: etree._Element) -> Rights:
    """Read what the key may do: the webservice's first page lists it."""
    page = next(iter(whole), whole)
    methods = ("get", "post", "put", "patch", "delete")
    return {
        str(each.tag): frozenset(name for name in methods if each.get(name) == "true")
        for each in page
        if isinstance(each.tag, str)
    }


def _needed(access: Access, rights: Rights) -> list[str]:
    """Return what must be readable; the older line has vouchers under another name, or not at all."""
    for name in VOUCHERS:
        if name in rights:
            return [*NEEDED, name]
        try:
            read(access, name, {"limit": "1"})
        except ShopError as error:
            if error.code == "absent":
                continue
            if error.code != "rights":
                raise
        return [*NEEDED, name]
    return NEEDED


def _less(rights: Rights) -> list[str]:
    found = []
    # A version that takes PATCH lists it; there partner fields are lines of the order's note.
    patched = any("patch" in methods for methods in rights.values())
    for name, methods in {**USEFUL, **({"orders": "patch"} if patched else {})}.items():
        missing = [each.upper() for each in methods.split() if each not in rights.get(name, ())]
        if missing:
            found.append(f"{name} ({', '.join(missing)})")
    return found


def _settings(access: Access, rights: Rights) -> dict[str, str]:
    if "get" not in rights.get("configurations", ()):
        return {}
    query = {"filter[name]": f"[{'|'.join(_SETTINGS)}]", "display": "[name,value]"}
    said = read(access, "configurations", query).said
    listed = rows(said, "configurations", "configuration")
    found: dict[str, str] = {}
    for each in listed:  # the whole installation's come first, those of one shop after them
        found.setdefault(words(each.get("name")), words(each.get("value")))
    return found


def _currency(access: Access, settings: Mapping[str, str]) -> str:
    said = read(access, "currencies", {"display": "full"}).said
    listed = [
        each for each in rows(said, "currencies", "currency") if not flag(each.get("deleted"))
    ]
    own = settings.get("PS_CURRENCY_DEFAULT", "")
    for each in listed:
        if own and number(each.get("id")) == own:
            return words(each.get("iso_code")).upper()
    for each in listed:  # others are reckoned from it
        if roughly(each.get("conversion_rate")) == 1:
            return words(each.get("iso_code")).upper()
    return ""
