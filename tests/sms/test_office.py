"""The page of the SMS service: what is kept, what is not shown, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.notifications.models import Message
from app.sms import queries, service
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import World

FORM = {
    "kind": "http", "method": "POST", "content": "form", "url": "https://sms.example/send?key=hidden-word",
    "body": "to={digits}&text={text}", "header": "Bearer hidden-word", "good": "OK", "bad": "",
    "price": "2.50", "most_a_day": "100", "most_money_a_day": "", "most_a_number": "5", "countries": "7, 375",
    "is_on": "y", "quiet_from": "22", "quiet_until": "8",
}  # fmt: skip


@pytest.fixture
def owner(client: FlaskClient, world: World) -> FlaskClient:
    return sign_in(client, world.lampa.staff["owner"])


def kept(app: App, world: World) -> dict[str, str]:
    def read() -> dict[str, str]:
        found = queries.gateway()
        return {} if found is None else service.settings_of(found)

    with app.app_context():
        return jobs.in_transaction(read, world.lampa.id)


def test_secrets_are_kept_and_never_shown_and_what_is_left_empty_stays(
    app: App, owner: FlaskClient, world: World
) -> None:
    there = world.lampa.office("sms/")
    assert owner.post(there, data=FORM).status_code == 303
    page = owner.get(there).text
    assert "hidden-word" not in page
    assert "sms.example" in page
    again = FORM | {"url": "", "body": "", "header": "", "most_a_day": "7"}
    assert owner.post(there, data=again).status_code == 303
    assert kept(app, world)["header"] == "Bearer hidden-word"
    assert kept(app, world)["url"] == FORM["url"]


@pytest.mark.parametrize("url", ["https://thief.example/send", "http://sms.example/send"])
def test_a_key_of_one_service_is_not_sent_to_another(
    app: App, owner: FlaskClient, world: World, url: str
) -> None:
    there = world.lampa.office("sms/")
    owner.post(there, data=FORM)
    moved = FORM | {"url": url, "header": "", "body": "{digits} {text}"}
    assert owner.post(there, data=moved).status_code == 303
    assert "hidden-word" not in str(kept(app, world))


@pytest.mark.parametrize(
    "said",
    [
        {"url": "http://127.0.0.1/"},
        {"url": "http://2130706433/"},
        {"url": "https://{phone}.example/"},
        {"url": "gopher://sms.example/"},
        {"url": "http://[::1"},
        {"url": "https://[x]/"},
        {"kind": "apprise", "service": "smsc://[x]@{phone}"},
        {"url": "https://sms.example:22/"},
        {"body": "no number {text}"},
        {"body": "{phone} {text} {password}"},
        {"content": "json", "body": "{{text} {phone}"},
        {"header": "Bearer слово"},
        {"kind": "apprise", "service": "json://127.0.0.1/{phone}"},
        {"kind": "apprise", "service": ""},
        {"kind": "carrier pigeon"},
        {"countries": "Russia"},
        {"price": "-1"},
        {"most_a_day": "-1"},
    ],
)
def test_a_service_that_cannot_be_called_is_refused(
    app: App, owner: FlaskClient, world: World, said: dict[str, str]
) -> None:
    assert owner.post(world.lampa.office("sms/"), data=FORM | said).status_code == 422
    assert kept(app, world) == {}


def test_a_trial_needs_a_service_and_a_number(app: App, owner: FlaskClient, world: World) -> None:
    there = world.lampa.office("sms/trial")
    assert owner.post(there, data={"phone": "+79161234567"}).status_code == 422
    assert owner.post(world.lampa.office("sms/"), data=FORM).status_code == 303
    assert owner.post(there, data={"phone": "12"}).status_code == 422
    assert owner.post(there, data={"phone": "+79161234567"}).status_code == 303
    query = select(Message.address).where(Message.template == "sms.tried")
    with app.app_context():
        found = jobs.in_transaction(lambda: db.session.scalars(query).all(), world.lampa.id)
    assert found == ["+79161234567"]


def test_only_who_may_change_settings_sees_the_page(client: FlaskClient, world: World) -> None:
    sign_in(client, world.lampa.staff["support"])
    assert client.get(world.lampa.office("sms/")).status_code == 403
