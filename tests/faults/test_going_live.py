"""A shadow month of many orders goes live: workers killed on the way, shops going on meanwhile and after."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from app.dev.children import wait_until
from app.extensions import db
from app.runs.models import Run
from app.runs.rules import OPEN
from app.shadow import queries
from app.tenants import service as tenants
from app.tenants.queries import in_shadow
from tests.faults.workers import workers
from tests.orders.test_api import lampa, put, said
from tests.shadow.test_office import Month, month

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from app.dev.children import Child

__all__ = ["lampa", "month"]

ORDERS, PART = 30, 2
SOON = 180.0
DONE = {"status": "completed", "completed_at": "2026-11-22T10:00:00+03:00"}


@pytest.fixture
def start(environ: dict[str, str], tmp_path: Path) -> Iterator[Callable[[int, int], Child]]:
    """Start workers on one run; they end with the test."""
    with workers("going_live", PART, environ, tmp_path) as begin:
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

    def is_past(self, far: int) -> bool:
        done, is_open = self.look()
        return done >= far or not is_open

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
    month: Month, start: Callable[[int, int], Child]
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
        child = start(month.merchant.id, going.number)
        far = ORDERS // share
        assert wait_until(partial(going.is_past, far), SOON)
        assert child.process is not None
        os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
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
    assert wait_until(lambda: not going.look()[1], SOON)
    for child in both:
        assert child.process is not None
        assert child.process.wait() == 0
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
