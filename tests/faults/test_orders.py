"""Orders while servers die: what was answered is booked, once, and nothing else is."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from sqlalchemy import func, select, text

from app import create_app
from app.commissions.queries import booked
from app.config import Config
from app.dev import database as databases
from app.dev.children import wait_until
from app.dev.postgres import Postgres
from app.extensions import db
from app.orders.models import Order, OrderMessage
from app.partners.service import NewPartner, create
from tests.harness.engines import SECRET, migrate, revive
from tests.harness.live import Web
from tests.harness.together import together
from tests.world import make_merchant

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

SOON = 60.0
WRITERS = 8


@pytest.fixture
def shop(app: App, lampa: Merchant, _sound: None) -> Merchant:
    """Lampa, with Anna as partner."""
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna"))
        db.session.commit()
    return lampa


def order(number: int, status: str = "paid") -> dict[str, Any]:
    """An order of a customer of its own, for 100.00, by Anna's mark."""
    return {
        "status": status,
        "version": 1,
        "created_at": "2026-11-22T10:00:00+03:00",
        "currency": "RUB",
        "customer": {"id": f"c{number}", "email": f"c{number}@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
        "ref": "anna",
    }


def put(url: str, shop: Merchant, number: int, timeout: float = SOON) -> httpx.Response:
    address = f"{url}/api/v1/orders/o{number}"
    return httpx.put(address, json=order(number), headers=shop.bearer, timeout=timeout)


def settled(app: App, shop: Merchant) -> dict[str, int]:
    """Return what each order has booked for Anna, in minor units."""
    with app.app_context(), shop.scope():
        orders = db.session.execute(select(Order.id, Order.external_id)).all()
        return {
            row.external_id: sum(n.pending for n in booked([row.id]).values()) for row in orders
        }


def test_a_web_server_killed_before_it_commits_leaves_nothing_and_the_next_try_books_once(
    app: App, environ: dict[str, str], tmp_path: Path, shop: Merchant
) -> None:
    server = Web(environ, tmp_path)
    server.start()
    with app.app_context():
        # The order waits for the customer's e-mail, which is held here: the server dies right there.
        name = f"email:{shop.shop_id}:c1@example.org"
        held = db.engine.connect()
        held.execute(text("SELECT pg_advisory_lock(hashtextextended(:n, 0))"), {"n": name})
        asking = threading.Thread(target=_swallow, args=(server.url, shop))
        asking.start()
        waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        with db.engine.connect() as look:
            assert wait_until(lambda: bool(look.execute(waits).scalar_one()), SOON)
        server.kill()
        asking.join(SOON)
        held.execute(text("SELECT pg_advisory_unlock_all()"))
        held.close()
    assert settled(app, shop) == {}
    again = Web(environ, tmp_path)
    again.start()
    try:
        assert put(again.url, shop, 1).status_code == 200
        assert put(again.url, shop, 1).status_code == 200
    finally:
        again.stop()
    assert settled(app, shop) == {"o1": 1000}


def _swallow(url: str, shop: Merchant) -> None:
    try:
        put(url, shop, 1)
    except httpx.HTTPError:
        return  # the server died, as was meant


def test_an_answer_that_never_came_is_asked_for_again_and_changes_nothing(
    app: App, environ: dict[str, str], tmp_path: Path, shop: Merchant
) -> None:
    server = Web(environ, tmp_path)
    server.start()
    asking = threading.Thread(target=_swallow, args=(server.url, shop))
    asking.start()
    assert wait_until(lambda: settled(app, shop) == {"o1": 1000}, SOON)
    server.kill()
    asking.join(SOON)
    again = Web(environ, tmp_path)
    again.start()
    try:
        answer = put(again.url, shop, 1)
    finally:
        again.stop()
    assert answer.json()["deal"]["commission"] == "10.00"
    assert settled(app, shop) == {"o1": 1000}


def test_one_order_sent_by_fifty_at_once_pays_once(
    app: App, shop: Merchant, live_server: str
) -> None:
    statuses = together([lambda: put(live_server, shop, 1).status_code] * 50)
    # A pool that is full for a moment says 503, and a retry is welcome; nobody gets another answer.
    assert set(statuses) <= {200, 503}
    assert 200 in statuses
    assert put(live_server, shop, 1).status_code == 200
    assert settled(app, shop) == {"o1": 1000}
    with app.app_context(), shop.scope():
        assert db.session.scalar(select(func.count()).select_from(OrderMessage)) == 1


def test_a_connection_that_dies_is_replaced(app: App, client: FlaskClient, shop: Merchant) -> None:
    url = "/api/v1/orders/o1"
    assert client.put(url, json=order(1), headers=shop.bearer).status_code == 200
    with app.app_context(), db.engine.connect() as mine:
        mine.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                " AND usename = current_user"
            )
        )
    assert client.put(url, json=order(1), headers=shop.bearer).status_code == 200
    assert settled(app, shop) == {"o1": 1000}


def test_a_database_killed_under_writers_loses_nothing_that_was_answered(
    environ: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "engine"
    folder.mkdir()
    tmp_path.chmod(0o755)
    engine = Postgres(folder)
    engine.start()
    engine.wait()
    try:
        addresses = databases.prepare(engine.url, SECRET, "partnerka")
        migrate(addresses, tmp_path)
        own = environ | {"DATABASE_URL": addresses.app, "DATABASE_OWNER_URL": addresses.owner}
        _write_through_a_crash(engine, own, tmp_path)
    finally:
        engine.stop()


def _write_through_a_crash(engine: Postgres, environ: dict[str, str], tmp_path: Path) -> None:
    made = create_app(Config.from_env(environ))
    with made.app_context():
        shop = make_merchant("Lampa")
        with shop.scope():
            create(NewPartner(name="Anna", refcode="anna"))
        db.session.commit()
        db.engine.dispose()
    server = Web(environ, tmp_path)
    server.start()
    answered: set[str] = set()
    over = threading.Event()

    def write(writer: int) -> None:
        number = writer
        while not over.is_set():
            try:
                if put(server.url, shop, number, 10).status_code == 200:
                    answered.add(f"o{number}")
                    number += WRITERS
            except httpx.HTTPError:
                continue

    writers = [threading.Thread(target=write, args=(w,)) for w in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        assert wait_until(lambda: len(answered) > 20, SOON)
        assert engine.child.process is not None
        os.kill(engine.child.process.pid, signal.SIGKILL)
        engine.child.process.wait()
        refused = put(server.url, shop, 10**6)
        assert refused.status_code == 503
        revive(engine)
        before = len(answered)
        assert wait_until(lambda: len(answered) > before + 10, SOON), (
            "it did not come back by itself"
        )
    finally:
        over.set()
        for writer in writers:
            writer.join(SOON)
        server.stop()
    with made.app_context():
        sums = settled(made, shop)
        db.engine.dispose()
    assert answered <= set(sums)
    assert set(sums.values()) == {1000}
