"""Above the limit of one person two different people approve a payout; a day's small ones count together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.errors import Forbidden
from app.events.models import Event
from app.events.service import acting_as
from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.payouts import service
from app.payouts.rules import Consent
from app.payouts.service import bulk
from app.payruns.rules import Pays, Plan
from app.payruns.service import change_plan
from app.runs import service as runs
from tests.payouts.setting import at_lampa, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.payouts.models import Payout

NOON = datetime(2026, 11, 23, 9, tzinfo=UTC)
ONE, OTHER = "person:101", "person:102"


@pytest.fixture(autouse=True)
def _limit(db_session: scoped_session[Session]) -> Iterator[None]:
    with at_lampa(), clock.moved_to(NOON):
        change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=50_000)
        yield


def asked(name: str, amount: int) -> Payout:
    """Make a partner who has asked for all that is earned."""
    made = partner(name)
    earn(made, amount)
    return service.request_for(made, amount, "bank", f"partner:{made}")


def happened() -> list[str]:
    query = select(Event.type).where(Event.type.like("payout.%approved")).order_by(Event.id)
    return list(db.session.scalars(query))


def test_above_the_limit_the_first_approval_waits_for_another_persons() -> None:
    payout = asked("Anna", 50_001)
    assert service.consent_to(payout, ONE) is Consent.FIRST
    service.approve(payout.id, ONE)
    assert (payout.state, payout.first_approved_by) == ("requested", ONE)
    with pytest.raises(Forbidden, match="second person"):
        service.approve(payout.id, ONE)
    assert payout.state == "requested"
    service.approve(payout.id, OTHER)
    assert (payout.state, payout.approved_by) == ("approved", OTHER)
    assert happened() == ["payout.first_approved", "payout.approved"]


def test_up_to_the_limit_one_is_enough() -> None:
    assert service.approve(asked("Anna", 50_000).id, ONE).state == "approved"


def test_what_one_person_approves_alone_on_a_day_counts_together() -> None:
    small = [asked(name, 20_000) for name in ("Anna", "Boris", "Vera")]
    assert [service.approve(each.id, ONE).state for each in small] == [
        "approved",
        "approved",
        "requested",
    ]
    assert service.approve(small[2].id, OTHER).state == "approved"
    # Two stood for it: it is of neither's day.
    assert service.approve(asked("Gleb", 50_000).id, OTHER).state == "approved"


def test_a_new_day_of_the_merchants_begins_anew() -> None:
    service.approve(asked("Anna", 50_000).id, ONE)
    late = datetime(2026, 11, 23, 20, 59, tzinfo=UTC)  # a minute before midnight in Moscow
    boris, vera = asked("Boris", 50_000), asked("Vera", 50_000)
    with clock.moved_to(late):
        assert service.approve(boris.id, ONE).state == "requested"
    with clock.moved_to(late + timedelta(minutes=2)):
        assert service.approve(vera.id, ONE).state == "approved"


def test_what_was_given_back_counts_no_more() -> None:
    first = service.approve(asked("Anna", 50_000).id, ONE)
    service.reject(first.id, "A mistake", ONE)
    assert service.approve(asked("Boris", 50_000).id, ONE).state == "approved"


def test_a_payment_by_hand_is_no_way_around() -> None:
    anna = partner("Anna")
    earn(anna, 90_000)
    with pytest.raises(Forbidden, match="Make a request"):
        service.record_paid(anna, 50_001, "bank", ONE)
    assert partner_balances([anna])[anna] == PartnerBalance(available=90_000)
    service.record_paid(anna, 30_000, "bank", ONE)
    with pytest.raises(Forbidden, match="Make a request"):
        service.record_paid(anna, 30_000, "bank", ONE)
    service.record_paid(anna, 30_000, "bank", OTHER)


def test_many_at_once_are_approved_up_to_the_limit_and_the_rest_waits() -> None:
    ids = [asked(name, 20_000).id for name in ("Anna", "Boris", "Vera")]
    with acting_as(ONE):
        run = bulk.start(ids)
        while runs.work(run.id, bulk.KINDS):
            pass
    assert [each.why for each in bulk.refused(run)] == [
        "Noted. Another person must approve it now."
    ]
    with acting_as(OTHER):
        run = bulk.start(ids[2:])
        while runs.work(run.id, bulk.KINDS):
            pass
    assert bulk.refused(run) == []
