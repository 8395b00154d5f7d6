"""Ten thousand orders, and a worker that is killed in the midst: long, run by bin/test --all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app import clock, jobs
from app.extensions import db
from app.ledger.queries import partner_balances
from app.orders.rules import Customer
from app.reruns import queries, service
from app.runs import service as runs
from app.runs.models import Run
from app.runs.rules import OPEN
from app.tenants import queries as tenants
from app.tenants import service as tenant_service
from tests.intake.scene import NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from app.application import App

pytestmark = pytest.mark.long
MANY = int(os.environ.get("RERUN_ORDERS", "10000"))
LATER = NOON + timedelta(days=3)


def sell(scene: Scene, many: int, status: str = "packing") -> None:
    """Let the shop sell, each time to another buyer; two in three by Vera's code."""
    for start in range(0, many, 200):
        scene.say_together(
            (
                f"A{n}",
                order(
                    status,
                    n % 1440,
                    partner_code="VERA10" if n % 3 else None,
                    customer=Customer(id=str(n), email=f"buyer{n}@example.org"),
                ),
            )
            for n in range(start, min(start + 200, many))
        )


def packing_is_agreed(scene: Scene) -> Run:
    shop = tenants.shop_by_id(scene.shop_id)
    assert shop is not None
    words = tenants.words(scene.shop_id).words
    tenant_service.change_shop(shop, words=words | {"packing": "agreed"})
    return service.look_at_words(shop, None)


def test_ten_thousand_orders_are_looked_at_in_well_under_a_minute(app: App) -> None:
    with app.app_context():
        with at_lampa() as scene, clock.moved_to(LATER):
            sell(scene, MANY)
            db.session.execute(text("ANALYZE orders, order_message, deal, share, claim, member"))
            run = packing_is_agreed(scene)
            started = time.monotonic()
            tracemalloc.start()
            while run.standing in OPEN:
                runs.work(run.id, service.KINDS)
                db.session.flush()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            took = time.monotonic() - started
            assert run.sums["orders"] == MANY
            assert run.sums["changed"] == MANY
            assert took < 60, took
            assert peak < 100_000_000, peak
        db.session.rollback()


def test_a_worker_killed_in_the_midst_leaves_nothing_half_done(
    app: App, environ: dict[str, str], tmp_path: Path
) -> None:
    """Kill -9 while it applies; another worker goes on; the money is as if nothing had happened."""
    many = 1200
    with app.app_context():
        with at_lampa() as scene, clock.moved_to(LATER):
            sell(scene, many)
            run = packing_is_agreed(scene)
            run_id, tenant, vera = run.id, scene.tenant_id, scene.vera.id
            db.session.commit()
        jobs.sweep_runs()
        jobs.in_transaction(lambda: service.apply(get(tenant, run_id)), tenant)
        kills = 0
        while (left := jobs.in_transaction(lambda: state(tenant, run_id), tenant))[0] == "applying":
            child = subprocess.Popen(
                [sys.executable, "-c", WORKER], env={**os.environ, **environ}, cwd=Path.cwd()
            )
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and child.poll() is None:
                now = jobs.in_transaction(lambda: state(tenant, run_id), tenant)
                if now[1] > left[1] and now[0] == "applying":
                    child.send_signal(signal.SIGKILL)
                    kills += 1
                    break
            child.wait()
        assert kills > 1
        assert left == ("done", many)
        partner = jobs.in_transaction(lambda: partner_balances([vera])[vera], tenant)
        assert partner.pending == sum(1 for n in range(many) if n % 3) * 19000
        ids = jobs.in_transaction(lambda: queries.all_orders(0, many), tenant)
        again = jobs.in_transaction(lambda: service.replay(ids), tenant)
        assert (list(again.refolded), list(again.posted)) == ([], [])


WORKER = """
import os
from app import create_app, jobs
from app.config import Config
with create_app(Config.from_env(os.environ)).app_context():
    jobs.sweep_runs()
"""


def get(tenant: int, run_id: int) -> Run:
    found = db.session.get(Run, (tenant, run_id), populate_existing=True)
    assert found is not None
    return found


def state(tenant: int, run_id: int) -> tuple[str, int]:
    found = get(tenant, run_id)
    return found.state, found.done
