"""A partner is told when a debt comes up, and warned before what he earns repays it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.adjustments.service import adjust
from app.commissions.service import warn_of_debts
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.ledger.queries import PartnerBalance
from app.orders.rules import Customer
from tests.intake.scene import NOON, Scene, at_lampa, order

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("db_session")
LATER = NOON + timedelta(days=20)


@pytest.fixture
def lampa(db_session: object) -> Iterator[Scene]:
    """Vera's money of her first sale has left already."""
    with at_lampa(("10%",)) as scene, clock.moved_to(LATER):
        scene.say("A1", order("completed", partner_code="VERA10"))
        adjust(scene.vera.id, -19000, "Paid in cash", "RUB")
        assert scene.balances()["Vera"] == PartnerBalance()
        yield scene


def told(kind: str) -> list[dict[str, Any]]:
    query = select(Event.facts).where(Event.type == kind).order_by(Event.id)
    return [
        {name: facts[name] for name in ("amount", "debt", "repays", "left", "on") if name in facts}
        for facts in db.session.scalars(query)
    ]


def test_a_sale_taken_back_after_its_money_left_is_told_as_a_debt(lampa: Scene) -> None:
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    assert lampa.balances()["Vera"].debt == 19000
    assert told("debt.arisen") == [{"amount": 19000, "debt": 19000}]
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    assert len(told("debt.arisen")) == 1


def test_what_is_still_there_is_taken_without_a_word_of_debt(lampa: Scene) -> None:
    adjust(lampa.vera.id, 30000, "A prize", "RUB")
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    assert lampa.balances()["Vera"].available == 11000
    assert told("debt.arisen") == []


def test_only_the_part_that_was_gone_is_debt(lampa: Scene) -> None:
    adjust(lampa.vera.id, 4000, "A prize", "RUB")
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    assert told("debt.arisen") == [{"amount": 15000, "debt": 15000}]


def sell(scene: Scene, number: str, day: int) -> int:
    """Complete another sale of Vera's so many days after the debt came up; its hold lasts 14 days."""
    at = LATER + timedelta(days=day)
    said = order(
        "completed",
        partner_code="VERA10",
        created_at=at,
        updated_at=at,
        customer=Customer(id=f"c{number}", email=f"c{number}@example.org"),
    )
    with clock.moved_to(at):
        return int(scene.say(number, said).deal.order_id)


def test_a_partner_is_warned_three_days_before_of_which_sale_how_much_and_when(
    lampa: Scene,
) -> None:
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    adjust(lampa.vera.id, -11000, "A fine", "RUB")  # 30,000 owed
    for number, day in (("B1", 0), ("B2", 1), ("B3", 2)):
        sell(lampa, number, day)
    with clock.moved_to(LATER + timedelta(days=10)):
        assert warn_of_debts() == 0  # too early
    with clock.moved_to(LATER + timedelta(days=12)):
        assert warn_of_debts() == 2
        assert warn_of_debts() == 0  # each once
    assert told("debt.due") == [
        {"amount": 19000, "debt": 30000, "repays": 19000, "left": 0, "on": "2026-11-04"},
        {"amount": 19000, "debt": 30000, "repays": 11000, "left": 8000, "on": "2026-11-05"},
    ]


def test_what_was_told_comes_true(lampa: Scene) -> None:
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    sold = sell(lampa, "B1", 0)
    with clock.moved_to(LATER + timedelta(days=12)):
        warn_of_debts()
    with clock.moved_to(LATER + timedelta(days=15)):
        intake.rework([sold])
        assert lampa.balances()["Vera"] == PartnerBalance()
        assert warn_of_debts() == 0


def test_who_owes_nothing_and_other_merchants_are_not_warned(lampa: Scene) -> None:
    sell(lampa, "B1", 0)
    with clock.moved_to(LATER + timedelta(days=12)):
        assert warn_of_debts() == 0
    lampa.say("A1", order("cancelled", 6, partner_code="VERA10"))
    with at_lampa() as other, clock.moved_to(LATER + timedelta(days=12)):
        assert other.tenant_id != lampa.tenant_id
        assert warn_of_debts() == 0
