"""Corrections by hand, by API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from tests.payouts.setting import earn, known_partner
from tests.world import lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


class Books:
    """Lampa's, with Anna who has 1000.00."""

    def __init__(self, app: App, merchant: Merchant) -> None:
        self.app, self.merchant = app, merchant
        with app.app_context():
            with merchant.scope():
                self.anna, self.refcode = known_partner("Anna")
                earn(self.anna, 100_000)
            db.session.commit()

    @property
    def balance(self) -> PartnerBalance:
        """How Anna's balance stands."""
        with self.app.app_context(), self.merchant.scope():
            return partner_balances([self.anna])[self.anna]


@pytest.fixture
def books(app: App, lampa: Merchant) -> Books:  # noqa: F811
    return Books(app, lampa)


def test_a_program_deducts_with_a_minus_and_the_rest_is_debt(
    client: FlaskClient, books: Books
) -> None:
    answer = client.post(
        f"/api/v1/partners/{books.refcode}/adjustments",
        json={"amount": "-1200.00", "reason": "Returned by phone"},
        headers=books.merchant.bearer,
    )
    assert answer.status_code == 201, answer.text
    assert answer.get_json()["id"].startswith("ad_")
    assert answer.get_json()["balance"] == {
        "pending": "0.00",
        "available": "0.00",
        "reserved": "0.00",
        "debt": "200.00",
    }
    assert books.balance == PartnerBalance(debt=20_000)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"amount": "0.00", "reason": "x"}, "amount"),
        ({"amount": "1e3", "reason": "x"}, "amount"),
        ({"amount": 5, "reason": "x"}, "amount"),
        ({"amount": "5.00", "reason": ""}, "reason"),
        ({"amount": "5.00", "reason": "   "}, "reason"),
        ({"amount": "5.00"}, "reason"),
    ],
)
def test_what_cannot_be_booked_is_named(
    client: FlaskClient, books: Books, body: dict[str, Any], field: str
) -> None:
    answer = client.post(
        f"/api/v1/partners/{books.refcode}/adjustments", json=body, headers=books.merchant.bearer
    )
    assert answer.status_code == 422
    assert [e["field"] for e in answer.get_json()["errors"]] == [field]
    assert books.balance == PartnerBalance(available=100_000)


def test_an_unknown_partner_is_not_there(client: FlaskClient, books: Books) -> None:
    answer = client.post(
        "/api/v1/partners/nobody/adjustments",
        json={"amount": "5.00", "reason": "x"},
        headers=books.merchant.bearer,
    )
    assert answer.status_code == 404
