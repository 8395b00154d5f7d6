from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine

from app import clock
from app.extensions import db
from app.identity import queries as people
from app.identity import service as identity
from app.partners import service as partners
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

SECRET = re.compile(r"pk_live_[A-Za-z0-9_-]{40,}")


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> FlaskClient:
    email = f"anna@{lampa.slug}.example"
    with app.app_context(), lampa.scope():
        partner = partners.create(partners.NewPartner(name="Anna", email=email, refcode="anna"))
        person = identity.ensure_person(email, "Anna")
        if not people.memberships(person.id):
            identity.join(person, lampa.id, "partner", partner.id)
        identity.change_password(person, PASSWORD)
        db.session.commit()
    return sign_in(client, email)


def test_a_key_is_made_told_once_used_and_revoked(
    app: App, anna: FlaskClient, lampa: Merchant
) -> None:
    address = lampa.cabinet("keys/")
    assert "No keys yet" in anna.get(address).text
    made = anna.post(address, data={"name": "My tracker", "scopes": ["partner.read"]})
    found = SECRET.search(made.text)
    assert found is not None
    bearer = {"Authorization": f"Bearer {found[0]}"}
    program = app.test_client()
    assert program.get("/api/v1/partner/me", headers=bearer).get_json()["refcode"] == "anna"
    listed = anna.get(address).text
    assert "My tracker" in listed
    assert found[0] not in listed
    revoke = re.search(r'action="([^"]+/keys/\d+/revoke)"', listed)
    assert revoke is not None
    assert anna.post(revoke[1]).status_code == 303
    assert program.get("/api/v1/partner/me", headers=bearer).status_code == 401
    assert anna.post(revoke[1]).status_code == 409


def test_a_form_that_is_not_whole_is_shown_again_with_what_was_typed(
    anna: FlaskClient, lampa: Merchant
) -> None:
    answer = anna.post(lampa.cabinet("keys/"), data={"name": "My tracker"})
    assert answer.status_code == 422
    assert 'value="My tracker"' in answer.text


def test_the_password_is_asked_for_again(app: App, anna: FlaskClient, lampa: Merchant) -> None:
    with time_machine.travel(clock.wall() + timedelta(minutes=11), tick=False):
        answer = anna.post(
            lampa.cabinet("keys/"), data={"name": "Later", "scopes": ["partner.read"]}
        )
    assert answer.status_code == 303
    assert "confirm" in answer.headers["Location"]


def test_anothers_key_cannot_be_revoked(app: App, anna: FlaskClient, lampa: Merchant) -> None:
    assert anna.post(lampa.cabinet("keys/999999999/revoke")).status_code == 404


def test_the_merchant_sees_the_keys_and_forbids_them(
    app: App, anna: FlaskClient, lampa: Merchant
) -> None:
    anna.post(lampa.cabinet("keys/"), data={"name": "My tracker", "scopes": ["partner.read"]})
    owner = sign_in(app.test_client(), lampa.staff["owner"])
    address = lampa.office("partner-keys/")
    assert "My tracker" in owner.get(address).text
    assert owner.post(address, data={}).status_code == 303
    assert "The shop does not offer keys" in anna.get(lampa.cabinet("keys/")).text
    refused = anna.post(lampa.cabinet("keys/"), data={"name": "B", "scopes": ["partner.read"]})
    assert refused.status_code == 403
    support = sign_in(app.test_client(), lampa.staff["support"])
    assert support.get(address).status_code == 403
