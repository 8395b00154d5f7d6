from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app import jobs
from app.extensions import db
from app.ledger.checks import broken
from app.onboarding.demo import scale
from app.reruns import queries as reruns
from app.reruns import service as reruns_service
from app.statistics import queries
from app.tenancy import tenant_scope
from tests.harness import invariants

if TYPE_CHECKING:
    from app.application import App

SIZE = scale.Size(partners=120, orders=400, clicks=3_000)


@pytest.fixture
def merchant(app: App) -> int:
    with app.app_context():
        lines = list(scale.make(SIZE))
        slug = lines[0].split("/")[1]
        assert lines[1:] == ["3000 clicks", "400 orders", "roll-ups"]
        return int(
            db.session.execute(
                text("SELECT id FROM tenant WHERE slug = :s"), {"s": slug}
            ).scalar_one()
        )


def count(table: str) -> int:
    return int(db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def test_a_merchant_of_any_size_is_made_and_its_books_are_sound(app: App, merchant: int) -> None:
    with app.app_context(), tenant_scope(merchant):
        made = {name: count(name) for name in ("partner", "orders", "click", "partner_figures")}
        assert made == {"partner": 120, "orders": 400, "click": 3_000, "partner_figures": 120}
        assert count("event WHERE drained_at IS NULL") == 0
        brought = count("deal WHERE partner_id IS NOT NULL AND state <> 'cancelled'")
        by_click = count("claim WHERE won AND kind = 'click'")
        assert by_click > brought / 2 > 100
        assert queries.ever().orders == brought
        assert queries.ever().bots + queries.ever().clicks == 3_000
        assert not broken()
        assert not invariants.broken()


def test_what_was_made_in_sets_is_what_a_replay_would_make(app: App, merchant: int) -> None:
    with app.app_context():
        ids = jobs.in_transaction(lambda: reruns.all_orders(0, 1_000), merchant)
        found = jobs.in_transaction(lambda: reruns_service.replay(ids), merchant)
        assert len(ids) == 400
        assert not found.refolded
        assert not found.posted
