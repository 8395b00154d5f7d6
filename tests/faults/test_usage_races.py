"""Twenty writers at once: what a month used is exact, and a month is closed once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.extensions import db
from app.ledger.queries import balances
from app.ledger.rules import DUES, TARIFFS
from app.tariffs import queries, service
from app.tenancy import tenant_scope
from tests.harness.together import room_for, together
from tests.tariffs.setting import do, tariffs

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

WRITERS, ORDERS = 20, 60


def order(number: int, status: str, version: int) -> dict[str, Any]:
    return {
        "status": status,
        "version": version,
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": {"id": f"c-{number % 7}"} if number % 3 else {},
        "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
    }


@pytest.mark.usefixtures("_sound")
def test_twenty_writers_who_repeat_and_cancel_leave_exact_counts(app: App, lampa: Merchant) -> None:
    # Each writer sends every order, each begins elsewhere; every fifth is cancelled by somebody.
    def write(first: int) -> None:
        client = app.test_client()
        for step in range(0, ORDERS, 4):
            number = (first * 3 + step) % ORDERS
            cancelled = number % 5 == 0 and first % 2
            said = order(number, "cancelled" if cancelled else "paid", 2 if cancelled else 1)
            answer = client.put(f"/api/v1/orders/r{number}", json=said, headers=lampa.bearer)
            assert answer.status_code in {200, 201, 202}, answer.text

    sent: set[int] = set()
    off: set[int] = set()
    for first in range(WRITERS):
        for step in range(0, ORDERS, 4):
            number = (first * 3 + step) % ORDERS
            sent.add(number)
            off |= {number} if number % 5 == 0 and first % 2 else set()
    with tariffs(app), room_for(app, WRITERS):
        together([partial(write, n) for n in range(WRITERS)])
        month = clock.today("Europe/Moscow").replace(day=1)
        do(app, lampa, lambda: service.choose("start", "person:1"))
        found = do(app, lampa, lambda: queries.usage(queries.month(month)).receipts)
    assert found == len([n for n in sent - off if n % 3])


def one_till() -> None:
    service.count_tills(1)
    service.choose("start", "person:1")


@pytest.mark.usefixtures("_sound")
def test_twenty_who_close_a_month_at_once_make_one_invoice(app: App, lampa: Merchant) -> None:
    first = clock.today("Europe/Moscow").replace(day=1)

    def close() -> bool:
        with app.app_context(), tenant_scope(lampa.id):
            made = service.close(first) is not None
            db.session.commit()
        return made

    with tariffs(app), room_for(app, WRITERS):
        do(app, lampa, one_till)
        made = together([close] * WRITERS)
        standing = do(app, lampa, lambda: balances([DUES, TARIFFS]))
        total = do(app, lampa, lambda: queries.of_month(first).total)
    assert sum(made) == 1
    assert standing == {DUES: -total, TARIFFS: total}
    assert total > 0
