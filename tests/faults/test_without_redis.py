"""Redis is away: orders, money and pages go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from app import clock
from app.dev.postgres import free_port
from app.extensions import db
from app.ledger.queries import partner_balances
from app.partners import queries as partners
from app.partners.service import NewPartner, create
from tests.faults.test_orders import order
from tests.harness.live import Web

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def lonely(environ: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """A web server whose Redis does not answer."""
    server = Web(environ | {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"}, tmp_path)
    server.start()
    yield server.url
    server.stop()


@pytest.mark.usefixtures("_sound")
def test_orders_and_payouts_are_booked_and_pages_are_read(
    app: App, lampa: Merchant, lonely: str
) -> None:
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Anna", refcode="anna"))
        db.session.commit()
    api = httpx.Client(base_url=f"{lonely}/api/v1", headers=lampa.bearer, timeout=60)
    assert api.patch("/merchant", json={"hold_days": 0}).status_code == 200
    done = order(1, "completed") | {"created_at": clock.wall().isoformat()}
    assert api.put("/orders/o1", json=done).status_code == 200
    asked = api.post("/payouts", json={"partner": "anna", "amount": "10.00", "method": "bank"})
    assert asked.status_code == 201
    with app.app_context(), lampa.scope():
        anna = partners.by_refcode("anna")
        assert anna is not None
        assert partner_balances([anna.id])[anna.id].reserved == 1000
    assert httpx.get(f"{lonely}/{lampa.slug}/join", timeout=60).status_code == 200
