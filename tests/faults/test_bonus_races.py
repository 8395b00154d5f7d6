"""F24: spending, lapsing and cancelling meet; and a minute's job is killed in the middle of a day's expiry."""

from __future__ import annotations

import os
import random
import signal
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app import clock
from app.bonuses import queries, service
from app.bonuses.models import Lot
from app.bonuses.rules import Grant
from app.bonuses.service import TakeBack
from app.dev.children import Child, wait_until
from app.extensions import db
from app.tenancy import current_tenant
from tests.bonuses.setting import at_shop, customer
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants
from tests.harness.engines import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from app.application import App

RACERS, SOON = 20, 120.0
EARNED, ASKED = 1_000, 90


def make(app: App) -> tuple[int, int]:
    """A merchant with a customer; committed."""
    with app.app_context():
        with at_shop() as shop_id:
            gleb, tenant = customer(shop_id), current_tenant()
        db.session.commit()
    return tenant, gleb


def credit(member_id: int, reference: str, amount: int, expires_at: datetime | None = None) -> None:
    grant = Grant(
        member_id=member_id, amount=amount, reference=reference, kind="hand", expires_at=expires_at
    )
    service.grant([grant])


@pytest.mark.parametrize("rounds", [5, pytest.param(200, marks=pytest.mark.long)])
def test_twenty_who_spend_at_once_never_overdraw(app: App, rounds: int) -> None:
    tenant, gleb = make(app)
    for number in range(rounds):
        with committed(app, tenant):
            before = queries.balance(gleb).available
            credit(gleb, f"round:{number}", EARNED - before)
        acts: list[Callable[[], object]] = [
            partial(service.spend, gleb, ASKED, f"race:{number}:{n}") for n in range(RACERS)
        ]
        ends = meet(app, tenant, acts)
        assert ends.count("done") == EARNED // ASKED
        assert set(ends) == {"done", "not_enough_bonuses"}
        with committed(app, tenant):
            assert queries.balance(gleb).available == EARNED % ASKED
    with committed(app, tenant):
        assert invariants.broken() == []


@pytest.mark.parametrize("rounds", [8, pytest.param(200, marks=pytest.mark.long)])
def test_spending_lapsing_and_cancelling_meet(app: App, rounds: int) -> None:
    """Whoever comes first, each bonus goes one way only."""
    seed = random.randrange(2**32)  # noqa: S311 - printed, so that a failure can be seen again
    dice = random.Random(seed)  # noqa: S311 - no secret
    tenant, gleb = make(app)
    for number in range(rounds):
        about = f"seed {seed}, round {number}"
        earned, spent = f"earned:{number}", f"spent:{number}"
        with committed(app, tenant):
            credit(gleb, earned, 100, clock.now() + timedelta(days=1))
            credit(gleb, f"other:{number}", 50)
            service.spend(gleb, 60, spent)
            ids = list(db.session.scalars(select(Lot.id).where(Lot.reference == earned)))
        acts = [
            partial(_tomorrow, partial(service.lapse, ids)),
            partial(_tomorrow, partial(service.give_back, spent, 60, f"back:{number}")),
            partial(
                _tomorrow,
                partial(
                    service.take_back,
                    [TakeBack(reference=f"claw:{number}", lot_reference=earned, amount=100)],
                ),
            ),
            partial(service.spend, gleb, 20, f"again:{number}"),
            partial(service.bring_up, [gleb]),
        ]
        dice.shuffle(acts)
        ends = meet(app, tenant, acts)
        assert set(ends) <= {"done", "not_enough_bonuses"}, about
        with committed(app, tenant):
            assert invariants.broken() == [], about


def _tomorrow(act: Callable[[], object]) -> None:
    with clock.moved_to(clock.now() + timedelta(days=2)):
        act()


LOTS = 4_000


def test_a_days_expiry_killed_in_the_middle_is_finished_and_nothing_lapses_twice(
    app: App, environ: dict[str, str], tmp_path: Path
) -> None:
    tenant, gleb = make(app)
    with committed(app, tenant):
        day = clock.now() + timedelta(days=1)
        grants = [
            Grant(member_id=gleb, amount=5, reference=f"lot:{n}", kind="hand", expires_at=day)
            for n in range(LOTS)
        ]
        service.grant(grants, quiet=True)

    def remains() -> int:
        with committed(app, tenant):
            return int(db.session.scalar(select(func.sum(Lot.remaining))) or 0)

    def start(name: str) -> Child:
        command = [sys.executable, "-m", "tests.faults.lapsing", str(tenant), "100"]
        child = Child(name, command, folder=tmp_path, env=os.environ | environ, cwd=ROOT)
        child.start()
        return child

    # Somebody has the last of them in hand, so that the first worker is never done before it is killed.
    with committed(app, tenant):
        last = select(Lot.id).order_by(Lot.id.desc()).limit(1)
        assert db.session.scalar(last.with_for_update()) is not None
        first = start("first")
        try:
            assert wait_until(lambda: remains() < 5 * LOTS - 1_000, SOON, 0.001), first.tail(20)
            assert first.process is not None
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait()
        finally:
            first.stop()
    assert 0 < remains() < 5 * LOTS
    children = [start("second"), start("third")]  # two at once do no harm
    for child in children:
        assert child.process is not None
        assert child.process.wait(SOON) == 0, child.tail(20)
        child.stop()
    assert remains() == 0
    with committed(app, tenant):
        assert invariants.broken() == []
