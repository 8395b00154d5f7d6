"""Quotes write nothing; holds are captured or let go, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app.bonuses.models import Hold, LotPart
from app.extensions import db
from app.members.models import Member
from app.tenants.service import make_key
from tests.checkout.shop import balance, open_account, post, put, said

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World

LINES = said()["lines"]


@pytest.fixture
def lampa(world: World) -> Merchant:
    return world.lampa


def quote(client: FlaskClient, lampa: Merchant, **body: Any) -> Any:
    return post(client, lampa, "quotes", {"member": "77", "lines": LINES} | body)


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    return [error["field"] for error in answer.get_json()["errors"]]


def test_a_quote_says_what_may_be_spent_and_how_it_lies(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)
    found = quote(client, lampa, spend="200.00", shipping="300.00")
    assert found.status_code == 200
    assert found.get_json() == {
        "member": "77",
        "balance": "1000.00",
        "max_spend": "1000.00",
        "spend": "200.00",
        "earn": "0.00",
        "payable": "2300.00",
        "consideration": "0.00",
        "lines": [{"line": "1", "discount": "172.72"}, {"line": "2", "discount": "27.28"}],
        "receipt": [
            {"line": "1", "quantity": "2", "price": "863.64"},
            {"line": "2", "quantity": "1", "price": "272.72"},
        ],
        "reasons": [],
    }
    ordered = put(client, lampa, said()).get_json()["bonus"]
    assert ordered["receipt"] == found.get_json()["receipt"]


def test_max_spend_does_not_depend_on_the_wish_and_a_wish_is_cut_to_it(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa, 10**7, spend_percent="50", step=100)
    for wish, spend in ((None, "0.00"), ("10.50", "10.00"), ("99999.00", "1100.00")):
        found = quote(client, lampa, spend=wish).get_json()
        assert (found["max_spend"], found["spend"]) == ("1100.00", spend)


def test_shipping_is_paid_in_bonuses_where_the_program_says_so(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa, 10**7, shipping_spendable=True)
    found = quote(client, lampa, spend="250.00", shipping="300.00").get_json()
    assert found["max_spend"] == "2499.96"  # a kopeck of each unit is kept
    assert found["lines"][2] == {"line": "", "discount": "30.00"}
    assert found["receipt"][2]["price"] == "270.00"
    assert found["payable"] == "2250.00"


def test_categories_of_the_catalogue_and_those_above_them_count(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa, 10**7, category_percents={"light": "10"}, promo_spendable=False)
    for name, body in (
        ("categories/light", {"name": "Light"}),
        ("categories/desk", {"name": "Desk lamps", "parent": "light"}),
        ("products/lamp-1", {"name": "Lamp", "category": "desk"}),
    ):
        made = client.put(f"/api/v1/{name}", json=body, headers=lampa.bearer)
        assert made.status_code == 200, made.text
    lines = [
        {"id": "1", "product": "lamp-1", "quantity": "1", "amount": "100.00"},
        {"id": "2", "category": "desk", "quantity": "1", "amount": "100.00"},
        {"id": "3", "category": "unknown", "quantity": "1", "amount": "100.00"},
        {"id": "4", "promo": True, "quantity": "1", "amount": "100.00"},
    ]
    found = quote(client, lampa, lines=lines, spend="400.00").get_json()
    assert [line["discount"] for line in found["lines"]] == ["10.00", "10.00", "99.99", "0.00"]


def test_a_customer_never_seen_or_not_named_has_nothing_and_a_quote_writes_nothing(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)

    def count() -> list[int | None]:
        with app.app_context(), lampa.scope():
            tables = (Member, Hold, LotPart)
            return [db.session.scalar(select(func.count()).select_from(t)) for t in tables]

    before = count()
    for member in ("nobody", None, "0", ""):
        found = quote(client, lampa, member=member, spend="10.00").get_json()
        assert (found["balance"], found["max_spend"], found["spend"]) == ("0.00", "0.00", "0.00")
        assert found["payable"] == "2200.00"
    quote(client, lampa, spend="200.00")
    assert count() == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"spend": "-1.00"}, "spend"),
        ({"spend": "1.001"}, "spend"),
        ({"spend": 1}, "spend"),
        ({"spend": "NaN"}, "spend"),
        ({"lines": None}, "lines"),
        ({"lines": [{"id": "1", "quantity": "0", "price": "1.00"}]}, "lines.0.quantity"),
        ({"lines": [{"id": "1", "quantity": "1"}]}, "lines.0.price"),
        ({"lines": [LINES[0], LINES[0]]}, "lines.1.id"),
        ({"shipping": "x"}, "shipping"),
        ({"member": "a\x00b"}, "member"),
        ({"member": 7}, "member"),
    ],
)
def test_what_is_no_cart_is_refused_on_its_field(
    app: App, client: FlaskClient, lampa: Merchant, body: Any, field: str
) -> None:
    open_account(app, lampa)
    assert field in fields(quote(client, lampa, **body))


def test_without_loyalty_nothing_is_quoted_or_held(client: FlaskClient, lampa: Merchant) -> None:
    assert quote(client, lampa).status_code == 422
    assert post(client, lampa, "holds", {"member": "77", "spend": "1.00"}).status_code == 422


def test_a_hold_is_spent_by_its_order(app: App, client: FlaskClient, lampa: Merchant) -> None:
    gleb = open_account(app, lampa, 20_000)
    held = post(client, lampa, "holds", {"member": "77", "spend": "200.00", "order": "A1",
                                         "lines": LINES})  # fmt: skip
    assert held.status_code == 201
    found = held.get_json()
    assert (found["state"], found["order"], found["spend"]) == ("held", "A1", "200.00")
    assert found["receipt"][0]["price"] == "863.64"
    assert balance(app, lampa, gleb).available == 0
    order = put(client, lampa, said()).get_json()["bonus"]
    assert (order["spent"], order["held"]) == ("200.00", "0.00")
    again = post(client, lampa, f"holds/{found['id']}/capture")
    assert (again.status_code, again.get_json()["state"]) == (200, "captured")
    assert post(client, lampa, f"holds/{found['id']}/void").status_code == 409
    client.delete("/api/v1/orders/A1", headers=lampa.bearer)
    assert balance(app, lampa, gleb).available == 20_000


def test_an_order_that_spends_another_sum_lets_its_hold_go(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, 20_000)
    held = post(client, lampa, "holds", {"member": "77", "spend": "200.00", "order": "A1"})
    assert put(client, lampa, said("150.00")).get_json()["bonus"]["spent"] == "150.00"
    assert balance(app, lampa, gleb).available == 5_000
    assert post(client, lampa, f"holds/{held.get_json()['id']}/capture").status_code == 409


@pytest.mark.parametrize("first", ["order", "capture"])
def test_a_shop_that_captures_itself_need_not_say_it_in_the_order(
    app: App, client: FlaskClient, lampa: Merchant, first: str
) -> None:
    gleb = open_account(app, lampa)
    held = post(client, lampa, "holds", {"member": "77", "spend": "200.00"}).get_json()
    if first == "order":
        put(client, lampa, said(None))
    captured = post(client, lampa, f"holds/{held['id']}/capture", {"order": "A1"})
    assert (captured.get_json()["state"], captured.get_json()["order"]) == ("captured", "A1")
    found = put(client, lampa, said(None, version=2)).get_json()["bonus"]
    assert (found["spent"], found["receipt"][0]["price"]) == ("200.00", "863.64")
    put(client, lampa, said(None, version=3, status="cancelled"))
    assert balance(app, lampa, gleb).available == 100_000


def test_a_hold_let_go_comes_back_once_and_cannot_be_spent(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa)
    held = post(client, lampa, "holds", {"member": "77", "spend": "200.00"}).get_json()
    for _ in range(2):
        voided = post(client, lampa, f"holds/{held['id']}/void")
        assert (voided.status_code, voided.get_json()["state"]) == (200, "voided")
    assert balance(app, lampa, gleb).available == 100_000
    assert post(client, lampa, f"holds/{held['id']}/capture").status_code == 409


def test_a_new_hold_for_the_order_replaces_the_open_one_and_a_cancelled_order_lets_it_go(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, 20_000)
    for spend in ("200.00", "120.00"):
        held = post(client, lampa, "holds", {"member": "77", "spend": spend, "order": "A1"})
        assert held.status_code == 201
    assert balance(app, lampa, gleb).held == 12_000
    put(client, lampa, said(None, status="cancelled"))
    assert balance(app, lampa, gleb).held == 0


def test_a_hold_above_what_may_be_is_refused(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa, 10**7, step=100)
    for body, field in (
        ({"spend": "100000.01"}, "spend"),
        ({"spend": "200000.00"}, "spend"),
        ({"spend": "2200.00", "lines": LINES}, "spend"),
        ({"spend": "10.50"}, "spend"),
        ({"spend": "0.00"}, "spend"),
        ({}, "spend"),
        ({"spend": "1.00", "member": "78"}, "member"),
        ({"spend": "1.00", "member": None}, "member"),
        ({"spend": "1.00", "order": ""}, "order"),
    ):
        assert field in fields(post(client, lampa, "holds", {"member": "77"} | body)), body


def test_other_shops_and_odd_names_find_no_hold(
    app: App, client: FlaskClient, lampa: Merchant, world: World
) -> None:
    open_account(app, lampa)
    held = post(client, lampa, "holds", {"member": "77", "spend": "200.00", "order": "A1"})
    name = held.get_json()["id"]
    for verb in ("capture", "void"):
        assert post(client, world.kniga, f"holds/{name}/{verb}").status_code == 404
        assert post(client, lampa, f"holds/hd_none/{verb}").status_code == 404
    assert post(client, lampa, f"holds/{name}/capture", {"order": "A2"}).status_code == 409
    assert post(client, lampa, f"holds/{name}/capture", {"order": 7}).status_code == 422
    assert post(client, lampa, f"holds/{name}/capture").status_code == 200


def test_a_hold_said_twice_with_one_idempotency_key_is_one(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa)
    for _ in range(2):
        held = client.post(
            "/api/v1/holds",
            json={"member": "77", "spend": "200.00"},
            headers=lampa.bearer | {"Idempotency-Key": "k1"},
        )
        assert held.status_code == 201
    assert balance(app, lampa, gleb).held == 20_000


def test_scopes_open_what_they_say(app: App, client: FlaskClient, lampa: Merchant) -> None:
    open_account(app, lampa)
    with app.app_context(), lampa.scope():
        key = make_key(lampa.shop_id, "till", ["read"], "live").secret
        db.session.commit()
    bearer = {"Authorization": f"Bearer {key}"}
    cart = {"member": "77", "lines": LINES}
    assert client.post("/api/v1/quotes", json=cart, headers=bearer).status_code == 200
    body = {"member": "77", "spend": "1.00"}
    assert client.post("/api/v1/holds", json=body, headers=bearer).status_code == 403
    assert client.post("/api/v1/quotes", json=cart).status_code == 401
