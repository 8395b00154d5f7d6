"""PUT, GET and DELETE of orders, as shops call them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.partners.service import NewPartner, create

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World

ORDER: dict[str, Any] = {
    "number": "A-1001",
    "status": "paid",
    "version": 3,
    "updated_at": "2026-11-22T10:00:00+03:00",
    "created_at": "2026-11-22T09:58:00+03:00",
    "currency": "RUB",
    "customer": {"id": "77", "email": "gleb@example.org", "phone": "+79161234567", "name": "Gleb"},
    "lines": [
        {
            "id": "1",
            "product": "lamp-1",
            "name": "Lamp",
            "category": "lamps",
            "quantity": "2",
            "price": "1000.00",
            "discount": "100.00",
            "tax": "0.00",
            "promo": False,
        }
    ],
    "shipping": "300.00",
    "coupons": ["SPRING"],
    "partner_code": "ANNA10",
}


@pytest.fixture
def lampa(app: App, world: World) -> Merchant:
    """Lampa, with the partner Anna."""
    with app.app_context(), world.lampa.scope():
        create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    return world.lampa


def said(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(ORDER) | changes


def put(client: FlaskClient, lampa: Merchant, body: Any, external_id: str = "A1001") -> Any:
    return client.put(f"/api/v1/orders/{external_id}", json=body, headers=lampa.bearer)


def test_the_answer_carries_the_six_partner_fields_and_why(
    client: FlaskClient, lampa: Merchant
) -> None:
    answer = put(client, lampa, said())
    assert answer.status_code == 200
    found = answer.get_json()
    assert (found["id"], found["state"], found["reason"], found["bonus"]) == (
        "A1001",
        "agreed",
        None,
        None,
    )
    deal = found["deal"]
    assert deal["id"].startswith("dl_")
    assert deal["partner"] == {"refcode": "anna", "name": "Anna"}
    assert (deal["promo_code"], deal["refcode"], deal["terms"]) == (
        "ANNA10",
        "anna",
        "Base terms v1",
    )
    assert (deal["commission"], deal["available_at"]) == ("190.00", None)
    [share] = deal["shares"]
    assert (share["level"], share["refcode"], share["amount"], share["bucket"]) == (
        1,
        "anna",
        "190.00",
        "pending",
    )
    assert "10%" in share["why"]
    assert client.get("/api/v1/orders/A1001", headers=lampa.bearer).get_json() == found


def test_an_order_without_a_partner_says_why(client: FlaskClient, lampa: Merchant) -> None:
    found = put(client, lampa, said(partner_code=None)).get_json()
    assert (found["deal"], found["reason"]) == (None, "no_claim")


def test_an_unmapped_word_is_kept_and_moves_no_state(client: FlaskClient, lampa: Merchant) -> None:
    put(client, lampa, said())
    found = put(client, lampa, said(status="packing", version=4)).get_json()
    assert (found["status"], found["state"]) == ("packing", "agreed")


def test_deleting_cancels_and_a_stranger_sees_nothing(
    client: FlaskClient, lampa: Merchant, world: World
) -> None:
    put(client, lampa, said())
    assert client.delete("/api/v1/orders/A1001", headers=world.kniga.bearer).status_code == 404
    gone = client.delete("/api/v1/orders/A1001", headers=lampa.bearer)
    assert (gone.status_code, gone.get_json()["state"]) == (200, "cancelled")
    assert gone.get_json()["deal"]["commission"] == "0.00"
    assert client.delete("/api/v1/orders/B7", headers=lampa.bearer).status_code == 404


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a number where a sum stands": ({"shipping": 300}, "shipping"),
    "an exponent": ({"shipping": "1e3"}, "shipping"),
    "NaN as text": ({"shipping": "NaN"}, "shipping"),
    "an underscore": ({"shipping": "1_000"}, "shipping"),
    "full-width digits": ({"shipping": "１００"}, "shipping"),
    "a sign": ({"shipping": "-1.00"}, "shipping"),
    "too many decimals": ({"shipping": "1.005"}, "shipping"),
    "too much": ({"shipping": "92233720368547758.08"}, "shipping"),
    "more than an order may be": (
        {"lines": [{"id": "1", "quantity": "1", "price": "1000000000000.01"}]},
        "lines.0.amount",
    ),
    "more than an order may be, in all": ({"shipping": "1000000000000.00"}, "lines"),
    "another currency": ({"currency": "USD"}, "currency"),
    "no status": ({"status": ""}, "status"),
    "a time without offset": ({"updated_at": "2026-11-22T10:00:00"}, "updated_at"),
    "a day that is none": ({"created_at": "2026-02-30T10:00:00Z"}, "created_at"),
    "bonuses before loyalty": ({"bonus": {"spend": "1.00"}}, "bonus.spend"),
    "a refund above the order": (
        {"refunds": [{"id": "r", "amount": "2200.01"}]},
        "refunds.0.amount",
    ),
    "a refund of no line": (
        {"refunds": [{"id": "r", "lines": [{"line": "9", "amount": "1.00"}]}]},
        "refunds.0.lines.0.line",
    ),
    "an empty quantity": (
        {"lines": [{"id": "1", "quantity": "0", "price": "1.00"}]},
        "lines.0.quantity",
    ),
    "a discount above the line": (
        {"lines": [{"id": "1", "quantity": "1", "price": "1.00", "discount": "1.01"}]},
        "lines.0.discount",
    ),
    "no price": ({"lines": [{"id": "1", "quantity": "1"}]}, "lines.0.price"),
    "two lines of one id": (
        {
            "lines": [
                {"id": "1", "quantity": "1", "price": "1.00"},
                {"id": "1", "quantity": "1", "price": "1.00"},
            ]
        },
        "lines.1.id",
    ),
    "a version that is text": ({"version": "3"}, "version"),
    "lines that are none": ({"lines": None}, "lines"),
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"created_at": "22.11.2026"}, "a time such as 2026-11-22T10:00:00+03:00"),
        ({"customer": "gleb"}, "Input should be an object"),
    ],
)
def test_what_is_wrong_is_said_in_words_of_the_interface(
    client: FlaskClient, lampa: Merchant, changes: dict[str, Any], words: str
) -> None:
    """No names of our classes, no words of the library that reads them."""
    errors = put(client, lampa, said(**changes)).get_json()["errors"]
    assert [error["message"] for error in errors] == [words]


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_taken_is_named_by_its_field(
    client: FlaskClient, lampa: Merchant, name: str
) -> None:
    changes, field = WRONG[name]
    answer = put(client, lampa, said(**changes))
    assert answer.status_code == 422, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    assert field in {error["field"] for error in answer.get_json()["errors"]}
    assert client.get("/api/v1/orders/A1001", headers=lampa.bearer).status_code == 404


BODIES = {
    "NaN": b'{"status": NaN}',
    "an infinite number": b'{"version": 1e400}',
    "a key twice": b'{"status": "a", "status": "b"}',
    "half a document": b'{"status": ',
    "bad UTF-8": b'{"status": "\xff"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a list": b"[]",
    "null": b"null",
    "a lone surrogate": b'{"status": "\\ud800"}',
    "NUL": b'{"status": "a\\u0000"}',
    "a deep nest": b'{"status": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
}


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_no_sound_json_are_refused(
    client: FlaskClient, lampa: Merchant, name: str
) -> None:
    answer = client.put(
        "/api/v1/orders/A1001",
        data=BODIES[name],
        content_type="application/json",
        headers=lampa.bearer,
    )
    assert answer.status_code in {400, 415, 422}, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"


def test_a_body_above_a_mebibyte_is_refused(client: FlaskClient, lampa: Merchant) -> None:
    answer = put(client, lampa, said(entry="x" * 2**20))
    assert answer.status_code == 413


def test_ids_are_the_shops_own_up_to_128_characters(client: FlaskClient, lampa: Merchant) -> None:
    assert put(client, lampa, said(), "заказ №7 €").status_code == 200
    assert put(client, lampa, said(), "x" * 129).status_code == 422


def test_an_id_may_have_a_slash_inside(client: FlaskClient, lampa: Merchant) -> None:
    assert put(client, lampa, said(), "2026%2F11").get_json()["id"] == "2026/11"
    for kind in ("orders", "deals"):
        found = client.get(f"/api/v1/{kind}/2026%2F11", headers=lampa.bearer)
        assert found.status_code == 200
    assert put(client, lampa, said(), "A1001/").status_code == 404


def test_an_id_that_is_no_utf8_is_refused(client: FlaskClient, lampa: Merchant) -> None:
    assert put(client, lampa, said(), "%FF").status_code == 422


def test_deals_are_listed_page_by_page(client: FlaskClient, lampa: Merchant) -> None:
    for number in range(3):
        put(client, lampa, said(), f"A{number}")
    first = client.get("/api/v1/deals?limit=2", headers=lampa.bearer).get_json()
    second = client.get(
        f"/api/v1/deals?limit=2&cursor={first['next']}", headers=lampa.bearer
    ).get_json()
    assert [d["order"] for d in first["items"] + second["items"]] == ["A2", "A1", "A0"]
    assert second["next"] is None
    assert client.get("/api/v1/deals/A1", headers=lampa.bearer).get_json()["commission"] == "190.00"
    for limit in ("0", "201", "", "0001999", "0001" + "9" * 20):
        wrong = client.get(f"/api/v1/deals?limit={limit}", headers=lampa.bearer)
        assert wrong.status_code == 422
