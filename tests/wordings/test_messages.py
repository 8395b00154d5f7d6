"""Rules write to customers: once for an event, in their language, by the way that reaches them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.errors import DomainError
from app.extensions import db
from app.identity.models import Person
from app.members.models import Member
from app.notifications.models import Message
from app.partners.service import NewPartner, create
from app.profiles import service as profiles
from app.wordings import service as wordings
from tests.earnings.test_orders import ORDER
from tests.harness.peer import Peer
from tests.sms.scene import open_to, set_up
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

NOW = datetime.now(UTC)
PLAIN = {name: said for name, said in ORDER.items() if name != "bonus"}


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Merchant:
    """Lampa with bonuses and the presets of registration and review."""
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        for profile in ("registration", "review"):
            profiles.switch(profile, on=True)
        db.session.commit()
    return lampa


def meet(client: FlaskClient, shop: Merchant, number: str = "77", **said: Any) -> dict[str, Any]:
    body = {"name": "Gleb", "email": "gleb@example.org", **said}
    answer = client.put(f"/api/v1/members/{number}", json=body, headers=shop.bearer)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def sent(app: App, shop: Merchant, template: str = "customer.told") -> list[Message]:
    """Send what waits, and return the messages of a kind."""
    with app.app_context():
        jobs.drain()

        def due() -> list[int]:
            waits = select(Message.id).where(Message.state == "due").order_by(Message.id)
            return list(db.session.scalars(waits))

        for message_id in jobs.in_transaction(due, shop.id):
            jobs.send_message(shop.id, message_id)

        def kept() -> list[Message]:
            query = select(Message).where(Message.template == template).order_by(Message.id)
            found = list(db.session.scalars(query))
            db.session.expunge_all()
            return found

        return jobs.in_transaction(kept, shop.id)


def test_the_welcome_of_a_preset_reaches_the_customer_once(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    meet(client, shop)
    meet(client, shop)
    client.post(
        "/api/v1/members/77/events", json={"id": "r", "type": "registered"}, headers=shop.bearer
    )
    [message] = sent(app, shop)
    assert (message.state, message.context) == ("sent", {"text": "registration"})
    [letter] = mailbox.to("gleb@example.org")
    assert str(letter["Subject"]) == "Welcome to Lampa: 100 bonuses are yours"
    plain = letter.get_body(("plain",)).get_content()
    assert "Hello, Gleb!" in plain
    assert "You can spend them at once; they are valid until" in plain
    assert "List-Unsubscribe" in letter


def test_a_customer_reads_his_own_language(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    assert meet(client, shop, locale="ru-RU")["locale"] == "ru"
    meet(client, shop, "78", email="kira@example.org", locale="fi")
    sent(app, shop)
    [letter] = mailbox.to("gleb@example.org")
    assert str(letter["Subject"]).strip() == "Добро пожаловать в Lampa: вам начислены бонусы"
    [other] = mailbox.to("kira@example.org")
    assert str(other["Subject"]).startswith("Welcome"), "a language that we do not have"


def test_the_merchants_own_words_go_out_and_ours_come_back(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    own = {"en": {"subject": "<b>Hi</b> {name}", "body": "{amount} <i>for</i> you", "sms": "Hi"}}
    with app.app_context(), shop.scope():
        wordings.write("registration", own)
        db.session.commit()
    meet(client, shop, name="A<script>")
    sent(app, shop)
    [letter] = mailbox.to("gleb@example.org")
    assert str(letter["Subject"]) == "<b>Hi</b> A<script>"
    html = letter.get_body(("html",)).get_content()
    assert "100 &lt;i&gt;for&lt;/i&gt; you" in html
    assert "<script>" not in html
    with app.app_context(), shop.scope():
        wordings.reset("registration")
        db.session.commit()
    meet(client, shop, "78", email="kira@example.org")
    sent(app, shop)
    assert str(mailbox.to("kira@example.org")[0]["Subject"]).startswith("Welcome to Lampa")


def test_who_wants_no_messages_gets_none(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    assert meet(client, shop, letters=False)["letters"] is False
    assert sent(app, shop) == []
    meet(client, shop, "78", email="kira@example.org")
    sent(app, shop)
    [letter] = mailbox.to("kira@example.org")
    address = str(letter["List-Unsubscribe"]).strip(" <>").replace("http://localhost", "")
    assert "messages about your bonuses" in client.get(address).text
    assert client.post(address).status_code == 200
    assert meet(client, shop, "78", email="kira@example.org", letters=True)["letters"] is False
    said = {"id": "v", "type": "review.published", "data": {"has_purchase": True, "length": 80}}
    client.post("/api/v1/members/78/events", json=said, headers=shop.bearer)
    sent(app, shop)
    assert len(mailbox.to("kira@example.org")) == 1, "his own word stands above the shop's"


def test_one_who_leaves_before_it_goes_gets_it_no_more(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    meet(client, shop)
    with app.app_context():
        jobs.drain()
    meet(client, shop, letters=False)
    [message] = sent(app, shop)
    assert (message.state, message.problem) == ("dead", "muted")
    assert not mailbox.to("gleb@example.org")


def test_what_was_taken_back_before_the_letter_left_is_not_told(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    meet(client, shop, letters=False)
    meet(client, shop, letters=True)
    for name, kind in (("v", "review.published"), ("w", "review.removed")):
        data = {"review": "9", "has_purchase": True, "length": 80}
        said = {"id": name, "type": kind, "data": data}
        client.post("/api/v1/members/77/events", json=said, headers=shop.bearer)
    [_welcome, review] = sent(app, shop)
    assert (review.state, review.problem) == ("dead", "nothing was given")
    assert len(mailbox.to("gleb@example.org")) == 1


def test_an_order_writes_once_however_often_it_is_told(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    with app.app_context(), shop.scope():
        profiles.switch("registration", on=False)
        db.session.commit()
    meet(client, shop)
    made = {**PLAIN, "created_at": NOW.isoformat(), "status": "completed"}
    for _time in range(2):
        assert client.put("/api/v1/orders/N1", json=made, headers=shop.bearer).status_code < 300
    [message] = sent(app, shop)
    assert message.context == {"text": "order"}
    [letter] = mailbox.to("gleb@example.org")
    assert "bonuses for your order at Lampa" in str(letter["Subject"])


def test_an_order_of_long_ago_writes_to_nobody(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    meet(client, shop)
    past = (NOW - timedelta(days=30)).isoformat()
    made = {**PLAIN, "created_at": past, "updated_at": past, "status": "completed"}
    client.put("/api/v1/orders/N1", json=made, headers=shop.bearer)
    assert [each.context["text"] for each in sent(app, shop)] == ["registration"]


def tell(app: App, shop: Merchant, **said: str) -> None:
    """Publish a rule that writes to somebody when a customer registers."""
    effect = {"do": "notify", "message": "registration", "channel": "any", **said}
    body = {"schema": 1, "profile": "registration", "trigger": "member.registered"}
    with app.app_context(), shop.scope():
        profiles.publish(profiles.draft("Tell", {**body, "effects": [effect]}))
        db.session.commit()


@pytest.fixture
def peer(app: App, shop: Merchant) -> Iterator[Peer]:
    """A service that takes SMS."""
    made = Peer()
    before = open_to(app, made.place)
    with app.app_context():
        set_up(shop, made, most_a_day=2)
    yield made
    app.extensions["partnerka"] = before
    made.close()


def test_an_sms_goes_where_there_is_no_email_within_the_caps(
    app: App, client: FlaskClient, shop: Merchant, peer: Peer
) -> None:
    for number in (77, 78, 79):
        meet(client, shop, str(number), email=None, phone=f"+791612345{number}")
    found = sent(app, shop)
    assert [(each.channel, each.state) for each in found] == [
        *(("sms", "sent"), ("sms", "sent"), ("sms", "dead"))
    ]
    assert found[2].problem == "cap of the day reached"
    assert "Lampa%3A%20welcome%21%20Bonuses%20for%20you%3A%20100" in peer.asked[0].body


def test_where_no_service_is_on_nothing_is_promised_by_sms(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop, email=None, phone="+79161234567")
    assert sent(app, shop) == []


def test_a_rule_may_ask_for_sms_alone(
    app: App, client: FlaskClient, shop: Merchant, peer: Peer
) -> None:
    tell(app, shop, channel="sms", message="inactivity")
    meet(client, shop, phone="+79161234567")
    assert sorted(each.channel for each in sent(app, shop)) == ["email", "sms"]
    assert len(peer.asked) == 1


def test_staff_are_told_by_letter(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    tell(app, shop, to="staff", channel="email", message="inactivity")
    meet(client, shop)
    told = sent(app, shop, "staff.told")
    assert {each.state for each in told} == {"sent"}
    letters = mailbox.to(shop.staff["owner"].email)
    [letter] = [each for each in letters if "for long" in str(each["Subject"])]
    assert "Hello, Gleb!" in letter.get_body(("plain",)).get_content()


def test_who_brought_a_customer_may_be_told(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    meet(client, shop, "1", name="Kira", email="kira@example.org")
    with app.app_context(), shop.scope():
        kira = db.session.scalars(select(Member).where(Member.key == "id:1")).one()
        partner = create(NewPartner(name="Kira", email="kira@example.org", member_id=kira.id))
        refcode = partner.refcode
        db.session.commit()
    tell(app, shop, to="referrer", message="inactivity")
    sent(app, shop)
    meet(client, shop, ref=refcode)
    assert [each.context["text"] for each in sent(app, shop)][-2:] == ["registration", "inactivity"]
    letters = [str(each["Subject"]).strip() for each in mailbox.to("kira@example.org")]
    assert "We have not seen you at Lampa for long" in letters


def test_a_partner_who_is_a_customer_finds_his_cabinet_in_the_letter(
    app: App, client: FlaskClient, shop: Merchant, mailbox: Mailbox
) -> None:
    meet(client, shop)
    with app.app_context(), shop.scope():
        member = db.session.scalars(select(Member).where(Member.key == "id:77")).one()
        person = db.session.scalars(select(Person).order_by(Person.id)).first()
        assert person is not None
        new = NewPartner(name="Gleb", email="gleb@example.org", member_id=member.id, locale="ru")
        create(new).person_id = person.id
        db.session.commit()
    sent(app, shop)
    letters = mailbox.to("gleb@example.org")
    welcomes = [each for each in letters if "Добро пожаловать" in str(each["Subject"])]
    [letter] = welcomes  # in the language that his cabinet speaks
    plain = letter.get_body(("plain",)).get_content()
    assert f"/{shop.slug}/cabinet/bonuses/" in plain


def test_a_rule_that_sends_what_is_not_there_is_not_published(app: App, shop: Merchant) -> None:
    with pytest.raises(DomainError) as refused:
        tell(app, shop, message="tx_nothing")
    assert [each.field for each in refused.value.errors] == ["effects.0.message"]
    with pytest.raises(DomainError) as refused:
        tell(app, shop, to="staff", channel="sms")
    assert [each.field for each in refused.value.errors] == ["effects.0.channel"]


def test_the_list_of_what_was_sent_names_the_text(
    app: App, client: FlaskClient, shop: Merchant
) -> None:
    meet(client, shop)
    sent(app, shop)
    sign_in(client, shop.staff["owner"])
    shown = client.get(shop.office("messages/")).text
    assert "Message to a customer: Registration" in shown
    assert "gleb@example.org" in shown
