"""SMS end to end: an outbox row, a worker's attempt, a service that goes wrong. F15, F40."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from apprise.plugins.smsc import NotifySMSC
from sqlalchemy import select, update

from app import clock, jobs
from app.egress import Limits
from app.errors import DomainError
from app.events.models import Event
from app.events.service import drain
from app.extensions import db
from app.notifications import service as notifications
from app.notifications.models import Message
from app.outcomes import Fate
from app.sms import queries, service
from app.sms.gateways import AppriseGateway, HttpGateway
from app.sms.models import Gateway
from app.sms.rules import HttpTemplate, Sms
from app.sms.service import Caps
from tests.harness.peer import Peer
from tests.harness.together import room_for, together
from tests.notifications import scene
from tests.sms.scene import open_to, set_up, texted_partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def peer(app: App) -> Iterator[Peer]:
    made = Peer()
    before = open_to(app, made.place)
    with app.app_context():
        yield made
    app.extensions["partnerka"] = before
    made.close()


def sold(merchant: Merchant, partner_id: int) -> int:
    """Let a partner earn, and return the SMS that this promises."""
    event_id = scene.earns(merchant, partner_id)
    jobs.in_transaction(lambda: notifications.promise(drain()), merchant.id)
    query = select(Message.id).where(Message.event_id == event_id, Message.channel == "sms")
    found = jobs.in_transaction(lambda: db.session.scalars(query).all(), merchant.id)
    assert len(found) == 1
    return int(found[0])


def state_of(merchant: Merchant, message_id: int) -> tuple[str, int]:
    def read() -> tuple[str, int]:
        message = notifications.get(message_id)
        return message.state, message.attempts

    return jobs.in_transaction(read, merchant.id)


def spent(merchant: Merchant) -> tuple[int, int]:
    return jobs.in_transaction(lambda: queries.spent(clock.wall().date()), merchant.id)


def test_a_sale_is_told_by_sms_where_merchant_and_partner_have_asked_for_it(
    peer: Peer, lampa: Merchant
) -> None:
    set_up(lampa, peer, price=250)
    message = sold(lampa, texted_partner(lampa))
    jobs.send_message(lampa.id, message)
    assert state_of(lampa, message) == ("sent", 1)
    (asked,) = peer.asked
    assert asked.body.startswith("to=79161234567&text=Lampa%3A%20You%20earned")
    assert asked.headers["authorization"] == "Bearer word"
    assert spent(lampa) == (1, 250)


def test_nobody_is_woken_and_what_was_due_goes_when_the_quiet_hours_end(
    peer: Peer, lampa: Merchant
) -> None:
    here = clock.wall().astimezone(ZoneInfo("Europe/Moscow"))  # Lampa's zone
    quiet = {"quiet_from": here.hour, "quiet_until": (here.hour + 2) % 24}
    set_up(lampa, peer, **quiet)
    message = sold(lampa, texted_partner(lampa))
    jobs.send_message(lampa.id, message)
    assert (state_of(lampa, message), peer.asked, spent(lampa)) == (("due", 0), [], (0, 0))

    def due() -> datetime:
        return db.session.scalars(select(Message.due_at).where(Message.id == message)).one()

    until = jobs.in_transaction(due, lampa.id)
    assert until.astimezone(here.tzinfo).hour == quiet["quiet_until"]
    assert timedelta(0) < until - clock.wall() <= timedelta(hours=2)
    jobs.send_message(lampa.id, message)
    assert peer.asked == [], "its time has not come"
    set_up(lampa, peer)
    come = update(Message).where(Message.id == message).values(due_at=clock.wall())
    jobs.in_transaction(lambda: db.session.execute(come), lampa.id)
    jobs.send_message(lampa.id, message)
    assert state_of(lampa, message) == ("sent", 1)


def test_nothing_goes_by_sms_while_one_of_them_has_not_asked(peer: Peer, lampa: Merchant) -> None:
    set_up(lampa, peer)
    unasked = scene.make_partner(lampa, phone="+79161234567")
    event_id = scene.earns(lampa, unasked)
    partner_id = texted_partner(lampa, "+79161234568")
    off = {"sms:commission.accrued": False}
    jobs.in_transaction(lambda: notifications.switch(off), lampa.id)
    other = scene.earns(lampa, partner_id)
    jobs.in_transaction(lambda: notifications.promise(drain()), lampa.id)
    query = select(Message.channel).where(Message.event_id.in_([event_id, other]))
    assert set(jobs.in_transaction(lambda: db.session.scalars(query).all(), lampa.id)) == {"email"}


@pytest.mark.parametrize(
    ("script", "state", "asked", "counted"),
    [
        ((200, "OK"), "sent", 1, 1),
        ((200, "no money"), "dead", 1, 0),
        ((404, ""), "dead", 1, 0),
        ((429, ""), "due", 1, 0),
        ((500, ""), "unknown", 1, 1),
        ("cut", "unknown", 1, 1),
        ("endless", "unknown", 1, 1),
        ("late", "unknown", 0, 1),
    ],
)
def test_what_the_service_does_decides_and_doubt_is_never_repeated(
    peer: Peer, lampa: Merchant, script: Any, state: str, asked: int, counted: int
) -> None:
    peer.scripts = [script]
    set_up(lampa, peer)
    message = sold(lampa, texted_partner(lampa))
    jobs.send_message(lampa.id, message)
    assert state_of(lampa, message) == (state, 1)
    assert (len(peer.asked), spent(lampa)[0]) == (asked, counted)
    if state != "due":
        scene.make_due(lampa, message)
        jobs.send_message(lampa.id, message)
        jobs.sweep()
        assert len(peer.asked) == asked


@pytest.mark.parametrize("script", ["silent", "drip"])
def test_a_service_that_is_slow_is_cut_at_the_deadline_and_may_have_sent(
    peer: Peer, script: str
) -> None:
    peer.scripts = [script]
    template = HttpTemplate(url=peer.url, body="{phone} {text}")
    gateway = HttpGateway(template, limits=Limits(seconds=2, size=1000))
    outcome = gateway.send(Sms("+79161234567", "Hello", "1"))
    assert (outcome.fate, len(peer.asked)) == (Fate.UNKNOWN, 1)


def test_where_the_service_is_away_nothing_was_said_and_it_is_tried_again(
    app: App, peer: Peer, lampa: Merchant
) -> None:
    gone = Peer()
    open_to(app, gone.place, peer.place)
    set_up(lampa, gone)
    gone.close()
    gone.thread.join(5)
    message = sold(lampa, texted_partner(lampa))
    jobs.send_message(lampa.id, message)
    assert state_of(lampa, message) == ("due", 1)
    assert spent(lampa) == (0, 0)
    set_up(lampa, peer)
    scene.make_due(lampa, message)
    jobs.send_message(lampa.id, message)
    assert state_of(lampa, message) == ("sent", 2)


def test_an_sms_whose_sender_was_killed_is_unknown_and_goes_again_only_by_hand(
    peer: Peer, lampa: Merchant
) -> None:
    set_up(lampa, peer)
    message = sold(lampa, texted_partner(lampa))
    assert jobs.in_transaction(lambda: notifications.take(message), lampa.id) is not None
    scene.make_due(lampa, message)  # the lease is over: whoever had it is dead
    jobs.send_message(lampa.id, message)
    jobs.sweep()
    assert state_of(lampa, message) == ("unknown", 1)
    assert peer.hits == 0
    jobs.in_transaction(lambda: notifications.again(message), lampa.id)
    jobs.send_message(lampa.id, message)
    assert state_of(lampa, message) == ("sent", 1)


def test_a_flood_stops_at_the_caps_of_the_day_and_the_staff_are_told_once(
    peer: Peer, lampa: Merchant
) -> None:
    set_up(lampa, peer, most_a_day=3, most_a_number=100)
    messages = [sold(lampa, texted_partner(lampa, f"+791612345{n:02}")) for n in range(6)]
    for message in messages:
        jobs.send_message(lampa.id, message)
    assert [state_of(lampa, m)[0] for m in messages] == ["sent"] * 3 + ["dead"] * 3
    assert (peer.hits, spent(lampa)[0]) == (3, 3)
    query = select(Event.id).where(Event.type == "sms.stopped")
    assert len(jobs.in_transaction(lambda: db.session.scalars(query).all(), lampa.id)) == 1


@pytest.mark.parametrize(
    ("caps", "sent"),
    [
        ({"price": 300, "most_money_a_day": 1000}, 3),
        ({"most_a_number": 2}, 2),
        ({"countries": ["375"]}, 0),
        ({"most_a_day": 0}, 0),
        ({"price": 300, "most_money_a_day": 299}, 0),
    ],
)
def test_money_numbers_and_countries_are_bounds_too(
    peer: Peer, lampa: Merchant, caps: dict[str, Any], sent: int
) -> None:
    set_up(lampa, peer, **caps)
    partner_id = texted_partner(lampa)
    for _n in range(4):
        jobs.send_message(lampa.id, sold(lampa, partner_id))
    assert (peer.hits, spent(lampa)[0]) == (sent, sent)


def test_twenty_at_once_do_not_pass_the_cap_together(app: App, peer: Peer, lampa: Merchant) -> None:
    set_up(lampa, peer, most_a_day=5)

    def one(number: int) -> bool:
        def act() -> bool:
            found = queries.gateway()
            assert found is not None
            return service.reserve(found, f"+7916123{number:04}") is None

        with app.app_context():
            return jobs.in_transaction(act, lampa.id)

    with room_for(app, 20):
        allowed = together([partial(one, number) for number in range(20)])
    assert sum(allowed) == 5


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/sms", "http://169.254.169.254/latest/", "http://localhost:6379/",
        "http://[::1]/", "https://sms.example:8443/", "file:///etc/passwd", "https://a@sms.example/",
    ],
)  # fmt: skip
def test_a_service_inside_cannot_be_set_up(peer: Peer, lampa: Merchant, url: str) -> None:
    template = HttpTemplate(url=url, body="{phone} {text}")
    with pytest.raises(DomainError):
        jobs.in_transaction(lambda: service.set_up(template, Caps()), lampa.id)


def test_secrets_are_sealed_and_stand_in_no_event(peer: Peer, lampa: Merchant) -> None:
    set_up(lampa, peer)

    def read() -> str:
        gateway = db.session.scalars(select(Gateway)).one()
        facts = db.session.scalars(select(Event.facts)).all()
        return f"{gateway.secret!r} {facts}"

    assert "Bearer word" not in jobs.in_transaction(read, lampa.id)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("smsc://login:password@{phone}", None),
        ("twilio://AC123:token@+15550001111/{phone}", None),
        ("json://127.0.0.1/{phone}", "service"),
        ("smseagle://token@10.0.0.1/{phone}", "service"),
        ("smsc://login:password@79161234567", "number"),
    ],
)
def test_only_services_whose_hosts_are_known_may_be_used_through_apprise(
    url: str, problem: str | None
) -> None:
    assert AppriseGateway(url).problem() == problem


@pytest.mark.parametrize(
    ("script", "fate"),
    [
        ((200, '{"id": 1, "cnt": 1}'), "sent"),
        ((500, ""), "unknown"),
        ("cut", "unknown"),
        ("silent", "unknown"),
    ],
)
def test_a_known_service_confirms_or_is_unknown(
    monkeypatch: pytest.MonkeyPatch, script: Any, fate: str
) -> None:
    fake = Peer([script])
    monkeypatch.setattr(NotifySMSC, "notify_url", f"{fake.url}/", raising=True)
    patience = 2.0 if script == "silent" else 60.0
    gateway = AppriseGateway("smsc://login:password@{phone}", patience=patience)
    outcome = gateway.send(Sms("+79161234567", "Hello", "1"))
    assert (outcome.fate.value, bool(fake.asked)) == (fate, True)
    fake.close()


def test_a_trial_goes_through_the_queue_and_counts(peer: Peer, lampa: Merchant) -> None:
    set_up(lampa, peer)
    staff = lampa.staff["owner"]
    jobs.in_transaction(lambda: notifications.try_sms("+79161234567", staff.id, "en"), lampa.id)
    query = update(Message).where(Message.template == "sms.tried").values(due_at=clock.wall())
    jobs.in_transaction(lambda: db.session.execute(query), lampa.id)
    found = select(Message.id).where(Message.template == "sms.tried")
    message = jobs.in_transaction(lambda: db.session.scalar(found), lampa.id)
    assert message is not None
    jobs.send_message(lampa.id, message)
    assert "trial" in peer.asked[0].body
    assert spent(lampa)[0] == 1
