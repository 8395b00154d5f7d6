"""Money by hand: booked once, told to the partner, and taken back by a counter entry."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.adjustments import service
from app.adjustments.models import Adjustment
from app.adjustments.rules import Act, Wish
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.events.models import Event
from app.events.service import acting_as
from app.extensions import db
from app.identity import service as identity
from app.identity.models import Person
from app.ledger import queries
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance, partner_balances
from app.partners.models import Partner
from app.tenancy import current_tenant, tenant_scope
from tests.payouts.setting import RUB, at_lampa, earn, merchant, partner, take_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.application import App


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_lampa():
        yield partner("Anna")


def key(number: int) -> str:
    """A batch's key as forms bring it."""
    return f"ab_{number:016d}"


def balance(partner_id: int) -> PartnerBalance:
    return partner_balances([partner_id])[partner_id]


def test_an_accrual_by_hand_repays_debt_first(anna: int) -> None:
    service.adjust(anna, -300, "Counted twice", RUB)
    assert balance(anna) == PartnerBalance(debt=300)
    service.adjust(anna, 500, "Prize of the month", RUB)
    assert balance(anna) == PartnerBalance(available=200)
    service.adjust(anna, -250, "Counted twice again", RUB)
    assert balance(anna) == PartnerBalance(debt=50)
    reasons = {e.reason for e in queries.statement(anna, "available") if e.kind == "adjustment"}
    assert reasons == {"Prize of the month", "Counted twice again"}


@pytest.mark.parametrize(("amount", "reason"), [(0, "why"), (5, " "), (10**14 + 1, "why")])
def test_an_adjustment_needs_a_sum_and_a_reason(anna: int, amount: int, reason: str) -> None:
    with pytest.raises(DomainError):
        service.adjust(anna, amount, reason, RUB)


def test_an_accrual_taken_back_after_it_was_spent_is_debt(anna: int) -> None:
    entry = service.adjust(anna, 500, "Prize", RUB)
    take_back(anna, 400)  # as spent as if it had been paid out
    counter = service.undo(entry.public_id, RUB)
    assert balance(anna) == PartnerBalance(debt=400)
    assert (counter.act, counter.amount, counter.undo_of_id) == ("undo", -500, entry.id)
    posted = db.session.scalars(select(Transfer).where(Transfer.kind == "adjustment_undone")).all()
    assert {t.reference for t in posted} == {f"adjustment:{entry.public_id}:undo"}
    query = select(Event).where(Event.type == "partner.adjusted").order_by(Event.id)
    told = db.session.scalars(query).all()
    assert told[-1].facts["undoes"] == entry.public_id
    assert told[-1].facts["reason"] == "Prize"


def test_an_entry_is_undone_once_and_a_counter_entry_never(anna: int) -> None:
    entry = service.adjust(anna, -500, "Counted twice", RUB)
    counter = service.undo(entry.public_id, RUB)
    assert balance(anna) == PartnerBalance()
    for public_id in (entry.public_id, counter.public_id):
        with pytest.raises(Conflict):
            service.undo(public_id, RUB)
    with pytest.raises(NotFound):
        service.undo("ad_nobody", RUB)
    assert balance(anna) == PartnerBalance()


def test_a_debt_is_forgiven_and_owed_again_when_that_is_undone(anna: int) -> None:
    take_back(anna, 300)
    batch = service.book(key(1), [Wish(anna, Act.FORGIVE, None, "Goodwill")], RUB)
    assert (batch.total, balance(anna)) == (300, PartnerBalance())
    service.undo_batch(batch.public_id, RUB)
    assert balance(anna) == PartnerBalance(debt=300)


def test_money_that_nobody_claims_is_written_off_but_never_into_debt(anna: int) -> None:
    earn(anna, 700)
    with pytest.raises(DomainError, match="more than what is available"):
        service.book(key(1), [Wish(anna, Act.EXPIRE, 701, "Two years unclaimed")], RUB)
    service.book(key(2), [Wish(anna, Act.EXPIRE, None, "Two years unclaimed")], RUB)
    assert balance(anna) == PartnerBalance()
    with pytest.raises(DomainError, match="nothing available"):
        service.book(key(3), [Wish(anna, Act.EXPIRE, None, "Again")], RUB)
    with pytest.raises(DomainError, match="no debt"):
        service.book(key(4), [Wish(anna, Act.FORGIVE, None, "Again")], RUB)


def test_a_batch_is_booked_once_under_its_key_and_undone_as_a_whole(anna: int) -> None:
    boris, vera = partner("Boris"), partner("Vera")
    take_back(boris, 40)
    wishes = [Wish(p, Act.ACCRUE, 100, "Anniversary") for p in (anna, boris, vera)]
    first = service.book(key(1), wishes, RUB)
    assert service.book(key(1), wishes, RUB).id == first.id
    assert (first.number, first.total) == (3, 300)
    assert [balance(p).available for p in (anna, boris, vera)] == [100, 60, 100]
    entry = db.session.scalars(select(Adjustment).where(Adjustment.partner_id == vera)).one()
    service.undo(entry.public_id, RUB)
    counter = service.undo_batch(key(1), RUB)
    assert (counter.number, counter.total, counter.undo_of_id) == (2, -200, first.id)
    assert [balance(p) for p in (anna, boris, vera)] == [
        PartnerBalance(),
        PartnerBalance(debt=40),
        PartnerBalance(),
    ]
    for again in (key(1), counter.public_id):
        with pytest.raises(Conflict):
            service.undo_batch(again, RUB)


def test_other_wishes_under_a_key_that_is_taken_book_nothing_and_say_so(anna: int) -> None:
    boris = partner("Boris")
    service.book(key(1), [Wish(anna, Act.ACCRUE, 100, "Prize ")], RUB)
    service.book(key(1), [Wish(anna, Act.ACCRUE, 100, "Prize")], RUB)
    for other in (
        [Wish(boris, Act.ACCRUE, 100, "Prize")],
        [Wish(anna, Act.ACCRUE, 101, "Prize")],
        [Wish(anna, Act.DEDUCT, 100, "Prize")],
        [Wish(anna, Act.ACCRUE, 100, "Another prize")],
        [Wish(anna, Act.ACCRUE, 100, "Prize"), Wish(boris, Act.ACCRUE, 100, "Prize")],
    ):
        with pytest.raises(Conflict, match="Something else was booked") as refused:
            service.book(key(1), other, RUB)
        assert refused.value.code == "key_taken"
    assert [balance(p).available for p in (anna, boris)] == [100, 0]


@pytest.mark.parametrize("odd", ["", "ab_1", "x" * 60, "ab_000000000000000O", "ab_" + "0" * 17])
def test_a_key_that_no_form_gave_is_refused(anna: int, odd: str) -> None:
    with pytest.raises(DomainError) as refused:
        service.book(odd, [Wish(anna, Act.ACCRUE, 100, "Prize")], RUB)
    assert (refused.value.status, refused.value.code) == (422, "key")


def test_nobody_twice_the_same_and_five_hundred_and_one_are_refused(anna: int) -> None:
    wish = Wish(anna, Act.ACCRUE, 1, "why")
    with pytest.raises(DomainError, match="at least one"):
        service.book(key(1), [], RUB)
    with pytest.raises(DomainError, match="more than once"):
        service.book(key(1), [wish, wish], RUB)
    with pytest.raises(DomainError, match="At most 500"):
        service.book(key(1), [wish] * 501, RUB)
    assert balance(anna) == PartnerBalance()


def test_two_who_undo_at_once_undo_once(app: App) -> None:
    with app.app_context():
        tenant_id = merchant()
        with tenant_scope(tenant_id):
            ids = [partner("Anna"), partner("Boris")]
            service.book(key(1), [Wish(p, Act.ACCRUE, 100, "Prize") for p in ids], RUB)
        db.session.commit()

    def undo(_n: int) -> str:
        with app.app_context(), tenant_scope(tenant_id):
            try:
                service.undo_batch(key(1), RUB)
                db.session.commit()
            except Conflict as error:
                db.session.rollback()
                return error.code
        return "done"

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(undo, range(4)))
    assert answers == ["done", "undone", "undone", "undone"]
    with app.app_context(), tenant_scope(tenant_id):
        assert [balance(p) for p in ids] == [PartnerBalance(), PartnerBalance()]


class TestOnesOwn:
    """Nobody changes a balance of their own."""

    @pytest.fixture
    def olga(self, anna: int) -> str:
        person = identity.ensure_person("olga@lampa.example", "Olga")
        identity.join(person, current_tenant(), "accountant")
        db.session.flush()
        return f"person:{person.id}"

    @pytest.mark.parametrize("by", ["person", "address", "sign-in"])
    def test_it_is_refused_however_they_are_known(self, anna: int, olga: str, by: str) -> None:
        card = db.session.scalars(select(Partner).where(Partner.id == anna)).one()
        if by == "person":
            card.person_id = int(olga[7:])
        elif by == "address":
            card.email = "olga@lampa.example"
        else:
            person = db.session.get_one(Person, int(olga[7:]))
            identity.join(person, current_tenant(), "partner", anna)
        db.session.flush()
        entry = service.adjust(anna, 700, "Agreed by phone", RUB)
        with acting_as(olga):
            for act in (
                lambda: service.adjust(anna, 500, "Prize", RUB),
                lambda: service.book(key(1), [Wish(anna, Act.ACCRUE, 500, "Prize")], RUB),
                lambda: service.undo(entry.public_id, RUB),
            ):
                with pytest.raises(Forbidden, match="somebody else"):
                    act()
            other = partner("Boris")
            service.adjust(other, 500, "Prize", RUB)
        assert balance(anna) == PartnerBalance(available=700)
