from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app import clock, jobs
from app.errors import NotFound
from app.events.service import acting_as, drain, record
from app.extensions import db
from app.facts import service as facts
from app.identity import queries as identity
from app.notifications import queries, service
from app.notifications.models import Message
from app.notifications.rules import LEASE, MAX_ATTEMPTS
from app.outcomes import Fate, Outcome
from app.partners.models import Partner
from app.tenancy import role
from tests.notifications import scene
from tests.notifications.scene import message_ids, messages_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant

SENT, LATER = Outcome(Fate.SENT), Outcome(Fate.LATER, "away")


@pytest.fixture
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def drained(merchant: Merchant) -> None:
    jobs.in_transaction(lambda: service.promise(drain()), merchant.id)


def state_of(merchant: Merchant, message_id: int) -> tuple[str, int, str | None]:
    def read() -> tuple[str, int, str | None]:
        message = service.get(message_id)
        return message.state, message.attempts, message.problem

    return jobs.in_transaction(read, merchant.id)


def one_message(merchant: Merchant) -> int:
    partner_id = scene.make_partner(merchant)
    event_id = scene.earns(merchant, partner_id)
    drained(merchant)
    (message_id,) = message_ids(merchant, event_id)
    return message_id


@pytest.mark.usefixtures("_app")
def test_a_partners_letter_goes_to_the_partner(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    drained(lampa)
    address = scene.address_of(lampa, partner_id)
    assert messages_of(lampa, event_id) == [(f"partner:{partner_id}", address, "due", 0)]


@pytest.mark.usefixtures("_app")
def test_a_payout_request_is_told_to_the_money_desk_and_to_nobody_else(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.happens(lampa, "payout.requested", "payout:1", partner_id=partner_id)
    drained(lampa)
    told = {address for _who, address, _state, _n in messages_of(lampa, event_id)}
    assert told == {lampa.staff[r].email for r in ("owner", "manager", "accountant")}


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("kind", ["pay_run.first_approved", "payout.first_approved"])
def test_a_first_approval_is_told_to_whoever_may_give_the_second(
    lampa: Merchant, kind: str
) -> None:
    first = identity.by_email(lampa.staff["accountant"].email)
    assert first is not None

    def approve() -> int:
        with acting_as(f"person:{first.id}"):
            return scene.recorded(kind, "payout:1", partner_id=1)

    event_id = jobs.in_transaction(approve, lampa.id)
    drained(lampa)
    told = {address for _who, address, _state, _n in messages_of(lampa, event_id)}
    assert told == {lampa.staff["owner"].email}


@pytest.mark.usefixtures("_app")
def test_the_staff_of_the_merchant_is_told_of_the_twins_events(lampa: Merchant) -> None:
    def act() -> int:
        return scene.recorded("payout.requested", "payout:1", partner_id=1)

    event_id = jobs.in_transaction(act, lampa.twin_id)
    jobs.in_transaction(lambda: service.promise(drain()), lampa.twin_id)
    query = Message.__table__.select().where(Message.event_id == event_id)
    rows = jobs.in_transaction(lambda: db.session.execute(query).all(), lampa.twin_id)
    assert len(rows) == 3


@pytest.mark.usefixtures("_app")
def test_the_same_event_promised_twice_is_one_message(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)

    def twice() -> tuple[list[int], list[int]]:
        record("partner.details_changed", f"partner:{partner_id}", partner_id=partner_id)
        events = drain()
        return service.promise(events), service.promise(events)

    first, second = jobs.in_transaction(twice, lampa.id)
    assert first
    assert second == []


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("who", ["merchant", "partner"])
def test_a_notice_that_is_off_makes_no_message(lampa: Merchant, who: str) -> None:
    partner_id = scene.make_partner(lampa)

    def turn_off() -> None:
        if who == "merchant":
            facts.put("merchant", "notices", {"commission.accrued": False})
        else:
            service.mute(partner_id, "commission.accrued")

    jobs.in_transaction(turn_off, lampa.id)
    event_id = scene.earns(lampa, partner_id)
    drained(lampa)
    assert messages_of(lampa, event_id) == []


@pytest.mark.usefixtures("_app")
def test_a_muted_notice_can_be_turned_on_again(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)

    def act() -> list[object]:
        service.mute(partner_id, "commission.accrued")
        service.mute(partner_id, "partner.recruited")
        service.mute(partner_id, "commission.accrued", off=False)
        partner = queries.partner(partner_id)
        assert isinstance(partner, Partner)
        return partner.muted

    assert jobs.in_transaction(act, lampa.id) == ["partner.recruited"]


@pytest.mark.usefixtures("_app")
def test_only_notices_can_be_muted(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)
    with pytest.raises(NotFound):
        jobs.in_transaction(lambda: service.mute(partner_id, "payout.paid"), lampa.id)


@pytest.mark.usefixtures("_app")
def test_what_happened_long_ago_is_no_news(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)
    with clock.moved_to(clock.wall() - timedelta(days=8)):
        event_id = scene.earns(lampa, partner_id)
    drained(lampa)
    assert messages_of(lampa, event_id) == []
    assert scene.position_of(lampa, event_id)


@pytest.mark.usefixtures("_app")
def test_a_partner_without_an_address_is_told_nothing(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa, "Boris", email=None)
    event_id = scene.earns(lampa, partner_id)
    drained(lampa)
    assert messages_of(lampa, event_id) == []


@pytest.mark.usefixtures("_app")
def test_a_message_is_taken_by_one_sender_at_a_time(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    assert jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    assert jobs.in_transaction(lambda: service.take(message_id), lampa.id) is None


@pytest.mark.usefixtures("_app")
def test_a_dead_senders_message_is_taken_again_after_its_lease(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    scene.make_due(lampa, message_id)
    again = jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    assert again
    assert again.attempts == 2


@pytest.mark.usefixtures("_app")
def test_a_failed_attempt_waits_and_is_not_due_before(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    taken = jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    assert taken
    jobs.in_transaction(lambda: service.settle(taken, LATER), lampa.id)
    assert state_of(lampa, message_id) == ("due", 1, "away")
    assert jobs.in_transaction(lambda: service.take(message_id), lampa.id) is None


@pytest.mark.usefixtures("_app")
def test_after_the_last_attempt_the_message_is_dead_and_can_be_sent_again(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    for _ in range(MAX_ATTEMPTS):
        scene.make_due(lampa, message_id)
        taken = jobs.in_transaction(lambda: service.take(message_id), lampa.id)
        assert taken
        jobs.in_transaction(partial(service.settle, taken, LATER), lampa.id)
    assert state_of(lampa, message_id)[0] == "dead"
    jobs.in_transaction(lambda: service.again(message_id), lampa.id)
    assert state_of(lampa, message_id) == ("due", 0, None)


@pytest.mark.usefixtures("_app")
def test_a_message_that_kills_its_senders_is_given_up(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    for _ in range(MAX_ATTEMPTS):
        scene.make_due(lampa, message_id)
        assert jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    scene.make_due(lampa, message_id)
    assert jobs.in_transaction(lambda: service.take(message_id), lampa.id) is None
    assert state_of(lampa, message_id) == ("dead", MAX_ATTEMPTS, "interrupted")


@pytest.mark.usefixtures("_app")
def test_a_late_word_of_failure_does_not_disturb_the_next_attempt(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    first = jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    scene.make_due(lampa, message_id)
    second = jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    assert first
    assert second
    jobs.in_transaction(lambda: service.settle(first, LATER), lampa.id)
    assert state_of(lampa, message_id)[0] == "sending"
    jobs.in_transaction(lambda: service.settle(second, SENT), lampa.id)
    jobs.in_transaction(lambda: service.settle(first, LATER), lampa.id)
    assert state_of(lampa, message_id)[0] == "sent"


@pytest.mark.usefixtures("_app")
def test_a_sent_message_cannot_be_sent_again_or_found_by_another_merchant(
    lampa: Merchant, world: object
) -> None:
    message_id = one_message(lampa)
    taken = jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    assert taken
    jobs.in_transaction(lambda: service.settle(taken, SENT), lampa.id)
    with pytest.raises(NotFound):
        jobs.in_transaction(lambda: service.again(message_id), lampa.id)
    with pytest.raises(NotFound):
        jobs.in_transaction(lambda: service.get(message_id), lampa.twin_id)


@pytest.mark.usefixtures("_app")
def test_the_sweep_finds_what_is_due_of_all_merchants_and_nothing_else(lampa: Merchant) -> None:
    due, held = one_message(lampa), one_message(lampa)
    jobs.in_transaction(lambda: service.take(held), lampa.id)

    def look() -> list[tuple[int, int]]:
        with role("partnerka_drain"):
            return queries.due(10_000)

    found = jobs.in_transaction(look)
    assert (lampa.id, due) in found
    assert (lampa.id, held) not in found


@pytest.mark.usefixtures("_app")
def test_leases_are_counted_on_the_wall_and_not_on_a_moved_clock(lampa: Merchant) -> None:
    message_id = one_message(lampa)
    with clock.moved_to(clock.wall() + timedelta(days=400)):
        assert jobs.in_transaction(lambda: service.take(message_id), lampa.id)
    assert jobs.in_transaction(lambda: service.take(message_id), lampa.id) is None
    assert timedelta(seconds=60) >= LEASE
