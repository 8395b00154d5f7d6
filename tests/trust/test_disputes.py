"""My sale is missing: the journal's verdict, and what staff make of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from app import clock
from app.commissions.queries import deal_view
from app.errors import Conflict, DomainError, NotFound
from app.events.models import Event
from app.extensions import db
from app.fraud.rules import Word
from app.intake import service as intake
from app.orders.rules import Customer, PartnerData
from app.orders.service import find, staff_word
from app.partners.service import block
from app.trust import queries, service
from app.trust.models import Dispute
from app.trust.rules import Answer, Claimed, answer, due_at, read_number
from tests.intake.scene import NOON, Scene, at_lampa, order

GLEB = Customer(id="77", email="gleb@example.org", name="Gleb")
WEEK = timedelta(days=7)


@pytest.fixture
def lampa(db_session: Any) -> Iterator[Scene]:
    """Vera's code was on A1; on A2 Boris's stood before hers; A3 came by itself."""
    with at_lampa() as scene, clock.moved_to(NOON):
        scene.say("A1", order("paid", number="1001", partner_code="VERA10", customer=GLEB))
        dina, egor = Customer(id="78"), Customer(id="79")
        scene.say("A2", order("paid", partner_code="ANNA10", coupons=("VERA10",), customer=dina))
        scene.say("A3", order("paid", customer=egor))
        yield scene


def said(scene: Scene, number: str) -> tuple[Answer, str | None, str | None]:
    found = service.check(scene.vera.id, number)
    return found.answer, found.reason, found.stronger


def opened(scene: Scene, number: str = "A3") -> Dispute:
    return service.open_dispute(scene.vera.id, number, "He bought by my link.", "Europe/Moscow")


def test_the_journal_answers_by_the_number_as_the_buyer_knows_it(lampa: Scene) -> None:
    assert said(lampa, " #1001 ") == (Answer.WON, None, None)
    assert said(lampa, "№A1") == (Answer.WON, None, None)
    assert service.check(lampa.boris.id, "1001").answer is Answer.LEVEL


def test_a_lost_claim_is_told_with_what_was_stronger_and_not_with_whose(lampa: Scene) -> None:
    assert said(lampa, "A2") == (Answer.LOST, "weaker", "partner_code")


def test_an_order_without_a_trace_of_the_partner_is_answered_as_one_that_is_not_there(
    lampa: Scene,
) -> None:
    there, nowhere = service.check(lampa.vera.id, "A3"), service.check(lampa.vera.id, "A4")
    assert (there.answer, there.reason, there.stronger, there.deal) == (
        Answer.UNKNOWN,
        None,
        None,
        None,
    )
    assert (nowhere.answer, nowhere.reason, nowhere.stronger, nowhere.deal) == (
        Answer.UNKNOWN, None, None, None,
    )  # fmt: skip


def test_held_refused_and_cancelled_sales_are_told_apart(lampa: Scene) -> None:
    order_id = find(lampa.shop_id, "A1").id
    service.decide(Word.HOLD, [order_id])
    assert said(lampa, "1001")[0] is Answer.HELD
    service.decide(Word.REFUSE, [order_id], "Own order.")
    assert said(lampa, "1001")[0] is Answer.REFUSED
    gone = order("cancelled", 5, number="1001", partner_code="VERA10", customer=GLEB)
    lampa.say("A1", gone)
    assert said(lampa, "1001") == (Answer.NOTHING_DUE, "cancelled", None)


@pytest.mark.parametrize("typed", ["", "   ", "№ "])
def test_no_number_is_no_question(lampa: Scene, typed: str) -> None:
    with pytest.raises(DomainError):
        service.check(lampa.vera.id, typed)


def test_of_several_lost_claims_the_one_that_came_nearest_speaks() -> None:
    claims = (Claimed(won=False, why="bot"), Claimed(won=False, why="weaker"))
    nothing: Any = {"brought": False, "held": False, "reason": None, "earns": False}
    assert answer(**nothing, claims=claims) == (Answer.LOST, "weaker")
    assert answer(**nothing, claims=claims[:1]) == (Answer.LOST, "bot")
    assert read_number("#" + "1" * 300) == "1" * 128


def test_a_question_is_due_in_a_week_and_asked_once(lampa: Scene) -> None:
    made = opened(lampa)
    assert (made.due_at, made.state, made.verdict) == (NOON + WEEK, "open", "unknown")
    assert opened(lampa).id == made.id
    assert len(queries.thread(made.id)) == 1


def test_what_is_said_anew_of_a_question_is_added_and_pressing_twice_is_once(lampa: Scene) -> None:
    asked = opened(lampa)
    assert opened(lampa).id == asked.id
    anew = service.open_dispute(lampa.vera.id, "A3", "It was on Friday.", "Europe/Moscow")
    assert anew.id == asked.id
    thread = [each.text for each in queries.thread(asked.id)]
    assert thread == ["He bought by my link.", "It was on Friday."]


def test_the_promised_time_is_the_same_by_the_merchants_clock_when_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    asked = datetime(2026, 10, 23, 12, tzinfo=UTC)  # the clocks go back on the 25th
    assert due_at(asked, berlin) == asked + WEEK + timedelta(hours=1)


def test_both_sides_write_and_each_is_told(lampa: Scene) -> None:
    made = opened(lampa)
    service.remark(made, "Which link?", by_staff=True)
    service.remark(made, "The one of September.", by_staff=False)
    kinds = [
        e.type for e in db.session.scalars(select(Event).order_by(Event.id)) if "dispute" in e.type
    ]
    assert kinds == ["dispute.opened", "dispute.answered", "dispute.asked"]
    assert [r.by_staff for r in queries.thread(made.id)] == [False, True, False]
    for bad in (" ", "x" * 2001):
        with pytest.raises(DomainError):
            service.remark(made, bad, by_staff=True)


def test_a_partner_reads_only_his_own(lampa: Scene) -> None:
    made = opened(lampa)
    assert service.find(made.public_id, lampa.vera.id).id == made.id
    with pytest.raises(NotFound):
        service.find(made.public_id, lampa.boris.id)


def test_counting_a_sale_for_the_partner_is_looked_at_first_and_can_be_taken_back(
    lampa: Scene,
) -> None:
    made = opened(lampa)
    before, after = service.foresee(made)
    assert before is not None
    assert (before.partner, before.deal.commission) == (None, 0)
    assert after.partner is not None
    assert (after.partner.id, after.deal.commission) == (lampa.vera.id, 30400)
    assert lampa.balances()["Vera"].pending == 19000, "nothing of the look is written"

    service.attribute(made, "You are right.")
    assert (made.state, lampa.balances()["Vera"].pending) == ("attributed", 38000)

    service.reopen(made)
    assert (made.state, made.said, lampa.balances()["Vera"].pending) == ("open", None, 19000)


def test_later_messages_of_the_shop_keep_to_what_staff_said(lampa: Scene) -> None:
    service.attribute(opened(lampa), "")
    view = lampa.say(
        "A3", order("completed", 30, partner_code="ANNA10", customer=Customer(id="79"))
    )
    assert view.partner is not None
    assert (view.partner.id, view.deal.how) == (lampa.vera.id, "staff")
    before = db.session.scalar(text("SELECT count(*) FROM transfer"))
    intake.rework([view.deal.order_id])
    assert db.session.scalar(text("SELECT count(*) FROM transfer")) == before


def test_a_decision_is_the_word_that_the_orders_page_shows_and_may_change(lampa: Scene) -> None:
    """There is one word of staff on an order, wherever it is said."""
    made = opened(lampa)
    service.attribute(made, "")
    order_id = find(lampa.shop_id, "A3").id
    word = staff_word(order_id)
    assert word is not None
    assert word.said == PartnerData(refcode=lampa.vera.refcode)
    intake.say(order_id, PartnerData(promo_code="ANNA10"), "The manager")
    view = deal_view(order_id)
    assert view is not None
    assert view.partner is not None
    assert view.partner.id == lampa.anna.id
    # The question is open again, and what was said of the order since stays.
    service.reopen(made)
    assert lampa.balances()["Vera"].pending == 19000
    word = staff_word(order_id)
    assert word is not None
    assert word.said.promo_code == "ANNA10"


def test_a_decision_keeps_the_terms_that_staff_had_named_and_gives_their_word_back(
    lampa: Scene,
) -> None:
    order_id, made = find(lampa.shop_id, "A3").id, opened(lampa)
    before = PartnerData(promo_code="ANNA10", terms="Base terms")
    intake.say(order_id, before, "The manager")
    service.attribute(made, "")
    word = staff_word(order_id)
    assert word is not None
    assert (word.said.refcode, word.said.terms) == (lampa.vera.refcode, "Base terms")
    service.reopen(made)
    word = staff_word(order_id)
    assert word is not None
    assert word.said == before


def test_a_blocked_partner_gets_no_sale_by_staffs_word_and_the_preview_says_so(
    lampa: Scene,
) -> None:
    made = opened(lampa)
    with clock.moved_to(NOON - timedelta(days=1)):
        block(lampa.vera)
    _before, after = service.foresee(made)
    assert (after.partner, after.deal.reason) == (None, "blocked")


def test_declining_needs_a_word_and_closes(lampa: Scene) -> None:
    made = opened(lampa)
    with pytest.raises(DomainError):
        service.decline(made, " ")
    service.decline(made, "He came by an advertisement.")
    assert (made.state, made.said) == ("declined", "He came by an advertisement.")
    for act in (
        lambda: service.decline(made, "Again."),
        lambda: service.remark(made, "But!", by_staff=False),
        lambda: service.attribute(made, ""),
        lambda: service.withdraw(made),
    ):
        with pytest.raises(Conflict):
            act()


def test_a_withdrawn_question_is_closed_and_one_asked_anew_cannot_be_reopened(lampa: Scene) -> None:
    made = opened(lampa)
    service.withdraw(made)
    with pytest.raises(Conflict):
        service.reopen(made)
    second = opened(lampa)
    service.decline(second, "No.")
    opened(lampa)
    with pytest.raises(Conflict):
        service.reopen(second)


def test_an_order_that_came_after_the_question_can_be_counted_and_a_missing_one_cannot(
    lampa: Scene,
) -> None:
    made = opened(lampa, "A9")
    with pytest.raises(Conflict):
        service.foresee(made)
    lampa.say("A9", order("paid", customer=Customer(id="80")))
    assert queries.order_of(made) == find(lampa.shop_id, "A9").id
    service.attribute(made, "")
    view = deal_view(find(lampa.shop_id, "A9").id)
    assert view is not None
    assert view.partner is not None


def test_staff_are_reminded_once_when_the_promised_day_has_come(lampa: Scene) -> None:
    made = opened(lampa)
    assert service.remind() == 0
    with clock.moved_to(NOON + WEEK):
        assert (service.remind(), service.remind()) == (1, 0)
    told = db.session.scalars(select(Event).where(Event.type == "dispute.overdue")).one()
    assert told.facts["dispute"] == made.public_id


def test_too_many_open_questions_wait_for_answers(lampa: Scene) -> None:
    for n in range(20):
        opened(lampa, f"B{n}")
    with pytest.raises(Conflict):
        opened(lampa, "B20")


def test_how_disputes_ended_is_counted(lampa: Scene) -> None:
    service.attribute(opened(lampa, "A3"), "")
    with clock.moved_to(NOON + timedelta(days=2)):
        made = opened(lampa, "B1")
        with clock.moved_to(NOON + timedelta(days=6)):
            service.decline(made, "No.")
    service.withdraw(opened(lampa, "B2"))
    opened(lampa, "B3")
    found = queries.settled()
    assert (found.open, found.attributed, found.declined, found.withdrawn) == (1, 1, 1, 1)
    assert found.days == 2.0
