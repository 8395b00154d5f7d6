"""A commission set by hand holds through messages, refunds and replays, whatever their order."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import clock
from app.adjustments import service
from app.adjustments.queries import set_for_others
from app.catalog import service as catalog
from app.commissions.models import Override
from app.commissions.queries import booked, deal_view
from app.errors import Conflict, DomainError, Forbidden
from app.events import service as events
from app.events.models import Event
from app.extensions import db
from app.identity import service as identity
from app.intake import service as intake
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance
from app.notifications.models import Message
from app.notifications.service import promise
from app.orders.rules import Line, Refund
from app.orders.service import find
from app.partners.models import Partner
from tests.intake.scene import NOON, Scene, at_lampa, order
from tests.intake.test_convergence import said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.commissions.queries import DealView
    from app.orders.rules import Snapshot

RUB = "RUB"


@pytest.fixture
def lampa(db_session: object) -> Iterator[Scene]:
    with at_lampa() as scene, clock.moved_to(NOON + timedelta(hours=1)):
        yield scene


def override(view: DealView, reason: str = "Agreed by phone", **levels: int | None) -> DealView:
    wanted = {int(name[1:]): amount for name, amount in levels.items()}
    return service.override(view.deal.order_id, wanted, reason, "Olga", RUB)


def amounts(view: DealView) -> list[tuple[int, int, str]]:
    return [(s.level, s.amount, s.bucket) for s in view.shares]


def test_what_staff_set_is_booked_at_once_and_kept_by_later_messages(lampa: Scene) -> None:
    view = lampa.say("A1", order("paid", partner_code="VERA10"))
    view = override(view, l1=50000)
    assert amounts(view) == [(1, 50000, "pending"), (2, 9500, "pending"), (3, 1900, "pending")]
    half = (Refund(id="r1", amount=95000),)
    view = lampa.say("A1", order("completed", 5, partner_code="VERA10", refunds=half))
    assert amounts(view) == [(1, 25000, "pending"), (2, 4750, "pending"), (3, 950, "pending")]
    with clock.moved_to(NOON + timedelta(days=30)):
        intake.rework([view.deal.order_id])
        intake.rework([view.deal.order_id])
    assert lampa.balances()["Vera"] == PartnerBalance(available=25000)
    view = lampa.say("A1", order("cancelled", 9, partner_code="VERA10", refunds=half))
    assert view.deal.commission == 0
    assert lampa.balances()["Vera"] == PartnerBalance()


def test_clearing_it_brings_the_computed_sum_back(lampa: Scene) -> None:
    view = override(lampa.say("A1", order(partner_code="VERA10")), l1=50000, l2=0)
    assert amounts(view)[:2] == [(1, 50000, "pending"), (2, 0, "pending")]
    view = override(view, "A mistake of ours", l1=None, l2=None)
    assert amounts(view) == [(1, 19000, "pending"), (2, 9500, "pending"), (3, 1900, "pending")]


def test_it_is_told_with_who_why_and_what_stood_before(lampa: Scene) -> None:
    view = override(lampa.say("A1", order(partner_code="VERA10")), l1=50000)
    override(view, l1=50000)  # said twice
    told = db.session.scalars(select(Event).where(Event.type == "deal.overridden")).all()
    assert [e.facts for e in told] == [
        {
            "deal_id": view.deal.public_id,
            "order_id": view.deal.order_id,
            "partner_id": lampa.vera.id,
            "level": 1,
            "amount": 50000,
            "before": 19000,
            "after": 50000,
            "currency": RUB,
            "reason": "Agreed by phone",
        }
    ]


def test_lines_that_gain_and_lines_that_lose_are_one_change_and_one_letter(lampa: Scene) -> None:
    lines = (
        Line(id="1", product="lamp-1", name="Lamp", quantity=Decimal(1), price=100000),
        Line(id="2", product="shade", name="Shade", quantity=Decimal(1), price=900000),
    )
    catalog.put_product(lampa.shop_id, "shade", name="Shade", levels=["1%"])
    lampa.vera.email = "vera@lampa.example"
    made = NOON + timedelta(hours=1)
    view = lampa.say("A1", order(partner_code="VERA10", lines=lines, created_at=made))
    override(view, l1=15000)
    posted = db.session.execute(
        select(Transfer.line, Transfer.kind, Transfer.amount, Transfer.reason)
        .where(Transfer.reference == f"order:{view.deal.order_id}:2")
        .order_by(Transfer.line)
    ).all()
    assert [tuple(row) for row in posted] == [
        ("1", "reversal", 8500, "Agreed by phone"),
        ("2", "accrual", 4500, "Agreed by phone"),
    ]
    told = db.session.scalars(
        select(Event).where(Event.facts["by_hand"].as_string() == "Agreed by phone")
    ).all()
    assert [(e.type, e.facts["amount"]) for e in told] == [("commission.taken_back", 4000)]
    promise(events.drain())
    letters = db.session.execute(
        select(Message.template, Message.recipient).order_by(Message.id)
    ).all()
    mine = [kind for kind, to in letters if to == f"partner:{lampa.vera.id}"]
    assert mine[-2:] == ["commission.accrued", "deal.overridden"]


def test_what_was_set_stays_with_its_partner_when_another_wins(lampa: Scene) -> None:
    view = override(lampa.say("A1", order(partner_code="VERA10")), l1=50000)
    view = lampa.say("A1", order("paid", 5, partner_code="ANNA10"))
    assert (view.deal.partner_id, amounts(view)[0]) == (lampa.anna.id, (1, 19000, "pending"))
    assert [(o["level"], o["amount"], o["name"]) for o in set_for_others(view)] == [
        (1, 50000, "Vera")
    ]
    view = override(view, l1=700)
    assert lampa.balances()["Anna"].pending == 700
    assert lampa.balances()["Vera"].pending == 0
    view = lampa.say("A1", order("paid", 9, partner_code="VERA10"))
    assert amounts(view)[0] == (1, 50000, "pending")
    assert [o["name"] for o in set_for_others(view)] == ["Anna"]
    with pytest.raises(DomainError, match="Nobody stands"):
        override(view, l7=1)


def test_it_needs_a_reason_a_sum_that_fits_and_a_partner(lampa: Scene) -> None:
    view = lampa.say("A1", order(partner_code="VERA10"))
    with pytest.raises(DomainError, match="why"):
        override(view, " ", l1=1)
    for amount in (-1, 10**14 + 1):
        with pytest.raises(DomainError, match="too large"):
            override(view, l1=amount)
    nobodys = lampa.say("A2", order(created_at=NOON - timedelta(days=1)))
    with pytest.raises(Conflict):
        override(nobodys, l1=1)


@pytest.fixture(scope="module")
def shop(app: Any) -> Iterator[Scene]:
    """One shop for all examples; each runs in a savepoint that is rolled back."""
    with app.app_context():
        with at_lampa() as scene:
            yield scene
        db.session.rollback()
        db.session.remove()


def play(
    scene: Scene, messages: list[tuple[int, Snapshot]], set_after: int, levels: dict[int, int]
) -> dict[str, Any]:
    """Tell messages, let staff set the first order's levels after some of them; return the money."""
    savepoint = db.session.begin_nested()
    try:
        with clock.moved_to(NOON + timedelta(days=40)):
            scene.say("A0", order("paid", -60, partner_code="VERA10"))
            order_id = find(scene.shop_id, "A0").id
            for n, (which, snapshot) in enumerate([*messages, (-1, order())]):
                if n == min(set_after, len(messages)):
                    for level, amount in levels.items():
                        word: dict[str, Any] = {"reason": "why", "by": "Olga", "actor": "person:1"}
                        stands = [scene.vera, scene.boris, scene.anna][level - 1]
                        word["partner_id"] = stands.id
                        row = Override(
                            order_id=order_id, level=level, amount=amount, at=NOON, **word
                        )
                        db.session.add(row)
                    intake.rework([order_id])
                if which >= 0:
                    scene.say(f"A{which}", snapshot)
            found: dict[str, Any] = {"balances": scene.balances()}
            for which in sorted({0, *(which for which, _ in messages)}):
                view = deal_view(find(scene.shop_id, f"A{which}").id)
                assert view is not None
                keys = booked([view.deal.order_id]).items()
                found[f"A{which}"] = (
                    sorted((k.line, k.level, k.partner_id, nets) for k, nets in keys),
                    view.deal.commission,
                    view.deal.reason,
                )
            return found
    finally:
        savepoint.rollback()
        db.session.expunge_all()


@given(st.data())
@settings(max_examples=25, phases=[Phase.explicit, Phase.generate])
def test_whenever_staff_set_it_and_in_whatever_order_messages_come_the_money_is_the_same(
    shop: Scene, data: st.DataObject
) -> None:
    first = data.draw(st.lists(said, min_size=1, max_size=5))
    again = data.draw(st.lists(st.sampled_from(first), max_size=3))
    shuffled = data.draw(st.permutations(first + again))
    levels = data.draw(
        st.dictionaries(st.integers(1, 3), st.sampled_from([0, 777, 40001, 500000]), min_size=1)
    )
    early, late = data.draw(st.integers(0, 5)), data.draw(st.integers(0, 9))
    assert play(shop, first, early, levels) == play(shop, shuffled, late, levels)


def test_nobody_says_what_they_earn_themselves(lampa: Scene) -> None:
    view = lampa.say("A1", order("paid", partner_code="VERA10"))
    assert view.partner is not None
    vera = db.session.scalars(select(Partner).where(Partner.id == view.partner.id)).one()
    vera.email = "olga@lampa.example"
    person = identity.ensure_person("olga@lampa.example", "Olga")
    db.session.flush()
    with events.acting_as(f"person:{person.id}"):
        with pytest.raises(Forbidden, match="somebody else"):
            override(view, l1=50000)
        view = override(view, l2=700)
    assert {level: amount for level, amount, _bucket in amounts(view)}[2] == 700
