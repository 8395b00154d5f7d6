"""Who approves a pay run: above the merchant's limit two different people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import Forbidden
from app.events.service import acting_as
from app.ledger.queries import PartnerBalance
from app.payouts import service as payouts
from app.payruns import service
from app.payruns.rules import Pays, Plan
from tests.payouts.setting import take_back
from tests.payruns.setting import (
    DESK,
    NOON,
    OTHER,
    balance,
    go_on,
    happened,
    payout_of,
    prepared,
    ready,
    somebody,
    told,
)

if TYPE_CHECKING:
    pass


@pytest.mark.usefixtures("lampa_desk")
class TestApproval:
    def test_above_the_limit_another_person_approves(self) -> None:
        ready("Anna", 5_000)
        service.change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=4_999)
        run = prepared()
        with pytest.raises(Forbidden, match="second person"):
            service.approve(run)
        assert run.state == "prepared"
        with acting_as(OTHER):
            service.approve(run)
        go_on(run)
        assert (run.state, run.approved_by) == ("approved", OTHER)

    def test_what_the_schedule_prepared_needs_two_people_above_the_limit(self) -> None:
        ready("Anna", 5_000)
        service.change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=4_999)
        with acting_as("system"):
            run = prepared()
        service.approve(run)
        assert (run.state, run.first_approved_by, run.first_approved_at) == ("prepared", DESK, NOON)
        assert len(happened("pay_run.first_approved")) == 1
        with pytest.raises(Forbidden, match="second person"):
            service.approve(run)
        assert run.state == "prepared"
        with acting_as(OTHER):
            service.approve(run)
        go_on(run)
        assert (run.state, run.approved_by) == ("approved", OTHER)

    def test_what_the_schedule_prepared_needs_one_up_to_the_limit(self) -> None:
        ready("Anna", 5_000)
        service.change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=5_000)
        with acting_as("system"):
            run = prepared()
        service.approve(run)
        go_on(run)
        assert (run.state, run.first_approved_by) == ("approved", None)

    def test_up_to_the_limit_one_is_enough(self) -> None:
        ready("Anna", 5_000)
        service.change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=5_000)
        run = prepared()
        service.approve(run)
        go_on(run)
        assert run.state == "approved"

    def test_several_runs_of_a_day_are_no_way_around_the_limit_of_one(self) -> None:
        ready("Anna", 3_000)
        service.change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=5_000)
        first = prepared()
        service.approve(first)
        go_on(first)
        assert first.state == "approved"
        ready("Boris", 3_000)
        second = prepared()
        with pytest.raises(Forbidden, match="second person"):
            service.approve(second)
        with acting_as(OTHER):
            service.approve(second)
        go_on(second)
        assert second.state == "approved"

    def test_a_run_counts_with_the_single_payouts_of_the_day(self) -> None:
        ready("Anna", 3_000)
        service.change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=5_000)
        run = prepared()
        service.approve(run)
        go_on(run)
        boris = ready("Boris", 3_000)
        single = payouts.request_for(boris, 3_000, "bank", DESK)
        assert payouts.approve(single.id, DESK).state == "requested"
        assert payouts.approve(single.id, OTHER).state == "approved"

    def test_who_fell_into_debt_meanwhile_leaves_the_run_and_gets_the_money_back(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        run = prepared()
        take_back(boris, 1_200)
        service.approve(run)
        go_on(run)
        assert told(run) == {anna: (5_000, None), boris: (5_000, "debt")}
        assert balance(boris) == PartnerBalance(available=3_800)
        assert payout_of(anna).state == "approved"
        assert (run.counted, run.total) == (1, 5_000)

    def test_whoever_approves_is_not_paid_by_it(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        run = prepared()
        with acting_as(somebody(anna)):
            service.approve(run)
        go_on(run)
        assert told(run) == {anna: (5_000, "own"), boris: (5_000, None)}
        assert balance(anna) == PartnerBalance(available=5_000)

    def test_the_e_mail_on_the_card_is_enough_to_be_ones_own(self) -> None:
        anna, boris = ready("Anna", 5_000), ready("Boris", 5_000)
        run = prepared()
        with acting_as(somebody(boris, by_email=True)):
            service.approve(run)
        go_on(run)
        assert told(run) == {anna: (5_000, None), boris: (5_000, "own")}
