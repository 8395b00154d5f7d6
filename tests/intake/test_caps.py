"""Caps of a month and cashback as they are booked: the ledger says it, not a page."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import clock
from app.commissions.models import Cap, CapAsk
from app.commissions.queries import booked, deal_view
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.orders.rules import Customer, Refund, Snapshot
from app.orders.service import find
from app.partners.service import change
from app.programs import queries as programs
from app.programs import service as terms
from app.tenants.service import change_settings
from tests.harness import invariants
from tests.intake.scene import FOUNDED, NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY = timedelta(days=1)
LATER = NOON + 20 * DAY  # the same month


@pytest.fixture
def lampa(db_session: object) -> Iterator[Scene]:
    """A shop whose completed orders are available at once, at 10, 5 and 1 percent."""
    with at_lampa(hold_days=0) as scene:
        yield scene


def set_caps(**said: Any) -> None:
    with clock.moved_to(FOUNDED):
        change_settings(said)


def bought(
    number: int, days: int = 0, status: str = "completed", **said: Any
) -> tuple[str, Snapshot]:
    """A customer's order over 1,900.00 that is completed `days` after noon: Vera earns 190.00."""
    at = NOON + days * DAY
    who = Customer(id=str(number), email=f"buyer{number}@example.org")
    told = order(
        status,
        created_at=NOON,
        updated_at=at,
        completed_at=at if status == "completed" else None,
        customer=who,
        partner_code="VERA10",
    )
    return f"A{number}", replace(told, **said)


def earned(scene: Scene, external_id: str) -> int:
    view = deal_view(find(scene.shop_id, external_id).id)
    assert view is not None
    return sum(row.amount for row in view.shares if row.partner_id == scene.vera.id)


def events_of(kind: str) -> list[dict[str, Any]]:
    return [e.facts for e in db.session.scalars(select(Event).where(Event.type == kind))]


def test_a_partners_month_is_capped_and_another_order_of_it_gets_the_rest(lampa: Scene) -> None:
    set_caps(cap_partner=30000)
    with clock.moved_to(LATER):
        lampa.say(*bought(1, 1))
        lampa.say(*bought(2, 2))
        lampa.say(*bought(3, 3))
    assert [earned(lampa, f"A{n}") for n in (1, 2, 3)] == [19000, 11000, 0]
    assert lampa.balances()["Vera"].available == 30000
    view = deal_view(find(lampa.shop_id, "A2").id)
    assert view is not None
    [cap] = view.shares[0].lines[0].why["caps"]
    assert cap == {"by": "partner", "most": 30000, "wanted": 19000, "paid": 11000}


def test_an_order_that_became_available_earlier_takes_from_a_later_one(lampa: Scene) -> None:
    set_caps(cap_partner=30000)
    with clock.moved_to(LATER):
        lampa.say(*bought(2, 2))
        lampa.say(*bought(3, 3))
        lampa.say(*bought(1, 1))
    assert [earned(lampa, f"A{n}") for n in (1, 2, 3)] == [19000, 11000, 0]


def test_a_refund_makes_room_for_the_later_orders_of_other_customers(lampa: Scene) -> None:
    set_caps(cap_partner=30000)
    with clock.moved_to(LATER):
        for number in (1, 2, 3):
            lampa.say(*bought(number, number))
        name, said = bought(1, 1)
        back = Refund(id="r", amount=190000)
        lampa.say(name, replace(said, updated_at=LATER, refunds=(back,)))
    assert [earned(lampa, f"A{n}") for n in (1, 2, 3)] == [0, 19000, 11000]
    assert lampa.balances()["Vera"].available == 30000
    cancelled = replace(bought(2, 2, "cancelled")[1], updated_at=LATER)
    with clock.moved_to(LATER):
        lampa.say("A2", cancelled)
    assert [earned(lampa, f"A{n}") for n in (1, 2, 3)] == [0, 0, 19000]
    asked = db.session.scalars(select(CapAsk.given).where(CapAsk.partner_id == lampa.vera.id))
    assert sorted(asked) == [19000]


def test_the_sweep_cuts_what_the_hold_let_through(lampa: Scene) -> None:
    set_caps(cap_month=25000)
    with clock.moved_to(FOUNDED):
        terms.change_terms(programs.base_terms(), hold_days=3)
    with clock.moved_to(NOON + DAY):
        lampa.say(*bought(1, 0))
        lampa.say(*bought(2, 1))
    assert lampa.balances()["Vera"].pending == 38000
    with clock.moved_to(NOON + 5 * DAY):
        intake.rework([find(lampa.shop_id, f"A{n}").id for n in (1, 2)])
    # 190 + 95 of the first: the budget of 250 is spent; nothing is left for the second.
    assert lampa.balances()["Vera"].available == 19000
    assert lampa.balances()["Boris"].available == 6000
    assert lampa.balances()["Vera"].pending == 0
    view = deal_view(find(lampa.shop_id, "A2").id)
    assert view is not None
    assert view.deal.reason == "cap_reached"


def test_terms_have_a_cap_of_their_own_and_only_whole_sums_may_be_wanted(lampa: Scene) -> None:
    set_caps(over_cap="nothing")
    with clock.moved_to(FOUNDED):
        terms.change_terms(programs.base_terms(), cap=20000)
    with clock.moved_to(LATER):
        lampa.say(*bought(1, 1))
    assert {n: b.available for n, b in lampa.balances().items()} == {
        "Vera": 19000,
        "Boris": 0,
        "Anna": 0,
    }


def test_staff_and_the_partner_are_told_once_at_eighty_percent(lampa: Scene) -> None:
    set_caps(cap_partner=40000, cap_month=1000000)
    with clock.moved_to(LATER):
        lampa.say(*bought(1, 1))
        assert events_of("cap.near") == []
        lampa.say(*bought(2, 2))
        lampa.say(*bought(3, 3))
    [staff] = events_of("cap.near")
    [partner] = events_of("cap.partner_near")
    assert staff == partner
    assert (staff["partner_id"], staff["given"], staff["most"]) == (lampa.vera.id, 38000, 40000)
    counter = db.session.scalar(select(Cap).where(Cap.key == f"partner:{lampa.vera.id}:2026-10"))
    assert counter is not None
    assert (counter.given, counter.told_at) == (40000, LATER)


def test_without_caps_nothing_is_counted(lampa: Scene) -> None:
    with clock.moved_to(LATER):
        lampa.say(*bought(1, 1))
    assert db.session.scalars(select(Cap)).all() == []


@pytest.fixture(scope="module")
def shared(app: Any) -> Iterator[Scene]:
    """One shop with a cap for all examples; each runs in a savepoint that is rolled back."""
    with app.app_context():
        with at_lampa(hold_days=0) as scene:
            set_caps(cap_partner=30000, cap_month=60000, cap_customer=40000)
            yield scene
        db.session.rollback()
        db.session.remove()


said = st.tuples(
    st.integers(1, 4),  # the order, each another customer's
    st.integers(0, 3),  # the day on which it was completed
    st.sampled_from(["completed", "completed", "paid", "cancelled"]),
    st.integers(0, 5),  # minutes
    st.sampled_from([0, 0, 95000]),
)


def played(scene: Scene, told: list[tuple[int, int, str, int, int]]) -> dict[str, Any]:
    savepoint = db.session.begin_nested()
    try:
        with clock.moved_to(LATER):
            for number, day, status, minute, back in told:
                name, snapshot = bought(number, day, status)
                refunds = (Refund(id="r", amount=back),) if back else ()
                at = NOON + 10 * DAY + timedelta(minutes=minute)
                scene.say(name, replace(snapshot, updated_at=at, refunds=refunds))
        found: dict[str, Any] = {"balances": scene.balances()}
        for name in sorted({f"A{each[0]}" for each in told}):
            row = find(scene.shop_id, name)
            found[name] = sorted(
                (k.line, k.level, k.partner_id, nets) for k, nets in booked([row.id]).items()
            )
        assert not invariants.broken()
        found["counters"] = sorted(
            (c.key, c.given) for c in db.session.scalars(select(Cap)) if c.given
        )
        return found
    finally:
        savepoint.rollback()
        db.session.expunge_all()


@given(st.lists(said, min_size=2, max_size=6), st.data())
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_with_caps_any_order_of_messages_ends_in_the_same_money(
    shared: Scene, told: list[tuple[int, int, str, int, int]], data: st.DataObject
) -> None:
    straight = played(shared, told)
    assert played(shared, data.draw(st.permutations(told))) == straight
    vera = straight["balances"]["Vera"]
    assert vera.available <= 30000


def test_a_partner_who_buys_earns_cashback_without_any_claim(lampa: Scene) -> None:
    set_caps(cashback=True)
    with clock.moved_to(FOUNDED):
        terms.change_terms(programs.base_terms(), cashback_rate="3%")
        change(lampa.vera, email="gleb@example.org")
    with clock.moved_to(LATER):
        view = lampa.say("A9", order("completed", completed_at=NOON))
    assert [(r.level, r.refcode, r.amount) for r in view.shares] == [
        (0, "vera", 5700),
        (1, "boris", 19000),
        (2, "anna", 9500),
    ]
    assert view.deal.how == "own"
    assert lampa.balances()["Vera"].available == 5700


def test_a_campaign_pays_while_it_runs_and_ends_by_itself(lampa: Scene) -> None:
    with clock.moved_to(FOUNDED):
        made = terms.create_campaign(
            name="Autumn", levels=["20%"], starts_at=NOON - DAY, ends_at=NOON + DAY
        )
    with clock.moved_to(LATER):
        during = lampa.say("A1", order("paid", partner_code="VERA10"))
        after = lampa.say(
            "A2", order("paid", created_at=NOON + datetime.resolution + DAY, partner_code="VERA10")
        )
    assert [r.amount for r in during.shares] == [38000, 9500, 1900]
    assert [r.amount for r in after.shares] == [19000, 9500, 1900]
    assert during.shares[0].lines[0].why["owner"] == f"campaign:{made.id}"
