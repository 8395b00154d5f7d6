"""The pages of Telegram: the merchant's bot, and everybody's own chat and switches."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from app import jobs
from app.extensions import db
from app.identity import service as identity
from app.notifications import service as notifications
from app.partners import queries as partners
from app.sms import service as sms
from app.sms.rules import HttpTemplate
from app.telegram import queries
from tests.notifications import scene
from tests.telegram.scene import CHAT, TOKEN, BotApi, connect, serve
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import World


@pytest.fixture
def api(app: App) -> Iterator[BotApi]:
    made = BotApi(["speak"])
    before = serve(app, made)
    yield made
    app.extensions["partnerka"] = before
    made.close()


def anna_of(app: App, world: World) -> tuple[int, str]:
    """Make Anna, who can sign in; returns her id and e-mail."""
    with app.app_context():
        partner_id = scene.make_partner(world.lampa, phone="+79161234567")
        email = scene.address_of(world.lampa, partner_id)
        with world.lampa.scope():
            identity.change_password(identity.ensure_person(email, "Anna"), PASSWORD)
            db.session.commit()
    return partner_id, email


def test_the_owner_connects_the_bot_and_sees_no_token_again(
    client: FlaskClient, world: World, api: BotApi
) -> None:
    sign_in(client, world.lampa.staff["owner"])
    there = world.lampa.office("telegram/")
    assert client.post(f"{there}bot", data={"token": "nonsense"}).status_code == 422
    wrong = client.post(f"{there}bot", data={"token": TOKEN.replace("AAF", "BBB")})
    assert wrong.status_code == 422
    assert "answered 401" in wrong.text
    assert client.post(f"{there}bot", data={"token": TOKEN}).status_code == 303
    page = client.get(there).text
    assert "@lampa_bot" in page
    assert TOKEN not in page
    assert client.post(f"{there}bot/remove").status_code == 303
    assert "No bot is connected yet." in client.get(there).text


def test_support_links_a_chat_of_its_own_and_cannot_touch_the_bot(
    app: App, client: FlaskClient, world: World, api: BotApi
) -> None:
    with app.app_context():
        connect(world.lampa)
    sign_in(client, world.lampa.staff["support"])
    there = world.lampa.office("telegram/")
    assert client.post(f"{there}bot", data={"token": TOKEN}).status_code == 403
    assert client.post(f"{there}bot/remove").status_code == 403
    found = re.search(r"https://t\.me/lampa_bot\?start=([\w-]+)", client.post(f"{there}me").text)
    assert found
    api.writes(f"/start {found[1]}")
    with app.app_context():
        jobs.ask_bots()
    assert "Connected: " in client.get(there).text
    assert client.post(f"{there}me/remove").status_code == 303
    assert "Connected: " not in client.get(there).text


def test_a_partner_links_his_chat_and_chooses_what_comes_there_and_by_sms(
    app: App, client: FlaskClient, world: World, api: BotApi
) -> None:
    partner_id, email = anna_of(app, world)
    sign_in(client, email)
    settings = world.lampa.cabinet("settings")
    assert "In Telegram when" not in client.get(settings).text
    with app.app_context():
        connect(world.lampa)
        template = HttpTemplate(url="https://sms.example/", body="{phone} {text}")
        jobs.in_transaction(lambda: sms.set_up(template, sms.Caps()), world.lampa.id)
        on = {"sms:commission.accrued": True}
        jobs.in_transaction(lambda: notifications.switch(on), world.lampa.id)
    page = client.get(settings).text
    assert "In Telegram when" in page
    assert "By SMS when" in page
    shown = client.post(world.lampa.cabinet("telegram/")).text
    found = re.search(r"start=([\w-]+)", shown)
    assert found
    api.writes(f"/start {found[1]}")
    with app.app_context():
        jobs.ask_bots()
        who = f"partner:{partner_id}"
        chats = jobs.in_transaction(lambda: queries.chats([who]), world.lampa.id)
    assert chats == {who: CHAT}
    form = {
        "name": "Anna",
        "phone": "+79161234567",
        "locale": "en",
        "notices": "digest.month",
        "chats": ["commission.accrued", "payout.paid"],
        "texts": "commission.accrued",
    }
    assert client.post(settings, data=form).status_code == 303

    def read() -> tuple[bool, bool, list[str]]:
        partner = partners.by_id(partner_id)
        assert partner is not None
        muted = partner.muted
        return (
            "telegram:commission.available" in muted,
            "telegram:commission.accrued" in muted,
            partner.texted,
        )

    with app.app_context():
        assert jobs.in_transaction(read, world.lampa.id) == (True, False, ["commission.accrued"])
    bad = form | {"chats": "partner.invited"}
    assert client.post(settings, data=bad).status_code == 422
