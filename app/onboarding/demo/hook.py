"""The second merchant's shop speaks as WooCommerce does: signed deliveries into the inbox."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC
from typing import TYPE_CHECKING, Any

from app import crypto
from app.intake.shops import inbox, reception, woocommerce
from app.money import to_decimal_string
from app.orders.rules import line_value
from app.orders.rules.message import refund_total
from app.tenants import queries as tenants

if TYPE_CHECKING:
    from datetime import datetime

    from app.onboarding.demo.sales import Telling
    from app.orders.rules import Snapshot


def deliver(telling: Telling) -> None:
    """Send one message of the shop through its webhook, and book it at once, as the inbox's loop does."""
    _send(_order(telling))


def deliver_abroad(telling: Telling) -> None:
    """Send an order in a currency that is not the merchant's: it is parked, and shown to him."""
    _send(_order(telling) | {"id": 990001, "number": "990001", "currency": "EUR"})


def _send(order: dict[str, Any]) -> None:
    _receive(json.dumps(order, ensure_ascii=False).encode())
    for inbox_id in inbox.due():
        inbox.work(only=inbox_id)


def _receive(body: bytes) -> None:
    connection = tenants.connections(woocommerce.kind)[0]
    secret = crypto.open_sealed(connection.secret)
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    headers = {
        "x-wc-webhook-topic": "order.updated",
        "x-wc-webhook-signature": base64.b64encode(digest).decode(),
    }
    reception.receive(woocommerce.kind, connection.public_id, headers, body)


def _order(telling: Telling) -> dict[str, Any]:
    said = telling.snapshot
    first, _, last = (said.customer.name or "").partition(" ")
    return {
        "id": int(telling.external_id),
        "number": telling.external_id,
        "status": said.status,
        "currency": said.currency,
        "date_created_gmt": _gmt(said.created_at),
        "date_modified_gmt": _gmt(telling.at),
        "date_paid_gmt": _gmt(said.paid_at),
        "date_completed_gmt": _gmt(said.completed_at),
        "customer_id": int(said.customer.id or 0),
        "billing": {
            "first_name": first,
            "last_name": last,
            "email": said.customer.email,
            "phone": said.customer.phone or "",
        },
        "line_items": [
            {
                "id": int(line.id),
                "product_id": int(line.product or 0),
                "name": line.name,
                "quantity": int(line.quantity),
                "total": _sum(said, line_value(line)),
                "total_tax": "0.00",
            }
            for line in said.lines
        ],
        "shipping_lines": [{"total": _sum(said, said.shipping), "total_tax": "0.00"}],
        "fee_lines": [],
        "coupon_lines": [{"code": code} for code in said.coupons],
        "refunds": [
            {"id": 1, "total": f"-{_sum(said, refund_total(said))}"} for _refund in said.refunds
        ],
        "meta_data": [{"key": key, "value": value} for key, value in _meta(said).items() if value],
    }


def _meta(said: Snapshot) -> dict[str, str | None]:
    return {
        woocommerce.CLICK: said.click,
        woocommerce.CODE: said.partner_code,
        woocommerce.ENTRY: said.entry,
    }


def _sum(said: Snapshot, minor: int) -> str:
    return to_decimal_string(minor, said.currency)


def _gmt(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if at else None
