"""SMS and Telegram of test mode stand in its mailbox, and nothing leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import jobs
from app.notifications import service as notifications
from app.notifications.models import CapturedLetter, Message
from app.partners import service as partner_service
from app.sms import service as sms
from app.sms.models import Count
from app.sms.rules import HttpTemplate
from app.telegram import queries as telegram_queries
from app.telegram import service as telegram
from tests.harness.peer import Peer
from tests.onboarding.post import deliver
from tests.sms.scene import open_to
from tests.telegram.scene import TOKEN
from tests.twin.test_office import there, twin
from tests.world import Merchant, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox

PHONE = "+79161234567"


@pytest.fixture
def peer(app: App) -> Iterator[Peer]:
    """An SMS service and a Bot API that would be reached, if anything called."""
    found = Peer()
    before = open_to(app, found.place)
    yield found
    app.extensions["partnerka"] = before
    found.close()


@pytest.fixture
def anna(app: App, lampa: Merchant) -> int:
    """Anna, a partner of test mode who wants SMS and has connected Telegram."""

    def act() -> int:
        made = partner_service.create(
            partner_service.NewPartner(
                name="Anna", email="anna@example.org", phone=PHONE, codes=["ANNA10"]
            )
        )
        partner_service.change(made, texted=["commission.accrued"])
        notifications.switch({"sms:commission.accrued": True})
        telegram.pretend(f"partner:{made.id}", "Anna")
        return made.id

    with app.app_context():
        return jobs.in_transaction(act, lampa.twin_id)


def sell(client: FlaskClient, lampa: Merchant) -> None:
    order = {
        "status": "completed", "currency": "RUB", "created_at": "2026-11-20T10:00:00+03:00",
        "partner_code": "ANNA10", "customer": {"id": "77"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }  # fmt: skip
    answer = client.put("/api/v1/orders/A-1001", json=order, headers=lampa.test_bearer)
    assert answer.status_code == 200, answer.text


def test_a_sale_of_test_mode_fills_the_mailbox_by_every_channel_and_calls_nobody(
    app: App, client: FlaskClient, lampa: Merchant, anna: int, peer: Peer, mailbox: Mailbox
) -> None:
    template = HttpTemplate(url=f"{peer.url}/send", body="to={digits}&text={text}", good="OK")
    with app.app_context():
        jobs.in_transaction(lambda: sms.set_up(template, sms.Caps()), lampa.twin_id)
    sell(client, lampa)
    with app.app_context():
        deliver(lampa.twin_id)
    assert peer.asked == []
    assert mailbox.letters == []
    owner = sign_in(client, lampa.staff["owner"])
    page = owner.get(twin(lampa, "letters/?channel=sms")).text
    assert PHONE in page
    [number] = re.findall(r"/test/letters/(\d+)", page)
    text = there(app, lampa, select(CapturedLetter.text).where(CapturedLetter.id == int(number)))
    shown = owner.get(twin(lampa, f"letters/{number}")).text
    assert text.split()[0] in shown
    assert "<iframe" not in shown
    page = owner.get(twin(lampa, "letters/?channel=telegram")).text
    assert "<bdi>Anna</bdi>" in page
    assert len(re.findall(r"/test/letters/\d+", page)) == 1
    # Nothing waits, and nothing is counted against the service's caps.
    assert there(app, lampa, select(Message.id).where(Message.state != "sent")) is None
    assert there(app, lampa, select(Count.sent)) is None


def test_test_mode_needs_no_service_to_show_what_an_sms_says(
    app: App, client: FlaskClient, lampa: Merchant, anna: int
) -> None:
    sell(client, lampa)
    with app.app_context():
        deliver(lampa.twin_id)
    query = select(CapturedLetter.recipient).where(CapturedLetter.channel == "sms")
    assert there(app, lampa, query) == PHONE


def test_a_trial_sms_of_test_mode_goes_to_the_mailbox(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    owner = sign_in(client, lampa.staff["owner"])
    there_ = f"/{lampa.slug}-test/office/sms/trial"
    assert owner.post(there_, data={"phone": PHONE}).status_code == 303
    with app.app_context():
        deliver(lampa.twin_id)
    query = select(CapturedLetter.recipient).where(CapturedLetter.channel == "sms")
    assert there(app, lampa, query) == PHONE


def test_a_bot_is_connected_in_live_mode_only_and_people_of_test_mode_need_none(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    """Connecting it here would take the live bot's calls away."""
    owner = sign_in(client, lampa.staff["owner"])
    office = f"/{lampa.slug}-test/office/telegram/"
    refused = owner.post(f"{office}bot", data={"token": TOKEN})
    assert refused.status_code == 422
    assert "Test mode writes to nobody" in refused.text
    assert owner.post(f"{office}me").status_code == 303
    assert "notices stand in its mailbox" in owner.get(office).text
    me = f"person:{lampa.staff['owner'].id}"

    def linked(tenant: int) -> bool:
        with app.app_context():
            return jobs.in_transaction(lambda: telegram_queries.chat_of(me) is not None, tenant)

    assert (linked(lampa.twin_id), linked(lampa.id)) == (True, False)
    assert owner.post(f"{office}me/remove").status_code == 303
    assert not linked(lampa.twin_id)
