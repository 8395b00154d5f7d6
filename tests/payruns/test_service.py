"""A pay run from the look to the last payment, and back again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.events.service import acting_as
from app.extensions import db
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance
from app.ledger.rules import OUTSIDE
from app.notifications.models import Message
from app.notifications.service import promise
from app.payouts import queries as payout_queries
from app.payouts import service as payouts
from app.payruns import queries, service
from app.payruns.rules import Pays, Plan
from app.runs import service as runs
from tests.payouts.setting import by_bank, earn, take_back
from tests.payruns.setting import (
    CARD,
    DESK,
    NOON,
    OTHER,
    approved,
    balance,
    go_on,
    happened,
    looked,
    payout_of,
    prepared,
    ready,
    row,
    somebody,
    told,
)

if TYPE_CHECKING:
    from app.payruns.models import PayRun


@pytest.mark.usefixtures("lampa_desk")
class TestLook:
    def test_everybody_above_the_minimum_is_in_and_each_other_has_a_reason(self) -> None:
        anna, boris, vera = ready("Anna", 5_000), ready("Boris", 999), ready("Vera", 1_000)
        gleb = ready("Gleb", 7_000, details=False)
        nobody = ready("Nobody", 0)
        run = looked()
        assert told(run) == {
            anna: (5_000, None),
            boris: (999, "below_minimum"),
            vera: (1_000, None),
            gleb: (7_000, "no_details"),
        }
        assert nobody not in told(run)
        assert (run.state, run.counted, run.total) == ("draft", 2, 6_000)
        assert balance(anna) == PartnerBalance(available=5_000)

    def test_blocked_indebted_cooling_and_those_with_an_open_payout_wait(self) -> None:
        blocked, paid_anyway = ready("Blocked", 5_000), ready("Anyway", 5_000)
        owes, cooling, waits = ready("Owes", 5_000), ready("Cooling", 5_000), ready("Waits", 5_000)
        row(blocked).status = row(paid_anyway).status = "blocked"
        row(paid_anyway).pays_blocked = True
        db.session.flush()
        take_back(owes, 6_000)
        with clock.moved_to(NOON - timedelta(hours=1)):
            payouts.set_details(row(cooling), "bank", by_bank("Cooling, of late"))
        row(cooling).details_former = None  # what was before is not known
        db.session.flush()
        payouts.request(waits, 2_000, "bank", f"partner:{waits}")
        assert told(looked()) == {
            blocked: (5_000, "blocked"),
            paid_anyway: (5_000, None),
            cooling: (5_000, "cooling"),
            waits: (3_000, "open_payout"),
        }

    def test_who_makes_the_run_is_not_paid_by_it(self) -> None:
        anna = ready("Anna", 5_000)
        with acting_as(somebody(anna)):
            assert told(looked()) == {anna: (5_000, "own")}

    def test_what_became_available_after_the_day_is_left_for_the_next_run(self) -> None:
        anna, boris = ready("Anna", 0), ready("Boris", 0)
        with clock.moved_to(NOON - timedelta(days=2)):
            earn(anna, 5_000)
        earn(anna, 700)
        earn(boris, 5_000)
        run = service.make(Pays.AVAILABLE, (NOON - timedelta(days=1)).date())
        go_on(run)
        assert told(run) == {anna: (5_000, None), boris: (0, "later")}

    def test_money_that_came_back_from_a_payout_is_no_news(self) -> None:
        anna = ready("Anna", 0)
        with clock.moved_to(NOON - timedelta(days=2)):
            earn(anna, 5_000)
        with clock.moved_to(NOON - timedelta(days=1)):
            asked = payouts.request_for(anna, 5_000, "bank", f"partner:{anna}")
        payouts.reject(asked.id, "Not now", OTHER)
        run = service.make(Pays.AVAILABLE, (NOON - timedelta(days=1)).date())
        go_on(run)
        assert told(run) == {anna: (5_000, None)}

    def test_a_day_to_come_is_refused_and_so_is_a_second_run_at_once(self) -> None:
        with pytest.raises(DomainError) as refused:
            service.make(Pays.AVAILABLE, (NOON + timedelta(days=1)).date())
        assert refused.value.errors[0].field == "on_day"
        looked()
        with pytest.raises(Conflict, match="being made"):
            looked()

    def test_looking_again_sees_what_changed(self) -> None:
        anna = ready("Anna", 5_000, details=False)
        run = looked()
        payouts.set_details(row(anna), "bank", CARD)
        service.look_again(run)
        go_on(run)
        assert told(run) == {anna: (5_000, None)}


@pytest.mark.usefixtures("lampa_desk")
class TestPrepared:
    def test_the_money_is_reserved_with_the_details_of_the_moment(self) -> None:
        anna = ready("Anna", 5_000)
        run = prepared()
        made = payout_of(anna)
        assert (made.state, made.amount, made.run_id) == ("requested", 5_000, run.id)
        assert payouts.copied(made) == CARD
        assert balance(anna) == PartnerBalance(reserved=5_000)
        assert (run.state, run.counted, run.total) == ("prepared", 1, 5_000)

    def test_what_changed_since_the_look_is_seen_under_the_lock(self) -> None:
        anna, boris, vera = ready("Anna", 5_000), ready("Boris", 5_000), ready("Vera", 5_000)
        run = looked()
        earn(anna, 900)  # more than was shown: only what was shown is paid
        take_back(boris, 4_500)
        payouts.request(vera, 2_000, "bank", f"partner:{vera}")
        service.prepare(run)
        go_on(run)
        assert told(run) == {
            anna: (5_000, None),
            boris: (500, "below_minimum"),
            vera: (3_000, "open_payout"),
        }
        assert (run.counted, run.total) == (1, 5_000)
        assert balance(anna) == PartnerBalance(available=900, reserved=5_000)

    def test_requests_that_wait_join_where_the_run_takes_them(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        asked = payouts.request(anna, 2_000, "bank", f"partner:{anna}")
        run = prepared(Pays.BOTH)
        assert told(run) == {anna: (2_000, None), boris: (5_000, None)}
        db.session.refresh(asked)
        assert asked.run_id == run.id
        assert (run.counted, run.total) == (2, 7_000)

    def test_only_requests_where_the_run_pays_what_was_asked_for(self) -> None:
        anna, _boris = ready("Anna", 5_000), ready("Boris", 5_000)
        payouts.request(anna, 2_000, "bank", f"partner:{anna}")
        assert told(prepared(Pays.ASKED)) == {anna: (2_000, None)}

    def test_a_payout_of_a_run_is_not_approved_by_itself(self) -> None:
        anna = ready("Anna", 5_000)
        prepared()
        with pytest.raises(Conflict, match="part of a pay run"):
            payouts.approve(payout_of(anna).id, OTHER)

    def test_cancelling_gives_everything_back_and_leaves_what_partners_asked_for(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        asked = payouts.request(boris, 2_000, "bank", f"partner:{boris}")
        run = prepared(Pays.BOTH)
        service.cancel(run)
        go_on(run)
        assert run.state == "cancelled"
        assert balance(anna) == PartnerBalance(available=5_000)
        assert payout_of(anna).state == "cancelled"
        db.session.refresh(asked)
        assert (asked.state, asked.run_id) == ("requested", None)
        again = looked()  # and the next run takes them
        assert told(again)[anna] == (5_000, None)

    def test_half_way_of_preparing_it_can_be_cancelled_too(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        run = looked()
        service.prepare(run)
        assert run.work_id is not None
        assert runs.work(run.work_id, service.KINDS, 1)  # one of two
        assert balance(anna).reserved == 5_000
        service.cancel(run)
        go_on(run)
        assert run.state == "cancelled"
        for each in (anna, boris):
            assert balance(each) == PartnerBalance(available=5_000)


@pytest.mark.usefixtures("lampa_desk")
class TestPaying:
    def test_all_is_paid_once_and_the_run_ends(self) -> None:
        ids = [ready(name, 5_000) for name in ("Anna", "Boris", "Vera")]
        run = approved()
        service.pay(run)
        go_on(run)
        assert run.state == "done"
        for each in ids:
            assert payout_of(each).state == "paid"
            assert balance(each) == PartnerBalance()
        left = db.session.scalars(select(Transfer.amount).where(Transfer.target == OUTSIDE)).all()
        assert sorted(left) == [5_000, 5_000, 5_000]
        with pytest.raises(Conflict):
            service.pay(run)

    def test_what_nobody_knows_of_is_not_paid_and_the_run_waits_for_a_word(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        run = approved()
        lost = payout_of(boris).id
        payouts.send(lost, DESK)
        payouts.lose(lost, DESK)
        service.pay(run)
        go_on(run)
        assert (run.state, payout_of(anna).state) == ("paying", "paid")
        assert payout_of(boris).state == "unknown"
        payouts.fail(lost, "Returned by the bank", DESK)
        service.tick()
        assert run.state == "done"
        assert balance(boris) == PartnerBalance(available=5_000)
        assert queries.sums(run.id).states == {"paid": (1, 5_000), "failed": (1, 5_000)}

    def test_money_on_its_way_is_not_cancelled(self) -> None:
        ready("Anna", 5_000)
        run = approved()
        service.sending(run)
        with pytest.raises(Conflict):
            service.cancel(run)

    def test_work_that_was_paused_goes_on_where_it_was(self) -> None:
        ids = [ready(name, 5_000) for name in ("Anna", "Boris", "Vera")]
        run = approved()
        service.pay(run)
        assert run.work_id is not None
        assert runs.work(run.work_id, service.KINDS, 1)
        service.pause(run)
        assert not runs.work(run.work_id, service.KINDS, 1)
        assert [payout_of(each).state for each in ids] == ["paid", "approved", "approved"]
        service.resume(run)
        go_on(run)
        assert run.state == "done"


@pytest.mark.usefixtures("lampa_desk")
class TestReminder:
    def test_each_without_details_is_reminded_once_a_run_and_stays_untouched(self) -> None:
        anna, boris = ready("Anna", 5_000, details=False), ready("Boris", 5_000)
        run = looked()
        assert service.remind(run) == 1
        assert service.remind(run) == 0
        told_of = happened("pay_run.details_missing")
        assert [(e.subject, e.facts["amount"]) for e in told_of] == [(f"partner:{anna}", 5_000)]
        service.prepare(run)
        go_on(run)
        assert balance(anna) == PartnerBalance(available=5_000)
        payouts.set_details(row(anna), "bank", CARD)
        again = looked()
        assert told(again) == {anna: (5_000, None)}
        assert balance(boris) == PartnerBalance(reserved=5_000)

    def test_who_was_reminded_is_not_again_after_another_look_nor_in_the_next_run_of_the_day(
        self,
    ) -> None:
        ready("Anna", 5_000, details=False)
        run = looked()
        assert service.remind(run) == 1
        service.look_again(run)
        go_on(run)
        assert queries.without_details(run) == 0
        assert service.remind(run) == 0
        service.cancel(run)
        go_on(run)
        assert service.remind(looked()) == 0
        with clock.moved_to(NOON + timedelta(days=2)):
            service.cancel(_draft())
            assert service.remind(looked()) == 1


def _draft() -> PayRun:
    found = queries.open_draft()
    assert found is not None
    return found


@pytest.mark.usefixtures("lampa_desk")
class TestLetters:
    def test_a_run_of_many_is_no_letter_a_payout_to_the_desk(self) -> None:
        anna = ready("Anna", 5_000)
        row(anna).email = "anna@lampa.example"
        run = approved()
        service.pay(run)
        go_on(run)
        events = list(db.session.scalars(select(Event).order_by(Event.id)))
        promise(events)
        letters = db.session.scalars(select(Message.template).order_by(Message.id)).all()
        assert "payout.requested" not in letters
        assert "payout.approved" not in letters
        assert letters.count("payout.paid") == 1


@pytest.mark.usefixtures("lampa_desk")
class TestPlan:
    def test_on_the_day_a_run_prepares_itself_once_and_tells_the_desk(self) -> None:
        anna = ready("Anna", 5_000)
        service.change_plan(
            Plan("month", 28, "after"), Pays.AVAILABLE, weekend={6, 7}, second_above=None
        )
        with clock.moved_to(NOON + timedelta(days=6)):  # Sunday the 29th
            service.tick()
        assert queries.open_draft() is None
        with clock.moved_to(NOON + timedelta(days=7)):  # Monday: the 28th was a Saturday
            service.tick()
            run = queries.open_draft()
            assert run is not None
            go_on(run)
            if run.state != "prepared":
                go_on(run)
            service.tick()
        assert (run.state, run.total, run.planned_for) == ("prepared", 5_000, run.planned_for)
        assert str(run.planned_for) == "2026-11-28"
        assert [e.facts["pay_on"] for e in happened("pay_run.planned")] == ["2026-11-30"]
        assert balance(anna) == PartnerBalance(reserved=5_000)
        assert payout_queries.counters() == {"requested": (1, 5_000)}
        assert queries.open_draft() is None

    def test_a_day_missed_for_long_is_not_made_up_for(self) -> None:
        service.change_plan(
            Plan("month", 28, "after"), Pays.AVAILABLE, weekend={6, 7}, second_above=None
        )
        with clock.moved_to(NOON + timedelta(days=20)):
            service.tick()
        assert queries.open_draft() is None

    def test_a_holiday_moves_the_day(self) -> None:
        service.change_plan(
            Plan("week", 1, "after"), Pays.AVAILABLE, weekend={6, 7}, second_above=None
        )
        assert service.mark_day(NOON.date()) is False
        service.tick()
        assert queries.open_draft() is None
        with clock.moved_to(NOON + timedelta(days=1)):
            service.tick()
            assert queries.open_draft() is not None

    def test_a_week_without_a_working_day_is_refused(self) -> None:
        with pytest.raises(DomainError, match="working day"):
            service.change_plan(
                Plan("week", 1), Pays.AVAILABLE, weekend=set(range(1, 8)), second_above=None
            )
        with pytest.raises(DomainError, match="Between 1 and 7"):
            service.change_plan(Plan("week", 8), Pays.AVAILABLE, weekend={7}, second_above=None)
