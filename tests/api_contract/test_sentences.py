"""The sentences of the contract about an order's body, each asked of the product."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from app.extensions import db
from tests.api_contract.story import API

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

LINE = {"id": "1", "quantity": "2", "price": "1000.00"}
ORDER = {
    "status": "paid",
    "currency": "RUB",
    "created_at": "2026-11-22T09:58:00+03:00",
    "lines": [LINE],
}


def line(**said: Any) -> dict[str, Any]:
    return {"lines": [LINE | said]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"shipping": 300}, "shipping"),
        ({"shipping": "3e2"}, "shipping"),
        ({"shipping": "300.001"}, "shipping"),
        ({"shipping": "-1.00"}, "shipping"),
        ({"shipping": "NaN"}, "shipping"),
        ({"shipping": " 1.00"}, "shipping"),
        ({"shipping": "1,00"}, "shipping"),
        ({"shipping": "\u0661.00"}, "shipping"),
        ({"shipping": "9" * 19}, "shipping"),
        ({"fees": 1.5}, "fees"),
        (line(quantity="0"), "lines.0.quantity"),
        (line(quantity=2), "lines.0.quantity"),
        (line(price=1000), "lines.0.price"),
        (line(price=None), "lines.0.price"),
        (line(discount="2000.01"), "lines.0.discount"),
        (line(name="a\u0000"), "lines.0.name"),
        (line(name="\ud800"), "lines.0.name"),
        (line(id=""), "lines.0.id"),
        (line(id="x" * 129), "lines.0.id"),
        ({"lines": [LINE, LINE]}, "lines.1.id"),
        ({"created_at": "2026-11-22T09:58:00"}, "created_at"),
        ({"created_at": 1_790_000_000}, "created_at"),
        ({"updated_at": "yesterday"}, "updated_at"),
        ({"currency": "USD"}, "currency"),
        ({"currency": "rub"}, "currency"),
        ({"status": ""}, "status"),
        ({"status": None}, "status"),
        ({"lines": None}, "lines"),
        ({"version": "3"}, "version"),
        ({"version": 2**63}, "version"),
        ({"refunds": [{"id": "r", "amount": "2000.01"}]}, "refunds"),
        (
            {"refunds": [{"id": "r", "lines": [{"line": "9", "quantity": "1"}]}]},
            "refunds.0.lines.0.line",
        ),
        ({"bonus": {"spend": "1.00"}}, "bonus.spend"),
    ],
)
def test_what_cannot_stand_is_named_by_its_field(
    client: FlaskClient, lampa: Merchant, change: dict[str, Any], field: str
) -> None:
    data = json.dumps({**ORDER, **change})
    answer = client.put(
        f"{API}/orders/A1", data=data, content_type="application/json", headers=lampa.bearer
    )
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    fields = [error["field"] for error in answer.get_json()["errors"]]
    assert any(each == field or each.startswith(f"{field}.") for each in fields), fields
    assert client.get(f"{API}/orders/A1", headers=lampa.bearer).status_code == 404


def test_the_required_fields_are_enough_and_unknown_ones_are_let_be(
    client: FlaskClient, lampa: Merchant
) -> None:
    body = {**ORDER, "lines": [], "colour": "green", "customer": {"shoe": 42}}
    assert client.put(f"{API}/orders/A1", json=body, headers=lampa.bearer).status_code == 200
    answer = client.put(f"{API}/orders/a%2Fb", json=ORDER, headers=lampa.bearer)
    assert answer.get_json()["id"] == "a/b"


def test_an_older_message_answers_200_and_changes_nothing(
    client: FlaskClient, lampa: Merchant
) -> None:
    for version, status, state in ((2, "completed", "completed"), (1, "paid", "completed")):
        body = {**ORDER, "version": version, "status": status}
        answer = client.put(f"{API}/orders/A1", json=body, headers=lampa.bearer)
        assert (answer.status_code, answer.get_json()["state"]) == (200, state)


def test_an_unmapped_word_moves_no_state(client: FlaskClient, lampa: Merchant) -> None:
    client.put(f"{API}/orders/A1", json={**ORDER, "version": 1}, headers=lampa.bearer)
    body = {**ORDER, "version": 2, "status": "on the moon"}
    answer = client.put(f"{API}/orders/A1", json=body, headers=lampa.bearer).get_json()
    assert (answer["state"], answer["status"]) == ("agreed", "on the moon")


def test_lists_go_on_where_they_stopped_and_end(client: FlaskClient, lampa: Merchant) -> None:
    for number in range(5):
        body = {"refcode": f"p{number}", "name": f"P {number}"}
        client.post(f"{API}/partners", json=body, headers=lampa.bearer)
    seen: list[str] = []
    cursor = ""
    while True:
        page = client.get(f"{API}/partners?limit=2{cursor}", headers=lampa.bearer).get_json()
        assert set(page) == {"items", "next"}
        seen += [each["refcode"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == ["p4", "p3", "p2", "p1", "p0"]
    for wrong in (
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=+5",
        "limit=1e1",
        "cursor=x",
        "cursor=-1",
    ):
        assert client.get(f"{API}/partners?{wrong}", headers=lampa.bearer).status_code == 422, wrong


def test_an_idempotency_key_is_kept_for_a_day(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    headers = {**lampa.bearer, "Idempotency-Key": secrets.token_hex(8)}
    first = client.post(f"{API}/groups", json={"name": "A"}, headers=headers)
    assert first.status_code == 201
    for hours, status in ((23, 422), (2, 201)):
        with app.app_context(), lampa.scope():
            db.session.execute(
                text(
                    "UPDATE idempotency_key SET created_at = created_at - :past * interval '1 hour'"
                ),
                {"past": hours},
            )
            db.session.commit()
        answer = client.post(f"{API}/groups", json={"name": "B"}, headers=headers)
        assert answer.status_code == status, hours


def test_what_is_no_call_answers_as_a_program_expects(client: FlaskClient, lampa: Merchant) -> None:
    for path in ("nothing", "orders", "merchant/", "partners/anna/nothing", "orders/"):
        answer = client.get(f"{API}/{path}", headers=lampa.bearer)
        assert answer.status_code in {404, 405}, path
        assert answer.mimetype == "application/problem+json", path
        said = answer.get_json()
        assert set(said) == {"type", "title", "status", "detail", "errors", "request_id"}
        assert said["request_id"] == answer.headers["X-Request-ID"]
