"""From a request to money: every verb, its money, its event, and what it refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from app import clock
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.events.models import Event
from app.extensions import db
from app.facts import service as facts
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance, partner_balances
from app.ledger.rules import FEES, OUTSIDE, WITHHELD
from app.ledger.rules import payout as passage
from app.partners.models import Partner
from app.payouts import service
from app.payouts.models import Payout, PayoutMethod
from app.payouts.rules import Charges
from app.requisites.rules import Card, Details, Kind, Payee
from app.tenancy import public_id
from tests.harness import invariants
from tests.payouts.setting import ACCOUNT, at_lampa, by_bank, earn, partner, take_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CARD = by_bank("Anna Petrova")


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_lampa(), clock.moved_to(NOON):
        made = partner("Anna")
        service.set_details(card(made), "bank", CARD)
        earn(made, 100_000)
        yield made


def card(partner_id: int) -> Partner:
    return db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()


def balance(partner_id: int) -> PartnerBalance:
    return partner_balances([partner_id])[partner_id]


def told(payout: Payout) -> list[str]:
    query = select(Event.type).where(Event.subject == f"payout:{payout.id}").order_by(Event.id)
    return list(db.session.scalars(query))


def left(payout: Payout) -> int:
    query = select(Transfer.amount).where(
        Transfer.source == passage(payout.id), Transfer.target == OUTSIDE
    )
    return sum(db.session.scalars(query))


def ask(partner_id: int, amount: int = 60_000) -> Payout:
    return service.request(partner_id, amount, "bank", f"partner:{partner_id}")


class TestRequest:
    def test_available_money_is_reserved_at_once(self, anna: int) -> None:
        payout = ask(anna)
        assert balance(anna) == PartnerBalance(available=40_000, reserved=60_000)
        assert (payout.state, payout.amount, payout.currency) == ("requested", 60_000, "RUB")
        assert payout.public_id.startswith("po_")
        assert told(payout) == ["payout.requested"]

    def test_details_are_copied_and_stay_as_they_were(self, anna: int) -> None:
        payout = ask(anna)
        service.set_details(card(anna), "bank", by_bank("Anna Petrova", "40817810800000009999"))
        db.session.refresh(payout)
        assert service.copied(payout) == CARD

    def test_the_database_keeps_copied_details_and_the_amount(self, anna: int) -> None:
        ask(anna)
        for change in ("details = 'x'", "amount = amount + 1"):
            with pytest.raises(DBAPIError, match="never change"), db.session.begin_nested():
                db.session.execute(text(f"UPDATE payout SET {change}"))

    def test_a_second_open_one_is_a_conflict(self, anna: int) -> None:
        ask(anna, 10_000)
        with pytest.raises(Conflict) as refused:
            ask(anna, 10_000)
        assert refused.value.code == "open_payout"
        assert balance(anna).reserved == 10_000

    @pytest.mark.parametrize(
        ("amount", "code"),
        [
            (0, "not_positive"),
            (-1, "not_positive"),
            (100_001, "above_available"),
            (49_999, "below_minimum"),
        ],
    )
    def test_what_may_not_be_asked_for_is_refused_at_the_field(
        self, anna: int, amount: int, code: str
    ) -> None:
        facts.put("merchant", "minimum_payout", 50_000)
        with pytest.raises(DomainError) as refused:
            ask(anna, amount)
        assert (refused.value.status, refused.value.code) == (422, code)
        assert refused.value.errors[0].field == "amount"
        assert balance(anna) == PartnerBalance(available=100_000)

    def test_the_minimum_itself_may_be_asked_for(self, anna: int) -> None:
        facts.put("merchant", "minimum_payout", 50_000)
        assert ask(anna, 50_000).amount == 50_000

    def test_it_needs_details_for_the_method(self, anna: int) -> None:
        service.create_method("Card", code="card")
        with pytest.raises(DomainError) as refused:
            service.request(anna, 100, "card", f"partner:{anna}")
        assert refused.value.code == "details_missing"

    def test_an_unknown_method_is_refused(self, anna: int) -> None:
        with pytest.raises(DomainError) as refused:
            service.request(anna, 100, "pigeon", f"partner:{anna}")
        assert refused.value.code == "unknown_method"

    @pytest.mark.parametrize("status", ["pending", "blocked", "removed"])
    def test_who_is_not_active_waits(self, anna: int, status: str) -> None:
        card(anna).status = status
        with pytest.raises(Conflict):
            ask(anna)

    def test_an_unknown_partner_is_not_found(self, anna: int) -> None:
        with pytest.raises(NotFound):
            ask(anna + 1000)


class TestDetails:
    def test_the_first_ones_can_be_used_at_once(self, anna: int) -> None:
        assert card(anna).details_usable_at == NOON
        assert ask(anna).state == "requested"

    def test_changed_ones_wait_a_day(self, anna: int) -> None:
        service.set_details(card(anna), "bank", by_bank("Eve", "40817810000000006666"))
        with (
            clock.moved_to(NOON + timedelta(hours=23, minutes=59)),
            pytest.raises(Conflict) as refused,
        ):
            ask(anna)
        assert refused.value.code == "details_cooling"
        with clock.moved_to(NOON + timedelta(hours=24)):
            assert ask(anna).state == "requested"

    def test_details_for_another_method_are_a_change_too(self, anna: int) -> None:
        service.create_method("Card", code="card", kind=Kind.CARD)
        service.set_details(card(anna), "card", Details(Payee("Eve"), Card("4111111111111111")))
        with pytest.raises(Conflict):
            service.request(anna, 100, "card", f"partner:{anna}")

    def test_the_same_details_again_change_nothing(self, anna: int) -> None:
        assert service.set_details(card(anna), "bank", CARD) is False
        assert card(anna).details_usable_at == NOON

    def test_a_change_is_told_without_the_details(self, anna: int) -> None:
        query = select(Event).where(Event.type == "partner.details_changed")
        event = db.session.scalars(query).one()
        assert event.facts["partner_id"] == anna
        assert ACCOUNT not in str(event.facts)

    def test_they_are_not_readable_in_the_table(self, anna: int) -> None:
        ask(anna)
        kept = db.session.scalar(select(Partner.details).where(Partner.id == anna))
        copy = db.session.scalars(select(Payout.details)).one()
        assert kept is not None
        assert copy is not None
        assert ACCOUNT.encode() not in kept + copy

    @pytest.mark.parametrize("given", [by_bank(""), by_bank("Anna", "")])
    def test_both_name_and_account_are_needed(self, anna: int, given: Details) -> None:
        with pytest.raises(DomainError):
            service.set_details(card(anna), "bank", given)


class TestOnBehalf:
    def test_neither_minimum_nor_details_bind_the_merchant(self, anna: int) -> None:
        facts.put("merchant", "minimum_payout", 50_000)
        boris = partner("Boris")
        earn(boris, 500)
        payout = service.request_for(boris, 500, "bank", "api:9")
        assert (payout.state, payout.details, payout.requested_by) == ("requested", None, "api:9")
        assert balance(boris) == PartnerBalance(reserved=500)
        assert service.copied(payout) is None
        assert service.request_for(anna, 1, "bank", "api:9").details is not None

    def test_available_binds(self, anna: int) -> None:
        with pytest.raises(DomainError) as refused:
            service.request_for(anna, 100_001, "bank", "api:9")
        assert refused.value.code == "above_available"

    def test_a_blocked_partner_waits(self, anna: int) -> None:
        card(anna).status = "blocked"
        with pytest.raises(Conflict):
            service.request_for(anna, 100, "bank", "api:9")


class TestPaymentAlreadyMade:
    def test_it_takes_what_is_available(self, anna: int) -> None:
        payout = service.record_paid(anna, 30_000, "bank", "person:1")
        assert (payout.state, payout.ended_at) == ("paid", NOON)
        assert balance(anna) == PartnerBalance(available=70_000)
        assert left(payout) == 30_000
        assert told(payout) == ["payout.paid"]

    def test_what_exceeds_available_is_debt_and_repaid_first(self, anna: int) -> None:
        payout = service.record_paid(anna, 130_000, "bank", "person:1", "advance for December")
        assert balance(anna) == PartnerBalance(debt=30_000)
        assert left(payout) == 130_000
        earn(anna, 20_000)
        assert balance(anna) == PartnerBalance(debt=10_000)
        earn(anna, 20_000)
        assert balance(anna) == PartnerBalance(available=10_000)

    def test_an_open_request_is_untouched(self, anna: int) -> None:
        ask(anna, 60_000)
        service.record_paid(anna, 50_000, "bank", "person:1")
        assert balance(anna) == PartnerBalance(reserved=60_000, debt=10_000)

    @pytest.mark.parametrize("amount", [0, -5, 10**15 + 1])
    def test_odd_amounts_are_refused(self, anna: int, amount: int) -> None:
        with pytest.raises(DomainError):
            service.record_paid(anna, amount, "bank", "person:1")

    def test_nobody_records_their_own(self, anna: int) -> None:
        card(anna).person_id = 5
        with pytest.raises(Forbidden):
            service.record_paid(anna, 100, "bank", "person:5")


class TestDecisions:
    def test_approved_then_paid_leaves_the_house(self, anna: int) -> None:
        payout = service.approve(ask(anna).id, "person:1")
        assert (payout.state, payout.approved_at, payout.decided_by) == (
            "approved",
            NOON,
            "person:1",
        )
        service.pay(payout.id, "person:1")
        assert balance(anna) == PartnerBalance(available=40_000)
        assert (payout.state, payout.ended_at, left(payout)) == ("paid", NOON, 60_000)
        assert told(payout) == ["payout.requested", "payout.approved", "payout.paid"]

    def test_through_sending_and_unknown_only_a_person_leads_out(self, anna: int) -> None:
        payout = service.approve(ask(anna).id, "person:1")
        service.send(payout.id, "system")
        service.lose(payout.id, "system")
        assert payout.state == "unknown"
        assert balance(anna).reserved == 60_000
        with pytest.raises(Conflict):
            service.send(payout.id, "system")
        service.pay(payout.id, "person:1")
        assert told(payout)[2:] == ["payout.sending", "payout.unknown", "payout.paid"]

    def test_a_rejected_one_gives_the_money_back_with_the_reason(self, anna: int) -> None:
        payout = service.reject(ask(anna).id, " Wrong account ", "person:1")
        assert (payout.state, payout.reason) == ("rejected", "Wrong account")
        assert balance(anna) == PartnerBalance(available=100_000)
        assert left(payout) == 0

    def test_a_rejection_says_why(self, anna: int) -> None:
        payout = ask(anna)
        with pytest.raises(DomainError):
            service.reject(payout.id, "  ", "person:1")

    def test_the_partner_takes_it_back_while_nobody_decided(self, anna: int) -> None:
        payout = ask(anna)
        service.cancel(payout.id, anna, f"partner:{anna}")
        assert balance(anna) == PartnerBalance(available=100_000)
        payout = service.approve(ask(anna).id, "person:1")
        with pytest.raises(Conflict):
            service.cancel(payout.id, anna, f"partner:{anna}")

    def test_nobody_cancels_for_another_partner(self, anna: int) -> None:
        payout = ask(anna)
        boris = partner("Boris")
        with pytest.raises(NotFound):
            service.cancel(payout.id, boris, f"partner:{boris}")

    def test_a_failed_one_comes_back(self, anna: int) -> None:
        payout = service.approve(ask(anna).id, "person:1")
        service.fail(payout.id, "The bank returned it", "person:1")
        assert (payout.state, balance(anna)) == ("failed", PartnerBalance(available=100_000))
        assert told(payout)[-1] == "payout.failed"

    @pytest.mark.parametrize("verb", ["approve", "reject", "cancel", "send", "lose", "pay", "fail"])
    def test_what_is_over_stays_over(self, anna: int, verb: str) -> None:
        payout = service.pay(service.approve(ask(anna).id, "person:1").id, "person:1")
        before = told(payout)
        rest = {
            "reject": ("why", "person:1"), "fail": ("why", "person:1"), "cancel": (anna, f"partner:{anna}")
        }.get(verb, ("person:1",))  # fmt: skip
        with pytest.raises(Conflict):
            getattr(service, verb)(payout.id, *rest)
        assert (told(payout), left(payout)) == (before, 60_000)

    def test_an_unknown_payout_is_not_found(self, anna: int) -> None:
        with pytest.raises(NotFound):
            service.approve(ask(anna).id + 1000, "person:1")

    def test_nobody_approves_their_own(self, anna: int) -> None:
        card(anna).person_id = 5
        with pytest.raises(Forbidden):
            service.approve(ask(anna).id, "person:5")

    def test_a_blocked_partners_payout_waits(self, anna: int) -> None:
        payout = ask(anna)
        card(anna).status = "blocked"
        with pytest.raises(Conflict) as refused:
            service.approve(payout.id, "person:1")
        assert refused.value.code == "partner_blocked"


class TestClawback:
    def test_an_open_payout_is_untouched_but_not_approved_while_there_is_debt(
        self, anna: int
    ) -> None:
        payout = ask(anna)
        take_back(anna, 70_000)
        assert balance(anna) == PartnerBalance(reserved=60_000, debt=30_000)
        with pytest.raises(Conflict) as refused:
            service.approve(payout.id, "person:1")
        assert refused.value.code == "debt"
        earn(anna, 30_000)
        assert service.approve(payout.id, "person:1").state == "approved"

    def test_money_that_comes_back_repays_debt_first(self, anna: int) -> None:
        payout = ask(anna)
        take_back(anna, 70_000)
        service.reject(payout.id, "Returns first", "person:1")
        assert balance(anna) == PartnerBalance(available=30_000)

    def test_after_a_paid_payout_a_return_is_debt_and_new_sales_repay_it(self, anna: int) -> None:
        service.pay(service.approve(ask(anna, 100_000).id, "person:1").id, "person:1")
        take_back(anna, 45_000)
        assert balance(anna) == PartnerBalance(debt=45_000)
        with pytest.raises(DomainError) as refused:
            ask(anna, 1)
        assert refused.value.status == 422
        earn(anna, 50_000)
        assert balance(anna) == PartnerBalance(available=5_000)


class TestMethods:
    def test_five_of_the_merchants_own(self, anna: int) -> None:
        codes = [
            service.create_method(name).code for name in ("Card 24", "Карта", "Карта", "PayPal")
        ]
        assert codes == ["card-24", "method-2", "method-3", "paypal"]
        with pytest.raises(Conflict):
            service.create_method("Sixth")

    def test_a_retired_one_is_not_offered_but_can_be_taken_back(self, anna: int) -> None:
        made = service.create_method("Card", code="card")
        service.retire_method(made.id)
        with pytest.raises(DomainError):
            service.request_for(anna, 100, "card", "person:1")
        service.restore_method(made.id)
        assert service.request_for(anna, 100, "card", "person:1").method_id == made.id

    def test_one_must_remain(self, anna: int) -> None:
        made = service.create_method("Card")
        service.retire_method(made.id)
        service.retire_method(made.id)
        with pytest.raises(Conflict):
            service.retire_method(made.id - 1)

    def test_words_can_be_changed_and_must_be_there(self, anna: int) -> None:
        made = service.create_method("Card")
        assert (
            service.change_method(made.id, "Bank card", "Sixteen digits").hint == "Sixteen digits"
        )
        with pytest.raises(DomainError):
            service.change_method(made.id, " ", "")
        with pytest.raises(NotFound):
            service.change_method(made.id + 1000, "x", "")


def test_fee_and_tax_are_kept_back_and_each_has_a_line_of_its_own(anna: int) -> None:
    payout = service.request_for(anna, 10_000, "bank", "person:1")
    service.charge({payout.id: Charges(fee=1_500, withheld=1_300)})
    service.approve(payout.id, "person:1")
    service.pay(payout.id, "person:1")
    assert (payout.fee, payout.withheld, payout.net) == (1_500, 1_300, 7_200)
    rows = db.session.scalars(select(Transfer).where(Transfer.source == passage(payout.id)))
    assert {(t.target, t.kind): t.amount for t in rows} == {
        (FEES, "fee"): 1_500,
        (WITHHELD, "withheld"): 1_300,
        (OUTSIDE, "payout_left"): 7_200,
    }
    assert balance(anna) == PartnerBalance(available=90_000)
    assert invariants.broken() == []


def test_what_was_kept_back_of_a_payout_that_is_over_never_changes(anna: int) -> None:
    payout = service.record_paid(anna, 10_000, "bank", "person:1", charges=Charges(1_500))
    service.charge({payout.id: Charges(0, 0)})
    assert payout.fee == 1_500
    with pytest.raises(DBAPIError, match="never change"), db.session.begin_nested():
        db.session.execute(text("UPDATE payout SET fee = 1"))


def test_more_than_the_payout_cannot_be_kept_back(anna: int) -> None:
    payout = service.request_for(anna, 10_000, "bank", "person:1")
    with pytest.raises(DBAPIError, match="ck_payout_charges"), db.session.begin_nested():
        service.charge({payout.id: Charges(9_000, 1_001)})


def test_a_payment_that_books_no_tax_is_found(anna: int) -> None:
    """The invariant itself: what was kept back must stand on its account."""
    service.record_paid(anna, 10_000, "bank", "person:1")
    now = clock.now()
    wrong = Payout(
        public_id=public_id("po"), partner_id=anna, amount=500, fee=100, currency="RUB",
        method_id=db.session.scalars(select(PayoutMethod.id)).one(), state="paid",
        requested_by="person:1", requested_at=now, approved_at=now, ended_at=now,
    )  # fmt: skip
    db.session.add(wrong)
    db.session.flush()
    assert "money leaves once for each paid payout and for no other" in str(invariants.broken())
    db.session.delete(wrong)
