"""The card on the phone: who holds the phone comes in by a code, and nobody else, and nobody learns whose it is."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from limits import RateLimitItemPerHour
from sqlalchemy import select

from app import clock, jobs
from app.bonuses import service as bonuses
from app.bonuses.rules import Grant
from app.cards import rules
from app.cards.models import PhoneCode
from app.extensions import db
from app.site import attempts
from app.tenants import service as tenants
from tests.cards.setting import PHONE, Till
from tests.harness.together import together
from tests.world import make_merchant

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.peer import Peer

OTHER = "+79160000001"


def credit(till: Till, member: int, amount: int) -> None:
    grant = Grant(
        member_id=member, amount=amount, reference=f"gift:{member}", kind="hand", reason="A gift"
    )
    with till.app.app_context():
        jobs.in_transaction(lambda: bonuses.grant([grant]), till.merchant.id)


def test_a_customer_comes_in_by_the_code_and_sees_the_card(till: Till, client: FlaskClient) -> None:
    member = till.customer()
    credit(till, member, 12_345)
    assert "Send me a code" in client.get(till.at()).text
    asked = till.ask(client, "8 (916) 123-45-67")
    assert asked.headers["Location"].endswith("/card/code")
    assert "six digits" in client.get(till.at("code")).text
    code = till.code()
    assert till.enter(client, f" {code[:3]} {code[3:]} ").status_code == 303
    shown = client.get(till.at()).text
    assert "123.45" in shown
    assert "A gift" in shown or "By hand" in shown
    number = json_number(till)
    assert f">{number}<" in shown
    assert client.get(till.at()).text.count(number) == shown.count(number), "the number stays"


def json_number(till: Till) -> str:
    client = till.app.test_client()
    answer = client.get("/api/v1/members/77/card", headers=till.merchant.bearer)
    return str(answer.json["number"])


def test_the_code_is_not_kept_and_holds_once_on_the_browser_that_asked(
    till: Till, client: FlaskClient
) -> None:
    till.customer()
    till.ask(client)
    code = till.code()
    with till.app.app_context(), till.merchant.scope():
        kept = db.session.scalars(select(PhoneCode)).one()
        assert code not in json.dumps([kept.nonce, kept.token_hash, kept.phone])
        db.session.rollback()
    stranger = till.app.test_client()
    assert till.enter(stranger, code).headers["Location"].endswith("/card/")
    assert "Send me a code" in stranger.get(till.at()).text
    with client.session_transaction() as session:
        copied = dict(session)
    assert till.enter(client, code).status_code == 303
    thief = till.app.test_client()
    with thief.session_transaction() as session:
        session.update(copied)
    assert till.enter(thief, code).status_code == 422, "a code opens one door, once"


def test_five_tries_and_no_more_however_many_at_once(till: Till, client: FlaskClient) -> None:
    till.customer()
    till.ask(client)
    code = till.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    with client.session_transaction() as session:
        copied = dict(session)

    def attempt() -> int:
        browser = till.app.test_client()
        with browser.session_transaction() as own:
            own.update(copied)
        return till.enter(browser, wrong).status_code

    assert set(together([attempt] * 8)) == {422}
    with till.app.app_context(), till.merchant.scope():
        assert db.session.scalars(select(PhoneCode.tries)).one() == rules.TRIES
        db.session.rollback()
    late = till.enter(client, code)
    assert late.status_code == 422
    assert "holds no more" in late.text


def test_a_code_is_over_after_ten_minutes(till: Till, client: FlaskClient) -> None:
    till.customer()
    till.ask(client)
    code = till.code()
    with time_machine.travel(clock.wall() + timedelta(minutes=10, seconds=1), tick=False):
        assert till.enter(client, code).status_code == 422


def test_an_sms_that_is_late_says_nothing_any_more(till: Till, client: FlaskClient) -> None:
    till.customer()
    till.ask(client)
    with time_machine.travel(clock.wall() + timedelta(minutes=11), tick=False):
        assert till.texts() == []


def test_nobody_learns_whether_a_phone_is_a_customers(till: Till, client: FlaskClient) -> None:
    till.customer()
    stranger = till.app.test_client()
    known, unknown = till.ask(client), till.ask(stranger, OTHER)
    assert (known.status_code, known.headers["Location"]) == (
        unknown.status_code,
        unknown.headers["Location"],
    )
    assert len(till.texts()) == 1, "an SMS costs money: none goes to nobody"
    right = till.code()
    answers = [
        till.enter(client, f"{(int(right) + 1) % 10**6:06d}"),
        till.enter(stranger, "123456"),
    ]
    assert len({without_tokens(answer.text) for answer in answers}) == 1
    again = [till.ask(client), till.ask(stranger, OTHER)]
    assert {answer.status_code for answer in again} == {429}
    for text in (answer.text for answer in again):
        assert "in a minute" in text


def without_tokens(text: str) -> str:
    lines = (line for line in text.splitlines() if "csrf" not in line.casefold())
    return "\n".join(line for line in lines if 'name="code"' not in line)


def test_a_phone_gets_five_codes_an_hour(till: Till, client: FlaskClient) -> None:
    till.customer()
    start = clock.wall()
    said = []
    for minute in range(0, 14, 2):
        with time_machine.travel(start + timedelta(minutes=minute), tick=False):
            visitor = till.app.test_client()
            said.append(
                visitor.post(
                    till.at("ask"),
                    data={"phone": PHONE},
                    environ_base={"REMOTE_ADDR": f"203.0.113.{minute}"},
                ).status_code
            )
    assert said == [303] * 5 + [429] * 2


def test_an_address_asks_for_ten_codes_an_hour(
    till: Till, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(till.app.config, "RATELIMIT_ENABLED", True)
    place = {"REMOTE_ADDR": "203.0.113.77"}
    said = [
        client.post(
            till.at("ask"), data={"phone": f"+7916000{n:04}"}, environ_base=place
        ).status_code
        for n in range(11)
    ]
    assert said == [303] * 10 + [429]


def test_many_addresses_that_guess_together_are_stopped_for_the_merchant_alone(
    app: App, till: Till, peer: Peer, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.customer()
    monkeypatch.setitem(till.app.config, "RATELIMIT_ENABLED", True)
    few = RateLimitItemPerHour(4)
    monkeypatch.setattr(attempts, "WRONG_PHONE_CODES_PER_MERCHANT", few)
    till.ask(client)
    code = till.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"

    def enter(browser: FlaskClient, number: str, address: int, where: Till = till) -> int:
        place = {"REMOTE_ADDR": f"198.51.100.{address}"}
        return browser.post(where.at("code"), data={"code": number}, environ_base=place).status_code

    assert [enter(client, wrong, n) for n in range(5)] == [422] * 4 + [429]
    assert enter(client, code, 99) == 429, "nor a right one, while they guess"
    with app.app_context():
        other = Till(app, make_merchant("kniga"), peer)
    other.customer("77")
    stranger = app.test_client()
    other.ask(stranger)
    assert enter(stranger, other.code(), 100, other) == 303


def test_who_has_accounts_in_two_shops_chooses_and_merchants_stay_apart(
    app: App, till: Till, peer: Peer, client: FlaskClient
) -> None:
    first, second = till.customer("77", name="Gleb"), till.customer("78", name="Anna")
    credit(till, first, 1_100)
    credit(till, second, 2_200)
    till.sign_in(client)
    shown = client.get(till.at()).text
    assert "11.00" in shown
    assert "Anna" in shown
    assert "22.00" in client.get(f"{till.at()}?at={second}").text
    foreign = client.get(f"{till.at()}?at=999999999").text
    assert "11.00" in foreign, "another's id changes nothing"
    with app.app_context():
        other = Till(app, make_merchant("kniga"), peer)
    other.customer("77")
    assert "Send me a code" in client.get(other.at()).text, "signed in here is not signed in there"


def test_leaving_ends_it_everywhere_it_was_copied_to(till: Till, client: FlaskClient) -> None:
    till.customer()
    till.sign_in(client)
    with client.session_transaction() as session:
        copied = dict(session)
    left = client.post(till.at("leave"))
    assert left.headers["Clear-Site-Data"] == '"storage"'
    thief = till.app.test_client()
    with thief.session_transaction() as session:
        session.update(copied)
    assert "Send me a code" in thief.get(till.at()).text


def test_a_phone_that_is_anothers_now_opens_nothing_of_the_former(
    till: Till, client: FlaskClient
) -> None:
    till.customer("77")
    till.sign_in(client)
    till.customer("77", phone=OTHER)
    assert "Send me a code" in client.get(till.at()).text


def test_without_bonuses_there_is_no_card(till: Till, client: FlaskClient) -> None:
    till.customer()
    with till.app.app_context():
        jobs.in_transaction(lambda: tenants.change_settings({"loyalty": False}), till.merchant.id)
    for path in ("", "code", "app.webmanifest"):
        assert client.get(till.at(path)).status_code == 404
    assert till.ask(client).status_code == 404


def test_bad_input_is_refused_with_what_was_typed(till: Till, client: FlaskClient) -> None:
    for phone in ("", "12", "x" * 41, "abc", "+0"):
        answer = till.ask(client, phone)
        assert answer.status_code == 422, phone
    assert client.post(till.at("ask"), data=b"\xff\xfe").status_code == 422
    till.ask(client, OTHER)
    for code in ("", "12345", "1234567", "abcdef", "１２３４５６", "'; --"):
        assert till.enter(client, code).status_code == 422, code


def test_it_can_be_installed(till: Till, client: FlaskClient) -> None:
    said = client.get(till.at("app.webmanifest"))
    assert said.mimetype == "application/manifest+json"
    app_ = json.loads(said.text)
    assert app_["start_url"] == app_["scope"] == till.at()
    assert app_["display"] == "standalone"
    picture = client.get(app_["icons"][0]["src"])
    assert picture.mimetype == "image/svg+xml"
    worker = client.get(till.at("worker.js"))
    assert worker.mimetype == "text/javascript"
