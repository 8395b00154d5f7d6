"""The merchant's own notices: of applications and of asked payouts, on at first, with a switch each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.notifications import letters, queries, service
from app.notifications.models import Message
from app.partners.models import Partner
from tests.notifications import scene
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

DESKS = {
    "partner.applied": {"owner", "manager"},
    "payout.requested": {"owner", "manager", "accountant"},
}
FIELDS = {"partner.applied": "applied", "payout.requested": "requested"}


@pytest.fixture(autouse=True)
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def told(merchant: Merchant, kind: str) -> set[str]:
    """Let it happen; return the roles that are written to."""
    partner_id = scene.make_partner(merchant)
    subject = "payout:1" if kind.startswith("payout.") else f"partner:{partner_id}"
    event_id = scene.happens(merchant, kind, subject, partner_id=partner_id)
    jobs.drain()
    by_email = {who.email: role for role, who in merchant.staff.items()}
    return {by_email[row[1]] for row in scene.messages_of(merchant, event_id)}


@pytest.mark.parametrize("kind", DESKS)
def test_it_is_on_at_first_and_goes_to_whom_it_concerns(lampa: Merchant, kind: str) -> None:
    assert told(lampa, kind) == DESKS[kind]


@pytest.mark.parametrize("kind", DESKS)
def test_the_merchant_turns_it_off_and_on_and_the_other_stays(
    client: FlaskClient, lampa: Merchant, kind: str
) -> None:
    owner = sign_in(client, lampa.staff["owner"])
    page = owner.get(lampa.office("messages/")).text
    assert f'name="{FIELDS[kind]}"' in page
    [other] = DESKS.keys() - {kind}
    ticked = {FIELDS[other]: "y", "overview": "y"}
    assert owner.post(lampa.office("messages/notices"), data=ticked).status_code == 303
    assert told(lampa, kind) == set()
    assert told(lampa, other) == DESKS[other]
    both = ticked | {FIELDS[kind]: "y"}
    assert owner.post(lampa.office("messages/notices"), data=both).status_code == 303
    assert told(lampa, kind) == DESKS[kind]


def test_a_letter_that_waits_is_not_sent_once_it_is_off(lampa: Merchant) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.happens(
        lampa, "partner.applied", f"partner:{partner_id}", partner_id=partner_id
    )
    jobs.drain()
    message = scene.message_ids(lampa, event_id)[0]
    jobs.in_transaction(lambda: service.switch({"partner.applied": False}), lampa.id)
    assert jobs.in_transaction(lambda: queries.switches()["partner.applied"], lampa.id) is False
    jobs.send_message(lampa.id, message)
    state = select(Message.state).where(Message.id == message)
    assert jobs.in_transaction(lambda: db.session.scalar(state), lampa.id) == "dead"


@pytest.mark.parametrize("kind", DESKS)
def test_staffs_letter_offers_no_way_to_turn_off_the_partners(lampa: Merchant, kind: str) -> None:
    """The letter is about a partner, and its reader is somebody else."""

    def act() -> None:
        partner = db.session.get_one(Partner, (lampa.id, scene.make_partner(lampa)))
        person = queries.person(lampa.staff["owner"].id)
        assert person is not None
        letter = letters.compose(scene.message_for(kind, partner, person))
        assert "List-Unsubscribe" not in letter.headers
        assert "/unsubscribe/" not in letter.text
        db.session.rollback()

    jobs.in_transaction(act, lampa.id)
