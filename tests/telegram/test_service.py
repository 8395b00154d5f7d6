"""Telegram end to end: a bot, a code for one chat, notices, /stop, and a reader who left. BY43."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from app import clock, jobs
from app.errors import DomainError
from app.events.models import Event
from app.events.service import drain
from app.extensions import db
from app.notifications import service as notifications
from app.notifications.models import Message
from app.telegram import queries, service
from app.telegram.models import Bot, Code
from tests.notifications import scene
from tests.telegram.scene import CHAT, TOKEN, BotApi, code_for, connect, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def api(app: App) -> Iterator[BotApi]:
    made = BotApi(["speak"])
    before = serve(app, made)
    with app.app_context():
        yield made
    app.extensions["partnerka"] = before
    made.close()


def chats(merchant: Merchant, *recipients: str) -> dict[str, int]:
    return jobs.in_transaction(lambda: queries.chats(recipients), merchant.id)


def linked(merchant: Merchant, api: BotApi, recipient: str, chat: int = CHAT) -> None:
    api.writes(f"/start {code_for(merchant, recipient)}", chat)
    jobs.ask_bots()
    assert chats(merchant, recipient) == {recipient: chat}


def told_of_a_sale(merchant: Merchant, partner_id: int) -> list[int]:
    event_id = scene.earns(merchant, partner_id)
    jobs.in_transaction(lambda: notifications.promise(drain()), merchant.id)
    query = select(Message.id).where(Message.event_id == event_id, Message.channel == "telegram")
    return jobs.in_transaction(lambda: list(db.session.scalars(query)), merchant.id)


def test_a_code_links_one_chat_once_and_notices_come_there(api: BotApi, lampa: Merchant) -> None:
    connect(lampa)
    partner_id = scene.make_partner(lampa)
    code = code_for(lampa, f"partner:{partner_id}")
    api.writes(f"/start {code}")
    jobs.ask_bots()
    assert chats(lampa, f"partner:{partner_id}") == {f"partner:{partner_id}": CHAT}
    api.writes(f"/start {code}", chat=666)  # whoever read the link over the shoulder
    jobs.ask_bots()
    assert chats(lampa, f"partner:{partner_id}") == {f"partner:{partner_id}": CHAT}
    # An answer that is late may be given again; nobody else is answered.
    assert list(dict.fromkeys(chat for chat, _words in api.told)) == [CHAT, 666]
    assert "expired" in api.told[-1][1]
    (message,) = told_of_a_sale(lampa, partner_id)
    jobs.send_message(lampa.id, message)
    chat, words = api.told[-1]
    assert chat == CHAT
    assert "A sale was counted for you" in words
    assert "unsubscribe" not in words


def test_an_old_code_links_nothing_and_a_new_one_ends_the_one_before(
    api: BotApi, lampa: Merchant
) -> None:
    connect(lampa)
    first = code_for(lampa, "partner:1")
    second = code_for(lampa, "partner:1")
    api.writes(f"/start {first}")
    jobs.ask_bots()
    assert not chats(lampa, "partner:1")
    past = update(Code).values(expires_at=clock.wall() - timedelta(seconds=1))
    jobs.in_transaction(lambda: db.session.execute(past), lampa.id)
    api.writes(f"/start {second}")
    jobs.ask_bots()
    assert not chats(lampa, "partner:1")


def test_a_code_of_one_merchant_is_nothing_to_anothers_bot(
    api: BotApi, lampa: Merchant, kniga: Merchant
) -> None:
    connect(kniga)
    api.writes(f"/start {code_for(lampa, 'partner:1')}")
    jobs.ask_bots()
    assert not chats(lampa, "partner:1")
    assert not chats(kniga, "partner:1")


def test_stop_ends_all_of_a_chat_and_a_reader_who_left_is_forgotten(
    api: BotApi, lampa: Merchant
) -> None:
    connect(lampa)
    partner_id = scene.make_partner(lampa)
    who = f"partner:{partner_id}"
    linked(lampa, api, who)
    api.writes("/stop")
    jobs.ask_bots()
    assert not chats(lampa, who)
    assert not told_of_a_sale(lampa, partner_id)
    linked(lampa, api, who)
    (message,) = told_of_a_sale(lampa, partner_id)
    api.refuses = 403
    jobs.send_message(lampa.id, message)
    assert not chats(lampa, who)


@pytest.mark.parametrize("script", [(502, ""), (429, '{"ok": false}'), "cut"])
def test_where_telegram_is_away_it_is_tried_again(
    api: BotApi, lampa: Merchant, script: tuple[int, str] | str
) -> None:
    connect(lampa)
    partner_id = scene.make_partner(lampa)
    linked(lampa, api, f"partner:{partner_id}")
    (message,) = told_of_a_sale(lampa, partner_id)
    api.scripts = [script, "speak"]
    jobs.send_message(lampa.id, message)
    scene.make_due(lampa, message)
    jobs.send_message(lampa.id, message)
    found = jobs.in_transaction(lambda: notifications.get(message).state, lampa.id)
    assert found == "sent"


def test_the_partner_and_the_merchant_can_turn_a_kind_off(api: BotApi, lampa: Merchant) -> None:
    connect(lampa)
    partner_id = scene.make_partner(lampa)
    linked(lampa, api, f"partner:{partner_id}")
    off = {"telegram:commission.accrued": False}
    jobs.in_transaction(lambda: notifications.switch(off), lampa.id)
    assert not told_of_a_sale(lampa, partner_id)


def test_a_letter_with_a_way_to_a_password_never_comes_by_chat(
    api: BotApi, lampa: Merchant
) -> None:
    connect(lampa)
    partner_id = scene.make_partner(lampa)
    linked(lampa, api, f"partner:{partner_id}")
    event_id = scene.happens(
        lampa, "partner.invited", f"partner:{partner_id}", partner_id=partner_id
    )
    jobs.in_transaction(lambda: notifications.promise(drain()), lampa.id)
    query = select(Message.channel).where(Message.event_id == event_id)
    assert jobs.in_transaction(lambda: list(db.session.scalars(query)), lampa.id) == ["email"]


def test_a_token_that_telegram_does_not_know_is_refused_and_said_nowhere(
    api: BotApi, lampa: Merchant
) -> None:
    wrong = TOKEN.replace("AAF", "BBB")
    with pytest.raises(DomainError) as caught:
        jobs.in_transaction(lambda: service.connect(wrong, lampa.slug), lampa.id)
    assert wrong not in caught.value.message
    connect(lampa)

    def read() -> str:
        bot = db.session.scalars(select(Bot)).one()
        return f"{bot.token!r} {db.session.scalars(select(Event.facts)).all()}"

    assert TOKEN.partition(":")[2] not in jobs.in_transaction(read, lampa.id)


def test_by_webhook_only_telegram_is_heard_and_answered_in_the_same_breath(
    app: App, client: FlaskClient, api: BotApi, lampa: Merchant
) -> None:
    before = serve(app, api, public_url="https://partner.example")
    connect(lampa)
    app.extensions["partnerka"] = before
    serve(app, api)
    assert api.webhook["url"] == f"https://partner.example/{lampa.slug}/telegram"
    said = api.writes(f"/start {code_for(lampa, 'person:1')}")
    there, header = f"/{lampa.slug}/telegram", "X-Telegram-Bot-Api-Secret-Token"
    for wrong in ({}, {header: "guess"}, {header: "ё"}):
        assert client.post(there, json=said, headers=wrong).status_code == 403
    assert not chats(lampa, "person:1")
    right = {header: api.webhook["secret_token"]}
    answer = client.post(there, json=said, headers=right)
    assert answer.get_json()["method"] == "sendMessage"
    assert chats(lampa, "person:1") == {"person:1": CHAT}
    assert client.post(there, json=said, headers=right).get_json() == {}  # it came twice
    for odd in (b"", b"{", b"[]", b"[" * 60_000, b'{"update_id": 1e999}'):
        assert client.post(there, data=odd, headers=right).status_code == 200
    api.writes("/stop")
    assert client.post(there, json=api.waiting[-1], headers=right).status_code == 200
    assert not chats(lampa, "person:1")
