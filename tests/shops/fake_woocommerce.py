"""A WooCommerce shop over HTTP on loopback, after its documentation and recorded traffic.

It checks OAuth 1.0a signatures with another library than ours, answers the REST interface as version 3
does, counts in seconds, merges and reorders its notifications, builds their bodies when they leave, tries
each once, and switches a hook off after the seventh failure in a row.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.shops.fake_people import Answer
from tests.shops.fake_woo_rest import KEY, SECRET, Refused, Rest

__all__ = ["KEY", "SECRET", "Answer", "FakeShop", "Refused"]
SEVEN = 7
WORDS = {
    "pending": "Pending payment", "processing": "Processing", "on-hold": "On hold",
    "completed": "Completed", "cancelled": "Cancelled", "refunded": "Refunded",
    "failed": "Failed", "checkout-draft": "Draft",
}  # fmt: skip
Send = Callable[[str, bytes, dict[str, str]], int]


@dataclass
class FakeShop(Rest):
    """The shop's state, and what its owner and customers do in it."""

    send: Send
    currency: str = "USD"
    orders: dict[int, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    products: dict[int, dict[str, Any]] = field(default_factory=dict)
    categories: dict[int, dict[str, Any]] = field(default_factory=dict)
    customers: dict[int, dict[str, Any]] = field(default_factory=dict)
    coupons: dict[int, dict[str, Any]] = field(default_factory=dict)
    written: dict[int, dict[str, Any]] = field(default_factory=dict)
    hooks: dict[int, dict[str, Any]] = field(default_factory=dict)
    waiting: list[tuple[int, int]] = field(default_factory=list)  # hook, subject
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    troubles: list[Answer] = field(default_factory=list)
    later: dict[int, tuple[str, int, Answer]] = field(default_factory=dict)
    read_only: bool = False
    lose: bool = False  # notifications are lost
    swallow: int = 0  # writes that are done and whose answers are lost
    folder: str = ""  # that WordPress is in
    plain: bool = False  # permalinks: /wp-json/ is not there
    moves_to: str = ""  # the folder that every call is sent to
    hours: int = 3  # of the shop's clock before Greenwich
    words: dict[str, str] = field(default_factory=lambda: dict(WORDS))  # of orders' states
    nonces: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.number = 1000
        self.moved = timedelta(0)
        self.failures: dict[int, int] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *said: Any) -> None:
                """Say nothing."""

            def _do(self) -> None:
                outer.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = _do  # noqa: N815

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.place = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.place}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    # --- what people do in the shop

    def now(self) -> str:
        return (datetime.now(UTC) + self.moved).strftime("%Y-%m-%dT%H:%M:%S")

    def wait(self, seconds: int = 2) -> None:
        """Let time pass in the shop, which counts in seconds."""
        self.moved += timedelta(seconds=seconds)

    def next(self) -> int:
        self.number += 1
        return self.number

    def add_product(self, name: str, price: str, category: str | None = None, **more: Any) -> int:
        number = self.next()
        found = [c for c in self.categories.values() if c["name"] == category]
        self.products[number] = {
            "id": number, "name": name, "price": price, "on_sale": False, "status": "publish",
            "catalog_visibility": "visible", "permalink": f"https://shop.example/{number}",
            "date_modified_gmt": self.now(), "parent_id": 0,
            "categories": [{"id": c["id"], "name": c["name"]} for c in found], **more,
        }  # fmt: skip
        return number

    def add_category(self, name: str, parent: int = 0) -> int:
        number = self.next()
        self.categories[number] = {"id": number, "name": name, "parent": parent}
        return number

    def place_order(
        self,
        product: int,
        total: str = "100.00",
        tax: str = "0.00",
        *,
        status: str = "processing",
        coupon: str | None = None,
        meta: dict[str, str] | None = None,
    ) -> int:
        """Let somebody buy one thing; the second notification leaves before the first."""
        number, now = self.next(), self.now()
        self.orders[number] = {
            "id": number, "number": str(number), "status": status, "currency": self.currency,
            "date_created_gmt": now, "date_modified_gmt": now, "date_completed_gmt": None,
            "date_paid_gmt": None, "customer_id": 0, "order_key": f"wc_order_{number}",
            "total": total, "billing": {"first_name": "Ivan", "last_name": "Petrov",
            "email": "ivan@example.test", "phone": "+12135550100", "address_1": "1 Main"},
            "customer_ip_address": "127.0.0.1", "is_editable": status in {"pending", "on-hold"},
            "line_items": [{"id": self.next(), "name": "Widget", "product_id": product,
                            "variation_id": 0, "quantity": 1, "subtotal": total,
                            "total": total, "total_tax": tax, "price": 12.5, "sku": "A1"}],
            "shipping_lines": [], "fee_lines": [], "refunds": [],
            "coupon_lines": [{"id": self.next(), "code": coupon.lower(), "discount": "0",
                              "nominal_amount": 10}] if coupon else [],
            "meta_data": [{"id": self.next(), "key": k, "value": v} for k, v in (meta or {}).items()],
        }  # fmt: skip
        self.tell("order.updated", number)
        self.tell("order.created", number)
        return number

    def change(self, number: int, status: str) -> None:
        order = self.orders[number]
        order["status"] = status
        if status == "completed":
            order["date_completed_gmt"] = order["date_paid_gmt"] = self.now()
        self.touch(number)

    def touch(self, number: int) -> None:
        self.orders[number]["date_modified_gmt"] = self.now()
        self.tell("order.updated", number)

    def type_on_card(self, number: int, key: str, value: str) -> None:
        """Staff fill in a field on the order's card."""
        self._meta(self.orders[number], key, value)
        self.touch(number)

    def apply_coupon(self, number: int, code: str) -> None:
        self.orders[number]["coupon_lines"].append({"id": self.next(), "code": code.lower()})
        self.touch(number)

    def refund(
        self, number: int, amount: str, line: tuple[str, str] | None = None, shipping: str = ""
    ) -> None:
        """Give money back: by sum, or of the first line (total, tax), or of the shipping."""
        order, made = self.orders[number], self.next()
        first = order["line_items"][0]
        items = []
        if line is not None:
            items = [{"id": self.next(), "quantity": -1, "total": f"-{line[0]}", "total_tax": f"-{line[1]}",
                      "product_id": first["product_id"],
                      "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": str(first["id"])}]}]  # fmt: skip
        ships = [{"id": 1, "total": f"-{shipping}", "total_tax": "0.00"}] if shipping else []
        self.refunds.setdefault(number, []).append(
            {
                "id": made,
                "amount": amount,
                "line_items": items,
                "shipping_lines": ships,
                "fee_lines": [],
            }
        )
        order["refunds"].append({"id": made, "reason": "", "total": f"-{amount}"})
        self.touch(number)

    def trash(self, number: int) -> None:
        order = self.orders[number]
        order["before"], order["status"] = order["status"], "trash"
        order["date_modified_gmt"] = self.now()
        self.tell("order.deleted", number)

    def restore(self, number: int) -> None:
        order = self.orders[number]
        order["status"], order["date_modified_gmt"] = order.pop("before"), self.now()
        self.tell("order.restored", number)

    def delete_for_good(self, number: int) -> None:
        del self.orders[number]  # tells nobody

    def card(self, number: int) -> dict[str, str]:
        """Return the partner fields of an order."""
        return {
            m["key"]: m["value"]
            for m in self.orders[number]["meta_data"]
            if m["key"].startswith("partner_")
        }

    def fail_at(self, needle: str, nth: int, trouble: Answer) -> None:
        """Answer the nth call from now on whose address holds this with a trouble."""
        self.later[len(self.later)] = (needle, nth, trouble)

    # --- notifications

    def tell(self, topic: str, number: int) -> None:
        """Schedule a notification; several of one hook and order become one."""
        for hook in self.hooks.values():
            if (
                hook["topic"] == topic
                and hook["status"] == "active"
                and (hook["id"], number) not in self.waiting
            ):
                self.waiting.append((hook["id"], number))

    def deliver(self) -> int:
        """Send what waits, once each, with bodies built now; return how many were sent."""
        count = 0
        while self.waiting:
            hook_id, number = self.waiting.pop(0)
            hook = self.hooks.get(hook_id)
            if self.lose or hook is None or hook["status"] != "active":
                continue
            known = (self.orders, self.products, self.customers)
            order = next((each[number] for each in known if number in each), None)
            gone = hook["topic"] == "order.deleted"
            if order is None or (order.get("status") == "trash" and not gone):
                continue
            body = json.dumps({"id": number} if gone else order).encode()
            self.post(hook, body)
            count += 1
        return count

    def post(self, hook: dict[str, Any], body: bytes) -> int:
        digest = hmac.new(hook["secret"].encode(), body, hashlib.sha256).digest()
        second = f"{hook['id']}{self.now()}".encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.1)",
            "X-WC-Webhook-Source": f"{self.url}/",
            "X-WC-Webhook-Topic": hook["topic"],
            "X-WC-Webhook-Resource": hook["topic"].partition(".")[0],
            "X-WC-Webhook-Event": hook["topic"].partition(".")[2],
            "X-WC-Webhook-Signature": base64.b64encode(digest).decode(),
            "X-WC-Webhook-ID": str(hook["id"]),
            "X-WC-Webhook-Delivery-ID": hashlib.md5(second, usedforsecurity=False).hexdigest(),
        }
        status = self.send(hook["delivery_url"], body, headers)
        self.sent.append(
            {"topic": hook["topic"], "body": body, "headers": headers, "status": status}
        )
        failed = 0 if 200 <= status < 300 else self.failures.get(hook["id"], 0) + 1
        self.failures[hook["id"]] = failed
        if failed >= SEVEN:
            hook["status"] = "disabled"
        return status
