"""POST /simulate: an order body in, the answer of PUT out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.tenants.service import make_key
from tests.orders.test_api import lampa, put, said

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

__all__ = ["lampa"]


def ask(client: FlaskClient, lampa: Merchant, body: Any, key: str = "") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else lampa.bearer
    return client.post("/api/v1/simulate", json=body, headers=headers)


def test_it_answers_as_the_order_itself_then_does_and_the_order_is_not_there(
    client: FlaskClient,
    lampa: Merchant,
) -> None:
    found = ask(client, lampa, said())
    assert found.status_code == 200, found.text
    simulated = found.get_json()
    assert client.get("/api/v1/orders/A1001", headers=lampa.bearer).status_code == 404
    real = put(client, lampa, said()).get_json()
    for name in ("number", "status", "state", "reason", "reason_text", "bonus"):
        assert simulated[name] == real[name], name
    assert simulated["deal"] | {"id": None} == real["deal"] | {"id": None}
    assert simulated["claims"] == [
        {
            "kind": "partner_code",
            "evidence": "ANNA10",
            "partner": "Anna",
            "won": True,
            "reason": "won",
            "reason_text": "This claim won the order.",
        }
    ]


def test_state_currency_and_time_may_be_left_out(client: FlaskClient, lampa: Merchant) -> None:
    body = {"partner_code": "anna", "lines": [{"id": "1", "quantity": "1", "amount": "100.00"}]}
    found = ask(client, lampa, body).get_json()
    assert (found["status"], found["state"]) == ("completed", "completed")
    assert found["deal"]["commission"] == "10.00"
    assert found["deal"]["available_at"] is not None


def test_a_hold_never_ends_before_the_order_is_made(client: FlaskClient, lampa: Merchant) -> None:
    later = said(status="completed", created_at="2031-05-01T12:00:00+03:00")
    later.pop("updated_at", None)
    deal = ask(client, lampa, later).get_json()["deal"]
    start = datetime.fromisoformat("2031-05-01T09:00:00+00:00")
    days = (datetime.fromisoformat(deal["available_at"]) - start).days
    assert days == 14


def test_times_that_are_said_agree_with_each_other(client: FlaskClient, lampa: Merchant) -> None:
    times = {"created_at": "2026-11-20T12:00:00+03:00", "updated_at": "2026-11-19T12:00:00+03:00",
             "completed_at": "2026-11-18T12:00:00+03:00"}  # fmt: skip
    refused = ask(client, lampa, said(status="completed", **times))
    assert refused.status_code == 422
    assert [e["field"] for e in refused.get_json()["errors"]] == ["completed_at", "updated_at"]
    undated = said(status="completed", **times)
    del undated["created_at"]
    found = ask(client, lampa, undated)
    assert found.status_code == 200, found.text
    assert found.get_json()["deal"]["available_at"].startswith("2026-12-02T12:00")


def test_why_nothing_stands_in_words_beside_its_code(client: FlaskClient, lampa: Merchant) -> None:
    found = ask(client, lampa, said(partner_code="nobody")).get_json()
    assert (found["deal"], found["reason"]) == (None, "unknown")
    assert found["reason_text"] == "The code or link on this order belongs to no partner."


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"currency": "USD"}, "currency"),
        ({"lines": [{"id": "1", "quantity": "0", "price": "1.00"}]}, "lines.0.quantity"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"status": ""}, "status"),
        ({"id": 7}, "id"),
        ({"shipping": "1e3"}, "shipping"),
    ],
)
def test_what_no_order_may_say_is_refused_here_too(
    client: FlaskClient,
    lampa: Merchant,
    change: dict[str, Any],
    field: str,
) -> None:
    answer = ask(client, lampa, said(**change))
    assert answer.status_code == 422
    assert field in [e["field"] for e in answer.get_json()["errors"]]
    assert ask(client, lampa, {}).status_code == 422


def test_a_reading_key_may_ask_and_a_key_for_payouts_may_not(
    app: App,
    client: FlaskClient,
    lampa: Merchant,
) -> None:
    with app.app_context(), lampa.scope():
        keys = {
            scope: make_key(lampa.shop_id, scope, [scope], "live").secret
            for scope in ("read", "orders", "payouts")
        }
        db.session.commit()
    answers = {scope: ask(client, lampa, said(), key).status_code for scope, key in keys.items()}
    assert answers == {"read": 200, "orders": 200, "payouts": 403}
