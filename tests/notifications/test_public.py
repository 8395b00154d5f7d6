from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app import crypto, jobs
from app.identity import service as identity
from app.notifications import letters, queries, rules, service
from app.notifications.customers import UNSUBSCRIBE
from app.partners.forms import NOTICES
from app.partners.models import Partner
from app.tenancy import current_tenant
from tests.notifications import scene
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import World


def muted(app: App, world: World, partner_id: int) -> list[str]:
    def read() -> list[str]:
        partner = queries.partner(partner_id)
        assert isinstance(partner, Partner)
        return list(partner.muted)

    with app.app_context():
        return jobs.in_transaction(read, world.lampa.id)


@pytest.fixture
def anna(app: App, world: World) -> tuple[int, str]:
    """A partner of Lampa's with a password: her id and her e-mail."""

    def act(email: str) -> None:
        person = identity.ensure_person(email, "Anna")
        identity.change_password(person, PASSWORD)

    with app.app_context():
        partner_id = scene.make_partner(world.lampa)
        email = scene.address_of(world.lampa, partner_id)
        jobs.in_transaction(lambda: act(email), world.lampa.id)
    return partner_id, email


def unsubscribe_address(app: App, world: World, partner_id: int) -> str:
    """Return the path that a notice's header names."""
    with app.app_context():
        event_id = scene.earns(world.lampa, partner_id)
        jobs.drain()
        (message_id,) = scene.message_ids(world.lampa, event_id)
        letter = jobs.in_transaction(
            lambda: letters.compose(service.get(message_id)), world.lampa.id
        )
    found = re.search(r"http://localhost(/[^>]+)", letter.headers["List-Unsubscribe"])
    assert found
    return found.group(1)


def test_the_cabinet_offers_every_notice_that_can_be_turned_off() -> None:
    of_staff = {"digest.merchant", "partner.applied", "payout.requested"}
    assert set(NOTICES) | of_staff == set(rules.NOTICES)


def test_a_notice_turned_off_from_a_letter_can_be_turned_on_in_the_cabinet(
    app: App, client: FlaskClient, world: World, anna: tuple[int, str]
) -> None:
    partner_id, email = anna
    client.post(unsubscribe_address(app, world, partner_id))
    assert muted(app, world, partner_id) == ["commission.accrued"]
    sign_in(client, email)
    assert client.get(world.lampa.cabinet("settings")).status_code == 200


def test_a_letter_lets_its_reader_turn_the_notice_off_without_signing_in(
    app: App, client: FlaskClient, world: World, anna: tuple[int, str]
) -> None:
    address = unsubscribe_address(app, world, anna[0])
    assert client.get(address).status_code == 200
    assert muted(app, world, anna[0]) == []
    answer = client.post(address, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert muted(app, world, anna[0]) == ["commission.accrued"]


def test_a_link_to_turn_off_is_for_its_merchant_and_its_partner_alone(
    app: App, client: FlaskClient, world: World, anna: tuple[int, str]
) -> None:
    address = unsubscribe_address(app, world, anna[0])
    elsewhere = address.replace(world.lampa.slug, world.kniga.slug)
    assert client.post(elsewhere).status_code == 404
    assert client.post(address[:-3] + "xyz").status_code == 404
    assert muted(app, world, anna[0]) == []


@pytest.mark.parametrize(
    "kind", [k for k in rules.NOTICES if rules.RULES[k].to is rules.To.PARTNER]
)
def test_the_page_says_in_words_which_letters_are_turned_off(
    app: App, client: FlaskClient, world: World, anna: tuple[int, str], kind: str
) -> None:
    with app.app_context(), world.lampa.scope():
        token = crypto.sign(UNSUBSCRIBE, [current_tenant(), anna[0], kind])
    said = client.get(f"/{world.lampa.slug}/unsubscribe/{token}").text
    assert re.search(r"Kind of letter: \w+", said)
