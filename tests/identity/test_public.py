from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import time_machine
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from app import clock
from app.errors import Retry
from app.events.models import Event
from app.extensions import db
from app.identity import queries, service
from app.identity.models import Person, Session
from app.tenancy import PLATFORM, tenant_scope
from tests.world import OTHER_PASSWORD, PASSWORD, Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


def link(app: App, person_id: int, purpose: str) -> str:
    with app.app_context():
        return service.password_link(person_id, purpose).removeprefix("http://localhost")


def test_the_owner_signs_in_and_out(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    assert client.get("/account").status_code == 200
    assert client.post("/logout").status_code == 303
    assert client.get("/account").status_code == 303


def test_a_sign_in_leads_to_the_only_place_there_is(client: FlaskClient, lampa: Merchant) -> None:
    answer = client.post("/login", data={"email": lampa.staff["owner"].email, "password": PASSWORD})
    assert answer.headers["Location"] == f"/{lampa.slug}/office/"


@pytest.mark.parametrize(
    ("trouble", "first", "then"),
    [
        ([Retry("met")], 303, 410),  # run again by us: done, and the link is used
        ([OperationalError("", {}, psycopg.OperationalError("gone"))], 503, 303),  # by the person
    ],
)
def test_what_failed_leaves_the_browsers_session_as_it_was(
    app: App,
    client: FlaskClient,
    lampa: Merchant,
    monkeypatch: pytest.MonkeyPatch,
    trouble: list[Exception],
    first: int,
    then: int,
) -> None:
    client.get(link(app, lampa.staff["owner"].id, "reset"))
    signs_in = service.sign_in

    def at_first_not(*args: Any, **said: Any) -> str:
        if trouble:
            raise trouble.pop()
        return signs_in(*args, **said)

    monkeypatch.setattr(service, "sign_in", at_first_not)
    said = {"password": OTHER_PASSWORD}
    assert client.post("/password", data=said).status_code == first
    assert client.post("/password", data=said).status_code == then
    sign_in(app.test_client(), lampa.staff["owner"], OTHER_PASSWORD)


def test_several_places_lead_to_the_chooser(app: App, client: FlaskClient, world: World) -> None:
    both = world.lampa.staff["manager"]
    with app.app_context(), world.kniga.scope():
        person = queries.person(both.id)
        assert person is not None
        service.join(person, world.kniga.id, "support")
        db.session.commit()
    answer = client.post("/login", data={"email": both.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/places"
    text = client.get("/places").text
    assert f"/{world.lampa.slug}/office/" in text
    assert f"/{world.kniga.slug}/office/" in text


def test_signing_in_comes_back_to_the_page_that_was_asked_for_and_never_leaves_us(
    client: FlaskClient, lampa: Merchant
) -> None:
    data = {"email": lampa.staff["owner"].email, "password": PASSWORD}
    there = lampa.office("team/")
    assert client.post("/login", data={**data, "next": there}).headers["Location"] == there
    client.post("/logout")
    for evil in ("//evil.example", "/\\evil.example", "https://evil.example", "/\tevil"):
        answer = client.post("/login", data={**data, "next": evil})
        assert answer.headers["Location"] == lampa.office(), evil
        client.post("/logout")


def test_wrong_password_and_unknown_email_get_the_same_answer(
    client: FlaskClient, lampa: Merchant
) -> None:
    known = client.post("/login", data={"email": lampa.staff["owner"].email, "password": "wrong"})
    unknown = client.post("/login", data={"email": "nobody@nowhere.example", "password": "wrong"})
    assert known.status_code == unknown.status_code == 422
    assert without_input(known.text) == without_input(unknown.text)


def without_input(text: str) -> str:
    return re.sub(r'value="[^"]*"|X-CSRFToken": "[^"]*"', "", text)


def test_a_session_begun_by_somebody_else_is_not_taken_over(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    with client.session_transaction() as planted:
        planted["token"] = "planted"
        planted["anything"] = "else"
    sign_in(client, lampa.staff["owner"])
    with client.session_transaction() as session:
        assert session["token"] != "planted"
        assert "anything" not in session


def test_signing_in_again_ends_the_session_before(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    stolen = client.get_cookie("session")
    assert stolen is not None
    sign_in(client, lampa.staff["owner"])
    client.set_cookie("session", stolen.value)
    assert client.get("/account").status_code == 303


def test_the_database_keeps_no_token(app: App, client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    with client.session_transaction() as session:
        token = session["token"]
    with app.app_context():
        kept = db.session.scalars(select(Session.token_hash)).all()
    assert token not in kept


def test_sign_out_everywhere_ends_every_device(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    phone = sign_in(app.test_client(), lampa.staff["owner"])
    sign_in(client, lampa.staff["owner"])
    assert client.post("/account/sessions/end").status_code == 303
    assert phone.get("/account").status_code == 303


def test_one_device_of_several_can_be_signed_out_but_not_a_strangers(
    app: App, client: FlaskClient, world: World
) -> None:
    phone = sign_in(app.test_client(), world.lampa.staff["owner"])
    sign_in(client, world.lampa.staff["owner"])
    sign_in(app.test_client(), world.kniga.staff["owner"])
    with app.app_context():
        mine = queries.sessions(world.lampa.staff["owner"].id)[-1].id
        strange = queries.sessions(world.kniga.staff["owner"].id)[0].id
    assert client.post(f"/account/sessions/{strange}/end").status_code == 404
    assert client.post(f"/account/sessions/{mine}/end").status_code == 303
    assert phone.get("/account").status_code == 303
    assert client.get("/account").status_code == 200


def test_staff_are_signed_out_after_half_an_hour_of_nothing(
    client: FlaskClient, lampa: Merchant
) -> None:
    sign_in(client, lampa.staff["owner"])
    now = clock.wall()
    with time_machine.travel(now + timedelta(minutes=29), tick=False):
        assert client.get("/account").status_code == 200
    with time_machine.travel(now + timedelta(minutes=58), tick=False):
        assert client.get("/account").status_code == 200
    with time_machine.travel(now + timedelta(minutes=89), tick=False):
        assert client.get("/account").status_code == 303


def test_a_changed_password_signs_out_the_other_devices(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    thief = sign_in(app.test_client(), lampa.staff["owner"])
    sign_in(client, lampa.staff["owner"])
    wrong = client.post("/account/password", data={"old": "no", "password": OTHER_PASSWORD})
    assert wrong.status_code == 422
    assert (
        client.post(
            "/account/password", data={"old": PASSWORD, "password": OTHER_PASSWORD}
        ).status_code
        == 303
    )
    assert client.get("/account").status_code == 200
    assert thief.get("/account").status_code == 303


def test_asking_for_a_reset_answers_alike_and_promises_a_letter_only_to_somebody(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    person = lampa.staff["owner"]
    known = client.post("/forgot", data={"email": person.email})
    unknown = client.post("/forgot", data={"email": "nobody@nowhere.example"})
    assert known.status_code == unknown.status_code == 200
    assert without_input(known.text) == without_input(unknown.text)
    with app.app_context(), tenant_scope(PLATFORM):
        query = select(Event).where(
            Event.type == "person.password_reset", Event.subject == f"person:{person.id}"
        )
        assert len(db.session.scalars(query).all()) == 1


def test_a_reset_link_works_once_and_ends_other_sessions(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    owner = lampa.staff["owner"]
    thief = sign_in(app.test_client(), owner)
    address = link(app, owner.id, "reset")
    first = client.get(address)
    assert first.headers["Location"] == "/password"
    assert first.headers["Referrer-Policy"] == "no-referrer"
    assert client.get("/password").status_code == 200
    assert client.post("/password", data={"password": OTHER_PASSWORD}).status_code == 303
    assert client.get("/account").status_code == 200
    assert thief.get("/account").status_code == 303
    again = app.test_client()
    again.get(address)
    assert again.post("/password", data={"password": PASSWORD}).status_code == 410
    sign_in(app.test_client(), owner, OTHER_PASSWORD)


def test_a_reset_link_ends_after_half_an_hour(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    address = link(app, lampa.staff["owner"].id, "reset")
    with time_machine.travel(clock.wall() + timedelta(minutes=31), tick=False):
        client.get(address)
        assert client.get("/password").status_code == 410


def test_a_link_for_one_purpose_does_not_serve_another(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    address = link(app, lampa.staff["owner"].id, "reset")
    client.get(address.replace("purpose=reset", "purpose=invitation"))
    assert client.get("/password").status_code == 410


def test_a_forged_host_does_not_get_into_links(app: App, lampa: Merchant) -> None:
    with app.test_request_context(headers={"Host": "evil.example"}):
        assert service.password_link(lampa.staff["owner"].id, "reset").startswith(
            "http://localhost/password?"
        )


def test_easy_passwords_are_refused(app: App, client: FlaskClient, lampa: Merchant) -> None:
    client.get(link(app, lampa.staff["owner"].id, "reset"))
    for easy in ("short", "password123456", "aaaaaaaaaaaaaaaa", "Owner of Lampa", "x" * 300):
        assert client.post("/password", data={"password": easy}).status_code == 422, easy


def test_a_disabled_person_neither_signs_in_nor_stays(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    owner = lampa.staff["owner"]
    sign_in(client, owner)
    with app.app_context():
        db.session.execute(
            update(Person).where(Person.id == owner.id).values(disabled_at=clock.wall())
        )
        db.session.commit()
    assert client.get("/account").status_code == 303
    data = {"email": owner.email, "password": PASSWORD}
    assert app.test_client().post("/login", data=data).status_code == 422


def test_guessing_is_slowed_down_for_the_account(
    app: App, client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    owner = lampa.staff["owner"]
    for _ in range(10):
        assert (
            client.post("/login", data={"email": owner.email, "password": "wrong"}).status_code
            == 422
        )
    answer = client.post("/login", data={"email": owner.email, "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "60"


def test_the_account_page_keeps_name_and_language(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    sign_in(client, lampa.staff["owner"])
    assert client.post("/account", data={"name": "Olga", "locale": "ru"}).status_code == 303
    assert "Olga" in client.get("/account").text
    assert client.post("/account", data={"name": "", "locale": "ru"}).status_code == 422


def test_who_is_signed_in_is_led_on_from_the_front_door(
    client: FlaskClient, lampa: Merchant
) -> None:
    assert client.get("/").headers["Location"] == "/login"
    sign_in(client, lampa.staff["owner"])
    assert client.get("/").headers["Location"] == lampa.office()
    assert client.get("/login").headers["Location"] == lampa.office()


def test_forms_that_are_empty_come_back(client: FlaskClient, lampa: Merchant) -> None:
    assert client.post("/forgot", data={}).status_code == 422
    assert client.post("/login", data={}).status_code == 422
    sign_in(client, lampa.staff["owner"])
    assert client.post("/account/password", data={}).status_code == 422
    assert client.post("/confirm", data={}).status_code == 422
    easy = {"old": PASSWORD, "password": "password123456"}
    assert client.post("/account/password", data=easy).status_code == 422


def test_the_language_is_kept_with_the_person(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["owner"])
    assert client.post("/preferences/language", data={"locale": "ru"}).status_code == 303
    client.delete_cookie("locale")
    assert 'lang="ru"' in client.get("/account").text


def test_letters_are_not_sent_without_end(
    app: App, client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    attempts = MovingWindowRateLimiter(storage_from_string("memory://"))
    monkeypatch.setitem(app.extensions, "attempts", attempts)
    person = lampa.staff["owner"]
    answers = {client.post("/forgot", data={"email": person.email}).status_code for _ in range(8)}
    assert answers == {200}
    with app.app_context(), tenant_scope(PLATFORM):
        mine = Event.subject == f"person:{person.id}"
        query = select(Event).where(Event.type == "person.password_reset", mine)
        assert len(db.session.scalars(query).all()) == 5
    for number in range(22):
        client.post("/forgot", data={"email": f"{number}@nowhere.example"})
    assert client.post("/forgot", data={"email": person.email}).status_code == 429
