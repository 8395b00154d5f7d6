"""Payouts by API, exactly as the public page promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import jobs
from app.extensions import db
from app.ledger.queries import partner_balances
from app.papers import service as papers
from app.payruns.rules import Pays, Plan
from app.payruns.service import change_plan
from tests.payouts.setting import earn, known_partner
from tests.world import lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant, World


class Shop:
    """The shop's program: it calls with the key of Lampa."""

    def __init__(self, client: FlaskClient, merchant: Merchant, refcode: str) -> None:
        self.client, self.merchant, self.refcode = client, merchant, refcode

    def post(self, path: str = "", body: Any = None, **headers: str) -> TestResponse:
        """POST below /payouts."""
        return self.client.post(
            f"/api/v1/payouts{path}", json=body, headers=self.merchant.bearer | headers
        )

    def get(self, path: str = "") -> TestResponse:
        """GET below /payouts."""
        return self.client.get(f"/api/v1/payouts{path}", headers=self.merchant.bearer)

    def ask(self, amount: str = "600.00", **more: Any) -> TestResponse:
        """Ask on Anna's behalf."""
        return self.post("", {"partner": self.refcode, "amount": amount, "method": "bank", **more})


@pytest.fixture
def anna(app: App, lampa: Merchant) -> tuple[int, str]:  # noqa: F811
    """Anna, who has 1000.00 available: her id and her refcode."""
    with app.app_context():
        with lampa.scope():
            number, refcode = known_partner("Anna")
            earn(number, 100_000)
        db.session.commit()
    return number, refcode


@pytest.fixture
def shop(client: FlaskClient, lampa: Merchant, anna: tuple[int, str]) -> Shop:  # noqa: F811
    return Shop(client, lampa, anna[1])


def test_a_request_on_a_partners_behalf_is_answered_201(shop: Shop) -> None:
    answer = shop.ask()
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    assert body["id"].startswith("po_")
    assert {k: body[k] for k in ("state", "partner", "amount", "method")} == {
        "state": "requested",
        "partner": shop.refcode,
        "amount": "600.00",
        "method": "bank",
    }
    assert shop.get(f"/{body['id']}").get_json() == body


def test_from_requested_to_paid_directly(shop: Shop, app: App, anna: tuple[int, str]) -> None:
    number = shop.ask().get_json()["id"]
    approved = shop.post(f"/{number}/approve")
    assert (approved.status_code, approved.get_json()["state"]) == (200, "approved")
    paid = shop.post(f"/{number}/paid", {})
    assert (paid.status_code, paid.get_json()["state"]) == (200, "paid")
    with app.app_context(), shop.merchant.scope():
        balance = partner_balances([anna[0]])[anna[0]]
    assert (balance.available, balance.reserved, balance.debt) == (40_000, 0, 0)


@pytest.mark.parametrize(
    "amount",
    ["0", "0.00", "1000.01", "-5", "NaN", "1e3", "600.001", "", 600, 600.0, None, "9" * 41],
)
def test_sums_that_cannot_be_asked_for_are_422(shop: Shop, amount: Any) -> None:
    answer = shop.ask(amount)
    assert answer.status_code == 422, answer.text
    assert answer.content_type.startswith("application/problem+json")
    assert "amount" in {e["field"] for e in answer.get_json()["errors"]}
    assert shop.get().get_json()["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"partner": "nobody"}, "partner"),
        ({"partner": 7}, "partner"),
        ({"method": "pigeon"}, "method"),
        ({"state": "approved"}, "state"),
        ({"reason": "x" * 501}, "reason"),
    ],
)
def test_what_is_wrong_is_named(shop: Shop, change: dict[str, Any], field: str) -> None:
    answer = shop.ask(**change)
    assert answer.status_code == 422
    assert [e["field"] for e in answer.get_json()["errors"]] == [field]


def test_a_second_open_one_is_409(shop: Shop) -> None:
    shop.ask("1.00")
    assert shop.ask("1.00").status_code == 409


def test_a_payment_already_made_may_exceed_and_becomes_debt(
    shop: Shop, app: App, anna: tuple[int, str]
) -> None:
    answer = shop.ask("1500.00", state="paid")
    assert (answer.status_code, answer.get_json()["state"]) == (201, "paid")
    with app.app_context(), shop.merchant.scope():
        assert partner_balances([anna[0]])[anna[0]].debt == 50_000


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("reject", "approve"),
        ("approve", "approve"),
        ("reject", "reject"),
        (None, "paid"),
        (None, "failed"),
    ],
)
def test_a_wrong_state_is_409(shop: Shop, first: str | None, second: str) -> None:
    number = shop.ask().get_json()["id"]
    if first:
        assert shop.post(f"/{number}/{first}").status_code == 200
    assert shop.post(f"/{number}/{second}").status_code == 409


def test_rejected_and_failed_carry_the_reason(shop: Shop) -> None:
    number = shop.ask().get_json()["id"]
    assert shop.post(f"/{number}/reject", {"reason": "Twice"}).get_json()["reason"] == "Twice"
    number = shop.ask().get_json()["id"]
    shop.post(f"/{number}/approve")
    failed = shop.post(f"/{number}/failed", {"reason": "Returned"}).get_json()
    assert (failed["state"], failed["reason"]) == ("failed", "Returned")


def test_the_list_is_newest_first_and_pages(shop: Shop) -> None:
    made = [shop.ask("1.00", state="paid").get_json()["id"] for _ in range(3)]
    first = shop.get("?limit=2").get_json()
    assert [i["id"] for i in first["items"]] == made[:0:-1]
    rest = shop.get(f"?limit=2&cursor={first['next']}").get_json()
    assert ([i["id"] for i in rest["items"]], rest["next"]) == (made[:1], None)
    assert shop.get("?state=requested").get_json()["items"] == []
    assert len(shop.get(f"?partner={shop.refcode}").get_json()["items"]) == 3


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=x",
        "cursor=-1",
        "cursor=9999999999999999999",
        "partner=nobody",
        "state=gone",
    ],
)
def test_odd_wishes_are_422(shop: Shop, query: str) -> None:
    assert shop.get(f"?{query}").status_code == 422


@pytest.mark.parametrize("number", ["%00", "po_%00", "%FF%FE", "..", "po_" + "x" * 3000])
def test_odd_numbers_are_not_there(shop: Shop, number: str) -> None:
    assert shop.get(f"/{number}").status_code in {400, 404}
    assert shop.post(f"/{number}/approve").status_code in {400, 404}


def test_another_merchants_payout_is_not_there(shop: Shop, world: World) -> None:  # noqa: F811
    number = shop.ask().get_json()["id"]
    for path, verb in ((f"/{number}", "get"), (f"/{number}/approve", "post")):
        answer = getattr(shop.client, verb)(f"/api/v1/payouts{path}", headers=world.kniga.bearer)
        assert answer.status_code == 404
    assert shop.post("/po_unknown/approve").status_code == 404


def test_the_same_idempotency_key_makes_one_payout(shop: Shop) -> None:
    body = {"partner": shop.refcode, "amount": "1.00"}
    answers = [shop.post("", body, **{"Idempotency-Key": "k1"}) for _ in range(2)]
    assert [a.status_code for a in answers] == [201, 201]
    assert answers[0].get_json() == answers[1].get_json()
    assert len(shop.get().get_json()["items"]) == 1


def test_an_answer_tells_the_tax_withheld_beside_fee_and_net(app: App, shop: Shop) -> None:
    asked = shop.ask()
    assert (asked.json["withheld"], asked.json["net"]) == ("0.00", "600.00")
    with app.app_context():
        jobs.in_transaction(lambda: papers.set_rate("person", "13"), shop.merchant.id)
    number = asked.json["id"]
    approved = shop.post(f"/{number}/approve").json
    assert (approved["amount"], approved["fee"]) == ("600.00", "0.00")
    assert (approved["withheld"], approved["net"]) == ("78.00", "522.00")
    assert shop.get(f"/{number}").json == approved
    assert shop.get().json["items"][0] == approved
    spec = shop.client.get("/api/v1/openapi.json").json
    described = spec["components"]["schemas"]["PayoutOut"]["properties"]
    assert set(described) == set(approved)


def test_a_payout_above_the_limit_waits_for_a_person(
    app: App,
    lampa: Merchant,  # noqa: F811
    shop: Shop,
) -> None:
    with app.app_context():
        with lampa.scope():
            change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=50_000)
        db.session.commit()
    number = shop.ask().json["id"]
    answer = shop.post(f"/{number}/approve")
    assert (answer.status_code, answer.json["state"]) == (200, "requested")
    assert answer.json["first_approved_at"]
    assert shop.post(f"/{number}/approve").status_code == 403
