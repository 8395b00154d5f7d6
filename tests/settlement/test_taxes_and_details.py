"""Papers, taxes and details: what keeps a partner from being paid by itself, and to which account."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock
from app.billing import queries as billing
from app.billing.service import set_fee_rate
from app.errors import Conflict
from app.events.models import Event
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.queries import PartnerBalance, balances, partner_balances
from app.ledger.rules import (
    COMMISSIONS,
    FEES,
    MERCHANT_BALANCE,
    OUTSIDE,
    WITHHELD,
    Move,
    funding,
)
from app.papers import service as papers
from app.papers.rules import Kind, Need
from app.papers.service import Said
from app.partners.models import Partner
from app.payouts import service as payouts
from app.settlement import queries, service
from app.settlement.rules import Out
from tests.harness import invariants
from tests.payouts.setting import earn
from tests.settlement.setting import (
    ACCOUNT,
    give_details,
    only,
    payouts_of,
    platform_lampa,
    ready,
    top_up,
)

if TYPE_CHECKING:
    pass

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


class TestPapersAndTaxes:
    def test_whoever_lacks_a_paper_that_blocks_stands_aside_and_holds_up_nobody(self) -> None:
        with platform_lampa():
            anna, boris = ready("Anna", 10_000), ready("Boris", 10_000)
            papers.set_needs("person", {**NOTHING, Kind.CONTRACT: Need.BLOCK})
            papers.add(Kind.CONTRACT, boris, Said(number="17"))
            top_up(20_000)
            assert service.settle() == 1
            assert (payouts_of(anna), only(boris).amount) == ([], 10_000)
            [(aside, reason)] = [
                (c.partner_id, r) for c, r in queries.queue().aside if c.partner_id == anna
            ]
            assert (aside, reason) == (anna, Out.PAPERS)
            papers.add(Kind.CONTRACT, anna, Said(number="18"))
            assert service.settle() == 1
            assert only(anna).amount == 10_000

    def test_a_paper_that_is_only_warned_of_keeps_nobody_from_being_paid(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 10_000)
            papers.set_needs("person", {**NOTHING, Kind.CONTRACT: Need.WARN})
            top_up(10_000)
            assert service.settle() == 1
            assert only(anna).state == "approved"

    def test_fee_and_tax_are_both_of_the_gross_sum_and_told_once_at_the_approval(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 100_000)
            papers.set_rate("person", "13")
            top_up(150_000)
            service.settle()
            payout = only(anna)
            assert (payout.fee, payout.withheld, payout.net) == (15_000, 13_000, 72_000)
            papers.set_rate("person", "30")
            service.pay(payout.id, "person:1")
            assert partner_balances([anna])[anna] == PartnerBalance()
            # The balance paid the partner and the fee. The tax is the merchant's to hand over: he still has it.
            assert books() == (63_000, -13_000, 15_000, -78_000)
            assert balances([WITHHELD])[WITHHELD] == 13_000

    def test_the_tax_is_not_drawn_where_the_merchant_bears_the_fee_either(self) -> None:
        with platform_lampa(fee_paid_by="merchant"):
            anna = ready("Anna", 100_000)
            papers.set_rate("person", "13")
            top_up(102_000)  # 87 000 for Anna, 15 000 the fee
            assert queries.queue().short == 0
            assert service.settle() == 1
            assert billing.balance() == 0
            service.pay(only(anna).id, "person:1")
            assert books() == (0, -13_000, 15_000, -15_000)
            assert balances([WITHHELD])[WITHHELD] == 13_000

    def test_a_kopeck_less_than_that_is_too_little(self) -> None:
        with platform_lampa(fee_paid_by="merchant"):
            ready("Anna", 100_000)
            papers.set_rate("person", "13")
            top_up(101_999)
            assert (queries.queue().short, service.settle()) == (1, 0)

    @pytest.mark.parametrize("end", ["pay", "fail"])
    def test_where_all_of_it_is_tax_nothing_is_drawn(self, end: str) -> None:
        with platform_lampa():
            set_fee_rate(Decimal(0), "person:1")
            anna = ready("Anna", 10)
            papers.set_rate("person", "99")
            assert service.settle() == 1
            number = only(anna).id
            if end == "pay":
                service.pay(number, "person:1")
            else:
                service.fail(number, "closed", "person:1")
            left = 0 if end == "pay" else 10
            assert balances([WITHHELD])[WITHHELD] == 10 - left
            assert partner_balances([anna])[anna].available == left

    def test_a_payout_that_draws_the_tax_is_found(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 100_000)
            papers.set_rate("person", "13")
            top_up(150_000)
            service.settle()
            stray = [Move(MERCHANT_BALANCE, funding(only(anna).id), 13_000, "funding")]
            with db.session.begin_nested() as wrong:
                ledger.post("test:tax", stray, "RUB")
                found = " ".join(invariants.broken())
                wrong.rollback()
        assert "the prepaid balance pays what partners get and the fee, and no tax" in found

    def test_tax_of_what_comes_back_is_not_withheld(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 100_000)
            papers.set_rate("person", "13")
            top_up(100_000)
            service.settle()
            service.fail(only(anna).id, "Account closed", "person:1")
            assert partner_balances([anna])[anna] == PartnerBalance(available=100_000)
            assert (billing.balance(), balances([WITHHELD])[WITHHELD]) == (100_000, 0)

    def test_fee_and_tax_never_take_more_than_there_is(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 100_000)
            papers.set_rate("person", "99")
            top_up(100_000)
            service.settle()
            assert (only(anna).fee, only(anna).withheld, only(anna).net) == (15_000, 85_000, 0)


class TestDetails:
    def test_while_a_change_waits_the_former_details_are_paid_to(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            give_details(anna, "40817810000000000002")
            top_up(10_000)
            assert service.settle() == 1
            sent = payouts.copied(only(anna))
            assert sent is not None
            assert sent.way.number == ACCOUNT

    def test_and_the_new_ones_when_the_day_is_over(self) -> None:
        with platform_lampa():
            anna = ready("Anna")
            with clock.moved_to(clock.now() - timedelta(hours=25)):
                give_details(anna, "40817810000000000002")
            earn(anna, 900)
            top_up(10_000)
            assert service.settle() == 1
            sent = payouts.copied(only(anna))
            assert sent is not None
            assert sent.way.number == "40817810000000000002"

    def test_where_nothing_of_before_can_be_used_a_new_account_waits_its_day(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            give_details(anna, "40817810000000000002")
            row(anna).details_former = None  # what was before is not known
            top_up(10_000)
            assert service.settle() == 0
            assert queries.queue().aside[0][1] is Out.COOLING

    def test_nothing_is_sent_to_whoever_says_that_a_change_was_not_his(self) -> None:
        with platform_lampa():
            anna, boris = ready("Anna", 900), ready("Boris", 900)
            payouts.disown_change(anna, None)
            top_up(10_000)
            assert service.settle() == 1
            assert (payouts_of(anna), only(boris).amount) == ([], 900)
            assert queries.queue().aside[0][1] is Out.FROZEN
            payouts.allow_changes(row(anna))
            assert service.settle() == 1

    def test_a_freeze_after_the_funding_holds_the_payout_at_the_operators(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            top_up(10_000)
            service.settle()
            payouts.disown_change(anna, None)
            for act in (service.send, service.pay):
                with pytest.raises(Conflict) as refused:
                    act(only(anna).id, "person:1")
                assert refused.value.code == "details_frozen"
            payouts.allow_changes(row(anna))
            assert service.pay(only(anna).id, "person:1").state == "paid"

    def test_what_came_back_is_not_sent_to_the_former_details_while_a_change_waits(self) -> None:
        with platform_lampa():
            anna = ready("Anna", 900)
            top_up(10_000)
            service.settle()
            service.fail(only(anna).id, "no such account", "person:1")
            now = clock.now()
            with clock.moved_to(now + timedelta(hours=1)):
                give_details(anna, "40817810000000000002")
                assert service.settle() == 0
                assert queries.queue().aside[0][1] is Out.COOLING
            with clock.moved_to(now + timedelta(hours=26)):
                assert service.settle() == 1
            sent = payouts.copied(payouts_of(anna)[1])
            assert sent is not None
            assert sent.way.number == "40817810000000000002"
