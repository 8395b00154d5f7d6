"""What is paid in bonuses earns a partner nothing, whether the order says it or the shop's own hold."""

from __future__ import annotations

from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from app.intake import service as intake
from app.orders import service as orders
from tests.checkout.shop import balance, open_account, post, put, said
from tests.orders.test_api import lampa

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

__all__ = ["lampa"]
ONE: dict[str, Any] = {
    "partner_code": "anna",
    "lines": said()["lines"][:1],
}  # 1900.00, 200.00 of it in bonuses


def commission(client: FlaskClient, lampa: Merchant, external_id: str = "A1") -> str:
    answer = client.get(f"/api/v1/orders/{external_id}", headers=lampa.bearer)
    return str(answer.get_json()["deal"]["commission"])


@pytest.mark.parametrize("acts", list(permutations(["new", "paid", "capture"])), ids="-".join)
def test_whatever_comes_first_the_base_is_less_by_what_a_hold_paid(
    app: App, client: FlaskClient, lampa: Merchant, acts: tuple[str, ...]
) -> None:
    gleb = open_account(app, lampa)
    held = post(client, lampa, "holds", {"member": "77", "spend": "200.00", "order": "A1"})
    for act in acts:
        if act == "capture":
            answer = post(client, lampa, f"holds/{held.get_json()['id']}/capture")
        else:
            version = 1 if act == "new" else 2
            answer = put(client, lampa, said(None, status=act, version=version, **ONE))
        assert answer.status_code == 200, answer.text
    assert commission(client, lampa) == "170.00"
    put(client, lampa, said("200.00", **ONE), "A2")
    assert commission(client, lampa, "A2") == "170.00", "as an order that says it"
    with app.app_context(), lampa.scope():
        assert not intake.rework([orders.find(lampa.shop_id, "A1").id]), "nothing is left to book"
    client.delete("/api/v1/orders/A1", headers=lampa.bearer)
    assert balance(app, lampa, gleb).available == 80_000


def test_a_hold_of_another_customer_or_one_let_go_lessens_nothing(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    open_account(app, lampa)
    for end in ("void", None):
        held = post(client, lampa, "holds", {"member": "77", "spend": "200.00", "order": "A1"})
        if end:
            post(client, lampa, f"holds/{held.get_json()['id']}/{end}")
    other: dict[str, Any] = {"customer": {"id": "78"}}
    put(client, lampa, said(None, **ONE, **other))
    post(client, lampa, f"holds/{held.get_json()['id']}/capture")
    assert commission(client, lampa) == "190.00"


def test_what_would_be_paid_and_earned_is_simulated_and_nothing_is_written(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    gleb = open_account(app, lampa, 50_000)
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    body = said("200.00", status="paid", created_at="2099-01-01T00:00:00+03:00", **ONE)
    answer = client.post("/api/v1/simulate", json=body, headers=lampa.bearer)
    assert answer.status_code == 200, answer.text
    found = answer.get_json()["bonus"]
    before = balance(app, lampa, gleb)
    assert (found.pop("balance"), found.pop("max_spend"), found.pop("reasons")) == (
        "500.00", "500.00", [],
    )  # fmt: skip
    assert balance(app, lampa, gleb) == before
    assert client.get("/api/v1/orders/A1", headers=lampa.bearer).status_code == 404
    assert found == put(client, lampa, body).get_json()["bonus"], "as the order itself then"
    again = client.post("/api/v1/simulate", json=body | {"id": "A1"}, headers=lampa.bearer)
    told = again.get_json()["bonus"]
    assert (told["spent"], told["balance"], told["max_spend"]) == ("200.00", "334.00", "534.00")
    gone = client.post(
        "/api/v1/simulate", json=body | {"id": "A1", "status": "cancelled"}, headers=lampa.bearer
    )
    assert gone.get_json()["bonus"]["spent"] == gone.get_json()["bonus"]["earn"] == "0.00"
