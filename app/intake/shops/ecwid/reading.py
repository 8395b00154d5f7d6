"""Ecwid's words: a notice is signed over its time and id only, so it says only that an order may have changed."""

from __future__ import annotations

import base64
import hmac
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.intake.shops import (
    FETCHED,
    LISTED,
    Nothing,
    OrderGone,
    OrderSaid,
    OrderTouched,
    Said,
    Unreadable,
)
from app.intake.shops.addressed import in_address
from app.intake.shops.figures import (
    BAD,
    decimal,
    figure,
    minor,
    needed,
    paid_rules,
    read_json,
    sound,
    text,
)
from app.orders.rules import Customer, Line, Refund, Snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

kind: str = "ecwid"
words: Mapping[str, str] = {
    "AWAITING_PAYMENT": "registered",
    "PAID": "agreed",
    "PROCESSING": "agreed",
    "SHIPPED": "agreed",
    "READY_FOR_PICKUP": "agreed",
    "OUT_FOR_DELIVERY": "agreed",
    "DELIVERED": "completed",
    "CANCELLED": "cancelled",
    "WILL_NOT_DELIVER": "cancelled",
    "RETURNED": "refunded",
    "REFUNDED": "refunded",
}
SIGNATURE = "x-ecwid-webhook-signature"
ABANDONED = "INCOMPLETE"
PAID = frozenset({"PAID", "PARTIALLY_REFUNDED"})
UNDONE = frozenset({"WILL_NOT_DELIVER", "RETURNED"})
CLICK, REF = "partnerka_click", "partnerka_ref"


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when X-Ecwid-Webhook-Signature is that of the notice's time and id, or the address knows us.

    It is the base64 HMAC-SHA256 of "<eventCreated>.<eventId>"; the rest of the body is not signed.
    """
    if in_address(headers, secret):
        return True
    try:
        said = read_json(body)
        signed = f"{said['eventCreated']}.{said['eventId']}".encode()
    except BAD:
        return False
    good = base64.b64encode(hmac.digest(secret.encode(), signed, "sha256"))
    return hmac.compare_digest(good, headers.get(SIGNATURE, "").encode("utf-8", "replace"))


def topic(headers: Mapping[str, str]) -> str:
    """Return what a notice is about: the body says it."""
    return "order"


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order that we asked for; a notice says no more than which one to ask for."""
    external_id = None
    try:
        said = read_json(body)
        if topic not in {FETCHED, LISTED}:
            return _notice(said)
        order = said["order"]
        external_id = str(order["id"])
        if order.get("gone"):
            return OrderGone(external_id)
        if order.get("paymentStatus") == ABANDONED:
            return Nothing()
        snapshot = _snapshot(order, currency, str(said.get("currency") or currency))
    except Unreadable as error:
        raise Unreadable(str(error), external_id) from error
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error
    return OrderSaid(external_id, snapshot)


def _notice(said: Any) -> Said:
    if not str(said["eventType"]).startswith("order."):
        return Nothing()
    name = text((said.get("data") or {}).get("orderId"), 128) or text(said.get("entityId"), 128)
    if name is None:
        raise Unreadable("the notice names no order")
    return OrderTouched(name)


def status_of(said: Mapping[str, Any]) -> str:
    """Return one word for where an order stands, of its payment's and its delivery's."""
    money = str(said.get("paymentStatus") or "AWAITING_PAYMENT")
    goods = str(said.get("fulfillmentStatus") or "")
    if goods in UNDONE and money not in {"CANCELLED", "REFUNDED"}:
        return goods
    if money not in PAID:
        return money
    return "PAID" if goods in {"", "AWAITING_PROCESSING"} else goods


def refunds_of(said: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return (id, sum) of what was given back; the shop gives refunds no ids, but never removes one."""
    found = [
        (f"r{n}", each.get("amount")) for n, each in enumerate(said.get("refunds") or (), start=1)
    ]
    if not found and decimal(said.get("refundedAmount")) > 0:
        found = [("r1", said["refundedAmount"])]
    return found


def codes_of(said: Mapping[str, Any]) -> list[str]:
    """Return the coupons of an order."""
    code = text((said.get("discountCoupon") or {}).get("code"))
    return [code] if code else []


def moment(said: Any) -> datetime:
    """Read a time in seconds since 1970."""
    return datetime.fromtimestamp(int(said), UTC)


def _snapshot(said: dict[str, Any], currency: str, money: str) -> Snapshot:
    if money != currency:
        msg = f"the shop sells in {money}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    shipping = minor((said.get("shippingOption") or {}).get("shippingRate"), currency)
    total = said.get("totalBeforeGiftCardRedemption")
    paid = needed(said["total"] if total in (None, "") else total, currency)
    lines, beyond = paid_rules([_line(each, currency) for each in said["items"]], shipping, paid)
    extra = said.get("extraFields") or {}
    return sound(
        Snapshot(
            status=status_of(said),
            currency=currency,
            number=text(said.get("vendorOrderNumber")) or text(said["id"]),
            created_at=moment(said["createTimestamp"]),
            updated_at=moment(said["updateTimestamp"]),
            customer=_customer(said),
            lines=lines,
            shipping=shipping,
            fees=beyond,
            coupons=tuple(codes_of(said)),
            click=text(extra.get(CLICK), 4000),
            ref=text(extra.get(REF)) or text(said.get("affiliateId")),
            refunds=tuple(
                Refund(id=name, amount=needed(amount, currency))
                for name, amount in refunds_of(said)
            ),
        )
    )


def _line(said: dict[str, Any], currency: str) -> Line:
    return Line(
        id=str(int(said["id"])),
        product=text(said.get("productId")),
        name=text(said.get("name")),
        quantity=figure(said["quantity"]),
        price=needed(said["price"], currency),
    )


def _customer(said: Mapping[str, Any]) -> Customer:
    who = said.get("billingPerson") or said.get("shippingPerson") or {}
    return Customer(
        id=text(said.get("customerId")),
        email=text(said.get("email")),
        phone=text(who.get("phone")),
        name=text(who.get("name")),
    )
