"""What is missing keeps a payout back, partners are reminded of it, and taxes are withheld by day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select, update

from app import clock
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.extensions import db
from app.papers import queries, service
from app.papers.rules import Kind, Missing, Need, Rounding
from app.papers.service import Said
from app.partners.models import Partner
from app.payouts import service as payouts
from app.statements import queries as statements
from app.statements.rules import Part, month_span
from app.tenants.models import Tenant
from tests.payouts.setting import RUB, at_lampa, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

IN_AUGUST = datetime(2026, 8, 20, tzinfo=UTC)
NOW = datetime(2026, 9, 3, tzinfo=UTC)
BLOCK = dict.fromkeys(Kind, Need.OFF)


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[int]:
    """Anna is self-employed and earned in August; now it is September."""
    with at_lampa():
        with clock.moved_to(IN_AUGUST):
            anna = partner("Anna")
            earn(anna, 90_000)
        with clock.moved_to(NOW):
            is_(anna, "self_employed")
            yield anna


def is_(partner_id: int, status: str) -> None:
    db.session.execute(update(Partner).where(Partner.id == partner_id).values(tax_status=status))


def need(kind: Kind, how: Need, status: str = "self_employed") -> None:
    service.set_needs(status, {**BLOCK, kind: how})


def approved(partner_id: int, amount: int = 50_000) -> int:
    made = payouts.request_for(partner_id, amount, "bank", "person:1")
    payouts.approve(made.id, "person:1")
    return made.id


def missing(partner_id: int) -> Missing:
    return queries.of_missing([partner_id]).get(partner_id, Missing())


class TestMissing:
    def test_a_contract_is_missing_until_it_is_there_and_again_when_it_is_taken_back(
        self, anna: int
    ) -> None:
        need(Kind.CONTRACT, Need.BLOCK)
        assert missing(anna).blocks == (Kind.CONTRACT,)
        with pytest.raises(Conflict, match="there must be: a contract"):
            service.refuse_missing(anna)
        paper = service.add(Kind.CONTRACT, anna, Said(number="17"))
        service.refuse_missing(anna)
        service.withdraw(paper)
        assert missing(anna).blocks == (Kind.CONTRACT,)

    def test_a_receipt_is_missing_from_the_approval_on(self, anna: int) -> None:
        need(Kind.RECEIPT, Need.BLOCK)
        assert not missing(anna)
        number = approved(anna)
        assert missing(anna).blocks == (Kind.RECEIPT,)
        service.add(Kind.RECEIPT, anna, Said(number="20abc"), payout_id=number)
        assert not missing(anna)

    def test_an_act_is_missing_for_the_last_month_in_which_something_was_earned(
        self, anna: int
    ) -> None:
        need(Kind.ACT, Need.WARN)
        assert missing(anna).warns == (Kind.ACT,)
        service.refuse_missing(anna)  # a warning keeps nothing back
        service.add_act(anna, date(2026, 8, 1), date(2026, 8, 31), "A-2026-1")
        assert not missing(anna)
        with clock.moved_to(NOW + timedelta(days=31)):
            assert not missing(anna)  # nothing was earned in September

    def test_what_another_status_needs_is_nothing_to_her(self, anna: int) -> None:
        need(Kind.CONTRACT, Need.BLOCK, "company")
        assert not missing(anna)
        is_(anna, "company")
        assert missing(anna).blocks == (Kind.CONTRACT,)

    def test_any_number_of_partners_is_looked_at_in_as_many_statements(self, anna: int) -> None:
        service.set_needs("person", dict.fromkeys(Kind, Need.BLOCK))
        several = [partner(f"Partner {n}") for n in range(20)]
        assert _statements(several[:1]) == _statements(several)


def _statements(partners: list[int]) -> int:
    seen: list[str] = []

    def note(*args: object) -> None:
        seen.append(str(args[2]))

    sql_event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert len(queries.of_missing(partners)) == len(partners)
    finally:
        sql_event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


class TestReceipts:
    def test_a_new_one_takes_the_place_of_the_old(self, anna: int) -> None:
        number = approved(anna)
        service.add(Kind.RECEIPT, anna, Said(number="1"), payout_id=number)
        service.add(Kind.RECEIPT, anna, Said(link="https://example.org/r/2"), payout_id=number)
        assert [(p.number, p.link) for p in queries.of_partner(anna)] == [
            ("", "https://example.org/r/2")
        ]

    @pytest.mark.parametrize(
        ("said", "field"),
        [
            (Said(), "number"),
            (Said(number="x" * 101), "number"),
            (Said(link="javascript:alert(1)"), "link"),
            (Said(file=b"<html>"), "file"),
        ],
    )
    def test_what_cannot_be_kept_is_told_at_its_field(
        self, anna: int, said: Said, field: str
    ) -> None:
        with pytest.raises(DomainError) as refused:
            service.add(Kind.CONTRACT, anna, said)
        assert [error.field for error in refused.value.errors] == [field]

    def test_partners_are_reminded_after_three_and_seven_days_once_each(self, anna: int) -> None:
        approved(anna)
        assert _reminded_on(2) == []
        assert _reminded_on(3) == [3]
        assert _reminded_on(3) == [3]
        assert _reminded_on(6) == [3]
        assert _reminded_on(8) == [3, 7]
        assert _reminded_on(30) == [3, 7]

    def test_who_is_late_for_both_days_is_told_once(self, anna: int) -> None:
        approved(anna)
        assert _reminded_on(10) == [7]
        assert _reminded_on(11) == [7]

    def test_who_has_added_it_is_not_reminded(self, anna: int) -> None:
        number = approved(anna)
        service.add(Kind.RECEIPT, anna, Said(number="1"), payout_id=number)
        assert _reminded_on(8) == []

    def test_nobody_is_reminded_where_receipts_are_not_needed(self, anna: int) -> None:
        need(Kind.RECEIPT, Need.OFF)
        approved(anna)
        assert _reminded_on(8) == []

    def test_what_was_asked_for_before_stays_missing_when_the_rules_are_saved_again(
        self, anna: int
    ) -> None:
        db.session.execute(update(Tenant).values(created_at=IN_AUGUST))
        paid = payouts.record_paid(anna, 1_000, "bank", "person:1")
        assert [each.payout_id for each in queries.wanting()] == [paid.id]
        with clock.moved_to(NOW + timedelta(days=1)):
            need(Kind.RECEIPT, Need.BLOCK)
            need(Kind.RECEIPT, Need.WARN, "person")
            assert [each.payout_id for each in queries.wanting()] == [paid.id]
            need(Kind.RECEIPT, Need.OFF)
            assert queries.wanting() == []

    def test_those_that_are_missing_are_listed(self, anna: int) -> None:
        number = approved(anna)
        assert [each.payout_id for each in queries.wanting()] == [number]
        assert queries.wanting(partner_id=partner("Boris")) == []


def _reminded_on(days: int) -> list[int]:
    with clock.moved_to(NOW + timedelta(days=days)):
        while service.remind():
            pass
    told = select(Event.facts).where(Event.type == "receipt.wanted").order_by(Event.id)
    return [facts["days"] for facts in db.session.scalars(told)]


class TestWithholding:
    def test_a_rate_holds_for_its_status_from_its_day(self, anna: int) -> None:
        boris = partner("Boris")
        service.set_rate("person", "13")
        later = NOW + timedelta(days=10)
        service.set_rate("person", "15", since=later)
        amounts = {anna: 100_000, boris: 100_000}
        assert service.withheld_from(amounts, RUB) == {anna: 0, boris: 13_000}
        with clock.moved_to(later):
            assert service.withheld_from(amounts, RUB) == {anna: 0, boris: 15_000}

    def test_before_the_first_rate_begins_nothing_is_withheld(self, anna: int) -> None:
        later = NOW + timedelta(days=10)
        service.set_rate("self_employed", "13", since=later)
        assert queries.rates()["self_employed"] is None
        assert service.withheld_from({anna: 100_000}, RUB) == {anna: 0}
        with clock.moved_to(later):
            assert service.withheld_from({anna: 100_000}, RUB) == {anna: 13_000}

    def test_a_rate_does_not_begin_on_a_day_that_is_past(self, anna: int) -> None:
        with pytest.raises(DomainError, match="today or a later day"):
            service.set_rate("person", "13", since=NOW - timedelta(days=2))
        service.set_rate("person", "13", since=NOW - timedelta(hours=1))  # today at the merchant's
        assert queries.rates()["person"] == "13"

    def test_nothing_is_withheld_where_no_rate_was_set(self, anna: int) -> None:
        assert service.withheld_from({anna: 100_000}, RUB) == {anna: 0}

    def test_sums_are_rounded_as_the_merchant_says(self, anna: int) -> None:
        service.set_rate("self_employed", "13")
        assert service.withheld_from({anna: 100_385}, RUB) == {anna: 13_050}
        service.set_rounding(Rounding.UNIT)
        assert service.withheld_from({anna: 100_385}, RUB) == {anna: 13_100}

    def test_a_rate_can_end(self, anna: int) -> None:
        service.set_rate("self_employed", "13")
        with clock.moved_to(NOW + timedelta(seconds=1)):
            service.set_rate("self_employed", None)
            assert service.withheld_from({anna: 100_000}, RUB) == {anna: 0}
        assert [rate for _status, _since, rate in queries.rate_history()] == [None, "13"]

    def test_what_is_no_rate_is_refused(self, anna: int) -> None:
        with pytest.raises(DomainError, match="Percents go from 0 to 100"):
            service.set_rate("person", "130")


class TestPayouts:
    def test_what_blocks_keeps_a_payout_from_being_sent_or_paid_and_the_receipt_frees_it(
        self, anna: int
    ) -> None:
        need(Kind.RECEIPT, Need.BLOCK)
        number = approved(anna)
        for act in (payouts.send, payouts.pay):
            with pytest.raises(Conflict, match="there must be: a receipt"):
                act(number, "person:1")
        service.add(Kind.RECEIPT, anna, Said(number="20abc"), payout_id=number)
        assert payouts.pay(number, "person:1").state == "paid"

    def test_what_warns_keeps_nothing_back(self, anna: int) -> None:
        need(Kind.RECEIPT, Need.WARN)
        assert payouts.pay(approved(anna), "person:1").state == "paid"

    def test_money_that_has_left_is_noted_whatever_is_missing(self, anna: int) -> None:
        number = approved(anna)
        payouts.send(number, "person:1")
        need(Kind.RECEIPT, Need.BLOCK)
        assert payouts.pay(number, "person:1").state == "paid"

    def test_a_payment_by_hand_needs_the_same(self, anna: int) -> None:
        need(Kind.CONTRACT, Need.BLOCK)
        with pytest.raises(Conflict, match="a contract"):
            payouts.record_paid(anna, 1_000, "bank", "person:1")

    def test_tax_is_withheld_at_the_approval_and_stays_whatever_the_rate_becomes(
        self, anna: int
    ) -> None:
        service.set_rate("self_employed", "13")
        number = approved(anna, 50_000)
        with clock.moved_to(NOW + timedelta(days=1)):
            service.set_rate("self_employed", "30")
            paid = payouts.pay(number, "person:1")
        assert (paid.withheld, paid.net) == (6_500, 43_500)
        account = statements.account(month_span(NOW.date(), "Europe/Moscow"), anna)
        assert account.of(Part.WITHDRAWN) == -43_500
        assert account.of(Part.WITHHELD) == -6_500
        (row,) = queries.withheld(month_span(NOW.date(), "Europe/Moscow"))
        assert (row.refcode.startswith("anna"), row.gross, row.withheld) == (True, 50_000, 6_500)

    def test_a_payment_by_hand_is_gross(self, anna: int) -> None:
        service.set_rate("self_employed", "13")
        paid = payouts.record_paid(anna, 10_000, "bank", "person:1")
        assert (paid.withheld, paid.net) == (1_300, 8_700)

    def test_nothing_is_withheld_of_a_payout_that_is_refused(self, anna: int) -> None:
        service.set_rate("self_employed", "13")
        payouts.reject(approved(anna), "no", "person:1")
        assert queries.withheld(month_span(NOW.date(), "Europe/Moscow")) == []

    def test_she_is_told_before(self, anna: int) -> None:
        assert service.foreseen(anna, 50_000, RUB) is None
        service.set_rate("self_employed", "4.5")
        told = service.foreseen(anna, 50_000, RUB)
        assert told is not None
        assert (str(told.rate), told.withheld) == ("4.5", 2_250)
