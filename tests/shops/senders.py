"""Every kind of shop that calls us: how it signs one order, written from its documentation, not with our code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sqlalchemy import select
from werkzeug.test import Client

from app import jobs
from app.commissions.queries import booked
from app.extensions import db
from app.intake.shops import inbox
from app.orders.models import Order

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

SHARED = "a secret of the shop's own"
AT = "2026-11-22T10:00:00+03:00"


@dataclass(frozen=True)
class Delivery:
    """One call of a shop."""

    headers: dict[str, str]
    body: bytes
    query: str = ""
    signature: str = ""  # the header, or the parameter of the query, that proves it

    def with_signature(self, change: Callable[[str], str]) -> Delivery:
        if self.signature in self.headers:
            said = {**self.headers, self.signature: change(self.headers[self.signature])}
            return replace(self, headers=said)
        name, _sign, value = self.query.partition("=")
        return replace(self, query=f"{name}={change(value)}")

    def without_signature(self) -> Delivery:
        headers = {n: v for n, v in self.headers.items() if n != self.signature}
        return replace(self, headers=headers, query="")


Sign = Callable[[bytes, str], Delivery]


def woocommerce(body: bytes, secret: str) -> Delivery:
    mac = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    name = "X-WC-Webhook-Signature"
    return Delivery({"X-WC-Webhook-Topic": "order.updated", name: mac}, body, signature=name)


def shopify(body: bytes, secret: str) -> Delivery:
    mac = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    name = "X-Shopify-Hmac-SHA256"
    said = {"X-Shopify-Topic": "orders/updated", "X-Shopify-Webhook-Id": "b54557e4", name: mac}
    return Delivery(said, body, signature=name)


def signed(body: bytes, secret: str) -> Delivery:
    stamp = str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = "msg_" + hashlib.sha256(body).hexdigest()[:8]
    mac = hmac.new(key, f"{message}.{stamp}.".encode() + body, hashlib.sha256).digest()
    name = "webhook-signature"
    said = {"webhook-id": message, "webhook-timestamp": stamp,
            name: "v1," + base64.b64encode(mac).decode()}  # fmt: skip
    return Delivery(said, body, signature=name)


def tilda(body: bytes, secret: str) -> Delivery:
    return Delivery(
        {"Content-Type": "application/x-www-form-urlencoded"},
        body,
        urlencode({"key": secret}),
        "key",
    )


def woocommerce_order(number: int, total: str) -> bytes:
    said = {
        "id": number, "number": str(number), "status": "processing", "currency": "RUB",
        "date_created_gmt": "2026-11-22T07:00:00", "date_modified_gmt": "2026-11-22T07:00:00",
        "line_items": [{"id": 1, "name": "Lamp", "product_id": 7, "quantity": 1, "total": total, "total_tax": "0"}],
        "shipping_lines": [], "fee_lines": [], "refunds": [], "coupon_lines": [{"code": "anna10"}], "meta_data": [],
    }  # fmt: skip
    return json.dumps(said).encode()


def shopify_order(number: int, total: str, **changed: Any) -> bytes:
    said = {
        "id": number, "name": f"#{number}", "currency": "RUB", "taxes_included": True, "test": False,
        "created_at": AT, "updated_at": AT, "cancelled_at": None, "closed_at": None,
        "financial_status": "paid", "fulfillment_status": None, "email": "gleb@example.org",
        "customer": {"id": 77, "first_name": "Gleb", "last_name": None},
        "discount_codes": [{"code": "ANNA10", "amount": "0.00", "type": "percentage"}],
        "line_items": [{"id": 1, "product_id": 7, "title": "Lamp", "quantity": 1, "price": total,
                        "discount_allocations": [], "tax_lines": []}],
        "shipping_lines": [], "refunds": [], "note_attributes": [], "landing_site": None, **changed,
    }  # fmt: skip
    return json.dumps(said).encode()


def signed_order(number: int, total: str) -> bytes:
    said = {
        "id": str(number), "status": "paid", "currency": "RUB", "created_at": AT, "updated_at": AT,
        "coupons": ["ANNA10"], "lines": [{"id": "1", "quantity": "1", "price": total}],
    }  # fmt: skip
    return json.dumps(said).encode()


def tilda_order(number: int, total: str) -> bytes:
    return urlencode({
        "Name": "Gleb", "Email": "gleb@example.org", "tranid": "1:2", "payment[orderid]": str(number),
        "payment[amount]": total, "payment[promocode]": "ANNA10", "payment[sys]": "stripe",
        "payment[systranid]": "ch_1", "payment[products][0][name]": "Lamp",
        "payment[products][0][quantity]": "1", "payment[products][0][price]": total,
        "payment[products][0][amount]": total,
    }).encode()  # fmt: skip


KINDS: dict[str, tuple[Sign, Callable[[int, str], bytes]]] = {
    "woocommerce": (woocommerce, woocommerce_order),
    "shopify": (shopify, shopify_order),
    "signed": (signed, signed_order),
    "tilda": (tilda, tilda_order),
}


@dataclass
class Line:
    """An open connection of one kind, by value."""

    app: App
    merchant: Merchant
    kind: str
    public_id: str
    secret: str

    def order(self, number: int = 1001, total: str = "500.00") -> Delivery:
        sign, write = KINDS[self.kind]
        return sign(write(number, total), self.secret)

    def sign(self, body: bytes, secret: str | None = None) -> Delivery:
        return KINDS[self.kind][0](body, secret or self.secret)

    def send(self, delivery: Delivery) -> TestResponse:
        place = f"/hooks/{self.kind}/{self.public_id}"
        client = Client(self.app.extensions["hooks"])
        answer = client.post(
            place, data=delivery.body, headers=delivery.headers, query_string=delivery.query
        )
        with self.app.app_context():
            jobs.drain_inbox()
        return answer

    def orders(self) -> dict[str, tuple[str, int, list[Any]]]:
        with self.app.app_context(), self.merchant.scope():
            found = db.session.scalars(select(Order)).all()
            return {
                o.external_id: (o.state, o.total, sorted(booked([o.id]).values())) for o in found
            }


def open_line(app: App, merchant: Merchant, kind: str) -> Line:
    with app.app_context():
        with merchant.scope():
            given = None if kind == "signed" else f"{SHARED} {merchant.id}"
            connection, secret = inbox.connect(merchant.shop_id, kind, given)
            made = Line(app, merchant, kind, connection.public_id, secret)
        db.session.commit()
    return made
