"""A merchant's server over real HTTP: what it is told, when it is away, and what it is told again."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from app import clock, egress, jobs
from app.errors import Conflict, DomainError
from app.events.models import Event
from app.events.service import drain, record
from app.extensions import db
from app.partners import service as partners
from app.standard_webhooks import is_signed
from app.tenancy import role
from app.tenants.models import Shop
from app.webhooks import queries, rules, service
from app.webhooks.models import Endpoint, WebhookDelivery
from tests.harness.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.peer import Reply
    from tests.world import Merchant


@pytest.fixture
def server() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


class Desk:
    """The merchant's server, and the worker's part played by hand."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant, server: Peer) -> None:
        self.app, self.client, self.merchant, self.server = app, client, merchant, server
        self.began = datetime.now(UTC)
        self.way = self.patient(60)
        self.secret = ""

    def patient(self, seconds: float) -> egress.Client:
        return egress.Client(
            allowed=lambda: [self.server.place], limits=egress.Limits(seconds, 1000)
        )

    def do(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context():
            return jobs.in_transaction(act, self.merchant.id)

    def set_up(self, *types: str) -> str:
        def act() -> str:
            made, self.secret = service.create(f"{self.server.url}/in", types, "", self.way)
            return made.public_id

        return str(self.do(act))

    def with_endpoint(self, number: str, act: Callable[[Endpoint], Any]) -> Any:
        return self.do(lambda: act(service.get(number)))

    def order(self, status: str, minute: int, name: str = "A1", **said: object) -> None:
        body = {
            "status": status,
            "currency": "RUB",
            "created_at": self.began.isoformat(),
            "updated_at": (self.began + timedelta(minutes=minute)).isoformat(),
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
            "partner_code": "anna",
            **said,
        }
        there = f"/api/v1/orders/{name}"
        answer = self.client.put(there, json=body, headers=self.merchant.bearer)
        assert answer.status_code == 200, answer.json

    def work(self) -> None:
        """Drain the events, and send every message whose time has come."""
        self.do(lambda: service.promise(drain()))
        self.send()

    def send(self) -> None:
        for one in self.do(lambda: db.session.scalars(_waiting()).all()):
            call = self.do(partial(service.take, one))
            if call is not None:
                self.do(partial(service.settle, call, service.send(call, self.way)))

    def hurry(self) -> None:
        """Let the time for the next try have come."""
        self.do(lambda: db.session.execute(update(WebhookDelivery).values(due_at=_past())))
        self.send()

    def heard(self) -> list[dict[str, Any]]:
        return [json.loads(asked.body) for asked in self.server.asked]

    def endpoint(self, name: str) -> Any:
        return self.do(lambda: getattr(queries.endpoints()[0], name))

    @property
    def shop(self) -> str:
        return str(self.do(lambda: db.session.scalars(select(Shop.public_id)).first()))

    def log(self) -> list[tuple[str, int, int | None]]:
        query = select(WebhookDelivery).order_by(WebhookDelivery.id)
        return self.do(  # type: ignore[no-any-return]
            lambda: [(d.state, d.attempts, d.status) for d in db.session.scalars(query)]
        )


def _waiting() -> Any:
    query = select(WebhookDelivery.id).where(WebhookDelivery.due_at <= clock.wall())
    return query.order_by(WebhookDelivery.id)


def _past() -> Any:
    return WebhookDelivery.created_at


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant, server: Peer) -> Desk:
    made = Desk(app, client, lampa, server)
    made.do(lambda: partners.create(partners.NewPartner(name="Anna", refcode="anna")))
    made.do(drain)
    return made


def test_a_server_is_told_of_a_deal_in_outside_words_and_signed(desk: Desk) -> None:
    desk.set_up("deal.created")
    desk.order("paid", 0, customer={"id": "77", "email": "gleb@example.org"})
    desk.work()
    (asked,) = desk.server.asked
    headers = {name.lower(): value for name, value in asked.headers.items()}
    assert is_signed(desk.secret, headers, asked.body.encode(), int(time.time()))
    (told,) = desk.heard()
    assert headers["webhook-id"] == told["id"]
    assert told["type"] == "deal.created"
    assert told["data"]["order"] == {"id": "A1", "number": "A1", "shop": desk.shop}
    assert told["data"]["partner"] == {"refcode": "anna", "name": "Anna"}
    assert told["data"]["commission"] == "100.00"
    assert told["data"]["deal"].startswith("dl_")
    assert not [name for name in told["data"] if name.endswith("_id")], "no number of ours"
    assert desk.log() == [("sent", 1, 200)]


def test_the_six_partner_fields_are_told_for_whoever_writes_them_back(desk: Desk) -> None:
    desk.set_up("order.partner_data")
    desk.order("paid", 0)
    desk.work()
    (told,) = desk.heard()
    assert told["data"]["refcode"] == "anna"
    assert told["data"]["commission"] == "100.00"


def test_each_event_is_promised_once_however_often_it_is_drained(desk: Desk) -> None:
    desk.set_up()
    desk.order("paid", 0)
    desk.work()
    before = len(desk.server.asked)
    assert before > 1
    promised = select(Event).where(Event.id.in_(select(WebhookDelivery.event_id)))
    assert desk.do(lambda: service.promise(db.session.scalars(promised).all())) == 0
    desk.send()
    assert len(desk.server.asked) == before


def test_positions_tell_which_of_two_words_holds(desk: Desk) -> None:
    desk.set_up("deal.created", "deal.changed")
    desk.order("paid", 0)
    desk.work()
    desk.order("cancelled", 5)
    desk.work()
    first, second = desk.heard()
    assert first["position"] < second["position"]
    assert (first["data"]["state"], second["data"]["state"]) == ("agreed", "cancelled")


def test_a_server_that_was_down_for_ten_deliveries_loses_none(desk: Desk) -> None:
    desk.set_up("deal.created")
    desk.server.scripts = [(503, "down")]
    for number in range(10):
        desk.order("paid", 0, f"A{number}")
    desk.work()
    assert {state for state, _tries, _status in desk.log()} == {"due"}
    desk.server.scripts = [(200, "OK")]
    desk.server.asked.clear()
    desk.hurry()
    assert {told["data"]["order"]["id"] for told in desk.heard()} == {f"A{n}" for n in range(10)}
    assert desk.log() == [("sent", 2, 200)] * 10
    assert desk.endpoint("failing_since") is None


@pytest.mark.parametrize("script", ["silent", "cut", "drip", "late", (302, "there"), (429, "")])
def test_what_is_not_taken_is_tried_again(desk: Desk, script: Reply | str) -> None:
    desk.set_up("deal.created")
    desk.server.scripts = [script]
    desk.order("paid", 0)
    usual, desk.way = desk.way, desk.patient(0.5)
    desk.work()
    desk.way = usual
    ((state, tries, _status),) = desk.log()
    assert (state, tries) == ("due", 1)
    desk.server.scripts = [(204, "")]
    desk.hurry()
    assert desk.log() == [("sent", 2, 204)]
    told = desk.heard()
    assert all(each == told[-1] for each in told), "the same id and the same words each time"


def test_a_message_is_given_up_after_its_last_try(desk: Desk) -> None:
    desk.set_up("deal.created")
    desk.server.scripts = [(500, "")]
    desk.order("paid", 0)
    desk.work()
    for _again in range(rules.MOST_ATTEMPTS - 1):
        desk.hurry()
    assert desk.log() == [("dead", rules.MOST_ATTEMPTS, 500)]


def test_gone_is_a_word_and_stops_at_once(desk: Desk) -> None:
    desk.set_up("deal.created")
    desk.server.scripts = [(410, "")]
    desk.order("paid", 0)
    desk.work()
    assert desk.log() == [("dead", 1, 410)]
    assert desk.endpoint("stopped_why") == "gone"
    desk.order("paid", 0, "A2")
    desk.work()
    assert len(desk.log()) == 1, "nothing is promised to who wants nothing"


def test_five_days_of_failures_switch_it_off_with_a_notice(desk: Desk) -> None:
    desk.set_up("deal.created")
    desk.server.scripts = [(500, "")]
    desk.order("paid", 0)
    desk.work()
    long_ago = clock.wall() - rules.GIVEN_UP
    desk.do(lambda: db.session.execute(update(Endpoint).values(failing_since=long_ago)))
    desk.hurry()
    assert desk.endpoint("stopped_why") == "failing"
    stopped = select(Event.facts).where(Event.type == "webhook.stopped")
    (facts,) = desk.do(lambda: db.session.scalars(stopped).all())
    assert facts["webhook"] == desk.endpoint("public_id")


def test_one_success_ends_the_count_of_days(desk: Desk) -> None:
    desk.set_up("deal.created")
    long_ago = clock.wall() - rules.GIVEN_UP
    desk.do(lambda: db.session.execute(update(Endpoint).values(failing_since=long_ago)))
    desk.order("paid", 0)
    desk.work()
    assert (desk.endpoint("failing_since"), desk.endpoint("stopped_at")) == (None, None)


def test_what_was_missed_while_it_was_stopped_is_sent_afterwards_and_nothing_twice(
    desk: Desk,
) -> None:
    number = desk.set_up("deal.created")
    desk.order("paid", 0, "A1")
    desk.work()
    desk.with_endpoint(number, service.stop)
    desk.order("paid", 0, "A2")
    desk.work()
    assert len(desk.heard()) == 1
    desk.with_endpoint(number, service.start)
    since = desk.began - timedelta(days=1)
    missed = desk.with_endpoint(number, lambda e: service.tell_again(e, since, failed_only=True))
    assert missed == 1
    desk.send()
    assert [told["data"]["order"]["id"] for told in desk.heard()] == ["A1", "A2"]
    every = desk.with_endpoint(number, lambda e: service.tell_again(e, since, failed_only=False))
    assert every == 2
    desk.send()
    ids = [told["id"] for told in desk.heard()]
    assert sorted(ids[:2]) == sorted(ids[2:]), "each keeps its id"


def test_a_changed_secret_signs_beside_the_old_one_for_a_day(desk: Desk) -> None:
    number, old = desk.set_up("deal.created"), desk.secret
    new = desk.with_endpoint(number, service.rotate)
    desk.order("paid", 0)
    desk.work()
    desk.do(lambda: db.session.execute(update(Endpoint).values(old_until=clock.wall())))
    desk.order("paid", 0, "A2")
    desk.work()
    first, second = (
        ({k.lower(): v for k, v in a.headers.items()}, a.body.encode()) for a in desk.server.asked
    )
    now = int(time.time())
    assert [is_signed(s, *first, now) for s in (old, new)] == [True, True]
    assert [is_signed(s, *second, now) for s in (old, new)] == [False, True]


def test_a_trial_goes_to_the_one_that_is_tried(desk: Desk) -> None:
    number = desk.set_up("deal.created")
    desk.set_up()
    desk.with_endpoint(number, service.try_out)
    desk.work()
    assert [(told["type"], told["data"]["webhook"]) for told in desk.heard()] == [
        ("webhook.tried", number)
    ]


def test_what_is_none_of_a_shops_business_is_told_to_nobody(desk: Desk) -> None:
    desk.set_up()
    desk.do(lambda: record("key.created", "key:1", name="K", scopes=[], prefix="sk"))
    desk.work()
    assert desk.heard() == []


def test_an_attempt_that_outlived_its_lease_changes_nothing(desk: Desk) -> None:
    desk.set_up("deal.created")
    desk.order("paid", 0)
    desk.do(lambda: service.promise(drain()))
    (one,) = desk.do(lambda: db.session.scalars(select(WebhookDelivery.id)).all())
    call = desk.do(lambda: service.take(one))
    late = replace(call, attempts=0)
    desk.do(lambda: service.settle(late, service.Ended(200)))
    assert desk.log() == [("sending", 1, None)]


@pytest.mark.parametrize(
    ("url", "types"),
    [
        ("http://127.0.0.1/in", ()),
        ("http://169.254.169.254/latest", ()),
        ("http://[::1]/in", ()),
        ("http://localhost/in", ()),
        ("https://shop.example:8443/in", ()),
        ("ftp://shop.example/in", ()),
        ("https://user:pw@shop.example/in", ()),
        ("nonsense", ()),
        ("https://shop.example/in", ("deal.invented",)),
        ("https://shop.example/in", ("key.created",)),
    ],
)
def test_an_inner_address_and_an_unknown_event_are_refused(
    desk: Desk, url: str, types: Sequence[str]
) -> None:
    with pytest.raises(DomainError):
        desk.do(lambda: service.create(url, types))
    assert desk.do(queries.endpoints) == []


def test_a_name_that_leads_inside_by_the_time_of_the_call_is_not_called(desk: Desk) -> None:
    inside = egress.Client(resolve=lambda _host: ["127.0.0.1"], allowed=list)
    desk.do(lambda: service.create("https://shop.example/in", ["deal.created"], "", inside))
    desk.way = inside
    desk.order("paid", 0)
    desk.work()
    assert desk.log() == [("dead", 1, None)]


def test_there_are_so_many_endpoints_and_no_more(desk: Desk) -> None:
    for _each in range(rules.MOST):
        desk.set_up()
    with pytest.raises(Conflict):
        desk.set_up()


def test_however_many_are_away_they_hide_nobodys_message(
    desk: Desk, app: App, kniga: Merchant
) -> None:
    """A merchant's twenty servers are away, each with a hundred messages that wait longer than another's first."""
    away = [desk.set_up("deal.created") for _ in range(rules.MOST)]
    for n in range(100):
        desk.do(partial(record, "deal.created", f"order:{n}", deal_id=f"dl_{n}"))
    desk.do(lambda: service.promise(drain()))
    desk.server.scripts = [(500, "no")]
    for name in away:
        first = desk.with_endpoint(name, lambda e: _first_of(e.id))
        call = desk.do(partial(service.take, first))
        desk.do(partial(service.settle, call, service.send(call, desk.way)))

    def one() -> int:
        service.create(f"{desk.server.url}/other", [], "", desk.way)
        record("deal.created", "order:1", deal_id="dl_other")
        return service.promise(drain())

    with app.app_context():
        assert jobs.in_transaction(one, kniga.id) == 1
        jobs_due = jobs.in_transaction(_due_of_all)
    jobs_due = [each for each in jobs_due if each[0] in {desk.merchant.id, kniga.id}]
    lanes = list(dict.fromkeys(each[:2] for each in jobs_due))
    assert lanes[0][0] == kniga.id, "whoever answers comes before those that fail"
    assert len(lanes) == rules.MOST + 1
    assert max(Counter(each[:2] for each in jobs_due).values()) <= queries.LANE
    own = [each[2] for each in jobs_due if each[:2] == lanes[1]]
    assert own == sorted(own), "each in its order"


def _first_of(endpoint_id: int) -> int:
    query = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == endpoint_id)
    return db.session.scalars(query.order_by(WebhookDelivery.id)).first() or 0


def _due_of_all() -> list[tuple[int, int, int]]:
    """Nobody's hidden by the limit: other tests' messages may wait, too."""
    with role("partnerka_drain"):
        return queries.due(1_000_000)
