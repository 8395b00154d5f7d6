"""Orders earn by the rules of their time, and give back what they earned, in any order of messages."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.members import queries as members

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

ORDER: dict[str, Any] = {
    "status": "paid",
    "version": 3,
    "updated_at": "2026-11-22T10:00:00+03:00",
    "created_at": "2026-11-22T09:58:00+03:00",
    "currency": "RUB",
    "customer": {"id": "77", "email": "gleb@example.org"},
    "lines": [
        {"id": "1", "product": "lamp-1", "quantity": "2", "price": "1000.00", "discount": "100.00"}
    ],
    "shipping": "300.00",
    "bonus": {"spend": "200.00"},
}


@pytest.fixture
def shop(client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses switched on, the customer 77 has 200."""
    said = client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    assert said.status_code == 200, said.text
    client.put("/api/v1/members/77", json={"name": "Gleb"}, headers=lampa.bearer)
    gift = {"member": "77", "amount": "200.00", "reason": "A present"}
    assert client.post("/api/v1/bonuses", json=gift, headers=lampa.bearer).status_code == 201
    return lampa


def put(client: FlaskClient, shop: Merchant, number: str = "A1", **said: Any) -> Any:
    answer = client.put(f"/api/v1/orders/{number}", json=ORDER | said, headers=shop.bearer)
    assert answer.status_code == 200, answer.text
    return answer.get_json()["bonus"]


def balance(client: FlaskClient, shop: Merchant) -> tuple[str, str]:
    told = client.get("/api/v1/members/77/bonuses", headers=shop.bearer).get_json()
    return told["available"], told["debt"]


def test_the_example_of_the_interface_holds_to_the_kopeck(
    client: FlaskClient, shop: Merchant
) -> None:
    told = put(client, shop)
    assert told["spent"] == "200.00"
    assert told["earn"] == "34.00"
    assert told["receipt"] == [{"line": "1", "quantity": "2", "price": "850.00"}]
    assert balance(client, shop) == ("34.00", "0.00")
    assert put(client, shop) == told, "a replay"
    assert balance(client, shop) == ("34.00", "0.00")


def test_a_new_order_only_promises(client: FlaskClient, shop: Merchant) -> None:
    told = put(client, shop, status="new")
    assert (told["spent"], told["earn"]) == ("200.00", "34.00")
    assert balance(client, shop) == ("0.00", "0.00")


def test_a_cancelled_order_leaves_nothing_behind(client: FlaskClient, shop: Merchant) -> None:
    put(client, shop)
    told = put(client, shop, status="cancelled", version=4)
    assert (told["spent"], told["earn"]) == ("0.00", "0.00")
    assert balance(client, shop) == ("200.00", "0.00")
    put(client, shop, version=5)
    assert balance(client, shop) == ("34.00", "0.00"), "revived"
    client.delete("/api/v1/orders/A1", headers=shop.bearer)
    assert balance(client, shop) == ("200.00", "0.00")


def test_what_was_spent_meanwhile_becomes_a_debt_that_is_paid_first(
    client: FlaskClient, shop: Merchant
) -> None:
    put(client, shop, bonus={"spend": "0.00"})
    assert balance(client, shop) == ("238.00", "0.00")
    put(client, shop, "A2", bonus={"spend": "238.00"})
    put(client, shop, status="cancelled", version=4)
    available, debt = balance(client, shop)
    assert (available, debt) == ("0.00", "4.76"), (
        "38.00 less the 33.24 that the second order earned"
    )


HALF = [{"id": "r1", "lines": [{"line": "1", "quantity": "1", "amount": "950.00"}]}]
MESSAGES: list[dict[str, Any]] = [
    {"status": "new", "version": 1},
    {"status": "paid", "version": 2},
    {"status": "completed", "version": 3, "refunds": HALF},
]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_any_order_of_messages_ends_with_the_same_bonuses(
    client: FlaskClient, shop: Merchant, order: tuple[int, ...]
) -> None:
    for number in (*order, *order):
        put(client, shop, **MESSAGES[number])
    assert balance(client, shop) == ("117.00", "0.00"), "100 given back, 17 of 34 kept"
    put(client, shop, status="refunded", version=9, refunds=HALF)
    assert balance(client, shop) == ("200.00", "0.00")


def test_a_guest_earns_once_he_is_known(client: FlaskClient, shop: Merchant) -> None:
    guest: dict[str, Any] = {"customer": {"email": "gleb@example.org"}, "bonus": None}
    assert put(client, shop, **guest)["earn"] == "0.00"
    put(client, shop, "A2", status="new", bonus={"spend": "0.00"})
    assert balance(client, shop) == ("238.00", "0.00"), "the guest's order is his now"


def test_without_loyalty_nothing_is_said(client: FlaskClient, lampa: Merchant) -> None:
    answer = client.put(
        "/api/v1/orders/A1", json=ORDER | {"bonus": None}, headers=lampa.bearer
    ).get_json()
    assert answer["bonus"] is None


def test_switched_off_nothing_more_is_earned_and_what_was_is_taken_back(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    put(client, shop)
    client.patch("/api/v1/merchant", json={"loyalty": False}, headers=shop.bearer)
    client.put("/api/v1/orders/A2", json=ORDER | {"bonus": None}, headers=shop.bearer)
    assert balance(client, shop) == ("34.00", "0.00")
    said = ORDER | {"status": "cancelled", "version": 8, "bonus": None}
    client.put("/api/v1/orders/A1", json=said, headers=shop.bearer)
    assert balance(client, shop) == ("200.00", "0.00")
    with app.app_context(), shop.scope():
        assert members.by_external(shop.shop_id, "77") is not None
        db.session.rollback()


def test_a_quote_says_what_would_be_earned(client: FlaskClient, shop: Merchant) -> None:
    body = {"member": "77", "lines": ORDER["lines"], "spend": "200.00"}
    told = client.post("/api/v1/quotes", json=body, headers=shop.bearer).get_json()
    assert (told["balance"], told["spend"], told["earn"]) == ("200.00", "200.00", "34.00")
    assert told["payable"] == "1700.00"
