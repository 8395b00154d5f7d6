"""Every field of an order with a value that no shop should send, of every kind: read rightly, or set aside.

Nothing else ever comes of it: no other exception, no minutes of reckoning, no goods for nothing.
"""

from __future__ import annotations

import json
import time
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.intake.shops import (
    FETCHED,
    Listener,
    OrderSaid,
    Unreadable,
    bitrix,
    ecwid,
    insales,
    prestashop,
    shopify,
    signed,
    tilda,
    woocommerce,
)
from app.intake.shops.bitrix.reading import trimmed
from app.intake.shops.woocommerce import asking as woo
from app.orders.rules import (
    Message,
    State,
    absorb,
    folded_from_json,
    folded_to_json,
    order_total,
    unkeepable,
)
from tests.shops.senders import AT, shopify_order
from tests.shops.test_bitrix_traps import item, order, payment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

FOLDER = Path(__file__).parent / "woocommerce"
WOO = woo.trimmed(json.loads(json.loads((FOLDER / "010_order.updated.json").read_text())["raw"]))
REFUNDS = json.loads((FOLDER / "refunds_partial.json").read_text())
SECONDS = 1795000000
SHOPIFY = json.loads(
    shopify_order(
        1001, "500.00",
        refunds=[{"id": 5, "refund_line_items": [{"line_item_id": 1, "subtotal": "50.00", "total_tax": "0"}],
                  "order_adjustments": [{"amount": "-3.00", "tax_amount": "0", "kind": "shipping_refund"}],
                  "transactions": [{"status": "success"}]}],
        shipping_lines=[{"price": "10.00", "discount_allocations": [{"amount": "1.00"}], "tax_lines": []}],
    )
)  # fmt: skip
TILDA = {
    "Name": "Gleb", "Email": "gleb@example.org",
    "payment": {"orderid": "1", "amount": "490", "promocode": "ANNA10", "delivery_price": "10", "discount": "20",
                "systranid": "ch", "currency": "RUB",
                "products": [{"name": "Lamp", "quantity": "1", "price": "500", "externalid": "7"}]},
}  # fmt: skip
SIGNED = {
    "id": "A-1", "status": "paid", "currency": "RUB", "created_at": AT, "updated_at": AT, "coupons": ["ANNA10"],
    "customer": {"id": "77", "email": "gleb@example.org"}, "shipping": "10.00",
    "lines": [{"id": "1", "product": "7", "quantity": "2", "price": "950.00", "discount": "1.00"}],
    "refunds": [{"id": "r1", "amount": "90.00"}],
}  # fmt: skip
BITRIX = trimmed(
    order(payments=[payment(1, 1000, paid="Y", datePaid=AT), payment(2, 480, isReturn="Y")],
          clients=[{"entityId": 5, "entityTypeId": 3, "isPrimary": "Y"}],
          basketItems=[item(discountCoupon="ANNA10", basePrice=1000)]), {},
)  # fmt: skip
INSALES = {
    "order": {
        "id": 5, "number": 1005, "created_at": AT, "updated_at": AT, "paid_at": AT, "delivered_at": None,
        "financial_status": "paid", "fulfillment_status": "new", "currency_code": "RUR", "total_price": 510.0,
        "delivery_price": 10.0, "full_delivery_price": 10.0,
        "custom_status": {"permalink": "novyy", "system_status": "new"},
        "order_lines": [{"id": 9, "product_id": 7, "title": "Lamp", "quantity": 1, "sale_price": 500.0}],
        "client": {"id": 77, "name": "Gleb", "email": "gleb@example.org", "phone": "+79161234567"},
        "fields_values": [{"handle": "partner_promo_code", "value": "x"}],
    },
    "codes": ["ANNA10"],
}  # fmt: skip
ECWID = {
    "order": {
        "id": "K1", "vendorOrderNumber": "K1", "total": 510.0, "email": "gleb@example.org", "customerId": 77,
        "paymentStatus": "PAID", "fulfillmentStatus": "SHIPPED", "createTimestamp": SECONDS,
        "updateTimestamp": SECONDS, "items": [{"id": 9, "productId": 7, "name": "Lamp", "quantity": 1, "price": 500}],
        "shippingOption": {"shippingRate": 10}, "billingPerson": {"name": "Gleb", "phone": "+7"},
        "refunds": [{"amount": 10}], "discountCoupon": {"code": "ANNA10"}, "extraFields": {},
    },
    "currency": "RUB",
}  # fmt: skip
PRESTA = {
    "order": {
        "id": "6", "reference": "REF", "current_state": "2", "total_discounts_tax_incl": "10.000000",
        "total_paid_tax_incl": "95.000000", "total_products_wt": "100.000000", "note": "",
        "total_shipping_tax_incl": "5.000000", "total_wrapping_tax_incl": "0.000000",
        "rows": [{"id": "16", "product": "1", "name": "Lamp", "quantity": "1", "unit": "100.000000",
                  "unit_without_tax": "80.000000", "promo": False}],
    },
    "currency": "USD", "times": {"created": AT, "updated": AT, "paid": None},
    "vouchers": [{"id": "1", "code": "ANNA10", "value": "10.000000", "free_shipping": False, "product": "0",
                  "gift": ""}],
    "slips": [{"id": "1", "amount": "9.0", "shipping": "1", "lines": [{"line": "16", "amount": "9.0"}]}],
    "customer": {"id": "1", "email": "gleb@example.org", "name": "Gleb", "phone": "", "group": "g"},
}  # fmt: skip
KINDS: dict[str, tuple[Listener, str, Any, str]] = {
    "woocommerce": (woocommerce, "order.updated", WOO, "USD"),
    "woocommerce, fetched": (woocommerce, FETCHED, {"order": WOO, "refunds": REFUNDS}, "USD"),
    "shopify": (shopify, "orders/updated", SHOPIFY, "RUB"),
    "tilda": (tilda, "order", TILDA, "RUB"),
    "signed": (signed, "order", SIGNED, "RUB"),
    "bitrix": (bitrix, FETCHED, BITRIX, "RUB"),
    "insales": (insales, FETCHED, INSALES, "RUB"),
    "ecwid": (ecwid, FETCHED, ECWID, "RUB"),
    "prestashop": (prestashop, FETCHED, PRESTA, "USD"),
}
MARK = "@odd@"
# As they stand in a body: numbers of a few characters that would fill the memory, and what is no number.
RAW = (
    "null", '""', "[]", "{}", "true", "false", "-1", '"-1"', str(2**63), str(10**30), "1" * 5000, "1e5",
    "1e-9999999", "1e9999999", "1e-999999999999", "1e99999999999999999999", "NaN", "Infinity", "-Infinity",
    '"1e-9999999"', '"1e9999999"', '"1e99999999999999999999"', '"1,5"', '"1_000"', '"\u0661\u0662"', '"NaN"',
    '"\\u0000"', '"\\ud800"', '"2026-13-45"', '"9999-12-31T23:59:59-23:00"', '"0001-01-01T00:00:00+23:00"',
    "[0, [1, 2], 0]", "[null]", "[[]]", "[{}]", '{"a": 1}', '"%s"' % ("x" * 9000),
)  # fmt: skip
NO_SUM = ("null", '""', "[]", "{}", "true", "NaN", '"1,5"', '"1_000"', '"\u0661\u0662"', '"NaN"',
          "[0, [1, 2], 0]", "1e-9999999", '"1e9999999"')  # fmt: skip
# What no order is without: where it is no sum, the order is not read.
NEEDED = {
    "woocommerce": ["line_items.0.total", "line_items.0.total_tax", "line_items.0.quantity"],
    "woocommerce, fetched": ["order.line_items.0.total", "order.line_items.0.quantity"],
    "shopify": ["line_items.0.price", "refunds.0.refund_line_items.0.subtotal"],
    "bitrix": ["order.price", "order.basketItems.0.price", "order.basketItems.0.quantity"],
    "insales": ["order.total_price", "order.order_lines.0.sale_price", "order.order_lines.0.quantity"],
    "ecwid": ["order.total", "order.items.0.price", "order.items.0.quantity", "order.refunds.0.amount"],
    "prestashop": ["order.rows.0.unit", "order.rows.0.quantity"],
    "signed": ["lines.0.price", "lines.0.quantity", "refunds.0.amount"],
}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2])
    for step, each in inner:
        if isinstance(each, dict | list):
            yield from places(each, (*path, step))
        else:
            yield (*path, step)


def changed(value: Any, path: tuple[Any, ...], odd: str) -> bytes:
    whole = [deepcopy(value)]
    at: Any = whole
    for one, following in zip((0, *path), (*path, None), strict=True):
        if following is None:
            at[one] = MARK
        else:
            at = at[one]
    return json.dumps(whole[0], default=str).replace(f'"{MARK}"', odd).encode()


def read(kind: str, body: bytes) -> OrderSaid | None:
    """Read a body as the worker does; None: it was set aside, or says nothing of an order."""
    shop, topic, _base, currency = KINDS[kind]
    try:
        said = shop.parse(topic, body, currency)
    except Unreadable:
        return None
    if not isinstance(said, OrderSaid) or unkeepable(said.snapshot, said.external_id):
        return None
    return said


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_stands_in_a_field_an_order_is_read_or_set_aside_and_soon(
    app: App, kind: str
) -> None:
    base, taken = KINDS[kind][2], 0
    with app.test_request_context():
        for path in places(base):
            for odd in RAW:
                began = time.process_time()
                said = read(kind, changed(base, path, odd))
                if said is not None:  # and then it can be booked
                    message = Message(said.snapshot, datetime.now(UTC), State.AGREED)
                    stored = json.loads(json.dumps(folded_to_json(absorb(None, message))))
                    assert order_total(folded_from_json(stored).snapshot) >= 0
                    taken += 1
                assert time.process_time() - began < 5, f"{path}: {odd[:40]}"
    assert taken > 50, "most fields decide nothing"


@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize(
    ("kind", "place"), [(kind, place) for kind, found in NEEDED.items() for place in found]
)
def test_a_sum_that_is_none_sets_the_order_aside(app: App, kind: str, place: str) -> None:
    base = KINDS[kind][2]
    path = tuple(int(step) if step.isdecimal() else step for step in place.split("."))
    with app.test_request_context():
        assert read(kind, json.dumps(base, default=str).encode()) is not None
        taken = [odd for odd in NO_SUM if read(kind, changed(base, path, odd)) is not None]
    assert taken == []


@pytest.mark.parametrize("kind", ["insales", "ecwid", "tilda"])
def test_an_order_that_costs_less_than_nothing_is_set_aside(app: App, kind: str) -> None:
    place = {
        "insales": ("order", "total_price"),
        "ecwid": ("order", "total"),
        "tilda": ("payment", "amount"),
    }
    with app.test_request_context():
        assert read(kind, changed(KINDS[kind][2], place[kind], "-1")) is None


def test_a_bitrix_order_that_shows_none_of_its_goods_is_set_aside(app: App) -> None:
    for odd in ("null", "[]", "{}"):
        assert read("bitrix", changed(BITRIX, ("order", "basketItems"), odd)) is None
