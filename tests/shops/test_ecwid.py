"""Ecwid, after its documentation: notices of which two fields are signed, and a REST interface by token."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import DomainError
from app.extensions import db
from app.intake.shops import connections, inbox
from app.intake.shops.connections import Keys
from tests.shops.fake_rest import Answer, Refused, RestDesk, RestShop, Send, at_rest_desk

if TYPE_CHECKING:
    from app.application import App

STORE, TOKEN, CLIENT = "1003", "secret_4BeRa", "client-secret-of-the-app"
ROOT = f"/api/v3/{STORE}/"


class FakeEcwid(RestShop):
    """Lists newest first, as the shop does, and signs the time and the id of a notice alone."""

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.orders: dict[str, dict[str, Any]] = {}
        self.number = 100
        self.hook = ""

    def seconds(self) -> int:
        return int(self.now().timestamp())

    def place_order(self, price: float = 500.0, code: str | None = None, **changed: Any) -> str:
        self.number += 1
        name, now = f"K{self.number}", self.seconds()
        self.orders[name] = {
            "id": name, "internalId": self.number, "orderNumber": self.number, "vendorOrderNumber": name,
            "total": price, "subtotal": price, "tax": 0, "email": "gleb@example.org", "customerId": 77,
            "paymentStatus": "PAID", "fulfillmentStatus": "AWAITING_PROCESSING",
            "createTimestamp": now, "updateTimestamp": now, "refundedAmount": 0, "ipAddress": "127.0.0.1",
            "items": [{"id": self.number * 10, "productId": 7, "name": "Lamp", "quantity": 1, "price": price}],
            "shippingOption": {"shippingMethodName": "Post", "shippingRate": 0},
            "billingPerson": {"name": "Gleb", "phone": "+79161234567", "street": "Street 1"},
            **({"discountCoupon": {"name": "x", "code": code}} if code else {}), **changed,
        }  # fmt: skip
        self.tell("order.created", name)
        return name

    def change(self, name: str, **changed: Any) -> None:
        self.wait()
        self.orders[name].update({**changed, "updateTimestamp": self.seconds()})
        self.tell("order.updated", name)

    def remove(self, name: str) -> None:
        self.tell("order.deleted", name)
        del self.orders[name]

    def tell(self, kind: str, name: str) -> None:
        order = self.orders[name]
        said = {"eventId": f"e-{name}-{len(self.waiting)}", "eventCreated": self.seconds(), "storeId": 1003,
                "entityId": order["internalId"], "eventType": kind, "data": {"orderId": name}}  # fmt: skip
        self.waiting.append((self.hook, said))

    def deliver(self) -> int:
        sent, self.waiting = self.waiting, []
        for address, said in sent:
            if address and not self.lose:
                self.send(
                    f"{address}?eventtype={said['eventType']}",
                    json.dumps(said).encode(),
                    signed(said),
                )
        return len(sent)

    def check(self, headers: dict[str, str]) -> None:
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refused(403, {"errorCode": "TOKEN_NOT_FOUND"})

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        if not path.startswith(ROOT):
            raise Refused(404)
        name, *rest = path.removeprefix(ROOT).split("/")
        if name == "orders" and rest:
            found = [o for o in self.orders.values() if rest[0] in {o["id"], str(o["internalId"])}]
            if not found:
                raise Refused(404, {"errorMessage": "Order not found"})
            return 200, deepcopy(found[0]), {}
        return 200, getattr(self, f"_{name}")(query), {}

    def _orders(self, query: dict[str, str]) -> Any:
        found = sorted(self.orders.values(), key=lambda o: (-o["createTimestamp"], o["id"]))
        if "updatedFrom" in query:
            found = [o for o in found if o["updateTimestamp"] >= int(query["updatedFrom"])]
        if "updatedTo" in query:
            found = [o for o in found if o["updateTimestamp"] <= int(query["updatedTo"]) + 3600]
        if "ids" in query:
            found = [o for o in found if o["id"] in query["ids"].split(",")]
        start, size = int(query.get("offset", 0)), int(query.get("limit", 100))
        shown = deepcopy(found[start : start + size])
        return {
            "total": len(found),
            "count": len(shown),
            "offset": start,
            "limit": size,
            "items": shown,
        }

    def _products(self, query: dict[str, str]) -> Any:
        items = [{"id": int(n), "name": "Lamp", "price": 500, "enabled": True, "categoryIds": [3]}
                 for n in query["productId"].split(",")]  # fmt: skip
        return {"total": len(items), "items": items}

    def _categories(self, _query: dict[str, str]) -> Any:
        return {"total": 1, "items": [{"id": 3, "name": "Lamps"}]}

    def _profile(self, _query: dict[str, str]) -> Any:
        return {"formatsAndUnits": {"currency": "RUB", "timezone": "Europe/Moscow"}}


def signed(said: dict[str, Any], secret: str = CLIENT) -> dict[str, str]:
    text = f"{said['eventCreated']}.{said['eventId']}".encode()
    mac = base64.b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()
    return {"Content-Type": "application/json", "X-Ecwid-Webhook-Signature": mac}


@pytest.fixture
def desk(app: App) -> Iterator[RestDesk]:
    """Connected as the page says: the channel first, with the client secret, then the token."""
    with at_rest_desk(app, "ecwid", FakeEcwid, Keys("", STORE, TOKEN)) as made:
        with app.app_context(), made.lampa.scope():
            connection, _secret = inbox.connect(made.lampa.shop_id, "ecwid", CLIENT)
            made.shop.hook = connections.hook_of(connection)
            db.session.commit()
        made.connect()
        yield made


def test_an_order_lives_from_notice_to_refund(desk: RestDesk) -> None:
    shop = desk.shop
    name = shop.place_order(code="ANNA10", paymentStatus="AWAITING_PAYMENT")
    desk.settle()
    assert desk.orders()[name] == ("registered", 50000, [])
    assert desk.partner(name) == "Anna"
    shop.change(name, paymentStatus="PAID")
    desk.settle()
    assert desk.orders()[name] == ("agreed", 50000, [(5000, 0)])
    shop.change(name, fulfillmentStatus="DELIVERED")
    desk.settle()
    assert desk.orders()[name][0] == "completed"
    shop.change(
        name,
        paymentStatus="PARTIALLY_REFUNDED",
        refunds=[{"amount": 100.0, "date": "x"}],
        refundedAmount=100.0,
    )
    desk.settle()
    assert desk.orders()[name] == ("completed", 40000, [(4000, 0)])
    shop.change(name, paymentStatus="REFUNDED")
    desk.settle()
    assert desk.orders()[name] == ("refunded", 40000, [])
    again = shop.place_order(code="ANNA10")
    desk.settle()
    shop.remove(again)
    desk.settle()
    assert desk.orders()[again][0] == "cancelled"


def test_discounts_shipping_and_gift_cards_come_to_what_was_paid(desk: RestDesk) -> None:
    name = desk.shop.place_order(
        code="ANNA10", total=380.0, totalBeforeGiftCardRedemption=480.0,
        shippingOption={"shippingRate": 30.0},
    )  # fmt: skip
    desk.settle()
    assert desk.orders()[name] == ("agreed", 48000, [(4500, 0)])


def test_a_body_that_was_tampered_with_is_only_a_reason_to_ask(desk: RestDesk) -> None:
    """The signature does not hold the body: what is there is never believed."""
    name = desk.shop.place_order(code="ANNA10")
    notice = desk.shop.waiting[0][1]
    desk.settle()
    before = desk.orders()
    for change in ({"eventType": "order.deleted"}, {"data": {"orderId": name, "newPaymentStatus": "REFUNDED"}},
                   {"data": {"orderId": "nobody's"}}, {"entityId": 5, "data": None}):  # fmt: skip
        body = json.dumps({**notice, **change}).encode()
        assert desk.take(desk.shop.hook, body, signed(notice)) == 200
        desk.settle()
        assert desk.orders() == before


FORGED: dict[str, Any] = {
    "no signature": {}, "an empty one": {"X-Ecwid-Webhook-Signature": ""},
    "of another secret": signed({"eventCreated": 1, "eventId": "e"}, "another"),
    "of another notice": signed({"eventCreated": 2, "eventId": "e"}),
    "a truncated one": {n: v[:-4] for n, v in signed({"eventCreated": 1, "eventId": "e"}).items()},
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_f19_a_forged_notice_asks_the_shop_nothing(desk: RestDesk, name: str) -> None:
    desk.shop.place_order(code="ANNA10")
    desk.shop.waiting.clear()
    said = {
        "eventCreated": 1,
        "eventId": "e",
        "eventType": "order.created",
        "data": {"orderId": "K101"},
    }
    calls = len(desk.shop.asked)
    assert desk.take(desk.shop.hook, json.dumps(said).encode(), FORGED[name]) == 403
    assert desk.take(desk.shop.hook, b"{}", signed(said)) == 403
    assert desk.take(desk.shop.hook, b"", signed(said)) == 403
    desk.settle()
    assert (len(desk.shop.asked), desk.orders()) == (calls, {})


def test_what_notices_lost_the_sweep_finds_over_many_pages(desk: RestDesk) -> None:
    shop = desk.shop
    shop.lose = True
    names = [shop.place_order(items=[], total=0.0) for _n in range(230)]
    desk.sweep()
    assert set(desk.orders()) == set(names)
    gone = shop.place_order(code="ANNA10")
    desk.sweep()
    shop.remove(gone)
    desk.settle()
    desk.sweep()
    desk.sweep()
    desk.sweep()
    assert desk.orders()[gone][0] == "cancelled"


def test_an_abandoned_cart_is_no_order(desk: RestDesk) -> None:
    desk.shop.place_order(paymentStatus="INCOMPLETE")
    desk.settle()
    assert desk.orders() == {}


def test_a_wrong_token_is_told_and_a_foreign_address_refused(desk: RestDesk) -> None:
    for keys, field in (
        (Keys(f"{desk.shop.url}{ROOT[:-1]}", STORE, "wrong"), "key"),
        (Keys(f"{desk.shop.url}/nothing", STORE, TOKEN), "address"),
    ):
        with desk.app.app_context(), desk.lampa.scope(), pytest.raises(DomainError) as told:
            connections.try_keys("ecwid", keys)
        assert told.value.errors[0].field == field
