"""InSales' words: a notice is an order that nobody signed, so it says only that it may have changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.intake.shops import (
    FETCHED,
    LISTED,
    OrderGone,
    OrderSaid,
    OrderTouched,
    Said,
    Unreadable,
    Written,
)
from app.intake.shops.addressed import in_address
from app.intake.shops.figures import (
    BAD,
    figure,
    instant,
    minor,
    needed,
    optional,
    paid_rules,
    read_json,
    sound,
    text,
)
from app.orders.rules import Customer, Line, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

kind: str = "insales"
words: Mapping[str, str] = {
    "new": "registered",
    "accepted": "registered",
    "approved": "agreed",
    "dispatched": "agreed",
    "paid": "agreed",
    "delivered": "completed",
    "declined": "cancelled",
    "returned": "refunded",
}
UNPAID = frozenset({"new", "accepted"})
CLICK, REF = "partnerka_click", "partnerka_ref"
CARD = {
    "commission": "partner_commission",
    "promo_code": "partner_promo_code",
    "refcode": "partner_refcode",
    "partner": "partner_name",
    "terms": "partner_terms",
    "deal_id": "partner_deal_id",
}
CURRENCIES = {"RUR": "RUB"}  # as it has been called there since before 1998


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when the address that was called holds our secret: nothing is signed."""
    return in_address(headers, secret)


def topic(headers: Mapping[str, str]) -> str:
    """Return what a notice is about: an order."""
    return "order"


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order that we asked for; a notice says no more than which one to ask for."""
    external_id = None
    try:
        said = read_json(body)
        if topic not in {FETCHED, LISTED}:
            return OrderTouched(number(said["id"]))
        order, codes = said["order"], said.get("codes") or ()
        external_id = str(order["id"])
        if order.get("gone"):
            return OrderGone(external_id)
        snapshot = _snapshot(order, [str(code) for code in codes], currency)
    except Unreadable as error:
        raise Unreadable(str(error), external_id) from error
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error
    return OrderSaid(external_id, snapshot, card_of(order))


def number(said: Any) -> str:
    """Return the shop's number of an order as text."""
    if isinstance(said, bool) or not isinstance(said, int):
        raise Unreadable("the id is no number")
    return str(said)


def status_of(said: Mapping[str, Any]) -> str:
    """Return the shop's own word; an order that was paid before anybody looked at it is paid."""
    own = said.get("custom_status") or {}
    meaning = str(own.get("system_status") or said.get("fulfillment_status") or "new")
    if said.get("financial_status") == "paid" and meaning in UNPAID:
        return "paid"
    return str(own.get("permalink") or meaning)


def fields_of(said: Mapping[str, Any]) -> dict[str, str]:
    """Return an order's own fields, by their handles."""
    found = said.get("fields_values") or ()
    return {str(f["handle"]): text(f.get("value"), 4000) or "" for f in found if f.get("handle")}


def card_of(said: Mapping[str, Any]) -> Written:
    """Return what stands on the card where staff may type."""
    fields = fields_of(said)
    typed = {name: fields.get(handle) or None for name, handle in CARD.items()}
    return Written(typed["promo_code"], typed["refcode"], typed["terms"])


def _snapshot(said: dict[str, Any], codes: list[str], currency: str) -> Snapshot:
    money = str(said.get("currency_code") or currency)
    if CURRENCIES.get(money, money) != currency:
        msg = f"the order is in {money}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    fields = fields_of(said)
    lines = [_line(each, currency) for each in said["order_lines"]]
    full = said.get("full_delivery_price")
    shipping = minor(said.get("delivery_price") if full in (None, "") else full, currency)
    cheaper, beyond = paid_rules(lines, shipping, needed(said["total_price"], currency))
    return sound(
        Snapshot(
            status=status_of(said),
            currency=currency,
            number=text(said.get("number")),
            created_at=instant(said["created_at"]),
            updated_at=instant(said["updated_at"]),
            customer=_customer(said.get("client") or {}),
            lines=cheaper,
            shipping=shipping,
            fees=beyond,
            coupons=tuple(codes),
            paid_at=optional(said.get("paid_at")),
            completed_at=optional(said.get("delivered_at")),
            click=fields.get(CLICK) or None,
            ref=fields.get(REF) or None,
            entry=_entry(said),
        )
    )


def _line(said: dict[str, Any], currency: str) -> Line:
    return Line(
        id=number(said["id"]),
        product=text(said.get("product_id")),
        name=text(said.get("title")),
        quantity=figure(said["quantity"]),
        price=needed(said["sale_price"], currency),
    )


def _customer(said: Mapping[str, Any]) -> Customer:
    names = (text(said.get(each)) for each in ("name", "surname"))
    return Customer(
        id=text(said.get("id")),
        email=text(said.get("email")),
        phone=text(said.get("phone")),
        name=" ".join(each for each in names if each) or None,
        group=text(said.get("client_group_id")),
    )


def _entry(said: Mapping[str, Any]) -> str | None:
    """Return the page on which the customer came; InSales writes it whole, or without its host."""
    for name in ("first_current_location", "current_location"):
        page = text(said.get(name), 3000)
        if page and "?" in page:
            return page if "://" in page else f"https://shop{page}"
    return None
