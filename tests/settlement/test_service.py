"""Who is paid from the prepaid balance, when, and what it costs whom."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.billing import queries as billing
from app.billing.service import set_fee_rate
from app.errors import Conflict, NotFound
from app.events.models import Event
from app.extensions import db
from app.ledger.queries import PartnerBalance, balances, partner_balances
from app.ledger.rules import (
    COMMISSIONS,
    FEES,
    OUTSIDE,
)
from app.papers.rules import Kind, Need
from app.partners.models import Partner
from app.payouts import service as payouts
from app.settlement import queries, service
from app.settlement.rules import Out, Wait
from app.tenants import service as tenants
from tests.payouts.setting import earn, partner, take_back
from tests.settlement.setting import (
    earned_ago,
    only,
    payouts_of,
    platform_lampa,
    ready,
    top_up,
)

if TYPE_CHECKING:
    from sqlalchemy.orm import scoped_session

NOTHING = dict.fromkeys(Kind, Need.OFF)  # no paper is needed
pytestmark = pytest.mark.usefixtures("db_session")


def events(kind: str) -> list[dict[str, Any]]:
    db.session.flush()
    query = select(Event.facts).where(Event.type == kind).order_by(Event.id)
    return list(db.session.scalars(query))


def row(partner_id: int) -> Partner:
    return db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()


def books() -> tuple[int, int, int, int]:
    """Return prepaid, commissions, fees and outside."""
    found = balances([COMMISSIONS, FEES, OUTSIDE])
    return billing.balance(), found[COMMISSIONS], found[FEES], found[OUTSIDE]


class TestWhatAPayoutCosts:
    def test_the_partner_bears_fifteen_per_cent_and_the_platform_holds_what_is_left(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 100_000)
            top_up(150_000)
            assert service.settle() == 1
            payout = only(anna)
            assert (payout.state, payout.settled_by) == ("approved", "platform")
            assert (payout.amount, payout.fee, payout.net) == (100_000, 15_000, 85_000)
            assert partner_balances([anna])[anna] == PartnerBalance(reserved=100_000)
            assert billing.balance() == 50_000
            service.send(payout.id, "person:1")
            service.pay(payout.id, "person:1")
            assert partner_balances([anna])[anna] == PartnerBalance()
            # What came in from outside and did not go out is the balance and the fee.
            assert books() == (50_000, 0, 15_000, -65_000)

    def test_the_merchant_bears_it_where_he_says_so(self) -> None:
        with platform_lampa(fee_paid_by="merchant"):
            anna = ready("Anna", 100_000)
            top_up(115_000)
            service.settle()
            payout = only(anna)
            assert (payout.fee, payout.net) == (0, 100_000)
            service.pay(payout.id, "person:1")
            assert books() == (0, 0, 15_000, -15_000)

    def test_a_kopeck_short_of_the_merchants_fee_is_too_little(self) -> None:
        with platform_lampa(fee_paid_by="merchant"):
            anna = ready("Anna", 100_000)
            top_up(114_999)
            assert service.settle() == 0
            assert payouts_of(anna) == []

    def test_the_fee_is_rounded_half_up_once(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 10)
            top_up(10)
            service.settle()
            assert only(anna).fee == 2  # 1.5 kopecks

    def test_a_changed_rate_holds_for_what_is_funded_later(self) -> None:
        with platform_lampa():
            from_before, after = ready("Anna", 10_000), ready("Boris")
            top_up(20_000)
            service.settle()
            set_fee_rate(Decimal(10), "person:1")
            earn(after, 10_000)
            service.settle()
            assert (only(from_before).fee, only(after).fee) == (1_500, 1_000)
            assert {row.rate for row in map(queries.of_payout, [only(from_before).id]) if row} == {
                "15"
            }

    def test_money_that_repays_debt_is_not_settled_and_bears_no_fee(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 10_000)
            top_up(100_000)
            service.settle()
            service.pay(only(anna).id, "person:1")
            take_back(anna, 10_000)  # the sale comes back after it was paid
            assert partner_balances([anna])[anna].debt == 10_000
            earn(anna, 25_000)
            service.settle()
            second = payouts_of(anna)[1]
            assert (second.amount, second.fee) == (15_000, 2_250)
            service.pay(second.id, "person:1")
            # The fee of the first is not returned.
            assert balances([FEES])[FEES] == 1_500 + 2_250

    def test_what_comes_back_costs_nothing_and_the_balance_has_it_again(self) -> None:
        with platform_lampa(fee_paid_by="merchant"):
            anna = ready("Anna", 10_000)
            top_up(11_500)
            service.settle()
            service.fail(only(anna).id, "closed account", "person:1")
            assert partner_balances([anna])[anna] == PartnerBalance(available=10_000)
            assert books() == (11_500, -10_000, 0, -11_500)


class TestTheQueue:
    def test_the_oldest_unsettled_sum_goes_first_and_gets_all_that_is_available(self) -> None:
        with platform_lampa():
            boris, anna = ready("Boris"), ready("Anna")
            earned_ago(boris, 5_000, timedelta(days=1))
            earned_ago(anna, 1_000, timedelta(days=3))
            earned_ago(anna, 2_000, timedelta(hours=1))
            top_up(4_000)
            assert service.settle() == 1
            assert only(anna).amount == 3_000
            assert payouts_of(boris) == []
            place = queries.queue().of(boris)
            assert place is not None
            assert (place.number, place.wait) == (1, Wait.FUNDS)

    def test_a_head_that_cannot_be_paid_holds_up_everybody_behind(self) -> None:
        with platform_lampa():
            anna, boris = ready("Anna"), ready("Boris")
            earned_ago(anna, 9_000, timedelta(days=2))
            earned_ago(boris, 10, timedelta(days=1))
            top_up(8_999)
            assert service.settle() == 0
            assert [p.wait for p in queries.queue().line] == [Wait.FUNDS, Wait.FUNDS]
            top_up(11)
            assert service.settle() == 2
            assert [only(p).amount for p in (anna, boris)] == [9_000, 10]

    def test_what_was_spent_is_spent_from_the_oldest_on(self) -> None:
        with platform_lampa():
            anna, boris = ready("Anna"), ready("Boris")
            earned_ago(anna, 1_000, timedelta(days=9))
            take_back(anna, 1_000)
            earned_ago(anna, 1_000, timedelta(days=1))
            earned_ago(boris, 1_000, timedelta(days=5))
            assert [p.candidate.partner_id for p in queries.queue().line] == [boris, anna]

    def test_settling_twice_pays_once(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 5_000)
            top_up(50_000)
            assert (service.settle(), service.settle()) == (1, 0)
            earn(anna, 700)  # while the first is on its way
            assert service.settle() == 0
            service.pay(only(anna).id, "person:1")
            assert service.settle() == 1

    def test_who_cannot_be_paid_stands_aside_and_holds_up_nobody(self) -> None:
        with platform_lampa(minimum_payout=500):
            bare, small, blocked = partner("Bare"), ready("Small", 499), ready("Blocked", 900)
            earn(bare, 900)
            card = db.session.scalars(select(Partner).where(Partner.id == blocked)).one()
            card.status = "blocked"
            good = ready("Good", 900)
            top_up(10_000)
            service.settle()
            assert only(good).amount == 900
            aside = {c.partner_id: reason for c, reason in queries.queue().aside}
            assert aside == {
                bare: Out.NO_DETAILS,
                small: Out.BELOW_MINIMUM,
                blocked: Out.INACTIVE,
            }

    def test_a_failed_payout_is_not_made_again_until_somebody_does_something(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            top_up(10_000)
            service.settle()
            service.fail(only(anna).id, "no such account", "person:1")
            assert service.settle() == 0
            assert queries.queue().aside[0][1] is Out.CAME_BACK
            service.try_again(anna, "person:1")
            assert service.settle() == 1
            assert [p.state for p in payouts_of(anna)] == ["failed", "approved"]

    def test_unknown_is_never_repeated_by_itself(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            top_up(10_000)
            service.settle()
            service.send(only(anna).id, "person:1")
            service.lose(only(anna).id, "person:1")
            earn(anna, 900)
            assert service.settle() == 0
            assert only(anna).state == "unknown"

    def test_with_own_settlement_nobody_is_paid_by_itself(self) -> None:
        with platform_lampa(settlement="own"):
            anna = ready("Anna", 900)
            top_up(10_000)
            assert service.settle() == 0
            assert payouts_of(anna) == []


class TestWhoDecides:
    def test_only_the_platform_says_what_became_of_what_it_sends(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            top_up(10_000)
            service.settle()
            number = only(anna).id
            for act in (payouts.pay, payouts.send, payouts.lose):
                with pytest.raises(Conflict) as refused:
                    act(number, "person:1")
                assert refused.value.code == "settled_by_platform"
            for end in (payouts.fail, payouts.reject):
                with pytest.raises(Conflict):
                    end(number, "because", "person:1")
            assert only(anna).state == "approved"

    def test_the_platform_has_no_word_in_what_the_shop_pays_itself(self) -> None:
        with platform_lampa(settlement="own"):
            anna = ready("Anna", 900)
            own = payouts.request_for(anna, 900, "bank", "person:1")
            payouts.approve(own.id, "person:1")
            with pytest.raises(NotFound):
                service.pay(own.id, "person:9")

    def test_a_partner_need_not_ask(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            with pytest.raises(Conflict) as refused:
                payouts.request(anna, 900, "bank", f"partner:{anna}")
            assert refused.value.code == "settled_by_platform"

    def test_paid_twice_is_refused(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            top_up(10_000)
            service.settle()
            service.pay(only(anna).id, "person:1")
            with pytest.raises(Conflict):
                service.pay(only(anna).id, "person:1")
            with pytest.raises(Conflict):
                service.fail(only(anna).id, "", "person:1")
            assert billing.balance() == 9_100


class TestAlarmAndCap:
    def test_the_months_cap_holds_the_queue_with_that_reason(self) -> None:
        with platform_lampa(payout_cap=1_000):
            anna, boris = ready("Anna"), ready("Boris")
            earned_ago(anna, 900, timedelta(days=2))
            earned_ago(boris, 101, timedelta(days=1))
            top_up(10_000)
            assert service.settle() == 1
            place = queries.queue().of(boris)
            assert place is not None
            assert (place.number, place.wait) == (1, Wait.CAP)
            tenants.change_settings({"payout_cap": 1_001})
            assert service.settle() == 1

    def test_what_came_back_leaves_room_in_the_cap(self) -> None:
        with platform_lampa(payout_cap=1_000):
            anna = ready("Anna", 1_000)
            top_up(10_000)
            service.settle()
            service.fail(only(anna).id, "", "person:1")
            boris = ready("Boris", 1_000)
            assert service.settle() == 1
            assert only(boris).amount == 1_000

    def test_a_low_balance_is_told_when_it_is_crossed_and_not_again(self) -> None:
        with platform_lampa(low_balance=5_000):
            ready("Anna", 2_000)
            top_up(6_000)
            service.settle()
            ready("Boris", 1_000)
            service.settle()
            assert [e["amount"] for e in events("balance.low")] == [4_000]

    def test_that_partners_wait_is_told_once_after_each_top_up(self) -> None:
        with platform_lampa():
            ready("Anna", 2_000)
            service.settle()
            service.settle()
            assert [(e["amount"], e["waiting"]) for e in events("balance.short")] == [(2_000, 1)]
            top_up(500)
            service.settle()
            assert [e["amount"] for e in events("balance.short")] == [2_000, 1_500]


def test_two_hundred_at_once_and_the_rest_after(
    db_session: scoped_session[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TOGETHER", 3)
    with platform_lampa():
        everybody = [ready(f"P{n}", 100 + n) for n in range(7)]
        top_up(1_000_000)
        assert [service.settle() for _ in range(4)] == [3, 3, 1, 0]
        assert [only(p).amount for p in everybody] == [100 + n for n in range(7)]
