"""WooCommerce's words: a delivery carries the order as the REST interface shows it, built at delivery.

The pair of id and modification time is what tells deliveries apart; the delivery id is not, for the
shop makes it of the hook and the second. What we fetch is kept with less: only what is read here.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from html import unescape
from typing import TYPE_CHECKING, Any

from app.carts.rules import Seen
from app.intake.shops import (
    FETCHED,
    LISTED,
    Nothing,
    OrderGone,
    OrderSaid,
    Said,
    Unreadable,
    Written,
)
from app.intake.shops.figures import decimal, figure, needed, read_json
from app.intake.shops.woocommerce.people import person_said
from app.intake.shops.woocommerce.shelf import product_said
from app.money import half_up, split
from app.orders.rules import (
    Customer,
    Line,
    Refund,
    RefundLine,
    Snapshot,
    clamp_refunds,
    problems,
)

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
DRAFT = "checkout-draft"  # of the block checkout, before anything is ordered
ENTRY = "_wc_order_attribution_session_entry"
CODE = "partner_promo_code"
CLICK = "partnerka_click"
# Keys without a leading underscore: those are hidden from the card, and staff could not type there.
CARD = {
    "commission": "partner_commission",
    "promo_code": CODE,
    "refcode": "partner_refcode",
    "partner": "partner_name",
    "terms": "partner_terms",
    "deal_id": "partner_deal_id",
}
# Of one second's messages the one that we asked for, with the lines of its refunds, knows most.
KNOWS_MORE = timedelta(milliseconds=1)
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
    """Read what is said of an order, a product or a customer; a body that holds only the id tells of a deletion."""
    if _is_no_more(body) or not topic.startswith(("order.", "product.", "customer.")):
        return Nothing()
    if topic.startswith("product."):
        return product_said(topic, body, currency)
    if topic.startswith("customer."):
        return person_said(topic, body)
    external_id = None
    try:
        said = read_json(body)
        refunds = click = None
        if topic in {FETCHED, LISTED}:
            said, refunds, click = said["order"], said.get("refunds"), said.get("click")
        external_id = str(said["id"])
        # The topic is not signed: a whole order, sent once more under another topic, is no deletion.
        is_bare = topic == "order.deleted" and "line_items" not in said
        if is_bare or (topic == FETCHED and said.get("gone")):
            return OrderGone(external_id)
        if said.get("status") == DRAFT:
            return Nothing()
        snapshot = _snapshot(said, refunds, currency)
        snapshot = replace(snapshot, click=snapshot.click or click)
        seen = _seen(said, currency) if snapshot.coupons else None
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error
    return OrderSaid(
        external_id,
        snapshot,
        card_of(said),
        whole=refunds is not None or not snapshot.refunds,
        seen=seen,
    )


def _is_no_more(body: bytes) -> bool:
    """Whether the shop found, when it built a delivery, that what it is of was deleted: a sweep sees that."""
    if not body.lstrip().startswith(b'{"code":'):
        return False
    try:
        said = read_json(body)
    except (ValueError, RecursionError):
        return False
    return "id" not in said and str(said["code"]).endswith("_invalid_id")


def _snapshot(said: dict[str, Any], refunds: list[Any] | None, currency: str) -> Snapshot:
    if said["currency"] != currency:
        msg = f"the order is in {said['currency']}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    words, back = meta(said), refunds or []
    shipping = _sum(said.get("shipping_lines", []), currency) - _back(
        back, "shipping_lines", currency
    )
    fees = _sum(said.get("fee_lines", []), currency) - _back(back, "fee_lines", currency)
    changed_at = _instant(said["date_modified_gmt"])
    snapshot = Snapshot(
        status=said["status"],
        currency=currency,
        number=str(said["number"]),
        created_at=_instant(said["date_created_gmt"]),
        updated_at=changed_at + KNOWS_MORE if back else changed_at,
        customer=_customer(said),
        lines=_lines(said["line_items"], max(-fees, 0), currency),
        shipping=max(shipping, 0),
        fees=max(fees, 0),
        coupons=tuple(coupon["code"] for coupon in said.get("coupon_lines", [])),
        paid_at=_optional(said.get("date_paid_gmt")),
        completed_at=_optional(said.get("date_completed_gmt")),
        entry=words.get(ENTRY) or None,
        click=words.get(CLICK) or None,
        refunds=_by_sum(said, currency) if refunds is None else _by_line(refunds, said, currency),
    )
    clamped, _changed = clamp_refunds(snapshot)
    found = problems(clamped)
    if found:
        msg = ", ".join(f"{problem.field}: {problem.code}" for problem in found)
        raise Unreadable(msg)
    return clamped


def _seen(said: dict[str, Any], currency: str) -> Seen:
    """Return what each coupon took off, and all of them from each line; taxes are in it."""
    sums: dict[str, int] = {}
    for each in said["coupon_lines"]:
        if each.get("discount") is not None:
            off = _minor(each["discount"], currency)
            sums[each["code"]] = off + _minor(each.get("discount_tax") or "0", currency)
    cuts = {str(item["id"]): _cut(item, currency) for item in said["line_items"]}
    return Seen(sums, cuts)


def _cut(item: dict[str, Any], currency: str) -> int:
    if item.get("subtotal") is None:
        return 0
    before = _minor(item["subtotal"], currency) + _minor(item.get("subtotal_tax") or "0", currency)
    return max(before - _gross(item, currency), 0)


def meta(said: dict[str, Any]) -> dict[str, str]:
    """Return an order's own fields that are text."""
    return {
        m["key"]: m["value"] for m in said.get("meta_data", []) if isinstance(m.get("value"), str)
    }


def card_of(said: dict[str, Any]) -> Written:
    """Return what stands on the card where staff may type."""
    words = {name: meta(said).get(key, "").strip() or None for name, key in CARD.items()}
    return Written(words["promo_code"], words["refcode"], words["terms"])


def _by_sum(said: dict[str, Any], currency: str) -> tuple[Refund, ...]:
    """Read refunds as the order itself names them: by their sums."""
    return tuple(
        Refund(id=str(r["id"]), amount=abs(_minor(r["total"], currency)))
        for r in sorted(said.get("refunds", []), key=lambda r: int(r["id"]))
    )


def _by_line(refunds: list[Any], said: dict[str, Any], currency: str) -> tuple[Refund, ...]:
    """Read refunds with their lines; what none of them names is given back by its sum.

    Their lines are negative, and name the line of the order in `_refunded_item_id`. Shipping and fees
    that were given back are no refunds here: the order has so much less of them.
    """
    found: list[Refund] = []
    free = {str(item["id"]) for item in said["line_items"] if not _gross(item, currency)}
    for each in sorted(refunds, key=lambda r: int(r["id"])):
        number, whole = str(each["id"]), abs(_minor(each["amount"], currency))
        parts = [
            part for item in each.get("line_items", []) if (part := _part(item, free, currency))
        ]
        named = sum(part.amount or 0 for part in parts)
        named += _sum(each.get("shipping_lines", []), currency, back=True)
        named += _sum(each.get("fee_lines", []), currency, back=True)
        if parts:
            found.append(Refund(id=number, lines=tuple(parts)))
        if whole > named:
            found.append(Refund(id=f"{number}-rest" if parts else number, amount=whole - named))
    return tuple(found)


def _part(item: dict[str, Any], free: set[str], currency: str) -> RefundLine | None:
    line = next(
        (str(m["value"]) for m in item["meta_data"] if m["key"] == "_refunded_item_id"), None
    )
    amount, quantity = abs(_gross(item, currency)), abs(decimal(item.get("quantity")))
    if line in free and not amount and quantity:
        return RefundLine(line=line, quantity=quantity)  # nothing was paid for it in money
    return RefundLine(line=line, amount=amount) if line and amount else None


def _back(refunds: list[Any], name: str, currency: str) -> int:
    return sum(_sum(each.get(name, []), currency, back=True) for each in refunds)


def _sum(parts: list[Any], currency: str, *, back: bool = False) -> int:
    total = sum((_gross(part, currency) for part in parts), 0)
    return abs(total) if back else total


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


def _lines(items: list[Any], off: int, currency: str) -> tuple[Line, ...]:
    """Read the goods; a fee below nothing is a discount, and takes from each line its share."""
    worth = [max(_gross(item, currency), 0) for item in items]
    cuts = split(min(off, sum(worth)), worth)
    return tuple(_line(item, cut, currency) for item, cut in zip(items, cuts, strict=True))


def _line(item: dict[str, Any], cut: int, currency: str) -> Line:
    net, tax = _minor(item["total"], currency), _minor(item["total_tax"], currency)
    amount = net + tax - cut
    if cut:
        tax = half_up(Fraction(tax * amount, net + tax))
    return Line(
        id=str(item["id"]),
        product=str(item["product_id"]) if item.get("product_id") else None,
        name=_name(item.get("name")),
        quantity=figure(item["quantity"]),
        amount=amount,
        tax=tax,
    )


def _name(said: Any) -> Any:
    return unescape(said) if isinstance(said, str) else said


def _gross(part: dict[str, Any], currency: str) -> int:
    return _minor(part["total"], currency) + _minor(part.get("total_tax") or "0", currency)


def _minor(text: str, currency: str) -> int:
    """Read a sum such as "178.20"; taxes may carry more decimals than the currency: half up."""
    return needed(text, currency)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _optional(text: str | None) -> datetime | None:
    return _instant(text) if text else None
