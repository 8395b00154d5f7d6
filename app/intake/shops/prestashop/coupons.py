"""Codes as cart rules of a PrestaShop: made, taken up again, stopped, dropped; those of the shop stay as they are.

The shop finds codes in any case. In the source that we read, a rule whose value is zero is left out of the order,
so a code that is worth nothing here is worth the smallest coin there.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app import clock
from app.intake.shops import ShopError
from app.intake.shops.prestashop import shapes, xml
from app.intake.shops.prestashop.client import delete, read, read_xml, write
from app.intake.shops.prestashop.gathering import VOUCHERS, zone_of
from app.intake.shops.prestashop.shapes import flag, number, rows, words
from app.money import to_decimal_string

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

    from app.intake.shops import Access, CouponWanted

OURS = "Partnerka"  # what stands in the description of a rule that we made; customers never see it
COUNTLESS = "1000000"
NEVER = "2099-12-31 23:59:59"


def put_coupon(access: Access, wanted: CouponWanted) -> bool:
    """Have the shop take a coupon; False: it has one of this code already, which stays as it is.

    One of ours that was stopped is taken again, until the day that is wanted now.
    """
    found = _rule(access, wanted.code)
    if found is not None:
        if not _is_ours(found):
            return False
        _activate(access, found, wanted)
        return True
    blank = read_xml(access, "cart_rules", {"schema": "blank"})
    thing = xml.thing_of(blank.said)
    for field in [each for each in thing if each.tag != "name"]:
        thing.remove(field)
    xml.put_each(thing, "name", wanted.code)
    for name, text in _said(access, wanted, blank.at or clock.wall()).items():
        xml.put(thing, name, text)
    write(access, "POST", "cart_rules", blank.said)
    return True


def _said(access: Access, wanted: CouponWanted, now: datetime) -> dict[str, str]:
    uses = str(wanted.uses) if wanted.uses else COUNTLESS
    said = {
        "code": wanted.code,
        "description": OURS,
        # By the shop's clock, wherever it stands: a day ago it was past everywhere.
        "date_from": (now - timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "date_to": _ends(access, wanted.ends),
        "quantity": uses,
        "quantity_per_user": uses,
        "priority": "1",
        "partial_use": "0",  # else the shop would make a new code of what remains
        "highlight": "0",
        "active": "1",
        "id_customer": wanted.customer or _customer(access, wanted.email),
        # Restricted, with no rule named beside which it may stand.
        "cart_rule_restriction": "1" if wanted.alone else "0",
    }
    if wanted.minimum:
        said |= {"minimum_amount": wanted.minimum, "minimum_amount_tax": "1"}
        said |= {"minimum_amount_shipping": "0", "minimum_amount_currency": _currency(access)}
    if wanted.percent:
        return {**said, "reduction_percent": wanted.percent}
    smallest = to_decimal_string(1, access.currency) if access.currency else "0.01"
    worth = wanted.amount if shapes.amount(wanted.amount) else smallest
    return {
        **said,
        "reduction_amount": str(worth),
        "reduction_tax": "1",
        "reduction_currency": _currency(access),
    }


def _ends(access: Access, at: datetime | None) -> str:
    return shapes.clock_of(at, zone_of(access)) if at else NEVER


def _customer(access: Access, email: str | None) -> str:
    """Return the only customer who may take it; "0": anybody, for the shop does not know him yet."""
    if not email:
        return "0"
    query = {"filter[email]": f"[{email}]", "display": "[id,email]"}
    found = rows(read(access, "customers", query).said, "customers", "customer")
    return number(found[0].get("id")) if found else "0"


def _currency(access: Access) -> str:
    said = read(access, "currencies", {"display": "full"}).said
    for each in rows(said, "currencies", "currency"):
        if words(each.get("iso_code")).upper() == access.currency:
            return number(each.get("id"))
    return "0"  # the shop takes its own


def _activate(access: Access, found: Mapping[str, Any], wanted: CouponWanted) -> None:
    ends, zone = _ends(access, wanted.ends), zone_of(access)

    def change(thing: etree._Element) -> bool:
        until = shapes.instant(xml.get(thing, "date_to"), zone, None)
        over = until is not None and until <= clock.wall()
        if xml.get(thing, "active") == "1" and not over:
            return False
        xml.put(thing, "active", "1")
        xml.put(thing, "date_to", ends)
        return True

    xml.rewritten(access, "cart_rules", number(found["id"]), change)


def stop_coupon(access: Access, code: str) -> bool:
    """Let a coupon that we made be taken no more; False: there is none of ours."""
    found = _rule(access, code)
    if found is None or not _is_ours(found):
        return False
    if flag(found.get("active")):

        def change(thing: etree._Element) -> bool:
            xml.put(thing, "active", "0")
            return True

        xml.rewritten(access, "cart_rules", number(found["id"]), change)
    return True


def drop_coupon(access: Access, code: str) -> bool:
    """Delete a coupon that we made and nobody used; False: there is none of ours.

    Orders name a rule by its number: with the rule its code would be lost.
    """
    found = _rule(access, code)
    if found is None or not _is_ours(found) or _is_used(access, found):
        return False
    try:
        delete(access, f"cart_rules/{number(found['id'])}")
    except ShopError as error:
        if error.code != "gone":
            raise
    return True


def _is_used(access: Access, rule: Mapping[str, Any]) -> bool:
    """Whether an order names a rule; where that cannot be asked, whether none of its uses is left."""
    query = {"filter[id_cart_rule]": f"[{number(rule['id'])}]", "limit": "1"}
    for name in VOUCHERS:
        try:
            return bool(rows(read(access, name, query).said, name, name.removesuffix("s")))
        except ShopError as error:
            if error.code not in {"absent", "refused"}:
                raise
    return words(rule.get("quantity")) == "0"


def _rule(access: Access, code: str) -> dict[str, Any] | None:
    """Look a code up, the shop's own before one of ours: it was there first, or is meant to be."""
    query = {"filter[code]": f"[{code}]", "display": "full"}
    listed = rows(read(access, "cart_rules", query).said, "cart_rules", "cart_rule")
    found = [each for each in listed if same_code(words(each.get("code")), code)]
    return min(found, key=_is_ours, default=None)


def same_code(one: str, other: str) -> bool:
    """Whether two codes are one to the shop."""
    return one.casefold() == other.casefold()


def _is_ours(rule: Mapping[str, Any]) -> bool:
    return words(rule.get("description")) == OURS
