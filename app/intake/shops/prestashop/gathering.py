"""A page of orders completed with what other resources know of them, each by one call, and trimmed.

Kept is what is read: no street, no key, no payment. Times leave here as instants, sums as the shop wrote
them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app import clock
from app.intake.shops import FETCHED, Fetched, ShopError
from app.intake.shops.prestashop import shapes
from app.intake.shops.prestashop.client import read
from app.intake.shops.prestashop.shapes import amount, flag, instant, number, parts, rows, words
from app.intake.shops.prestashop.slips import slip_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from app.intake.shops import Access

TOGETHER = 100  # ids in one question
BY_STAFF = "BO_ORDER_"  # how the back office begins the code of a voucher made on an order's card
_TOTALS = (
    "total_discounts_tax_incl total_paid_tax_incl total_products_wt total_shipping_tax_incl "
    "total_wrapping_tax_incl"
).split()
VOUCHERS = ("order_cart_rules", "order_discounts")  # of newer versions, of older ones
_MISSING = frozenset({"rights", "absent"})
BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError)
Row = dict[str, Any]


@dataclass(frozen=True)
class Around:
    """What belongs to the orders of one page, by the ids that the orders name."""

    details: Mapping[str, Row]
    vouchers: Mapping[str, list[Row]]
    rules: Mapping[str, Row]
    slips: Mapping[str, list[Row]]
    histories: Mapping[str, list[Row]]
    customers: Mapping[str, Row]
    addresses: Mapping[str, Row]
    currencies: Mapping[str, str]
    groups: Mapping[str, str]
    untaxed: frozenset[str]  # groups that see prices without tax
    paid: frozenset[str]  # states in which the money has come


def zone_of(access: Access) -> ZoneInfo | None:
    """Return the shop's zone, where it is known."""
    return shapes.zone_of(access.zone)


def gather(access: Access, orders: Sequence[Row], now: datetime | None) -> list[Fetched]:
    """Complete orders, in their order, those that cannot be read among them. Raises ShopError."""
    if not orders:
        return []
    around, zone = _around(access, orders), zone_of(access)
    return [_read(each, around, zone, now) for each in orders]


def _around(access: Access, orders: Sequence[Row]) -> Around:
    ids = _ids(orders, "id")
    vouchers = _vouchers(access, ids)
    rules = {number(v.get("id_cart_rule")) for each in vouchers.values() for v in each}
    customers = _by_id(access, "customers", _ids(orders, "id_customer"))
    details = _maybe(access, "order_details", "id_order", ids)
    groups = _maybe(access, "groups", "id", _ids(customers.values(), "id_default_group"))
    return Around(
        details={number(each.get("id")): each for each in details},
        vouchers=vouchers,
        rules=_by_id(access, "cart_rules", sorted(rules - {""}, key=int)),
        slips=_grouped(_all(access, "order_slip", "id_order", ids, "order_slips")),
        histories=_grouped(_maybe(access, "order_histories", "id_order", ids)),
        customers=customers,
        addresses=_addresses(access, orders),
        currencies=_currencies(access),
        groups={number(each.get("id")): words(each.get("name")) for each in groups},
        untaxed=frozenset(
            number(each.get("id")) for each in groups if flag(each.get("price_display_method"))
        ),
        paid=_paid(access),
    )


def _ids(orders: Iterable[Row], name: str) -> list[str]:
    return sorted({number(each.get(name)) for each in orders} - {""}, key=int)


def _all(
    access: Access, resource: str, field: str, ids: Sequence[str], plural: str = ""
) -> list[Row]:
    found: list[Row] = []
    for start in range(0, len(ids), TOGETHER):
        wanted = shapes.either(ids[start : start + TOGETHER])
        query = {f"filter[{field}]": wanted, "display": "full"}
        said = read(access, resource, query).said
        found += rows(said, plural or resource, resource)
    return found


def _maybe(access: Access, resource: str, field: str, ids: Sequence[str]) -> list[Row]:
    """Return what may be missing without harm: the shop has no such resource, or we no right to it."""
    try:
        return _all(access, resource, field, ids)
    except ShopError as error:
        if error.code in _MISSING:
            return []
        raise


def _by_id(access: Access, resource: str, ids: Sequence[str]) -> dict[str, Row]:
    return {number(each.get("id")): each for each in _all(access, resource, "id", ids)}


def _grouped(found: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for each in sorted(found, key=lambda row: int(number(row.get("id")) or 0)):
        grouped[number(each.get("id_order"))].append(each)
    return grouped


def _vouchers(access: Access, ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return the vouchers of orders; the older line has them under another name, or not at all."""
    for name in VOUCHERS:
        try:
            found = _all(access, name, "id_order", ids)
        except ShopError as error:
            if error.code != "absent":
                raise
        else:
            return _grouped(each for each in found if not flag(each.get("deleted")))
    return {}


def _addresses(access: Access, orders: Sequence[Row]) -> dict[str, Row]:
    ids = {number(each.get("id_address_invoice")) for each in orders}
    ids |= {number(each.get("id_address_delivery")) for each in orders}
    found = _maybe(access, "addresses", "id", sorted(ids - {""}, key=int))
    return {number(each.get("id")): each for each in found}


def _currencies(access: Access) -> dict[str, str]:
    said = read(access, "currencies", {"display": "full"}).said
    listed = rows(said, "currencies", "currency")
    return {number(each.get("id")): words(each.get("iso_code")).upper() for each in listed}


def _paid(access: Access) -> frozenset[str]:
    try:
        said = read(access, "order_states", {"display": "full"}).said
    except ShopError as error:
        if error.code in _MISSING:
            return frozenset()
        raise
    listed = rows(said, "order_states", "order_state")
    return frozenset(number(each.get("id")) for each in listed if flag(each.get("paid")))


def _read(order: Row, around: Around, zone: ZoneInfo | None, now: datetime | None) -> Fetched:
    """Read an order; one that cannot be read is handed on by its number, to be shown, and stops no other."""
    try:
        return _fetched(order, around, zone, now)
    except BAD as error:
        external_id = number(order.get("id"))
        if not external_id:
            raise ShopError("not_a_shop", f"no order: {type(error).__name__}") from error
        body = json.dumps({"order": {"id": external_id}}).encode()
        at = now or clock.wall()
        return Fetched(external_id, body, FETCHED, at, at, ())


def _fetched(order: Row, around: Around, zone: ZoneInfo | None, now: datetime | None) -> Fetched:
    external_id = number(order["id"])
    vouchers = [_voucher(each, around) for each in around.vouchers.get(external_id, ())]
    slips = _slips(order, around)
    times = _times(order, around, zone, now)
    created = times["created"]
    if created is None:
        msg = "the order has no time"
        raise ValueError(msg)
    body: dict[str, Any] = {
        "order": _trimmed(order, around),
        "currency": around.currencies.get(number(order.get("id_currency")), ""),
        "times": {name: at.isoformat() if at else None for name, at in times.items()},
        "vouchers": vouchers,
        "slips": slips,
        "customer": _customer(order, around),
    }
    return Fetched(
        external_id=external_id,
        body=json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace"),
        topic=FETCHED,
        changed_at=times["updated"] or created,
        created_at=created,
        fingerprint=(
            body["order"]["current_state"],
            tuple(each["code"] for each in vouchers if each["code"]),
            tuple(sorted(each["id"] for each in slips if amount(each["amount"]) > 0)),
        ),
        products=tuple(sorted({r["product"] for r in body["order"]["rows"] if r["product"]})),
    )


def _times(
    order: Row, around: Around, zone: ZoneInfo | None, now: datetime | None
) -> dict[str, datetime | None]:
    """Return when an order was made, paid, and when anything of it changed last.

    The shop counts in seconds, and of one second's states the later one has more history: a microsecond
    for each step keeps them apart.
    """
    external_id = number(order["id"])
    histories, slips = around.histories.get(external_id, []), around.slips.get(external_id, [])
    created = instant(order["date_add"], zone, now)
    if created is None:
        msg = "no date"
        raise ValueError(msg)
    steps = [order.get("date_upd"), *(each.get("date_add") for each in histories)]
    steps += [each.get(name) for each in slips for name in ("date_add", "date_upd")]
    updated = max([created, *(at for each in steps if (at := instant(each, zone, now)))])
    later = timedelta(microseconds=len(histories) + len(slips))
    return {"created": created, "updated": updated + later, "paid": _paid_at(order, around, zone)}


def _paid_at(order: Row, around: Around, zone: ZoneInfo | None) -> datetime | None:
    for each in around.histories.get(number(order["id"]), ()):
        if number(each.get("id_order_state")) in around.paid:
            return instant(each.get("date_add"), zone, None)
    if amount(order.get("total_paid_real")):
        return instant(order.get("invoice_date"), zone, None)
    return None


def _trimmed(order: Row, around: Around) -> Row:
    return {
        "id": number(order["id"]),
        "reference": words(order.get("reference")) or number(order["id"]),
        "current_state": number(order.get("current_state")) or "0",
        **{name: words(order.get(name)) for name in _TOTALS},
        "rows": [_row(each, around) for each in _rows(order, around)],
        "note": words(order.get("note")),
    }


def _rows(order: Row, around: Around) -> list[Row]:
    """Return an order's rows; where it does not show them, its details, which say the same. Raises ValueError."""
    found = parts(order, "order_rows")
    if not found and amount(order.get("total_products_wt")):
        mine = number(order["id"])
        found = [each for each in around.details.values() if number(each.get("id_order")) == mine]
        if not found:
            msg = "the order shows nothing of what was bought"
            raise ValueError(msg)
    return found


def _row(said: Row, around: Around) -> Row:
    detail = around.details.get(number(said.get("id")), {})
    cheaper = amount(detail.get("reduction_percent")) or amount(detail.get("reduction_amount"))
    return {
        "id": number(said["id"]),
        "product": number(said.get("product_id")),
        "name": words(said.get("product_name")),
        "quantity": words(said["product_quantity"]),
        "unit": words(said["unit_price_tax_incl"]),
        "unit_without_tax": words(said.get("unit_price_tax_excl")),
        "promo": bool(cheaper),
    }


def _voucher(said: Row, around: Around) -> Row:
    rule = around.rules.get(number(said.get("id_cart_rule")), {})
    code, name = words(rule.get("code")), words(said.get("name"))
    # A voucher that staff made on the order's card has no code of theirs: what they typed is its name.
    by_staff = not rule or code.startswith(BY_STAFF) or (not code and not flag(rule.get("active")))
    return {
        "id": number(said["id"]),
        "code": name if by_staff else code,
        "value": words(said.get("value")),
        "free_shipping": flag(said.get("free_shipping", rule.get("free_shipping"))),
        "product": words(rule.get("reduction_product")),
        "gift": number(rule.get("gift_product")),
    }


def _slips(order: Row, around: Around) -> list[Row]:
    buyer = around.customers.get(number(order.get("id_customer")), {})
    untaxed = number(buyer.get("id_default_group")) in around.untaxed
    off = amount(order.get("total_discounts_tax_incl"))
    return [
        slip_of(each, off, untaxed=untaxed) for each in around.slips.get(number(order["id"]), ())
    ]


def _customer(order: Row, around: Around) -> Row:
    known = around.customers.get(number(order.get("id_customer")), {})
    places = [
        around.addresses.get(number(order.get(name)), {})
        for name in ("id_address_invoice", "id_address_delivery")
    ]
    numbers = [words(each.get(name)) for each in places for name in ("phone_mobile", "phone")]
    guest = flag(known.get("is_guest"))
    return {
        "id": "" if guest else number(order.get("id_customer")),
        "email": words(known.get("email")),
        "name": f"{words(known.get('firstname'))} {words(known.get('lastname'))}".strip(),
        "phone": next((each for each in numbers if each), ""),
        "group": around.groups.get(number(known.get("id_default_group")), ""),
    }
