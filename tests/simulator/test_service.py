"""What would an order pay: the same as it then pays, and nothing is written on the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app import clock, sql
from app.extensions import db
from app.members.models import Member
from app.orders.rules import Customer
from app.simulator import service
from app.tenants import service as tenants
from tests.intake.scene import NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.commissions.queries import DealView
    from app.orders.rules import Snapshot

GUEST = Customer(email="gleb@example.org", name="Gleb")


@pytest.fixture
def lampa(db_session: object) -> Iterator[Scene]:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        yield scene


def simulated(scene: Scene, snapshot: Snapshot, external_id: str = "") -> service.Simulated:
    return service.simulate(scene.message(external_id, snapshot))


def told(view: DealView) -> tuple[Any, ...]:
    deal = view.deal
    return (
        deal.state,
        deal.reason,
        deal.promo_code,
        deal.terms_label,
        deal.commission,
        deal.available_at,
        view.partner,
        [(s.level, s.name, s.amount, s.bucket, [p.why for p in s.lines]) for s in view.shares],
    )


def rows() -> dict[str, int]:
    """Count the rows of every table, as the app's role sees the tenant's."""
    names = db.session.scalars(
        text("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
             " AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'")
    ).all()  # fmt: skip
    count = "SELECT count(*) FROM {}"
    return {n: db.session.execute(text(count.format(n))).scalar_one() for n in names}


@pytest.mark.parametrize(
    "snapshot",
    [
        order("completed", partner_code="VERA10"),
        order("paid", coupons=("anna10",)),
        order("new", ref="boris", customer=GUEST),
        order("cancelled", partner_code="VERA10"),
        order("packing", partner_code="nobody"),
        order("paid", customer=Customer()),
        order("paid", partner_code="VERA10", lines=()),
    ],
)
def test_it_says_what_the_order_then_pays(lampa: Scene, snapshot: Snapshot) -> None:
    expected = simulated(lampa, snapshot)
    view = lampa.say("A1", snapshot)
    assert told(expected.view) == told(view)


def test_nothing_is_written_in_any_table(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10", customer=GUEST))
    before = rows()
    for snapshot in (
        order("completed", partner_code="VERA10"),
        order("paid", customer=Customer(id="new", email="new@example.org"), ref="vera"),
        order("paid", customer=Customer(id="9", email="gleb@example.org")),
    ):
        simulated(lampa, snapshot)
        simulated(lampa, snapshot, "A1")
    assert rows() == before


def test_the_database_itself_refuses_to_write_meanwhile_and_lets_afterwards(lampa: Scene) -> None:
    made = {"shop_id": lampa.shop_id, "key": "id:x", "created_at": NOON}
    with pytest.raises(DBAPIError, match="read-only"), sql.read_only():
        db.session.execute(text("INSERT INTO member (shop_id, key, created_at)"
                                " VALUES (:shop_id, :key, :created_at)"), made)  # fmt: skip
    db.session.add(Member(**made))
    db.session.flush()


def test_a_known_customer_brings_his_history_along(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10"))
    later = order("paid", created_at=NOON + timedelta(minutes=5))
    found = simulated(lampa, later)
    assert found.view.partner is not None
    assert (found.view.partner.name, found.view.deal.how) == ("Vera", "binding")
    stranger = replace(later, customer=Customer(id="99", email="stranger@example.org"))
    assert simulated(lampa, stranger).view.deal.reason == "no_claim"


def test_a_guest_is_known_by_the_e_mail_of_who_has_an_account(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10"))
    later = order("paid", created_at=NOON + timedelta(minutes=5), customer=GUEST)
    assert simulated(lampa, later).view.deal.how == "binding"


def test_an_account_takes_its_guests_orders_along(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10", customer=GUEST))
    later = order("paid", created_at=NOON + timedelta(minutes=5))
    assert simulated(lampa, later).view.deal.how == "binding"
    assert told(simulated(lampa, later).view) == told(lampa.say("A2", later))


def test_a_message_about_an_order_that_is_there_stands_on_what_was_said(lampa: Scene) -> None:
    lampa.say("A1", order("paid", partner_code="VERA10"))
    older = order("cancelled", -5, partner_code="VERA10")
    assert simulated(lampa, older, "A1").order.folded.state.value == "agreed"
    newer = order("cancelled", 5, partner_code="VERA10")
    assert simulated(lampa, newer, "A1").view.deal.reason == "cancelled"


def test_every_claim_is_told_with_why_it_lost(lampa: Scene) -> None:
    found = simulated(lampa, order("paid", partner_code="VERA10", coupons=("anna10",)))
    assert [(c.kind, c.partner, c.won, c.why) for c in found.claims] == [
        ("partner_code", "Vera", True, "won"),
        ("coupon", "Anna", False, "weaker"),
    ]


def test_the_months_caps_have_their_say(lampa: Scene) -> None:
    tenants.change_settings({"cap_month": 25000})
    first = order("completed", partner_code="VERA10", created_at=NOON + timedelta(hours=1))
    with clock.moved_to(NOON + timedelta(days=15)):
        lampa.say("A1", first)
        second = replace(first, customer=Customer(id="88", email="other@example.org"))
        expected = simulated(lampa, second)
        assert expected.view.deal.commission == lampa.say("A2", second).deal.commission
        assert expected.view.deal.commission == 0
