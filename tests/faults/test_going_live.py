"""A shadow month of many orders goes live: workers killed on the way, shops going on meanwhile and after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.runs.models import Run
from app.runs.rules import OPEN
from app.shadow import queries
from app.tenants import service as tenants
from app.tenants.queries import in_shadow
from tests.faults.workers import ended, workers
from tests.orders.test_api import lampa, put, said
from tests.shadow.test_office import Month, month

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.faults.workers import Start


__all__ = ["lampa", "month"]

ORDERS, PART = 30, 2
DONE = {"status": "completed", "completed_at": "2026-11-22T10:00:00+03:00"}


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Start workers on one run; they end with the test."""
    with workers(PART, environ, tmp_path) as begin:
        yield begin


class Going:
    """How far the going live is."""

    def __init__(self, month: Month) -> None:
        self.month = month
        with month.app.app_context(), month.merchant.scope():
            found = queries.latest(queries.LIVE)
            assert found is not None
            self.number = found.id

    def look(self) -> tuple[int, bool]:
        with self.month.app.app_context(), self.month.merchant.scope():
            run = db.session.get_one(Run, (self.month.merchant.id, self.number))
            return run.done, run.standing in OPEN

    def shadow(self) -> bool:
        with self.month.app.app_context(), self.month.merchant.scope():
            return in_shadow()


def _order(month: Month, n: int, **changes: Any) -> Any:
    name = f"S-{n}"
    customer = {"id": f"c{n % 9}", "email": f"c{n % 9}@example.org"}
    body = said(number=name, coupons=[], customer=customer, **changes)
    answer = put(month.client, month.merchant, body, name)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_killed_half_way_while_the_shop_goes_on_it_ends_with_nothing_of_the_shadow(
    month: Month, start: Start
) -> None:
    with month.app.app_context(), month.merchant.scope():
        tenants.change_settings({"loyalty": True})
        db.session.commit()
    month.bring("balance", "partner;balance", "anna;500.00")
    for n in range(ORDERS):
        _order(month, n, **(DONE if n % 2 else {}))
    pending, available, _debt = month.balances()
    assert pending + available == ORDERS * 190_00 + 500_00
    assert month.press("live") == 303
    going = Going(month)
    for share in (4, 2):
        far = ORDERS // share
        ended(start(month.merchant.id, going.number, far=far), killed=True)
        done, is_open = going.look()
        assert is_open, "killed before its end"
        assert far <= done < ORDERS
        assert going.shadow(), "no door opens before all is taken back"
        month.balances()  # with all invariants
        # The shop goes on: of orders that were taken back, that wait, and that it tells of for the first time.
        late = {"version": 4, "updated_at": "2026-11-23T10:00:00+03:00"}
        for n in (0, 1, ORDERS - 1, ORDERS - 2, ORDERS + share):
            _order(month, n, **late, **DONE)
        _order(month, 3, **late, status="cancelled")
        _order(month, ORDERS - 3, **late, status="cancelled")
        back = [{"id": "R1", "lines": [{"line": "1", "quantity": "1"}]}]
        _order(month, 5, **late, **DONE, refunds=back)
        _order(month, ORDERS - 5, **late, **DONE, refunds=back)
        month.balances()
    both = [start(month.merchant.id, going.number) for _ in range(2)]
    for child in both:
        ended(child)
    assert not going.shadow()
    assert month.balances() == (0, 500_00, 0)
    last = {"version": 5, "updated_at": "2026-11-24T10:00:00+03:00"}
    for n in range(0, ORDERS, 6):
        told = _order(month, n, **last, status="cancelled")
        assert told["deal"] is None or told["deal"]["commission"] == "0.00"
        _order(month, n + 1, **last, **DONE, refunds=[{"id": "R9", "amount": "1.00"}])
    assert month.press("live") == 303
    month.work()
    assert month.balances() == (0, 500_00, 0), "nothing of before moves a penny any more"
