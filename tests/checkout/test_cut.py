"""A message that cannot be refused and spends more than may be: what was cut is kept, told, and can be mended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.checkout.queries import books
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.orders import service as orders
from app.orders.rules import State
from tests.checkout.shop import balance, credit, open_account
from tests.checkout.test_races import ordered
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def gleb(app: App, lampa: Merchant) -> int:
    """Gleb has 200.00; a connector says that his order spent 500.00, twice."""
    found = open_account(app, lampa, 20_000)
    with app.app_context(), lampa.scope():
        said = ordered(lampa, "A1", 50_000, State.AGREED)
        at = datetime(2026, 11, 22, tzinfo=UTC)
        said = replace(said, source="woocommerce", snapshot=replace(said.snapshot, updated_at=at))
        for _twice in range(2):
            intake.apply(said)
        db.session.commit()
    return found


def cut(app: App, lampa: Merchant) -> tuple[int, int]:
    """Return what the order spent, and what was cut of its wish."""
    with app.app_context(), lampa.scope():
        book = books([orders.find(lampa.shop_id, "A1").id])
        [found] = book.values()
        assert found.version is not None
        return found.net, found.version.cut


def test_what_was_cut_is_kept_and_told_once(app: App, lampa: Merchant, gleb: int) -> None:
    assert cut(app, lampa) == (20_000, 30_000)
    assert balance(app, lampa, gleb).available == 0
    with app.app_context(), lampa.scope():
        [event] = db.session.scalars(select(Event).where(Event.type == "bonus.cut"))
        assert (event.facts["asked"], event.facts["spent"]) == (50_000, 20_000)


def test_the_page_of_the_order_says_it_and_mends_it(
    app: App, client: FlaskClient, lampa: Merchant, gleb: int
) -> None:
    sign_in(client, lampa.staff["owner"])
    answer = client.get("/api/v1/orders/A1", headers=lampa.bearer)
    deal = client.get(lampa.office("orders/")).text
    address = next(
        part.split('"')[0] for part in deal.split('href="') if "/office/orders/dl_" in part
    )
    assert answer.get_json()["bonus"]["spent"] == "200.00"
    shown = client.get(address).text
    assert "Not all of it could be taken" in shown
    assert "500.00" in shown
    assert "300.00" in shown
    assert "Take what is missing" in shown

    def mend() -> None:
        assert client.post(f"{address}bonuses").status_code == 303

    mend()
    assert cut(app, lampa) == (20_000, 30_000), "there is nothing to take"
    with app.app_context(), lampa.scope():
        credit(gleb, 10_000)
        db.session.commit()
    mend()
    assert cut(app, lampa) == (30_000, 20_000)
    with app.app_context(), lampa.scope():
        credit(gleb, 50_000)
        db.session.commit()
    mend()
    mend()
    assert cut(app, lampa) == (50_000, 0)
    assert balance(app, lampa, gleb).available == 30_000
    assert "Take what is missing" not in client.get(address).text
    with app.app_context(), lampa.scope():
        intake.delete(lampa.shop_id, "A1")
        db.session.commit()
    assert balance(app, lampa, gleb).available == 80_000
