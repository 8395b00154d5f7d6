"""A customer types a code himself: on our page, and in a field on the shop's own pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.attribution.queries import Entry, bound_to, enrolments
from app.coupons import service as coupons
from app.coupons.rules import Offer
from app.extensions import db
from app.members.models import Member
from app.notifications.models import Message
from app.partners import service as partners
from app.tenants.service import change_settings
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.harness.mailbox import Mailbox


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    """Lampa, where Anna has the code ANNA10."""
    shop = Shop(app, "Lampa")
    with shop.scope():
        anna = partners.NewPartner(name="Anna", refcode="anna", codes=["ANNA10"])
        partners.create(anna)
        partners.create(partners.NewPartner(name="Boris", refcode="boris", codes=["BORIS10"]))
    return shop


def type_in(client: FlaskClient, lampa: Shop, code: str, contact: str) -> TestResponse:
    form = {"code": code, "contact": contact, "consent": "y"}
    return client.post(f"/{lampa.slug}/code", data=form, follow_redirects=True)


def embedded(client: FlaskClient, lampa: Shop, **form: str) -> TestResponse:
    said = {"code": "ANNA10", "contact": "gleb@example.org", "consent": "1", **form}
    elsewhere = {"Origin": f"https://{lampa.domain}", "Sec-Fetch-Site": "cross-site"}
    return client.post(f"/t/{lampa.slug}/code", data=said, headers=elsewhere)


def whose(lampa: Shop, email: str = "gleb@example.org") -> str | None:
    with lampa.scope():
        member = member_of(email)
        bound = bound_to(member) if member else None
        return bound.refcode if bound else None


def member_of(email: str) -> int | None:
    return db.session.scalar(select(Member.id).where(Member.email == email).order_by(Member.id))


def claims(lampa: Shop, email: str = "gleb@example.org") -> list[Entry]:
    with lampa.scope():
        ids = db.session.scalars(select(Member.id).where(Member.email == email)).all()
        return [entry for each in ids for entry in enrolments(each)]


def order(lampa: Shop, number: str = "A1", **said: Any) -> Any:
    body = {
        "status": "paid",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": {"id": "77", "email": "gleb@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        **said,
    }
    answer = lampa.call("PUT", f"/orders/{number}", body)
    assert answer.status_code == 200, answer.text
    return answer.json


def deliver(app: App, lampa: Shop) -> None:
    """Send what waits, as a worker does."""
    with app.app_context():
        jobs.drain()
        due = jobs.in_transaction(lambda: db.session.scalars(select(Message.id)).all(), lampa.id)
        for message_id in due:
            jobs.send_message(lampa.id, message_id)


def offer(lampa: Shop, **said: Any) -> None:
    with lampa.scope():
        fields: dict[str, Any] = {"on": True, "value": "10%"} | said
        coupons.set_offer(Offer(**fields))


def test_who_types_a_code_belongs_to_its_partner_before_any_order(
    client: FlaskClient, lampa: Shop
) -> None:
    page = client.get(f"/{lampa.slug}/code?code=anna10").text
    assert 'value="anna10"' in page
    assert "The shop may keep this" in page
    assert "Thank you, noted" in type_in(client, lampa, "anna10", "Gleb@Example.org").text
    assert whose(lampa) == "anna"
    assert order(lampa)["deal"]["partner"]["refcode"] == "anna"


def test_a_phone_is_as_good_as_an_e_mail(client: FlaskClient, lampa: Shop) -> None:
    type_in(client, lampa, "ANNA10", "8 (916) 123-45-67")
    said = order(lampa, customer={"phone": "+79161234567"})
    assert said["deal"]["partner"]["refcode"] == "anna"


def test_every_code_gets_the_same_answer(client: FlaskClient, lampa: Shop) -> None:
    lampa.call("POST", "/codes", {"partner": "anna", "code": "GONE", "active": False})
    lampa.call("POST", "/codes", {"partner": "anna", "code": "ONCE", "limit": 1})
    order(lampa, "B1", partner_code="ONCE", customer={"id": "9"})
    with lampa.scope():
        found = partners.create(partners.NewPartner(name="Zoya", codes=["ZOYA10"]))
        partners.block(found)
    answers = {
        re.sub(
            r'(?:value=|Token": )"[^"]+"',  # the form's token
            "",
            type_in(client, lampa, code, f"{code}@example.org").text,
        )
        for code in ("ANNA10", "GONE", "ONCE", "ZOYA10", "nobody", "x y z", "anna")
    }
    assert len(answers) == 1
    told = {
        embedded(client, lampa, code=code, contact=f"e-{code}@example.org").text
        for code in ("ANNA10", "GONE", "ONCE", "nobody")
    }
    assert len(told) == 1
    assert whose(lampa, "gone@example.org") is None
    assert whose(lampa, "once@example.org") is None
    assert [c.why for c in claims(lampa, "once@example.org")] == ["code_used_up"]
    assert [c.why for c in claims(lampa, "zoya10@example.org")] == ["blocked"]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"code": "ANNA10", "contact": "gleb@example.org"},  # no consent
        {"code": "", "contact": "gleb@example.org", "consent": "y"},
        {"code": "ANNA10", "contact": "nothing", "consent": "y"},
        {"code": "ANNA10", "contact": "nul\0@example.org", "consent": "y"},
        {"code": "ANNA10" * 40, "contact": "gleb@example.org", "consent": "y"},
    ],
)
def test_what_is_missing_is_asked_for_again(
    client: FlaskClient, lampa: Shop, form: dict[str, str]
) -> None:
    answer = client.post(f"/{lampa.slug}/code", data=form)
    assert answer.status_code == 422
    assert embedded(client, lampa, **{"code": "", "consent": "", **form}).status_code in {200, 422}
    assert whose(lampa) is None or "consent" in form


def test_a_machine_that_fills_everything_in_leaves_nothing(
    client: FlaskClient, lampa: Shop
) -> None:
    form = {"code": "ANNA10", "contact": "gleb@example.org", "consent": "y", "company": "Acme"}
    assert client.post(f"/{lampa.slug}/code", data=form).status_code == 303
    assert whose(lampa) is None


class TestExistingCustomers:
    """RP13: known already, by an order or in the shop: attracted with their own word, or the code is ignored."""

    @pytest.fixture
    def known(self, lampa: Shop) -> Shop:
        lampa.call("PUT", "/members/77", {"email": "gleb@example.org", "name": "Gleb",
                                          "registered_at": "2020-01-01T00:00:00+03:00"})  # fmt: skip
        order(lampa, "OLD")
        return lampa

    def test_a_stranger_cannot_move_him_but_he_is_asked(
        self, app: App, client: FlaskClient, known: Shop, mailbox: Mailbox
    ) -> None:
        type_in(client, known, "ANNA10", "gleb@example.org")
        assert whose(known) is None
        assert [c.why for c in claims(known)] == ["existing_customer"]
        deliver(app, known)
        [letter] = mailbox.to("gleb@example.org")
        text = letter.get_body(("plain",)).get_content()
        link = re.search(r"/\S+/code/confirm/\S+", text)
        assert link, text
        there = link[0]
        assert "Yes, it was me" in client.get(there).text
        assert whose(known) is None, "looking at the link is no word"
        assert "Thank you, noted" in client.post(there).text
        assert whose(known) == "anna"
        assert order(known)["deal"]["partner"]["refcode"] == "anna"

    def test_where_existing_ones_are_ignored_he_is_not_even_asked(
        self, app: App, client: FlaskClient, known: Shop, mailbox: Mailbox
    ) -> None:
        with known.scope():
            change_settings({"existing": "ignore"})
        type_in(client, known, "ANNA10", "gleb@example.org")
        deliver(app, known)
        assert not mailbox.to("gleb@example.org")
        assert whose(known) is None
        assert order(known, partner_code="ANNA10")["reason"] == "existing_customer"

    def test_by_the_shops_own_word_he_is_attracted_or_ignored(self, known: Shop) -> None:
        with known.scope():
            change_settings({"existing": "ignore"})
        known.call("PUT", "/members/77", {"partner_code": "ANNA10"})
        assert whose(known) is None
        with known.scope():
            change_settings({"existing": "attract"})
        known.call("PUT", "/members/77", {"partner_code": "BORIS10"})
        assert whose(known) == "boris"

    def test_a_code_on_his_order_attracts_him(self, known: Shop) -> None:
        assert order(known, partner_code="ANNA10")["deal"]["partner"]["refcode"] == "anna"
        assert whose(known) == "anna"

    def test_who_belongs_to_somebody_is_not_asked_and_not_moved(
        self, app: App, client: FlaskClient, lampa: Shop, mailbox: Mailbox
    ) -> None:
        type_in(client, lampa, "ANNA10", "gleb@example.org")
        type_in(client, lampa, "BORIS10", "gleb@example.org")
        deliver(app, lampa)
        assert whose(lampa) == "anna"
        assert not mailbox.to("gleb@example.org")

    def test_a_link_of_another_merchant_or_a_changed_one_is_none(
        self, app: App, client: FlaskClient, known: Shop
    ) -> None:
        other = Shop(app, "Kniga")
        for path in (f"/{known.slug}/code/confirm/forged", f"/{other.slug}/coupon/forged"):
            assert client.get(path).status_code == 404
        assert client.post(f"/{known.slug}/code/confirm/forged").status_code == 404


class TestTheField:
    """The field that shops put on their own pages."""

    def test_the_script_is_small_and_speaks_the_pages_language(
        self, client: FlaskClient, lampa: Shop
    ) -> None:
        answer = client.get(f"/t/{lampa.slug}/code.js?lang=ru")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "У меня есть код" in answer.text
        assert "I have a code" in client.get(f"/t/{lampa.slug}/code.js?lang=xx").text
        assert len(answer.data) < 2600
        assert "cookie" not in answer.text
        assert "Set-Cookie" not in answer.headers

    def test_it_binds_in_the_shop_whose_page_it_is(self, client: FlaskClient, lampa: Shop) -> None:
        answer = embedded(client, lampa)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.json == {
            "message": "Thank you, noted. If the code holds for you, your orders count for its owner.",
            "coupon": None,
        }
        assert "Set-Cookie" not in answer.headers
        assert whose(lampa) == "anna"

    def test_without_consent_nothing_is_kept(self, client: FlaskClient, lampa: Shop) -> None:
        assert embedded(client, lampa, consent="").status_code == 422
        assert whose(lampa) is None

    def test_a_coupon_is_shown_there(self, client: FlaskClient, lampa: Shop) -> None:
        offer(lampa)
        given = embedded(client, lampa).json["coupon"]
        assert given["code"].startswith("FIRST-")
        assert given["value"] == "10%"
        assert embedded(client, lampa).json["coupon"] is None, "once a customer"


def test_the_coupon_is_shown_mailed_and_kept_on_a_page_of_its_own(
    app: App, client: FlaskClient, lampa: Shop, mailbox: Mailbox
) -> None:
    offer(lampa)
    shown = type_in(client, lampa, "ANNA10", "gleb@example.org").text
    code = re.search(r"FIRST-[0-9A-Z]{9}", shown)
    assert code, shown
    assert "10% off" in shown
    deliver(app, lampa)
    [letter] = mailbox.to("gleb@example.org")
    text = letter.get_body(("plain",)).get_content()
    assert code[0] in text
    link = re.search(r"/\S+/coupon/\S+", text)
    assert link, text
    assert code[0] in client.get(link[0]).text
    mine = lampa.call("PUT", "/members/77", {"email": "gleb@example.org"}).json
    assert mine["coupon"]["code"] == code[0]
    said = order(lampa, coupons=[code[0].lower()])
    assert said["deal"]["partner"]["refcode"] == "anna"
    assert said["deal"]["promo_code"] == code[0]
