"""The accountant closes a month; only the owner opens it again, with a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.statements.rules import month_before, month_of, month_span
from app.tenants.models import Tenant
from tests.payouts.setting import earn, known_partner
from tests.world import Merchant, lampa, sign_in  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App

ZONE = "Europe/Moscow"


class Desk:
    """Lampa's accountant; the merchant has been there for a year."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        # A month may be closed when it is over for a day: on the first of a month, the one before.
        self.first = month_before(month_of(clock.wall() - timedelta(days=2), ZONE))
        self.month = self.first.isoformat()[:7]
        with app.app_context():
            found = db.session.scalars(select(Tenant).where(Tenant.id == merchant.id)).one()
            found.created_at = datetime(self.first.year - 1, 1, 1, tzinfo=UTC)
            with merchant.scope(), clock.moved_to(month_span(self.first, ZONE).starts):
                self.anna, self.refcode = known_partner("Anna")
                earn(self.anna, 90_000)
            db.session.commit()
        sign_in(client, merchant.staff["accountant"])

    def get(self, path: str = "", **query: str) -> TestResponse:
        return self.client.get(self.merchant.office(f"months/{path}"), query_string=query)

    def post(self, path: str, **data: str) -> TestResponse:
        there = self.merchant.office(f"months/{path}?month={self.month}")
        return self.client.post(there, data=data)


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def test_the_accountant_sees_what_is_open_and_closes_the_month(desk: Desk) -> None:
    shown = desk.get("month", month=desk.month)
    assert "Partners with earnings and without an act" in shown.text
    assert "Close the month" in shown.text
    assert desk.post("close").status_code == 303
    assert "This month is closed" in desk.get("month", month=desk.month).text
    assert desk.post("close").status_code == 409
    assert "Closed" in desk.get().text


def test_only_the_owner_opens_it_again_and_says_why(desk: Desk) -> None:
    desk.post("close")
    for role in ("accountant", "manager", "support"):
        sign_in(desk.client, desk.merchant.staff[role])
        assert desk.post("reopen", reason="Why not").status_code == 403
    sign_in(desk.client, desk.merchant.staff["owner"])
    answer = desk.post("reopen", reason=" ")
    assert answer.status_code == 422
    assert "Fill this in." in answer.text
    assert desk.post("reopen", reason="A sale was forgotten").status_code == 303
    assert "A sale was forgotten" in desk.get().text


def test_the_running_month_is_not_closed_and_months_before_the_merchant_are_unknown(
    desk: Desk,
) -> None:
    there = desk.merchant.office("months/close")
    assert desk.client.post(there).status_code == 409
    for month in ("1990-01", "2999-01", "2026-13", "x", "2026-09-01"):
        assert desk.get("month", month=month).status_code == 404, month


def test_who_reads_only_closes_nothing(desk: Desk) -> None:
    sign_in(desk.client, desk.merchant.staff["manager"])
    assert desk.get().status_code == 200
    assert desk.post("close").status_code == 403
