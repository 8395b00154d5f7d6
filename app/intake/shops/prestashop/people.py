"""Customers of a PrestaShop put into a group, with everything else of theirs as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from app.intake.shops import ShopError
from app.intake.shops.prestashop import xml
from app.intake.shops.prestashop.client import read
from app.intake.shops.prestashop.shapes import flag, number, rows, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Access


def write_member_group(access: Access, who: Mapping[str, str | None], group: str) -> bool:
    """Put a customer (id, else e-mail) into a group of the shop's; False: the shop does not know him.

    The group becomes his default one, by which his prices go; others that he is in stay. A group is made
    by the merchant: one made from here would be shut out of every category.
    """
    customer = _customer(access, who)
    if customer is None:
        return False
    wanted = _group(access, group)

    def change(thing: etree._Element) -> bool:
        return _put_into(thing, wanted)

    xml.rewritten(access, "customers", number(customer["id"]), change)
    return True


def _put_into(thing: etree._Element, group: str) -> bool:
    held = thing.find("associations/groups")
    if held is None:
        around = thing.find("associations")
        around = etree.SubElement(thing, "associations") if around is None else around
        held = etree.SubElement(around, "groups")
    before = xml.get(thing, "id_default_group")
    inside = {number(each.findtext("id") or "") for each in held}
    if before == group and group in inside:
        return False
    for missing in sorted({before, group} - inside - {""}):
        etree.SubElement(etree.SubElement(held, "group"), "id").text = missing
    xml.put(thing, "id_default_group", group)
    return True


def _customer(access: Access, who: Mapping[str, str | None]) -> dict[str, Any] | None:
    for field, value in (("id", number(who.get("id") or "")), ("email", who.get("email"))):
        if not value:
            continue
        query = {f"filter[{field}]": f"[{value}]", "display": "full"}
        listed = rows(read(access, "customers", query).said, "customers", "customer")
        known = [each for each in listed if not flag(each.get("deleted"))]
        found = min(known, key=lambda each: flag(each.get("is_guest")), default=None)
        if found is not None:
            return found
    return None


def _group(access: Access, group: str) -> str:
    listed = rows(read(access, "groups", {"display": "full"}).said, "groups", "group")
    for each in listed:
        names = [number(each.get("id")), *_names(each.get("name"))]
        if group.strip().casefold() in {name.casefold() for name in names}:
            return number(each["id"])
    raise ShopError("no_group", group[:80])


def _names(value: Any) -> list[str]:
    """Return a name in each of its languages."""
    if isinstance(value, list):
        return [name for each in value for name in _names(each)]
    if isinstance(value, dict):
        inner = [value["value"]] if "value" in value else list(value.values())
        return [name for each in inner for name in _names(each)]
    return [words(value)]
