"""A change of payment details: it waits a day, can be taken back, and "this was not me" stops the next."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, crypto
from app.errors import Conflict, DomainError, NotFound
from app.events.models import Event
from app.extensions import db
from app.identity import queries as people
from app.identity import service as identity
from app.notifications.letters import not_me_link
from app.notifications.view import View
from app.partners.models import Partner
from app.partners.service import change
from app.payouts import service
from app.payouts.rules import DISOWN, Refusal
from app.requisites.rules import Card, Details, Kind, Payee, TaxStatus
from tests.notifications.scene import message_for
from tests.payouts.setting import ACCOUNT, FORM, by_bank, earn, partner
from tests.world import PASSWORD, Merchant, World, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from app.events.models import Event as AnyEvent

EVE = "40817810800000009999"


class Anna:
    """A partner with a password, details and money; her mailbox is hers for years."""

    def __init__(self, app: App, merchant: Merchant, client: FlaskClient) -> None:
        self.app, self.merchant, self.client = app, merchant, client
        self.email = f"anna@{merchant.slug}.example"
        with app.app_context():
            with merchant.scope():
                self.id = partner("Anna")
                self.card.email = self.email
                person = identity.ensure_person(self.email, "Anna Petrova")
                identity.change_password(person, PASSWORD)
                identity.join(person, merchant.id, "partner", self.id)
                self.card.person_id = person.id
                earn(self.id, 100_000)
                service.set_details(self.card, "bank", by_bank("Anna Petrova"))
            db.session.commit()
        sign_in(client, self.email)

    @property
    def card(self) -> Partner:
        return db.session.scalars(select(Partner).where(Partner.id == self.id)).one()

    def changes(self, **said: str) -> int:
        address = self.merchant.cabinet("payouts/details")
        return self.client.post(address, data=FORM | said).status_code

    def accounts(self) -> tuple[str, str]:
        """Return what is kept, and what is in force."""
        with self.app.app_context(), self.merchant.scope():
            kept, force = service.kept(self.card), service.in_force(self.card)
            return kept.ways["bank"].number, force.ways["bank"].number

    def told(self, what: str) -> list[AnyEvent]:
        with self.app.app_context(), self.merchant.scope():
            found = select(Event).where(Event.type == f"partner.details_{what}")
            return list(db.session.scalars(found.order_by(Event.id)))

    def link(self) -> str:
        """Return the link that the letter about the newest change carries."""
        event = self.told("changed")[-1]
        with self.app.app_context(), self.merchant.scope():
            person = people.by_email(self.email)
            assert person is not None
            view = View(message_for(event.type, self.card, person, "en", **event.facts))
            return "/" + not_me_link(view).partition("://")[2].partition("/")[2]


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> Anna:  # noqa: F811
    return Anna(app, lampa, client)


def test_while_a_change_waits_the_former_details_are_in_force(anna: Anna) -> None:
    assert anna.changes(account=EVE) == 303
    assert anna.accounts() == (EVE, ACCOUNT)
    with anna.app.app_context(), anna.merchant.scope():
        paid = service.record_paid(anna.id, 100, "bank", "person:1")
        found = service.copied(paid)
        assert found is not None
        assert found.way.number == ACCOUNT
        db.session.rollback()
    with anna.app.app_context(), clock.moved_to(clock.now() + timedelta(hours=24, minutes=1)):
        assert anna.accounts() == (EVE, EVE)


def test_a_second_change_on_the_same_day_does_not_push_the_true_ones_out(anna: Anna) -> None:
    anna.changes(account=EVE)
    anna.changes(account="40817810000000006666")
    assert anna.accounts()[1] == ACCOUNT


def test_a_waiting_change_is_taken_back_in_the_cabinet(anna: Anna) -> None:
    anna.changes(account=EVE)
    back = anna.merchant.cabinet("payouts/details/back")
    assert "Take the change back" in anna.client.get(anna.merchant.cabinet("payouts/details")).text
    assert anna.client.post(back).status_code == 303
    assert anna.accounts() == (ACCOUNT, ACCOUNT)
    assert anna.client.post(back).status_code == 409
    ask = {"amount": "1.00", "method": "bank"}
    assert anna.client.post(anna.merchant.cabinet("payouts/"), data=ask).status_code == 303


def test_this_was_not_me_takes_back_freezes_tells_staff_and_signs_everybody_out(
    anna: Anna, client: FlaskClient
) -> None:
    anna.changes(account=EVE)
    stranger = anna.app.test_client()
    assert stranger.get(anna.link()).status_code == 200  # a scanner of mail only looks
    assert anna.accounts() == (EVE, ACCOUNT)
    assert "former details hold again" in stranger.post(anna.link()).text
    assert anna.accounts() == (ACCOUNT, ACCOUNT)
    assert [e.facts["undone"] for e in anna.told("frozen")] == [True]
    assert len(anna.told("restored")) == 1
    assert client.get(anna.merchant.cabinet("payouts/")).status_code in {302, 303}
    assert stranger.post(anna.link()).status_code == 200
    assert len(anna.told("frozen")) == 1

    sign_in(client, anna.email)
    assert anna.changes(account=EVE) == 409
    ask = {"amount": "1.00", "method": "bank"}
    assert anna.client.post(anna.merchant.cabinet("payouts/"), data=ask).status_code == 409
    assert "being checked" in anna.client.get(anna.merchant.cabinet("payouts/")).text
    with anna.app.app_context():
        with anna.merchant.scope():
            service.allow_changes(anna.card)
        db.session.commit()
    assert anna.changes(account=EVE) == 303


def test_after_a_day_the_link_stops_what_comes_but_brings_nothing_back(anna: Anna) -> None:
    anna.changes(account=EVE)
    link = anna.link()
    with anna.app.app_context():
        with anna.merchant.scope():
            anna.card.details_usable_at = clock.now() - timedelta(minutes=1)
        db.session.commit()
    assert "former details" not in anna.app.test_client().post(link).text
    assert anna.accounts() == (EVE, EVE)
    assert [e.facts.get("undone") for e in anna.told("frozen")] == [None]
    sign_in(anna.client, anna.email)
    assert anna.changes() == 409


def test_a_link_of_an_older_change_does_not_undo_the_newer_one(anna: Anna) -> None:
    anna.changes(account=EVE)
    old = anna.link()
    anna.client.post(anna.merchant.cabinet("payouts/details/back"))
    anna.changes(account="40817810000000006666")
    anna.app.test_client().post(old)
    assert anna.accounts() == ("40817810000000006666", ACCOUNT)
    assert len(anna.told("frozen")) == 1


def test_a_second_change_of_a_thief_does_not_hide_the_first(anna: Anna) -> None:
    anna.changes(account=EVE)
    first = anna.link()
    anna.changes(account="40817810000000006666")
    answer = anna.app.test_client().post(first)
    assert "former details hold again" in answer.text
    assert anna.accounts() == (ACCOUNT, ACCOUNT)


def test_what_was_asked_for_with_details_in_doubt_is_not_approved(anna: Anna) -> None:
    anna.changes(account=EVE)
    link = anna.link()
    with anna.app.app_context():
        with anna.merchant.scope():
            anna.card.details_usable_at = clock.now() - timedelta(minutes=1)
            payout = service.request(anna.id, 100, "bank", "partner").id
        db.session.commit()
    anna.app.test_client().post(link)
    with anna.app.app_context(), anna.merchant.scope():
        with pytest.raises(Conflict, match="not theirs"):
            service.approve(payout, "person:1")
        assert service.approve_all([payout], "RUB", "person:1") == {payout: Refusal.FROZEN}
        service.allow_changes(anna.card)
        assert service.approve(payout, "person:1").state == "approved"


@pytest.mark.parametrize("token", ["x", "", "..", "a.b.c"])
def test_a_link_of_nobody_is_not_there(anna: Anna, token: str) -> None:
    address = f"/{anna.merchant.slug}/not-me/{token}"
    assert anna.client.get(address).status_code == 404
    assert anna.client.post(address).status_code in {404, 405}


def test_a_link_of_another_shop_or_purpose_is_not_there(anna: Anna, world: World) -> None:  # noqa: F811
    with anna.app.app_context():
        other = crypto.sign(DISOWN, [world.kniga.id, anna.id, None])
        purpose = crypto.sign("unsubscribe", [anna.merchant.id, anna.id, None])
    for token in (other, purpose):
        assert anna.client.post(f"/{anna.merchant.slug}/not-me/{token}").status_code == 404
    assert anna.told("frozen") == []
    with anna.app.app_context(), world.kniga.scope(), pytest.raises(NotFound):
        service.disown_change(anna.id, None)


def test_the_letter_goes_to_the_address_before_it_was_changed(anna: Anna) -> None:
    with anna.app.app_context():
        with anna.merchant.scope():
            change(anna.card, email=f"eve@{anna.merchant.slug}.example")
            service.set_details(anna.card, "bank", by_bank("Eve", EVE))
        db.session.commit()
    assert anna.told("changed")[-1].facts["old_email"] == anna.email


def test_the_tax_status_and_the_methods_are_known_without_opening_the_seal(anna: Anna) -> None:
    with anna.app.app_context(), anna.merchant.scope():
        method = service.create_method("Card", kind=Kind.CARD)
        firm = Payee("ООО Лампа", TaxStatus.COMPANY, "7707083893", "773601001", "1027700132195")
        service.set_details(anna.card, "card", Details(firm, Card("4111111111111111")))
        assert (anna.card.tax_status, anna.card.details_for) == ("company", ["bank", "card"])
        service.change_method(method.id, "Card", "", Kind.OTHER)
        db.session.refresh(anna.card)
        assert anna.card.details_for == ["bank"]
        with pytest.raises(DomainError):
            service.request(anna.id, 1, "card", f"partner:{anna.id}")
        db.session.rollback()


def test_a_card_is_never_shown_again_and_stays_when_it_is_left_empty(anna: Anna) -> None:
    with anna.app.app_context():
        with anna.merchant.scope():
            service.create_method("Card", kind=Kind.CARD)
        db.session.commit()
    address = anna.merchant.cabinet("payouts/details?method=card")
    who = {"status": "person", "country": "RU", "name": "Anna Petrova"}
    assert anna.client.post(address, data=who | {"card": "4111 1111 1111 1112"}).status_code == 422
    assert anna.client.post(address, data=who | {"card": "4111 1111 1111 1111"}).status_code == 303
    text = anna.client.get(address).text
    assert "•••• 1111" in text
    assert "411111" not in text
    assert anna.client.post(address, data=who | {"card": "", "address": "Tver"}).status_code == 303
    with anna.app.app_context(), anna.merchant.scope():
        assert service.kept(anna.card).ways["card"].number == "4111111111111111"
        assert service.kept(anna.card).payee == Payee("Anna Petrova", address="Tver")


def test_a_slip_is_told_at_its_field_with_the_group_that_is_wrong(anna: Anna) -> None:
    address = anna.merchant.cabinet("payouts/details")
    said = FORM | {"account": "4081 7811 8999 1000 4312", "status": "company", "inn": "770708389"}
    answer = anna.client.post(address, data=said)
    assert answer.status_code == 422
    assert "Digits 6 to 8 name the currency" in answer.text
    assert "9 digits are here, 10 belong here" in answer.text
    assert 'value="4081 7811 8999 1000 4312"' in answer.text
    assert anna.accounts() == (ACCOUNT, ACCOUNT)
