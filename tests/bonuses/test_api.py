"""Bonuses for programs: balance, statement, entries by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.extensions import db
from app.tenants import service as tenants

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses and the customer 77."""
    with app.app_context(), lampa.scope():
        tenants.change_settings({"loyalty": True})
        db.session.commit()
    client.put("/api/v1/members/77", json={"name": "Gleb"}, headers=lampa.bearer)
    return lampa


def book(client: FlaskClient, shop: Merchant, **said: Any) -> TestResponse:
    body = {"member": "77", "amount": "200.00", "reason": "A present", **said}
    return client.post("/api/v1/bonuses", json=body, headers=shop.bearer)


def get(client: FlaskClient, shop: Merchant, path: str = "") -> Any:
    return client.get(f"/api/v1/members/77/bonuses{path}", headers=shop.bearer).get_json()


def test_bonuses_are_accrued_and_deducted_and_told(client: FlaskClient, shop: Merchant) -> None:
    until = (clock.now() + timedelta(days=30)).replace(microsecond=0)
    first = book(client, shop, expires_at=until.isoformat())
    assert first.status_code == 201
    assert first.get_json()["balance"]["available"] == "200.00"
    assert book(client, shop, amount="-50.50", reason="A mistake").status_code == 201
    told = get(client, shop)
    assert (told["available"], told["debt"]) == ("149.50", "0.00")
    assert datetime.fromisoformat(told["next_expiry"]["at"]) == until
    assert told["next_expiry"]["amount"] == "149.50"
    lines = get(client, shop, "/entries")
    assert [(e["kind"], e["amount"], e["reason"]) for e in lines["items"]] == [
        ("spent", "-50.50", "A mistake"),
        ("earned", "200.00", "A present"),
    ]
    assert lines["next"] is None


def test_the_statement_comes_in_pages_without_gaps(client: FlaskClient, shop: Merchant) -> None:
    for n in range(5):
        book(client, shop, amount=f"{n + 1}.00")
    seen, cursor = [], ""
    for _ in range(10):
        page = get(client, shop, f"/entries?limit=2{cursor}")
        seen += [e["amount"] for e in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ["5.00", "4.00", "3.00", "2.00", "1.00"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"amount": "0.00"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"amount": 5}, "amount"),
        ({"amount": "-0.01"}, "amount"),
        ({"amount": "99999999999999999999999.00"}, "amount"),
        ({"member": "78"}, "member"),
        ({"member": "a\x00b"}, "member"),
        ({"reason": ""}, "reason"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(
    client: FlaskClient, shop: Merchant, said: dict[str, Any], field: str
) -> None:
    answer = book(client, shop, **said)
    assert answer.status_code == 422, answer.text
    assert field in {error["field"] for error in answer.get_json()["errors"]}
    assert get(client, shop)["available"] == "0.00"


def test_without_loyalty_nothing_is_booked(client: FlaskClient, lampa: Merchant) -> None:
    client.put("/api/v1/members/77", json={"name": "Gleb"}, headers=lampa.bearer)
    assert book(client, lampa).status_code == 422
    assert get(client, lampa)["available"] == "0.00"


def test_strangers_and_odd_pages_are_refused(
    client: FlaskClient, shop: Merchant, kniga: Merchant
) -> None:
    address = "/api/v1/members/77/bonuses"
    assert client.get(address, headers=kniga.bearer).status_code == 404
    for query in ("limit=0", "limit=x", "cursor=1", "cursor=1-2-3", "cursor=9" * 30):
        answer = client.get(f"{address}/entries?{query}", headers=shop.bearer)
        assert answer.status_code == 422, query
