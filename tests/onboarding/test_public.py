from __future__ import annotations

import re
import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest
import time_machine
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import select

from app import clock, jobs
from app.extensions import db
from app.identity import queries as people
from app.onboarding import queries, service
from app.onboarding.models import SignUp
from app.onboarding.rules import Policy
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries as tenants
from tests.harness.together import room_for, together
from tests.onboarding.post import deliver
from tests.world import PASSWORD, World, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox

LINK = re.compile(r"http://localhost(/signup/confirm\?token=\S+)")


def wish(**more: str) -> dict[str, str]:
    slug = f"igla-{secrets.token_hex(4)}"
    return {
        "name": "Igla",
        "slug": slug,
        "email": f"owner@{slug}.example",
        "site": f"https://{slug}.example/shop",
        "currency": "RUB",
        "locale": "en",
        "timezone": "Europe/Moscow",
        "homepage": "",
        **more,
    }


def letter_to(app: App, mailbox: Mailbox, email: str) -> str:
    with app.app_context():
        deliver()
    [letter] = mailbox.to(email)
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link_of(text: str) -> str:
    found = LINK.search(text)
    assert found, text
    return found[1]


def ask(app: App, client: FlaskClient, mailbox: Mailbox, said: dict[str, str]) -> str:
    """Ask for an account and return the link of the letter."""
    assert client.post("/signup", data=said).headers["Location"] == "/signup/done"
    return link_of(letter_to(app, mailbox, said["email"]))


def confirm(browser: FlaskClient, slug: str) -> int:
    return browser.post("/signup/confirm", data={"slug": slug}).status_code


@pytest.fixture
def policy(app: App) -> Iterator[Policy]:
    """The operator's policy; put back after the test, for the platform is everybody's."""
    yield Policy.APPROVE
    choose(app, Policy.OPEN)


def choose(app: App, policy: Policy) -> None:
    with app.app_context(), tenant_scope(PLATFORM):
        service.set_policy(policy)
        db.session.commit()


def exists(app: App, slug: str) -> bool:
    with app.app_context():
        return tenants.by_slug(slug) is not None


def test_a_merchant_signs_up_and_comes_in_by_the_letter(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    said = wish()
    assert client.get("/signup").status_code == 200
    link = ask(app, client, mailbox, said)
    assert not exists(app, said["slug"])
    with app.app_context():
        assert people.by_email(said["email"]) is None
    moved = client.get(link)
    assert moved.headers["Location"] == "/signup/confirm"
    assert "no-referrer" in moved.headers["Referrer-Policy"]
    assert said["email"] in client.get("/signup/confirm").text
    assert not exists(app, said["slug"])  # a mail program that follows links opens nothing
    answer = client.post("/signup/confirm", data={"slug": said["slug"]})
    assert answer.headers["Location"] == "/password"
    answer = client.post("/password", data={"password": PASSWORD})
    assert answer.headers["Location"] == f"/{said['slug']}/office/"
    assert client.get(f"/{said['slug']}/office/settings/brand").status_code == 200


def test_the_link_opens_one_account_however_often_it_is_followed(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    said = wish()
    link = ask(app, client, mailbox, said)
    browsers = [app.test_client() for _ in range(4)]
    for each in browsers:
        each.get(link)
    slugs = [f"{said['slug']}-{n}" for n in range(4)]
    with room_for(app, 4):
        codes = together([partial(confirm, *each) for each in zip(browsers, slugs, strict=True)])
    assert sorted(codes) == [303, 422, 422, 422]
    assert sum(exists(app, slug) for slug in slugs) == 1
    assert client.get(link, follow_redirects=True).status_code == 410


def test_a_link_that_is_old_or_forged_opens_nothing(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    link = ask(app, client, mailbox, wish())
    assert client.get(link.replace("token=", "token=A"), follow_redirects=True).status_code == 410
    with time_machine.travel(clock.wall() + timedelta(hours=25)):
        assert client.get(link, follow_redirects=True).status_code == 410
        assert client.post("/signup/confirm", data={"slug": "x-shop"}).status_code == 410


def test_an_address_taken_meanwhile_is_chosen_anew(
    app: App, client: FlaskClient, mailbox: Mailbox, world: World
) -> None:
    said = wish()
    link = ask(app, client, mailbox, said)
    client.get(link)
    taken = client.post("/signup/confirm", data={"slug": world.lampa.slug})
    assert taken.status_code == 422
    assert "This address is taken." in taken.text
    assert client.post("/signup/confirm", data={"slug": "login"}).status_code == 422
    fresh = f"{said['slug']}-b"
    assert client.post("/signup/confirm", data={"slug": fresh}).status_code == 303
    assert exists(app, fresh)


def test_a_sign_up_that_cannot_stand_keeps_what_was_typed(client: FlaskClient) -> None:
    answer = client.post("/signup", data={"name": "Igla", "slug": "-", "email": "x"})
    assert answer.status_code == 422
    assert 'value="Igla"' in answer.text


def test_known_and_unknown_e_mails_are_answered_alike(
    app: App, client: FlaskClient, mailbox: Mailbox, world: World
) -> None:
    known = client.post("/signup", data=wish(email=world.lampa.staff["owner"].email))
    unknown = client.post("/signup", data=wish())
    for name in ("Location", "Content-Length", "Content-Type"):
        assert known.headers.get(name) == unknown.headers.get(name)
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)


def test_an_owner_of_another_shop_signs_in_with_the_password_there_is(
    app: App, client: FlaskClient, mailbox: Mailbox, world: World
) -> None:
    said = wish(email=world.lampa.staff["owner"].email)
    client.get(ask(app, client, mailbox, said))
    answer = client.post("/signup/confirm", data={"slug": said["slug"]})
    assert answer.headers["Location"] == f"/login?next=/{said['slug']}/office/start/"


def test_a_program_that_fills_every_field_gets_the_same_answer_and_no_letter(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    said = wish(homepage="https://spam.example")
    assert client.post("/signup", data=said).headers["Location"] == "/signup/done"
    with app.app_context():
        deliver()
        with tenant_scope(PLATFORM):
            rows = db.session.scalars(select(SignUp).where(SignUp.email == said["email"]))
            assert not rows.all()
    assert not mailbox.to(said["email"])


def test_the_letters_link_is_ours_whatever_host_the_request_names(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    said = wish()
    for headers in (
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"},
    ):
        said = wish()
        client.post("/signup", data=said, headers=headers)
        with app.app_context():
            deliver()
        for letter in mailbox.to(said["email"]):
            assert "evil.example" not in letter.as_string()
            part = letter.get_body(("plain",))
            assert part is not None
            link_of(str(part.get_content()))


def test_nobodys_words_travel_in_a_letter_to_a_stranger(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    said = wish(name="Win a prize at https://evil.example\r\nBcc: all@evil.example"[:90])
    client.post("/signup", data=said)
    with app.app_context():
        deliver()
    assert all("evil.example" not in each.as_string() for each in mailbox.to(said["email"]))


def test_letters_are_limited_by_e_mail_quietly_and_by_address_openly(
    app: App, client: FlaskClient, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "RATELIMIT_ENABLED", True)
    counted = MovingWindowRateLimiter(storage_from_string("memory://"))
    monkeypatch.setitem(app.extensions, "attempts", counted)
    email = wish()["email"]
    for _ in range(8):
        answer = client.post("/signup", data=wish(email=email))
        assert answer.headers["Location"] == "/signup/done"
    with app.app_context():
        deliver()
    assert len(mailbox.to(email)) == 5
    codes = {client.post("/signup", data=wish()).status_code for _ in range(30)}
    assert codes == {303, 429}


def test_the_operator_approves_by_hand_and_the_owner_is_invited(
    app: App, client: FlaskClient, mailbox: Mailbox, world: World, policy: Policy
) -> None:
    choose(app, policy)
    said = wish()
    client.get(ask(app, client, mailbox, said))
    answer = client.post("/signup/confirm", data={"slug": said["slug"]})
    assert answer.headers["Location"] == "/signup/waiting"
    assert not exists(app, said["slug"])
    told = letter_to(app, mailbox, world.operator.email)
    operator = sign_in(app.test_client(), world.operator)
    page = re.search(r"http://localhost(/platform/signups/su_\w+)", told)
    assert page is not None
    assert said["email"] in operator.get(page[1]).text
    assert said["email"] in operator.get("/platform/signups/").text
    assert operator.post(f"{page[1]}/approve").status_code == 303
    assert exists(app, said["slug"])
    mailbox.clear()
    with app.app_context():
        opened = tenants.by_slug(said["slug"])
        assert opened is not None
        deliver(opened.id)
    [invitation] = mailbox.to(said["email"])
    assert "/password?token=" in invitation.as_string().replace("=\n", "").replace("=3D", "=")
    assert operator.post(f"{page[1]}/approve").status_code == 409
    assert operator.post(f"{page[1]}/refuse", data={"reason": "no"}).status_code == 422


def test_the_operator_refuses_with_a_word_that_is_mailed(
    app: App, client: FlaskClient, mailbox: Mailbox, world: World, policy: Policy
) -> None:
    choose(app, policy)
    said = wish()
    client.get(ask(app, client, mailbox, said))
    client.post("/signup/confirm", data={"slug": said["slug"]})
    with app.app_context(), tenant_scope(PLATFORM):
        query = select(SignUp.public_id).where(SignUp.email == said["email"])
        row = db.session.scalars(query).one()
    operator = sign_in(app.test_client(), world.operator)
    mailbox.clear()
    assert operator.post(f"/platform/signups/{row}/refuse", data={}).status_code == 422
    reason = {"reason": "We serve shops only."}
    assert operator.post(f"/platform/signups/{row}/refuse", data=reason).status_code == 303
    assert "We serve shops only." in letter_to(app, mailbox, said["email"])
    assert not exists(app, said["slug"])


def test_closed_doors_take_no_sign_up_and_no_link_that_was_sent_before(
    app: App, client: FlaskClient, mailbox: Mailbox, world: World, policy: Policy
) -> None:
    said = wish()
    client.get(ask(app, client, mailbox, said))
    operator = sign_in(app.test_client(), world.operator)
    closed = {"policy": Policy.CLOSED.value}
    assert operator.post("/platform/signups/policy", data=closed).status_code == 303
    assert operator.post("/platform/signups/policy", data={"policy": "?"}).status_code == 422
    assert client.get("/signup").status_code == 403
    assert client.post("/signup", data=wish()).status_code == 403
    assert client.post("/signup/confirm", data={"slug": said["slug"]}).status_code == 422
    assert not exists(app, said["slug"])


def test_what_nobody_confirmed_is_forgotten_after_a_week(
    app: App, client: FlaskClient, mailbox: Mailbox
) -> None:
    said = wish()
    ask(app, client, mailbox, said)
    with app.app_context(), time_machine.travel(clock.wall() + timedelta(days=8)):
        jobs.prune()
        with tenant_scope(PLATFORM):
            rows = db.session.scalars(queries.sign_ups().where(SignUp.email == said["email"]))
            assert not rows.all()
