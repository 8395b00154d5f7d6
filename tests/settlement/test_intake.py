"""From a sale to a payout nobody asked for: at once when the hold ends, while the balance lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.events.models import Event
from app.extensions import db, queue
from app.partners.models import Partner
from app.payouts.models import Payout
from tests.settlement.setting import give_details, top_up
from tests.world import Merchant, lampa  # noqa: F401 - fixture

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


class Shop:
    """Lampa by its API: no hold, Anna at ten per cent, the platform settles."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        self.call("PATCH", "merchant", hold_days=0, settlement="platform")
        self.call("POST", "partners", refcode="anna", name="Anna", codes=["ANNA10"])
        self.at = clock.wall().isoformat()  # after the hold was changed
        self.do(lambda: give_details(self.anna))

    @property
    def anna(self) -> int:
        return db.session.scalars(select(Partner.id).where(Partner.refcode == "anna")).one()

    def call(self, verb: str, path: str, **body: Any) -> Any:
        answer = self.client.open(
            f"/api/v1/{path}", method=verb, json=body, headers=self.merchant.bearer
        )
        assert answer.status_code < 300, answer.text
        return answer.get_json()

    def sells(self, number: str, price: str, status: str = "completed") -> None:
        line = {"id": "1", "quantity": "1", "price": price}
        said = {"status": status, "currency": "RUB", "created_at": self.at, "lines": [line]}
        self.call("PUT", f"orders/{number}", **said, partner_code="anna", customer={"id": "77"})

    def do(self, act: Any) -> Any:
        with self.app.app_context():
            return jobs.in_transaction(act, self.merchant.id)

    def payouts(self) -> list[tuple[str, int, int]]:
        query = select(Payout.state, Payout.amount, Payout.fee).order_by(Payout.id)
        return list(self.do(lambda: [tuple(row) for row in db.session.execute(query)]))


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Shop:  # noqa: F811
    return Shop(app, client, lampa)


def waiting() -> set[str]:
    """Return the jobs that the worker has been asked for."""
    assert queue.queue is not None
    return {str(job.func_name) for job in queue.queue.jobs}


def test_when_the_hold_ends_the_partner_is_paid_at_once(app: App, shop: Shop) -> None:
    shop.do(lambda: top_up(1_000_000))
    with app.app_context():
        jobs.settle()
        queue.queue.empty()
    shop.sells("A1", "1000.00", "paid")
    assert "app.jobs.settle" not in waiting()  # on hold: nothing to settle
    shop.sells("A1", "1000.00")
    assert "app.jobs.settle" in waiting()
    with app.app_context():
        jobs.settle()
    assert shop.payouts() == [("approved", 10_000, 1_500)]
    assert shop.call("GET", "partners/anna")["balance"]["reserved"] == "100.00"
    [shown] = shop.call("GET", "payouts")["items"]
    told = (shown["amount"], shown["fee"], shown["net"], shown["settled_by"])
    assert told == ("100.00", "15.00", "85.00", "platform")


def test_without_money_he_waits_and_the_next_top_up_pays_him(app: App, shop: Shop) -> None:
    shop.sells("A1", "1000.00")
    with app.app_context():
        jobs.settle()
    assert shop.payouts() == []
    shop.do(lambda: top_up(10_000))
    with app.app_context():
        jobs.settle()
    assert shop.payouts() == [("approved", 10_000, 1_500)]


def test_a_sale_that_comes_back_is_debt_and_the_fee_stays(app: App, shop: Shop) -> None:
    shop.do(lambda: top_up(1_000_000))
    shop.sells("A1", "1000.00")
    with app.app_context():
        jobs.settle()
    shop.sells("A1", "1000.00", "refunded")
    balance = shop.call("GET", "partners/anna")["balance"]
    assert (balance["reserved"], balance["debt"]) == ("100.00", "100.00")
    assert shop.payouts() == [("approved", 10_000, 1_500)]


def test_the_months_alarm_is_told_at_eighty_and_at_a_hundred_once_each(
    app: App, shop: Shop
) -> None:
    shop.call("PATCH", "merchant", spending_alarm="200.00")
    heard = []
    for number, price in (("A1", "1000.00"), ("A2", "600.00"), ("A3", "10.00"), ("A4", "500.00")):
        shop.sells(number, price, "new")  # expected is counted too
        with app.app_context():
            jobs.sound_alarms()
            jobs.sound_alarms()
        heard.append(shop.do(_told))
    assert heard == [[], [80], [80], [80, 100]]


def _told() -> list[int]:
    query = select(Event.facts).where(Event.type == "spending.near").order_by(Event.id)
    return [facts["percent"] for facts in db.session.scalars(query)]
