"""The page of messages: change one, look at it, try it, take it back; make one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.extensions import db
from app.notifications.models import Message
from app.profiles import service as profiles
from app.profiles.models import ProfileRule
from app.wordings import queries
from app.wordings.models import Wording
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

WORDS = {
    "subject_en": "Hi {name}",
    "body_en": "{amount} for you",
    "sms_en": "{amount} for you",
    "subject_ru": "",
    "body_ru": "",
    "sms_ru": "",
}


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    sign_in(client, lampa.staff["owner"])
    return client


def kept(app: App, merchant: Merchant) -> dict[str, dict[str, dict[str, str]]]:
    with app.app_context(), merchant.scope():
        return {code: row.texts for code, row in queries.kept().items()}


def test_every_message_is_listed_and_shown_in_both_languages(
    owner: FlaskClient, lampa: Merchant
) -> None:
    page = owner.get(lampa.office("texts/"))
    assert page.status_code == 200
    assert "Welcome to {shop}: {amount} bonuses are yours" in page.text
    shown = owner.get(lampa.office("texts/birthday/")).text
    assert "Happy birthday from Lampa! Our present to you: 100 bonuses." in shown
    assert "Поздравляем вас с днём рождения!" in shown
    assert "1 part." in shown


def test_words_are_changed_looked_at_and_taken_back(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    address = lampa.office("texts/birthday/")
    looked = owner.post(address, data=WORDS | {"act": "look"})
    assert "100 for you" in looked.text
    assert kept(app, lampa) == {}, "looking keeps nothing"
    assert owner.post(address, data=WORDS).status_code == 303
    assert kept(app, lampa)["birthday"].keys() == {"en"}
    assert "Поздравляем вас с днём рождения!" in owner.get(address).text, "ours goes on in Russian"
    assert owner.post(address + "reset").status_code == 303
    assert kept(app, lampa) == {}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"body_en": "{amuont}"}, "{amuont} cannot be filled in here."),
        ({"sms_en": ""}, "Fill this in."),
        ({"sms_en": "x" * 601}, "longer than 600"),
        ({"subject_ru": "Привет"}, "Fill this in."),
    ],
)
def test_what_cannot_go_out_is_a_complaint_at_its_field(
    app: App, owner: FlaskClient, lampa: Merchant, wrong: dict[str, str], words: str
) -> None:
    answer = owner.post(lampa.office("texts/order/"), data=WORDS | wrong)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Hi {name}" in answer.text, "what was typed stays"
    assert kept(app, lampa) == {}


def test_a_message_of_ones_own_is_offered_to_rules_and_stays_while_one_sends_it(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    assert owner.post(lampa.office("texts/new"), data=WORDS).status_code == 422, "it needs a name"
    made = owner.post(lampa.office("texts/new"), data=WORDS | {"title": "Spring"})
    assert made.status_code == 303
    [code] = kept(app, lampa)
    card = {"trigger": "member.registered", "act": "effect", "new_effect": "notify"}
    shown = owner.post(lampa.office("bonus-rules/new?profile=registration"), data=card).text
    assert f'<option value="{code}">Spring</option>' in shown
    effect = {"do": "notify", "message": code, "channel": "email"}
    body = {"schema": 1, "profile": "registration", "trigger": "member.registered"}
    with app.app_context(), lampa.scope():
        rule = profiles.draft("Tell them", {**body, "effects": [effect]})
        db.session.commit()
        rule_id = rule.id
    owner.post(lampa.office(f"texts/{code}/remove"))
    assert code in kept(app, lampa), "a rule sends it"
    assert "Tell them" in owner.get(lampa.office(f"texts/{code}/")).text
    with app.app_context(), lampa.scope():
        profiles.archive(next(each for each in profiles_of(rule_id)))
        db.session.commit()
    owner.post(lampa.office(f"texts/{code}/remove"))
    assert kept(app, lampa) == {}


def profiles_of(rule_id: int) -> list[ProfileRule]:
    query = select(ProfileRule).where(ProfileRule.id == rule_id)
    return list(db.session.scalars(query))


def test_a_copy_goes_to_who_asked_for_it(
    app: App, owner: FlaskClient, lampa: Merchant, mailbox: Mailbox
) -> None:
    address = lampa.office("texts/order/try")
    assert owner.post(address, data={"locale": "ru", "by": "email"}).status_code == 303
    with app.app_context():
        jobs.drain()
        waits = select(Message.id).where(
            Message.state == "due", Message.template == "wording.tried"
        )
        for number in jobs.in_transaction(lambda: db.session.scalars(waits).all(), lampa.id):
            jobs.send_message(lampa.id, number)
    letters = mailbox.to(lampa.staff["owner"].email)
    assert [str(each["Subject"]).strip() for each in letters] == ["Бонусы за заказ в Lampa: 100"]
    assert owner.post(address, data={"locale": "xx", "by": "email"}).status_code == 404
    bad = owner.post(address, data={"locale": "ru", "by": "sms", "phone": "12"})
    assert bad.status_code == 422
    none = owner.post(address, data={"locale": "ru", "by": "sms", "phone": "+79161234567"})
    assert none.status_code == 303
    assert "Set up a service first" in owner.get(lampa.office("texts/order/")).text


def test_the_letter_alone_can_do_nothing(owner: FlaskClient, lampa: Merchant) -> None:
    shown = owner.get(lampa.office("texts/order/letter/en"))
    assert "Thank you for your order" in shown.text
    assert shown.headers["Content-Security-Policy"].startswith("sandbox")


def test_a_message_of_another_merchant_is_not_there(
    app: App, owner: FlaskClient, lampa: Merchant, kniga: Merchant
) -> None:
    with app.app_context(), kniga.scope():
        row = Wording(
            code="tx_other", title="Theirs", texts={}, changed_at=clock.now(), changed_by="system"
        )
        db.session.add(row)
        db.session.commit()
    for path in ("texts/tx_other/", "texts/nonsense/", "texts/tx_other/letter/en"):
        assert owner.get(lampa.office(path)).status_code == 404
    for path in ("texts/tx_other/reset", "texts/tx_other/remove", "texts/tx_other/try"):
        assert owner.post(lampa.office(path)).status_code == 404


@pytest.mark.parametrize("role", ["support", "accountant"])
def test_only_managers_change_what_customers_read(
    client: FlaskClient, lampa: Merchant, role: str
) -> None:
    sign_in(client, lampa.staff[role])
    assert client.get(lampa.office("texts/")).status_code == 403
