"""Products and customers of a shop with values that none should send: taken, or set aside; nothing stands still."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import Client

from app import jobs
from app.intake.shops import connections
from tests.shops.scene import Desk
from tests.shops.senders import woocommerce, woocommerce_order
from tests.shops.test_odd_values import RAW, changed, places

PRODUCT = {
    "id": 7, "name": "Lamp", "permalink": "https://shop.example/lamp", "price": "100.00", "on_sale": False,
    "status": "publish", "catalog_visibility": "visible", "parent_id": 0,
    "categories": [{"id": 3, "name": "Light", "slug": "light"}],
}  # fmt: skip
CUSTOMER = {
    "id": 77, "email": "gleb@example.org", "first_name": "Gleb", "last_name": "P", "role": "customer",
    "date_created_gmt": "2026-11-22T07:00:00", "billing": {"phone": "+79161234567", "email": "gleb@example.org"},
    "meta_data": [{"id": 1, "key": "birthday", "value": "1990-01-01"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "base"), [("product.updated", PRODUCT), ("customer.updated", CUSTOMER)]
)
def test_whatever_a_product_or_a_customer_says_nothing_stands_still(
    desk: Desk, topic: str, base: dict[str, Any]
) -> None:
    desk.connect()
    secret = desk.do(lambda: connections.open_shop(desk.id)).access.hook_secret
    door = Client(desk.app.extensions["hooks"])

    def send(body: bytes, about: str) -> int:
        made = woocommerce(body, secret)
        said = {**made.headers, "X-WC-Webhook-Topic": about}
        return door.post(
            f"/hooks/woocommerce/{desk.public_id}", data=body, headers=said
        ).status_code

    for path in places(base):
        for odd in RAW:
            assert send(changed(base, path, odd), topic) == 200
    order = json.loads(woocommerce_order(1001, "100.00"))
    assert send(json.dumps({**order, "currency": "USD"}).encode(), "order.updated") == 200
    with desk.app.app_context():
        for _round in range(20):
            jobs.drain_inbox()
    left = desk.one("SELECT count(*) FROM inbox WHERE state = 'waiting'")
    worst = desk.one("SELECT max(problem) FROM inbox WHERE state = 'waiting'")
    assert (left, worst) == (0, None)
    assert desk.orders()["1001"][1] == 10000
