"""InSales, after its documentation: unsigned notices, a REST interface with a budget, fields on orders."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.errors import DomainError
from app.intake.shops import connections, insales
from app.intake.shops.connections import Keys
from app.intake.shops.insales.reading import CARD
from tests.shops.fake_rest import Answer, Refused, RestDesk, RestShop, Send, at_rest_desk

if TYPE_CHECKING:
    from app.application import App

KEY, PASSWORD = "0123abcd", "fedc9876"
STATUSES = [
    ("novyy", "Новый", "new"),
    ("soglasovan", "Согласован", "approved"),
    ("dostavlen", "Доставлен", "delivered"),
    ("otmenen", "Отменён", "declined"),
    ("vozvrat", "Возврат", "returned"),
]
MEANS = {permalink: system for permalink, _title, system in STATUSES}


class FakeInsales(RestShop):
    """Counts calls as the shop does, lists what changed by time and number, and signs nothing."""

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.orders: dict[int, dict[str, Any]] = {}
        self.hooks: dict[int, dict[str, Any]] = {}
        self.fields: list[dict[str, Any]] = []
        self.codes = {5: "ANNA10", 6: "BORIS5"}
        self.number = 100
        self.left = 500
        self.may_make_fields = True

    def next(self) -> int:
        self.number += 1
        return self.number

    def at(self) -> str:
        return self.now().isoformat(timespec="milliseconds")

    def place_order(self, price: str = "500.0", code: int | None = None, **changed: Any) -> int:
        number, now = self.next(), self.at()
        self.orders[number] = {
            "id": number, "number": number + 1000, "created_at": now, "updated_at": now,
            "paid_at": None, "delivered_at": None, "financial_status": "pending",
            "fulfillment_status": "new", "currency_code": "RUR", "total_price": float(price),
            "delivery_price": 0.0, "full_delivery_price": 0.0,
            "custom_status": {"permalink": "novyy", "title": "Новый", "system_status": "new"},
            "order_lines": [{"id": self.next(), "product_id": 7, "title": "Lamp", "quantity": 1,
                             "sale_price": float(price), "total_price": float(price)}],
            "discounts": [{"id": 1, "discount_code_id": code, "amount": 0.0}] if code else [],
            "client": {"id": 77, "name": "Gleb", "surname": "P", "email": "gleb@example.org", "phone": "+79161234567"},
            "fields_values": [], "shipping_address": {"address": "Street 1"}, **changed,
        }  # fmt: skip
        self.tell("orders/create", number)
        return number

    def change(self, number: int, **changed: Any) -> None:
        self.wait()
        self.orders[number].update({**changed, "updated_at": self.at()})
        self.tell("orders/update", number)

    def status(self, number: int, permalink: str, **changed: Any) -> None:
        own = {"permalink": permalink, "title": permalink, "system_status": MEANS[permalink]}
        self.change(number, custom_status=own, fulfillment_status=MEANS[permalink], **changed)

    def remove(self, number: int) -> None:
        said = self.orders.pop(number)
        for hook in self.hooks.values():
            if hook["topic"] == "orders/destroy":
                self.waiting.append((hook["address"], said))

    def tell(self, topic: str, number: int) -> None:
        for hook in self.hooks.values():
            if hook["topic"] == topic:
                self.waiting.append((hook["address"], deepcopy(self.orders[number])))

    def check(self, headers: dict[str, str]) -> None:
        plain = f"{KEY}:{PASSWORD}".encode()
        if headers.get("Authorization") != f"Basic {base64.b64encode(plain).decode()}":
            raise Refused(401)
        self.left -= 1
        if self.left < 0:
            raise Refused(503, Retry_After="240", API_Usage_Limit="500/500")

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> Answer:
        assert path.startswith("/admin/")
        assert path.endswith(".json")
        name, *rest = path.removeprefix("/admin/").removesuffix(".json").split("/")
        said = getattr(self, f"_{name}")(method, rest, query, body)
        return 201 if method == "POST" else 200, said, {"API-Usage-Limit": f"{500 - self.left}/500"}

    def _orders(self, method: str, rest: list[str], query: dict[str, str], body: Any) -> Any:
        if not rest:
            return self._listed(query)
        if int(rest[0]) not in self.orders:
            raise Refused(404)
        order = self.orders[int(rest[0])]
        if method == "PUT":
            known = {each["handle"]: each for each in order["fields_values"]}
            for each in body["order"]["fields_values_attributes"]:
                known[each["handle"]] = {"id": 1, "field_id": 2, "type": "Field::TextField", **each}
            order["fields_values"] = list(known.values())
            self.change(order["id"])
        return deepcopy(order)

    def _listed(self, query: dict[str, str]) -> Any:
        found = sorted(self.orders.values(), key=lambda o: (o["updated_at"], o["id"]))
        if since := query.get("updated_since"):
            assert since.endswith(" UTC")
            moment = since.removesuffix(" UTC").replace(" ", "T")
            behind = int(query.get("from_id", 0))
            found = [
                o for o in found
                if (o["updated_at"][:23], o["id"]) > (moment.ljust(19) if "." in moment else f"{moment}.000", behind)
            ]  # fmt: skip
        size = int(query.get("per_page", 10))
        start = (int(query.get("page", 1)) - 1) * size
        return deepcopy(found[start : start + size])

    def _discount_codes(self, _m: str, rest: list[str], _q: dict[str, str], _b: Any) -> Any:
        return {"id": int(rest[0]), "code": self.codes[int(rest[0])]}

    def _products(self, _m: str, rest: list[str], _q: dict[str, str], _b: Any) -> Any:
        return {
            "id": int(rest[0]),
            "title": "Lamp",
            "variants": [{"price": "500.0"}],
            "collections_ids": [3],
        }

    def _collections(self, *_asked: Any) -> Any:
        return [
            {"id": 1, "title": "All", "parent_id": None},
            {"id": 3, "title": "Lamps", "parent_id": 1},
        ]

    def _custom_statuses(self, *_asked: Any) -> Any:
        return [{"permalink": p, "title": t, "system_status": s} for p, t, s in STATUSES]

    def _fields(self, method: str, _rest: list[str], _q: dict[str, str], body: Any) -> Any:
        if method == "POST":
            if not self.may_make_fields:
                raise Refused(403)
            self.fields.append({"id": self.next(), **body["field"]})
            return self.fields[-1]
        return self.fields

    def _webhooks(self, method: str, rest: list[str], _q: dict[str, str], body: Any) -> Any:
        if method == "DELETE":
            self.hooks.pop(int(rest[0]))
            return {"status": "ok"}
        if method == "POST":
            hook = body["webhook"]
            if any(
                (h["address"], h["topic"]) == (hook["address"], hook["topic"])
                for h in self.hooks.values()
            ):
                raise Refused(422)
            number = self.next()
            self.hooks[number] = {"id": number, **hook}
            return self.hooks[number]
        return list(self.hooks.values())


@pytest.fixture
def desk(app: App) -> Iterator[RestDesk]:
    with at_rest_desk(app, "insales", FakeInsales, Keys("", KEY, PASSWORD)) as made:
        yield made


def explain(desk: RestDesk) -> None:
    """The merchant confirms what the shop's states mean."""
    said = {each["word"]: each["state"] for each in desk.health()["statuses"]}

    def act() -> None:
        connections.explain(connections.find(desk.public_id), said)

    desk.do(act)


def test_connecting_makes_hooks_and_fields_once_and_names_the_states(desk: RestDesk) -> None:
    desk.connect(f"{desk.shop.url}/admin/orders")
    desk.sweep()
    hooks = sorted(h["topic"] for h in desk.shop.hooks.values())
    assert hooks == ["orders/create", "orders/destroy", "orders/update"]
    assert [f["handle"] for f in desk.shop.fields] == list(CARD.values())
    assert ("dostavlen", "completed") in {
        (s["word"], s["state"]) for s in desk.health()["statuses"]
    }


def test_an_order_lives_from_notice_to_return(desk: RestDesk) -> None:
    desk.connect()
    explain(desk)
    shop = desk.shop
    number = shop.place_order(code=5)
    desk.settle()
    name = str(number)
    assert desk.orders()[name] == ("registered", 50000, [])
    assert desk.partner(name) == "Anna"
    shop.change(number, financial_status="paid", paid_at=shop.at())
    desk.settle()
    assert desk.orders()[name] == ("agreed", 50000, [(5000, 0)])
    shop.status(number, "dostavlen", delivered_at=shop.at())
    desk.settle()
    assert desk.orders()[name][0] == "completed"
    shop.status(number, "vozvrat")
    desk.settle()
    assert desk.orders()[name] == ("refunded", 50000, [])


def test_a_discount_on_the_whole_order_and_delivery_are_in_what_was_paid(desk: RestDesk) -> None:
    desk.connect()
    lines = [
        {"id": n, "product_id": n, "title": "x", "quantity": 2, "sale_price": 100.0} for n in (1, 2)
    ]
    number = desk.shop.place_order(
        order_lines=lines,
        total_price=430.0,
        full_delivery_price=50.0,
        financial_status="paid",
        code=5,
    )
    desk.settle()
    assert desk.orders()[str(number)] == ("agreed", 43000, [(1900, 0), (1900, 0)])


def test_a_notice_with_another_sum_in_it_is_only_a_reason_to_ask(desk: RestDesk) -> None:
    """Nothing is signed: even with the secret in the address, what it says is not believed."""
    desk.connect()
    number = desk.shop.place_order(code=5, financial_status="paid")
    desk.settle()
    before = desk.orders()
    [address] = {h["address"] for h in desk.shop.hooks.values()}
    later = (desk.shop.now() + timedelta(hours=1)).isoformat(timespec="milliseconds")
    forged = {**desk.shop.orders[number], "total_price": 1.0, "updated_at": later}
    assert desk.take(address, json.dumps(forged).encode(), {}) == 200
    desk.settle()
    assert desk.orders() == before
    for guess in (address.partition("?")[0], address[:-1], address + "x"):
        assert desk.take(guess, json.dumps(forged).encode(), {}) == 403


def test_six_fields_are_written_once_and_a_code_typed_there_makes_the_deal(desk: RestDesk) -> None:
    desk.connect()
    number = desk.shop.place_order(financial_status="paid")
    desk.settle()
    assert desk.partner(str(number)) is None
    typed = {"handle": "partner_promo_code", "value": "boris5"}
    desk.shop.change(number, fields_values=[typed])
    desk.settle()
    assert desk.partner(str(number)) == "Boris"
    puts = [each for each in desk.shop.writes() if each[0] == "PUT"]
    fields = insales.reading.fields_of(desk.shop.orders[number])
    assert (fields["partner_refcode"], fields["partner_commission"]) == ("boris", "50.00")
    desk.shop.change(number)
    desk.settle()
    desk.sweep()
    assert [each for each in desk.shop.writes() if each[0] == "PUT"] == puts, (
        "an echo writes nothing"
    )
    assert desk.partner(str(number)) == "Boris"


def test_what_notices_lost_the_sweep_finds_and_what_is_gone_too(desk: RestDesk) -> None:
    desk.connect()
    shop = desk.shop
    shop.lose = True
    numbers = [shop.place_order(code=5, financial_status="paid") for _n in range(3)]
    desk.settle()
    assert desk.orders() == {}
    desk.sweep()
    assert {name: booked for name, (_s, _t, booked) in desk.orders().items()} == {
        str(n): [(5000, 0)] for n in numbers
    }
    shop.remove(numbers[0])
    desk.settle()
    desk.sweep()
    assert desk.orders()[str(numbers[0])][0] == "cancelled"


def test_a_mass_change_of_one_instant_is_paged_by_numbers(desk: RestDesk) -> None:
    desk.connect()
    shop = desk.shop
    shop.lose = True
    at = shop.at()
    for _n in range(205):
        number = shop.place_order()
        shop.orders[number].update(updated_at=at, order_lines=[], total_price=0.0)
    shop.waiting.clear()
    desk.sweep()
    assert len(desk.orders()) == 205


def test_a_shop_that_asks_for_patience_is_let_be(desk: RestDesk) -> None:
    desk.connect()
    desk.shop.place_order(financial_status="paid", code=5)
    desk.shop.left = 0
    desk.settle()
    assert desk.orders() == {}
    calls = len(desk.shop.asked)
    desk.shop.left = 500
    desk.settle()
    assert len(desk.shop.asked) == calls, "not before it said so"


def test_without_the_right_to_make_fields_orders_still_come(desk: RestDesk) -> None:
    desk.shop.may_make_fields = False
    desk.connect()
    desk.shop.place_order(financial_status="paid", code=5)
    desk.settle()
    assert [state for state, _t, _b in desk.orders().values()] == ["agreed"]


def test_wrong_keys_are_told_at_their_field(desk: RestDesk) -> None:
    keys = Keys(desk.shop.url, KEY, "wrong")
    with desk.app.app_context(), desk.lampa.scope(), pytest.raises(DomainError) as told:
        connections.try_keys("insales", keys)
    assert told.value.errors[0].field == "key"


def test_closing_removes_our_hooks(desk: RestDesk) -> None:
    desk.connect()
    assert desk.shop.hooks
    desk.do(lambda: connections.close(connections.find(desk.public_id)))
    desk.settle()
    assert desk.shop.hooks == {}
    assert desk.shop.fields, "what was written into orders stays"
