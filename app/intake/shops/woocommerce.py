"""WooCommerce webhooks: a delivery carries the order as the REST interface shows it, built at delivery.

The pair of id and modification time is what tells deliveries apart; the delivery id is not, for the
shop makes it of the hook and the second.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from app.intake.shops import Nothing, OrderGone, OrderSaid, Said, Unreadable
from app.money import exponent, half_up
from app.orders.rules import Customer, Line, Refund, Snapshot, clamp_refunds, problems

if TYPE_CHECKING:
    from collections.abc import Mapping

kind: str = "woocommerce"
words: Mapping[str, str] = {
    "pending": "registered",
    "on-hold": "registered",
    "processing": "agreed",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "cancelled",
    "trash": "cancelled",
    "refunded": "refunded",
}
MOST_DIGITS = 20  # of a sum, before anything is made of it
ENTRY = "_wc_order_attribution_session_entry"
CODE = "partner_promo_code"
CLICK = "partnerka_click"
# What a body that is no order of this shop ends in; ArithmeticError: sums and times beyond all bounds.
BAD = (ValueError, KeyError, TypeError, AttributeError, ArithmeticError, RecursionError)


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Return True for the call at a hook's creation: a form with the hook's number, unsigned."""
    return "x-wc-webhook-topic" not in headers and body.startswith(b"webhook_id=")


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when X-WC-Webhook-Signature is the base64 HMAC-SHA256 of the raw body."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    said = headers.get("x-wc-webhook-signature", "")
    return hmac.compare_digest(base64.b64encode(digest), said.encode("utf-8", "replace"))


def topic(headers: Mapping[str, str]) -> str:
    """Return the delivery's topic, such as order.updated."""
    return headers.get("x-wc-webhook-topic", "")


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order's delivery; a body that holds only the id tells of its deletion."""
    if not topic.startswith("order."):
        return Nothing()
    try:
        said = json.loads(body, parse_float=Decimal)
        external_id = str(said["id"])
        if topic == "order.deleted":
            return OrderGone(external_id)
        if said.get("status") == "checkout-draft":
            return Nothing()
        return OrderSaid(external_id, _snapshot(said, currency))
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg) from error


def _snapshot(said: dict[str, Any], currency: str) -> Snapshot:
    if said["currency"] != currency:
        msg = f"the order is in {said['currency']}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    meta = {
        m["key"]: m["value"] for m in said.get("meta_data", []) if isinstance(m.get("value"), str)
    }
    shipping = sum((_gross(s, currency) for s in said.get("shipping_lines", [])), 0)
    snapshot = Snapshot(
        status=said["status"],
        currency=currency,
        number=str(said["number"]),
        created_at=_instant(said["date_created_gmt"]),
        updated_at=_instant(said["date_modified_gmt"]),
        customer=_customer(said),
        lines=tuple(_line(item, currency) for item in said["line_items"]),
        shipping=max(shipping, 0),
        fees=max(sum((_gross(f, currency) for f in said.get("fee_lines", [])), 0), 0),
        coupons=tuple(coupon["code"] for coupon in said.get("coupon_lines", [])),
        paid_at=_optional(said.get("date_paid_gmt")),
        completed_at=_optional(said.get("date_completed_gmt")),
        entry=meta.get(ENTRY) or None,
        partner_code=meta.get(CODE) or None,
        click=meta.get(CLICK) or None,
        refunds=tuple(
            Refund(id=str(r["id"]), amount=abs(_minor(r["total"], currency)))
            for r in sorted(said.get("refunds", []), key=lambda r: int(r["id"]))
        ),
    )
    clamped, _changed = clamp_refunds(snapshot)
    found = problems(clamped)
    if found:
        msg = ", ".join(f"{problem.field}: {problem.code}" for problem in found)
        raise Unreadable(msg)
    return clamped


def _customer(said: dict[str, Any]) -> Customer:
    billing = said.get("billing") or {}
    number = said.get("customer_id") or 0
    name = f"{billing.get('first_name', '')} {billing.get('last_name', '')}".strip()
    return Customer(
        id=str(number) if number else None,
        email=billing.get("email") or None,
        phone=billing.get("phone") or None,
        name=name or None,
    )


def _line(item: dict[str, Any], currency: str) -> Line:
    tax = _minor(item["total_tax"], currency)
    return Line(
        id=str(item["id"]),
        product=str(item["product_id"]) if item.get("product_id") else None,
        name=item.get("name"),
        quantity=Decimal(item["quantity"]),
        amount=_minor(item["total"], currency) + tax,
        tax=tax,
    )


def _gross(part: dict[str, Any], currency: str) -> int:
    return _minor(part["total"], currency) + _minor(part.get("total_tax") or "0", currency)


def _minor(text: str, currency: str) -> int:
    """Read a sum such as "178.20"; taxes may carry more decimals than the currency: half up."""
    value = Decimal(text)
    if not value.is_finite() or value.adjusted() > MOST_DIGITS:
        msg = f"{text!r} is no sum"
        raise Unreadable(msg)
    return half_up(value.scaleb(exponent(currency)))


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _optional(text: str | None) -> datetime | None:
    return _instant(text) if text else None
