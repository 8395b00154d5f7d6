"""Whose hand decides, by whatever key, and what holds money that was approved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from app.errors import Conflict, Forbidden
from app.events.service import acting_as
from app.extensions import db
from app.identity import service as identity
from app.identity.models import Person
from app.ledger.models import Transfer
from app.ledger.queries import PartnerBalance, partner_balances
from app.ledger.rules import OUTSIDE
from app.ledger.rules import payout as passage
from app.partners.models import Partner
from app.payouts import service
from app.tenancy import current_tenant, public_id
from app.tenants import service as tenants
from app.tenants.rules import Place
from tests.payouts.setting import at_lampa, by_bank, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.payouts.models import Payout


@pytest.fixture
def anna(db_session: scoped_session[Session]) -> Iterator[int]:
    with at_lampa():
        made = partner("Anna")
        service.set_details(card(made), "bank", by_bank("Anna Petrova"))
        earn(made, 100_000)
        yield made


def card(partner_id: int) -> Partner:
    return db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()


def balance(partner_id: int) -> PartnerBalance:
    return partner_balances([partner_id])[partner_id]


def ask(partner_id: int) -> Payout:
    return service.request(partner_id, 60_000, "bank", f"partner:{partner_id}")


def left(payout: Payout) -> int:
    query = select(Transfer.amount).where(
        Transfer.source == passage(payout.id), Transfer.target == OUTSIDE
    )
    return sum(db.session.scalars(query))


def staff(email: str) -> int:
    """Let somebody be of Lampa's staff; return the person."""
    person = identity.ensure_person(email, email.partition("@")[0])
    identity.join(person, current_tenant(), "manager")
    db.session.flush()
    return person.id


def key() -> str:
    """Make a key, as whoever acts; return the actor that it is."""
    shop = tenants.open_shop("Lampa", Place(f"{public_id('x')[2:]}.example", ""), "Europe/Moscow")
    return f"api:{tenants.make_key(shop.id, 'desk', ['payouts'], 'live').key.id}"


def test_nobody_decides_on_their_own_by_a_key_of_theirs(anna: int) -> None:
    owner, other = staff("anna@lampa.example"), staff("boris@lampa.example")
    card(anna).person_id = owner
    payout = ask(anna)
    with acting_as(f"person:{owner}"):
        own = key()
    with pytest.raises(Forbidden):
        service.approve(payout.id, own)
    with pytest.raises(Forbidden):
        service.record_paid(anna, 100, "bank", own)
    with acting_as(f"person:{other}"):
        service.approve(payout.id, key())
    with pytest.raises(Forbidden):
        service.fail(payout.id, "it came back", own)
    assert payout.state == "approved"


def test_a_key_of_unknown_hands_decides_for_nobody_of_the_staff(anna: int) -> None:
    boris = partner("Boris")
    earn(boris, 100_000)
    card(anna).person_id = staff("anna@lampa.example")
    card(boris).person_id = identity.ensure_person("boris@else.example", "Boris").id
    given, old = key(), key()  # with the account; of before makers were written down
    db.session.execute(text("UPDATE api_key SET made_by = NULL WHERE id = :id"), {"id": old[4:]})
    payout, outside = ask(anna), service.request_for(boris, 100, "bank", "person:1")
    for by in (given, old):
        with pytest.raises(Forbidden):
            service.approve(payout.id, by)
    assert service.approve(outside.id, old).state == "approved"


def test_nobody_says_of_their_own_that_it_came_back(anna: int) -> None:
    card(anna).person_id = 5
    payout = service.approve(ask(anna).id, "person:1")
    service.send(payout.id, "person:1")
    with pytest.raises(Forbidden):
        service.fail(payout.id, "it came back", "person:5")


def test_a_freeze_after_the_approval_holds_the_money(anna: int) -> None:
    payout = service.approve(ask(anna).id, "person:1")
    service.disown_change(anna, None)
    for verb in (service.send, service.pay):
        with pytest.raises(Conflict) as refused:
            verb(payout.id, "person:1")
        assert refused.value.code == "details_frozen"
    assert left(payout) == 0
    service.allow_changes(card(anna))
    assert service.pay(payout.id, "person:1").state == "paid"


def test_money_that_has_left_before_the_freeze_is_noted(anna: int) -> None:
    payout = service.approve(ask(anna).id, "person:1")
    service.send(payout.id, "person:1")
    service.disown_change(anna, None)
    assert service.pay(payout.id, "person:1").state == "paid"


def test_nothing_is_asked_for_or_recorded_while_the_details_are_in_doubt(anna: int) -> None:
    service.disown_change(anna, None)
    for verb in (service.request_for, service.record_paid):
        with pytest.raises(Conflict) as refused:
            verb(anna, 1_000, "bank", "person:1")
        assert refused.value.code == "details_frozen"
    assert balance(anna) == PartnerBalance(available=100_000)


def test_a_block_after_the_approval_holds_the_money(anna: int) -> None:
    payout = service.approve(ask(anna).id, "person:1")
    card(anna).status = "blocked"
    for verb in (service.send, service.pay):
        with pytest.raises(Conflict) as refused:
            verb(payout.id, "person:1")
        assert refused.value.code == "partner_blocked"
    assert service.send_all([payout.id], "RUB", "person:1") == []
    assert service.pay_all([payout.id], "RUB", "person:1") == []
    assert left(payout) == 0
    card(anna).pays_blocked = True
    assert service.pay(payout.id, "person:1").state == "paid"


def test_money_that_has_left_before_the_block_is_noted(anna: int) -> None:
    payout = service.approve(ask(anna).id, "person:1")
    service.send(payout.id, "person:1")
    card(anna).status = "blocked"
    assert service.pay(payout.id, "person:1").state == "paid"


def test_who_signs_in_as_the_partner_or_has_the_same_address_does_not_decide(anna: int) -> None:
    person = staff("olga@lampa.example")
    payout = ask(anna)
    card(anna).email = "olga@lampa.example"
    with pytest.raises(Forbidden):
        service.approve(payout.id, f"person:{person}")
    card(anna).email = None
    identity.join(db.session.get_one(Person, person), current_tenant(), "partner", anna)
    with pytest.raises(Forbidden):
        service.approve(payout.id, f"person:{person}")
