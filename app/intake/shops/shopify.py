"""Shopify: signed webhooks with the whole order in them.

What a delivery means its body says, which is signed, and not its topic, which is not. Orders carry their
refunds, so a refund is read from the order's own update; the notice of the refund itself tells nothing more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l

from app.intake.shops import Nothing, OrderGone, OrderSaid, Said, Unreadable
from app.intake.shops.figures import BAD, instant, minor, needed, optional, read_json, sound, text
from app.money import split
from app.orders.rules import Customer, Line, Refund, RefundLine, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

kind: str = "shopify"
title: str = "Shopify"
words: Mapping[str, str] = {
    "pending": "registered",
    "authorized": "registered",
    "partially_paid": "registered",
    "paid": "agreed",
    "fulfilled": "completed",
    "archived": "completed",
    "cancelled": "cancelled",
    "voided": "cancelled",
    "expired": "cancelled",
    "refunded": "refunded",
}
asks: tuple[str, ...] = ()
hints: Mapping[str, Any] = {
    "hook": _l(
        "Open the channel, and you have its delivery address. In Shopify: Settings, Notifications, Webhooks: make"
        " webhooks in JSON for order creation, update, payment, cancellation and deletion with that address."
        " Shopify then shows a signing secret: paste it on the channel's page under Secret."
    ),
    "hook.secret": _l(
        "The signing secret that Shopify shows under its webhooks. It may follow later."
    ),
}
offers: frozenset[str] = frozenset()
SIGNATURE, TOPIC = "x-shopify-hmac-sha256", "x-shopify-topic"
CLICK, REF, CODE = "partnerka_click", "ref", "partner_code"  # note attributes of a cart
MOVED = frozenset({"paid", "partially_refunded"})


def is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """Return False: Shopify signs its trial messages, too."""
    return False


def verify(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Return True when X-Shopify-Hmac-SHA256 is the base64 HMAC-SHA256 of the raw body."""
    digest = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return hmac.compare_digest(digest, headers.get(SIGNATURE, "").encode("utf-8", "replace"))


def topic(headers: Mapping[str, str]) -> str:
    """Return the delivery's topic, such as orders/updated; it is not signed, and proves nothing."""
    return headers.get(TOPIC, "")[:100]


def parse(topic: str, body: bytes, currency: str) -> Said:
    """Read an order as it stands; what is about something else says nothing."""
    external_id = None
    try:
        said = read_json(body)
        if set(said) == {"id"} and topic == "orders/delete":
            return OrderGone(_number(said["id"]))
        if "line_items" not in said or "financial_status" not in said or said.get("test"):
            return Nothing()
        external_id = _number(said["id"])
        return OrderSaid(external_id, _snapshot(said, currency))
    except Unreadable as error:
        raise Unreadable(str(error), external_id) from error
    except BAD as error:
        msg = f"no order of this shop: {type(error).__name__}: {error}"
        raise Unreadable(msg, external_id) from error


def _number(said: Any) -> str:
    if isinstance(said, bool) or not isinstance(said, int):
        raise Unreadable("the id is no number")
    return str(said)


def _snapshot(said: dict[str, Any], currency: str) -> Snapshot:
    if said["currency"] != currency:
        msg = f"the order is in {said['currency']}, the merchant's currency is {currency}"
        raise Unreadable(msg)
    taxed = bool(said.get("taxes_included"))
    reader = _Reader(currency, taxed=taxed)
    refunds = [reader.refund(each) for each in said.get("refunds") or () if not _failed(each)]
    back = sum(each.shipping for each in refunds)
    notes = _notes(said.get("note_attributes"))
    return sound(
        Snapshot(
            status=status_of(said),
            currency=currency,
            number=text(said.get("name")) or str(said["id"]),
            created_at=instant(said["created_at"]),
            updated_at=instant(said["updated_at"]),
            customer=_customer(said),
            lines=tuple(reader.line(each) for each in said["line_items"]),
            shipping=max(
                sum(reader.worth(s, 1) for s in said.get("shipping_lines") or ()) - back, 0
            ),
            coupons=tuple(str(each["code"]) for each in said.get("discount_codes") or ()),
            completed_at=optional(said.get("closed_at")) if status_of(said) == "archived" else None,
            click=notes.get(CLICK),
            ref=notes.get(REF),
            partner_code=notes.get(CODE),
            entry=_entry(said),
            refunds=tuple(part for each in refunds for part in each.parts),
        )
    )


def status_of(said: Mapping[str, Any]) -> str:
    """Return one word for where an order stands, of the several that Shopify has."""
    money = str(said.get("financial_status") or "pending")
    if said.get("cancelled_at"):
        return "cancelled"
    if money not in MOVED:
        return money
    if said.get("fulfillment_status") == "fulfilled":
        return "fulfilled"
    return "archived" if said.get("closed_at") else "paid"


class _Given:
    """One refund: its parts in line value, and what of it was shipping."""

    def __init__(self, parts: Iterable[Refund], shipping: int) -> None:
        self.parts, self.shipping = tuple(parts), shipping


class _Reader:
    """Reads the sums of one order; `taxed`: prices contain the tax."""

    def __init__(self, currency: str, *, taxed: bool) -> None:
        self.currency, self.taxed = currency, taxed

    def worth(self, said: Mapping[str, Any], quantity: int) -> int:
        """Return what a row is worth: after discounts, with tax."""
        price = needed(said["price"], self.currency) * quantity
        off = sum(self.sum(each["amount"]) for each in said.get("discount_allocations") or ())
        return price - off + (0 if self.taxed else self.tax(said))

    def tax(self, said: Mapping[str, Any]) -> int:
        return sum(self.sum(each["price"]) for each in said.get("tax_lines") or ())

    def sum(self, said: Any) -> int:
        return minor(said, self.currency)

    def line(self, said: Mapping[str, Any]) -> Line:
        return Line(
            id=_number(said["id"]),
            product=text(said.get("product_id")),
            name=text(said.get("title")) or text(said.get("name")),
            quantity=Decimal(int(said["quantity"])),
            amount=self.worth(said, int(said["quantity"])),
            tax=self.tax(said),
        )

    def refund(self, said: Mapping[str, Any]) -> _Given:
        """Read a refund: lines with their sums, and what was given back beyond them or kept of them."""
        number = _number(said["id"])
        rows = [
            (str(r["line_item_id"]), self._back(r)) for r in said.get("refund_line_items") or ()
        ]
        rows = [row for row in rows if row[1] > 0]
        shipping = beyond = 0
        for each in said.get("order_adjustments") or ():
            amount = -self.sum(each["amount"]) - self.sum(each.get("tax_amount"))
            if each.get("kind") == "shipping_refund":
                shipping += amount
            else:
                beyond += amount
        if beyond < 0 and rows:  # taken back, and not all of it paid out
            paid = max(sum(amount for _line, amount in rows) + beyond, 0)
            rows = list(
                zip((line for line, _a in rows), split(paid, [a for _l, a in rows]), strict=True)
            )
        return _Given(self._parts(number, rows, beyond), shipping)

    @staticmethod
    def _parts(number: str, rows: Sequence[tuple[str, int]], beyond: int) -> Iterable[Refund]:
        sums: dict[str, int] = {}
        for line, amount in rows:
            sums[line] = sums.get(line, 0) + amount
        lines = tuple(
            RefundLine(line=line, amount=amount) for line, amount in sums.items() if amount
        )
        if lines:
            yield Refund(id=number, lines=lines)
        if beyond > 0:
            yield Refund(id=f"{number}-rest" if lines else number, amount=beyond)

    def _back(self, said: Mapping[str, Any]) -> int:
        return needed(said["subtotal"], self.currency) + (
            0 if self.taxed else self.sum(said.get("total_tax"))
        )


def _failed(said: Mapping[str, Any]) -> bool:
    """Tell whether no money of a refund has moved, though it was to."""
    moves = [each.get("status") for each in said.get("transactions") or ()]
    return bool(moves) and all(status in {"failure", "error"} for status in moves)


def _notes(said: Any) -> dict[str, str]:
    found = {str(each["name"]): text(each.get("value"), 4000) for each in said or ()}
    return {name: value for name, value in found.items() if value}


def _customer(said: Mapping[str, Any]) -> Customer:
    who = said.get("customer") or {}
    name = f"{who.get('first_name') or ''} {who.get('last_name') or ''}".strip()
    return Customer(
        id=text(who.get("id")),
        email=text(said.get("email")) or text(who.get("email")),
        phone=text(said.get("phone")) or text(who.get("phone")),
        name=name or None,
    )


def _entry(said: Mapping[str, Any]) -> str | None:
    """Return the first page of the visit, which Shopify writes without its host."""
    landing = text(said.get("landing_site"), 3000)
    if landing is None or "://" in landing:
        return landing
    host = urlsplit(str(said.get("order_status_url") or "")).netloc
    return f"https://{host or 'shop'}{landing}"
