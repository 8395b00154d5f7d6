"""Money that comes in: by the operator's word or a provider's, once, whatever is repeated."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from app.billing import queries, service
from app.billing.rules import Fate, Notice, Requisites, Status
from app.errors import Conflict, DomainError, NotFound
from app.events.models import Event
from app.extensions import db
from app.tenancy import tenant_scope
from tests.payouts.setting import at_lampa, merchant

pytestmark = pytest.mark.usefixtures("db_session")


def said(number: int, **changes: Any) -> Notice:
    return replace(Notice("p-1", number, Status.SUCCEEDED, 50_000, "RUB"), **changes)


def test_an_invoice_is_credited_once_with_what_came() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        service.receive(invoice.id, 49_000, "person:9", "bank 17")
        assert queries.balance() == 49_000
        with pytest.raises(Conflict):
            service.receive(invoice.id, 49_000, "person:9")
        assert queries.balance() == 49_000
        row = queries.top_up(invoice.public_id)
        assert row is not None
        assert (row.state, row.received, row.payment, row.decided_by) == (
            "paid", 49_000, "bank 17", "person:9",
        )  # fmt: skip


@pytest.mark.parametrize("amount", [0, -1, 10**13 + 1])
def test_a_sum_that_cannot_be_is_refused(amount: int) -> None:
    with at_lampa():
        with pytest.raises(DomainError):
            service.ask(amount, "person:1")
        invoice = service.ask(100, "person:1")
        with pytest.raises(DomainError):
            service.receive(invoice.id, amount, "person:9")
        assert queries.balance() == 0


def test_an_invoice_that_was_taken_back_can_still_be_paid() -> None:
    with at_lampa():
        invoice = service.ask(100, "person:1")
        service.withdraw(invoice, "person:1")
        with pytest.raises(Conflict):
            service.withdraw(invoice, "person:1")
        service.receive(invoice.id, 100, "person:9")
        assert queries.balance() == 100
        with pytest.raises(Conflict):
            service.withdraw(invoice, "person:1")


def test_an_invoice_keeps_the_requisites_that_it_was_printed_with() -> None:
    service.set_requisites(Requisites(name="Platform One", account="1" * 20), "person:9")
    with at_lampa():
        invoice = service.ask(100, "person:1")
        service.set_requisites(Requisites(name="Platform Two", account="2" * 20), "person:9")
        assert invoice.payee["name"] == "Platform One"
        assert service.ask(100, "person:1").payee["name"] == "Platform Two"


def test_numbers_are_the_platforms_and_the_other_shop_cannot_see_the_invoice() -> None:
    with at_lampa():
        mine = service.ask(100, "person:1")
    with tenant_scope(merchant("Kniga")):
        other = service.ask(100, "person:1")
        assert other.number > mine.number
        assert queries.top_up(mine.public_id) is None
        with pytest.raises(NotFound):
            service.receive(mine.id, 100, "person:9")
        with pytest.raises(NotFound):
            service.take_notice(said(mine.number))


def test_the_same_word_twice_credits_once() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        told = [service.take_notice(said(invoice.number)) for _ in range(3)]
        assert told == [Fate.CREDITED] * 3
        assert queries.balance() == 50_000


@pytest.mark.parametrize("order", list(permutations(Status)))
def test_in_whatever_order_the_words_come_success_credits_and_nothing_takes_it_back(
    order: tuple[Status, ...],
) -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        for status in order:
            service.take_notice(said(invoice.number, status=status))
        assert queries.balance() == 50_000


def test_without_success_nothing_moves() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        for status in (Status.PENDING, Status.FAILED):
            assert service.take_notice(said(invoice.number, status=status)) is Fate.NOTED
        assert queries.balance() == 0


def test_another_sum_than_asked_is_credited_as_it_came_and_both_are_told() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        service.take_notice(said(invoice.number, amount=40_000))
        assert queries.balance() == 40_000
        db.session.flush()
        [facts] = db.session.scalars(select(Event.facts).where(Event.type == "balance.received"))
        assert (facts["amount"], facts["asked"]) == (40_000, 50_000)


def test_a_payment_that_is_told_with_another_sum_is_refused() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        service.take_notice(said(invoice.number))
        with pytest.raises(Conflict):
            service.take_notice(said(invoice.number, amount=1))
        with pytest.raises(Conflict):
            service.take_notice(said(service.ask(50_000, "person:1").number))
        assert queries.balance() == 50_000


def test_another_currency_is_refused() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        with pytest.raises(DomainError):
            service.take_notice(said(invoice.number, currency="USD"))


def test_a_second_payment_of_a_paid_invoice_waits_for_a_person() -> None:
    with at_lampa():
        invoice = service.ask(50_000, "person:1")
        service.receive(invoice.id, 50_000, "person:9")
        assert service.take_notice(said(invoice.number)) is Fate.SURPLUS
        assert queries.balance() == 50_000
        assert [row.PaymentNotice.payment for row in queries.surpluses()].count("p-1") >= 1


def test_the_statement_has_running_sums_and_goes_on_where_a_page_ended() -> None:
    with at_lampa():
        for amount in (100, 20, 3):
            service.receive(service.ask(amount, "person:1").id, amount, "person:9")
        lines = queries.statement()
        assert [(e.amount, e.balance) for e in lines] == [(3, 123), (20, 120), (100, 100)]
        assert [e.balance for e in queries.statement(before=lines[1].id)] == [100]
        assert queries.balance() == lines[0].balance


def test_what_is_told_once_is_told_once() -> None:
    with at_lampa():
        assert [service.tell_once("a"), service.tell_once("a"), service.tell_once("b")] == [
            True, False, True,
        ]  # fmt: skip


def test_prepaid_money_goes_back_once_an_invoice_and_never_more_than_is_left() -> None:
    with at_lampa():
        first, second = service.ask(50_000, "person:1"), service.ask(30_000, "person:1")
        with pytest.raises(Conflict):
            service.give_back(first.id, 100, "person:9")  # nothing has come for it
        service.receive(first.id, 50_000, "person:9")
        service.receive(second.id, 30_000, "person:9")
        for amount in (0, -1, 50_001):
            with pytest.raises(DomainError) as refused:
                service.give_back(first.id, amount, "person:9")
            assert refused.value.errors[0].field == "amount"
        service.give_back(first.id, 45_000, "person:9")
        assert queries.balance() == 35_000
        with pytest.raises(Conflict):
            service.give_back(first.id, 5_000, "person:9")
        assert [(e.kind, e.amount, e.balance) for e in queries.statement()][:1] == [
            ("top_up_returned", -45_000, 35_000)
        ]
        [facts] = db.session.scalars(select(Event.facts).where(Event.type == "balance.returned"))
        assert (facts["amount"], facts["number"]) == (45_000, first.number)
