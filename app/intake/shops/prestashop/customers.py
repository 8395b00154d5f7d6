"""Customers of a PrestaShop: taken in, and put into a group with everything else of theirs as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from app.intake.shops import Person, Pulled, ShopError
from app.intake.shops.prestashop import shapes, xml
from app.intake.shops.prestashop.client import Got, read
from app.intake.shops.prestashop.gathering import zone_of
from app.intake.shops.prestashop.pages import page_of
from app.intake.shops.prestashop.shapes import flag, number, rows, words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Access

PER_PAGE = 100
LINK = "{http://www.w3.org/1999/xlink}href"  # of what belongs to a thing


def people(access: Access, cursor: Mapping[str, Any]) -> Pulled:
    """Return a page of customers by when they were changed last; guests and deleted ones are nobody."""
    got, found, moved, more, total = page_of(access, "customers", "customer", cursor, PER_PAGE)
    known = [
        each for each in found if not (flag(each.get("is_guest")) or flag(each.get("deleted")))
    ]
    phones, groups = _phones(access, known), _group_names(access)
    said = [_person(access, each, phones, groups, got) for each in known if number(each.get("id"))]
    return Pulled(moved, more, people=said, total=total)


def _person(
    access: Access,
    said: Mapping[str, Any],
    phones: Mapping[str, str],
    groups: Mapping[str, str],
    got: Got,
) -> Person:
    external_id, born = number(said["id"]), words(said.get("birthday"))
    return Person(
        external_id=external_id,
        email=words(said.get("email")) or None,
        phone=phones.get(external_id),
        name=f"{words(said.get('firstname'))} {words(said.get('lastname'))}".strip() or None,
        group=groups.get(number(said.get("id_default_group"))) or None,
        birthday=born[:10] if shapes.local(born) else None,
        registered_at=shapes.instant(said.get("date_add"), zone_of(access), got.at),
    )


def _phones(access: Access, known: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return customers' numbers by their ids; none where addresses may not be read."""
    ids = [number(each.get("id")) for each in known]
    if not ids:
        return {}
    query = {"filter[id_customer]": shapes.either(ids), "display": "full"}
    found: dict[str, str] = {}
    for each in _readable(access, "addresses", query, "address"):
        phone = words(each.get("phone_mobile")) or words(each.get("phone"))
        if phone:
            found[number(each.get("id_customer"))] = phone
    return found


def _group_names(access: Access) -> dict[str, str]:
    listed = _readable(access, "groups", {"display": "full"}, "group")
    return {number(each.get("id")): words(each.get("name")) for each in listed}


def _readable(
    access: Access, resource: str, query: Mapping[str, str], one: str
) -> list[dict[str, Any]]:
    try:
        return rows(read(access, resource, query).said, resource, one)
    except ShopError as error:
        if error.code in {"rights", "absent"}:
            return []
        raise


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
    inside = {_numbered(each) for each in held}
    if before == group and group in inside:
        return False
    for missing in sorted({before, group} - inside - {""}):
        etree.SubElement(etree.SubElement(held, "group"), "id").text = missing
    xml.put(thing, "id_default_group", group)
    return True


def _numbered(held: etree._Element) -> str:
    """Return the number of a group that somebody is in, and see that it is written; only its address may tell it.

    Raises ShopError where neither does: written back, the group would be lost to him.
    """
    known = number(held.findtext("id") or "")
    known = known or number((held.get(LINK) or "").rstrip("/").rpartition("/")[2])
    if not known:
        raise ShopError("refused", "the shop does not say which groups a customer is in")
    for each in list(held):
        held.remove(each)
    etree.SubElement(held, "id").text = known
    return known


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
