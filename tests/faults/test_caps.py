"""A month's cap while many orders become available at once: it is spent once, to the last kopeck."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.commissions.models import Cap, CapAsk
from app.extensions import db
from app.ledger.queries import partner_balances
from app.partners.service import NewPartner, create
from app.programs import queries as programs
from app.programs import service as terms
from app.tenants.service import change_settings
from tests.harness import invariants
from tests.harness.together import together

if TYPE_CHECKING:
    from datetime import datetime

    from app.application import App
    from tests.world import Merchant

WRITERS, EACH = 4, 5


@pytest.fixture
def anna(app: App, lampa: Merchant, _sound: None) -> int:
    """Anna at Lampa, where completed orders are available at once and she gets at most 75.00 a month."""
    with app.app_context():
        with lampa.scope():
            terms.change_terms(programs.base_terms(), hold_days=0)
            change_settings({"cap_partner": 7500, "cap_month": 9000})
            found = create(NewPartner(name="Anna", refcode="anna")).id
        db.session.commit()
    return found


def order(since: datetime, number: int, status: str = "completed") -> dict[str, Any]:
    """An order of a customer of its own, for 100.00, completed `number` milliseconds after `since`."""
    return {
        "status": status,
        "version": 1 if status == "completed" else 2,
        "created_at": since.isoformat(),
        "completed_at": (since + timedelta(milliseconds=number)).isoformat(),
        "currency": "RUB",
        "customer": {"id": f"c{number}", "email": f"c{number}@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
        "ref": "anna",
    }


def test_many_at_once_spend_a_cap_once(app: App, lampa: Merchant, anna: int) -> None:
    def put(number: int, body: dict[str, Any]) -> int:
        for _try in range(300):
            answer = app.test_client().put(
                f"/api/v1/orders/A{number}", json=body, headers=lampa.bearer
            )
            if answer.status_code != 503:  # a lost race is to be tried again, and says so
                return answer.status_code
        return 503

    codes: list[int] = []
    since = clock.wall()  # after the caps were set

    def write(first: int) -> None:
        # Later ones come first, so that every order takes from those before it.
        codes.extend(
            put(n, order(since, n)) for n in range(first + WRITERS * (EACH - 1), -1, -WRITERS)
        )

    writers = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert set(codes) == {200}
    with app.app_context(), lampa.scope():
        assert partner_balances([anna])[anna].available == 7500
        served = {
            row.external_id: row.given for row in db.session.scalars(select(CapAsk)) if row.given
        }
        assert served == {f"A{n}": 1000 for n in range(7)} | {"A7": 500}
        counters = {c.key.partition(":")[0]: c.given for c in db.session.scalars(select(Cap))}
        assert (counters["partner"], counters["month"]) == (7500, 7500)
        assert not invariants.broken()
    assert put(0, order(since, 0, "cancelled")) == 200
    with app.app_context(), lampa.scope():
        assert partner_balances([anna])[anna].available == 7500
        given = db.session.scalars(select(CapAsk.given).where(CapAsk.external_id == "A8"))
        assert given.one() == 500


def test_customers_whose_orders_move_each_others_never_wait_for_each_other(
    app: App, lampa: Merchant, anna: int, caplog: pytest.LogCaptureFixture
) -> None:
    customers, rounds = 6, 4
    since = clock.wall()
    assert anna

    def put(number: int, status: str) -> int:
        said = order(since, number, status)
        who = number % customers  # with orders early and late in the month, each moves all others
        said["customer"] = {"id": f"c{who}", "email": f"c{who}@example.org"}
        client = app.test_client()
        return client.put(f"/api/v1/orders/A{number}", json=said, headers=lampa.bearer).status_code

    assert put(0, "completed") == 200  # caps are in play from here on
    caplog.set_level(logging.INFO, "app.application")

    def write(who: int) -> list[int]:
        own = range(who + customers * (rounds - 1), -1, -customers)
        said = [put(number, "completed") for number in own]
        return said + [put(number, "cancelled") for number in own if number % 2]

    codes = together([lambda who=who: write(who) for who in range(customers)])  # type: ignore[misc]
    assert {code for each in codes for code in each} == {200}
    assert not [r for r in caplog.records if "transactions met" in r.getMessage()]
    with app.app_context(), lampa.scope():
        assert partner_balances([anna])[anna].available == 7500
        served = {r.external_id: r.given for r in db.session.scalars(select(CapAsk)) if r.given}
        left = [n for n in range(customers * rounds) if not n % 2]
        assert served == {f"A{n}": 1000 for n in left[:7]} | {f"A{left[7]}": 500}
        assert not invariants.broken()
