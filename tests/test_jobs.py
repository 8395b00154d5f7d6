from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg.errors import SerializationFailure
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app import clock, jobs
from app.errors import Retry
from app.extensions import db
from app.identity.models import Session
from app.intake.models import Inbox
from app.intake.shops import inbox
from app.ledger.queries import partner_balances
from app.tenancy import current_tenant, tenant_or_none
from app.tenants import service as tenants
from app.tenants.models import IdempotencyKey, Tenant
from tests.intake.scene import NOON, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant


@pytest.fixture(autouse=True)
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def test_a_job_works_in_its_tenants_scope_and_on_its_clock(lampa: Merchant) -> None:
    ahead = timedelta(days=40)

    def move() -> None:
        db.session.scalars(
            select(Tenant).where(Tenant.id == lampa.twin_id)
        ).one().clock_offset = ahead

    jobs.in_transaction(move)
    tenant, now = jobs.in_transaction(lambda: (current_tenant(), clock.now()), lampa.twin_id)
    assert tenant == lampa.twin_id
    assert now - clock.wall() > timedelta(days=39)
    assert tenant_or_none() is None


@pytest.mark.parametrize(
    "error", [Retry("met"), DBAPIError("", {}, SerializationFailure("could not serialize"))]
)
def test_transactions_that_met_are_run_again(lampa: Merchant, error: Exception) -> None:
    tries: list[int] = []

    def act() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise error
        return "done"

    assert jobs.in_transaction(act, lampa.id) == "done"
    assert len(tries) == 3


def test_what_cannot_be_mended_is_not_tried_again(lampa: Merchant) -> None:
    tries: list[int] = []

    def act() -> None:
        tries.append(1)
        db.session.execute(text("SELECT 1 / 0"))

    with pytest.raises(DBAPIError):
        jobs.in_transaction(act, lampa.id)
    assert len(tries) == 1
    assert jobs.in_transaction(current_tenant, lampa.id) == lampa.id


def test_the_end_of_a_hold_makes_commissions_available() -> None:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        scene.say("A1", order("completed", partner_code="VERA10"))
        tenant, vera = scene.tenant_id, scene.vera.id
        before = partner_balances([vera])[vera]
        db.session.commit()
    assert (before.pending, before.available) == (19000, 0)
    jobs.mature()
    after = jobs.in_transaction(lambda: partner_balances([vera])[vera], tenant)
    assert (after.pending, after.available) == (0, 19000)
    jobs.mature()
    assert jobs.in_transaction(lambda: partner_balances([vera])[vera], tenant) == after


def test_a_delivery_that_cannot_be_read_is_parked_and_told(lampa: Merchant) -> None:
    def receive() -> int:
        connection, _secret = tenants.connect(lampa.shop_id, "woocommerce")
        row = Inbox(
            connection_id=connection.id,
            topic="order.updated",
            body=b"{",
            received_at=clock.now(),
            due_at=clock.wall(),
            problem=None,
            done_at=None,
        )
        db.session.add(row)
        db.session.flush()
        return row.id

    number = jobs.in_transaction(receive, lampa.id)
    jobs.drain_inbox()
    state = select(Inbox.state).where(Inbox.id == number)
    assert jobs.in_transaction(lambda: db.session.scalar(state), lampa.id) == "parked"


def test_a_delivery_that_breaks_its_batch_does_not_hold_up_the_others() -> None:
    """A character that no text holds passes the reading: the batch fails, the others are booked."""
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        connection, _secret = inbox.connect(scene.shop_id, "woocommerce")
        hook, tenant, vera = connection.id, scene.tenant_id, scene.vera.id
        for number, name in ((1, "Lamp"), (2, "La\0mp"), (3, "Lamp")):
            leave(hook, woo(number, name))
        db.session.commit()
    with at_lampa() as other:
        connection, _secret = inbox.connect(other.shop_id, "woocommerce")
        leave(connection.id, woo(1))
        neighbour = other.tenant_id
        db.session.commit()
    jobs.drain_inbox()
    states = select(Inbox.state).order_by(Inbox.id)
    found = jobs.in_transaction(lambda: list(db.session.scalars(states)), tenant)
    assert found[::2] == ["done", "done"]
    assert found[1] != "done"
    assert jobs.in_transaction(lambda: db.session.scalar(states), neighbour) == "done"
    assert jobs.in_transaction(lambda: partner_balances([vera])[vera], tenant).pending == 2 * 1000


def test_a_deletion_is_taken_in_between_what_was_said_before_and_after_it() -> None:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        connection, _secret = inbox.connect(scene.shop_id, "woocommerce")
        leave(connection.id, woo(7))
        leave(connection.id, b'{"id": 7}', "order.deleted")
        leave(connection.id, woo(7, modified="2099-01-01T00:00:00"))
        tenant, vera = scene.tenant_id, scene.vera.id
        db.session.commit()
    jobs.drain_inbox()
    balance = jobs.in_transaction(lambda: partner_balances([vera])[vera], tenant)
    assert balance.pending == 1000


def leave(connection_id: int, body: bytes, topic: str = "order.updated") -> None:
    """Leave a proven delivery in the inbox."""
    row = Inbox(
        connection_id=connection_id,
        topic=topic,
        body=body,
        received_at=clock.now(),
        due_at=clock.wall(),
        problem=None,
        done_at=None,
    )
    db.session.add(row)
    db.session.flush()


def woo(number: int, name: str = "Lamp", modified: str = f"{NOON:%Y-%m-%dT%H:%M:%S}") -> bytes:
    """Return a paid order of 100.00 as WooCommerce tells it, with Vera's code."""
    placed = f"{NOON:%Y-%m-%dT%H:%M:%S}"
    item = {"id": 1, "product_id": 11, "name": name, "quantity": 1,
            "total": "100.00", "total_tax": "0.00"}  # fmt: skip
    said = {
        "id": number, "number": str(number), "status": "processing", "currency": "RUB",
        "date_created_gmt": placed, "date_modified_gmt": modified, "date_paid_gmt": placed,
        "customer_id": number, "billing": {"email": f"gleb{number}@example.com"},
        "line_items": [item], "meta_data": [{"key": "partner_promo_code", "value": "VERA10"}],
    }  # fmt: skip
    return json.dumps(said).encode()


def test_what_served_its_time_is_forgotten(lampa: Merchant) -> None:
    person = lampa.staff["owner"].id
    long_ago = clock.wall() - timedelta(days=2)

    def age() -> None:
        for at in (long_ago, clock.wall()):
            db.session.add(
                Session(
                    token_hash=f"{person}-{at.isoformat()}",
                    person_id=person,
                    created_at=at,
                    seen_at=at,
                    expires_at=at,
                    authenticated_at=at,
                    ip=None,
                    user_agent=None,
                )
            )
            db.session.add(
                IdempotencyKey(
                    key_hash=at.isoformat(), body_hash="", status=200, answer={}, created_at=at
                )
            )

    jobs.in_transaction(age, lampa.id)
    jobs.prune()
    keys = select(IdempotencyKey.created_at)
    assert jobs.in_transaction(lambda: len(db.session.scalars(keys).all()), lampa.id) == 1
    sessions = select(Session.id).where(Session.person_id == person)
    assert len(jobs.in_transaction(lambda: db.session.scalars(sessions).all())) == 1


def test_the_clicks_of_the_coming_months_have_their_tables() -> None:
    jobs.partitions()
    ahead = (clock.wall() + timedelta(days=85)).strftime("click_%Y%m")
    query = text("SELECT to_regclass(:name) IS NOT NULL")
    assert jobs.in_transaction(lambda: db.session.scalar(query, {"name": ahead}))
