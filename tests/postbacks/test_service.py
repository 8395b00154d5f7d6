"""A partner's tracker over real HTTP: what it hears, when it is away, and what it hears again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, update

from app import egress, jobs
from app.events.models import Event
from app.events.service import drain
from app.extensions import db
from app.partners import queries as partner_queries
from app.partners import service as partners
from app.postbacks import service
from app.postbacks.models import Delivery, Postback
from app.postbacks.rules import MOST_FAILURES, STATES
from tests.harness.peer import Peer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
MACROS = "/pb?cid={sub1}&s={status}&c={commission}&cur={currency}&o={order}&x={sub2}&u={utm_source}"


@pytest.fixture
def tracker() -> Iterator[Peer]:
    made = Peer()
    yield made
    made.close()


class Desk:
    """Anna, her tracker, and the worker's part played by hand."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant, tracker: Peer) -> None:
        self.app, self.client, self.merchant, self.tracker = app, client, merchant, tracker
        self.began = datetime.now(UTC) + timedelta(minutes=1)
        self.way = self.patient(60)

    def patient(self, seconds: float) -> egress.Client:
        return egress.Client(
            allowed=lambda: [self.tracker.place], limits=egress.Limits(seconds, 1000)
        )

    def set_up(self, refcode: str, states: tuple[str, ...] = STATES) -> int:
        with self.app.app_context():
            with self.merchant.scope():
                partner = partner_queries.by_refcode(refcode) or partners.create(
                    partners.NewPartner(name=refcode.title(), refcode=refcode)
                )
                url = self.tracker.url + MACROS
                made = service.create(partner, url, "GET", states, self.way).id
            db.session.commit()
        return made

    def click(self, refcode: str, query: str = "") -> str:
        where = self.client.get(f"/r/{self.merchant.slug}/{refcode}{query}", headers=BROWSER)
        return parse_qs(urlsplit(where.headers["Location"]).query)["click"][0]

    def order(self, status: str, minute: int, **said: object) -> None:
        body = {
            "status": status,
            "currency": "RUB",
            "created_at": self.began.isoformat(),
            "updated_at": (self.began + timedelta(minutes=minute)).isoformat(),
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
            **said,
        }
        answer = self.client.put("/api/v1/orders/A1", json=body, headers=self.merchant.bearer)
        assert answer.status_code == 200, answer.json

    def work(self) -> list[int]:
        """Drain the events and make every call that is due; return the calls that were promised."""
        with self.app.app_context():
            made = jobs.in_transaction(lambda: service.promise(drain()), self.merchant.id)
            self.calls()
        return made

    def calls(self) -> None:
        merchant = self.merchant.id
        query = select(Delivery.id).order_by(Delivery.id)
        ids = jobs.in_transaction(lambda: db.session.scalars(query).all(), merchant)
        for one in ids:
            asked = jobs.in_transaction(lambda i=one: service.take(i), merchant)  # type: ignore[misc]
            if asked is not None:
                ended = service.call(asked, self.way)
                jobs.in_transaction(lambda a=asked, e=ended: service.settle(a, e), merchant)  # type: ignore[misc]

    def hurry(self) -> None:
        """Let the time for the next try have come."""
        with self.app.app_context():
            with self.merchant.scope():
                past = Delivery.created_at
                db.session.execute(update(Delivery).values(due_at=past))
            db.session.commit()
            self.calls()

    @property
    def heard(self) -> list[dict[str, str]]:
        asked = (
            parse_qs(urlsplit(a.path).query, keep_blank_values=True) for a in self.tracker.asked
        )
        return [{name: values[0] for name, values in query.items()} for query in asked]

    def log(self) -> list[tuple[str, int, int | None]]:
        with self.app.app_context(), self.merchant.scope():
            rows = db.session.scalars(select(Delivery).order_by(Delivery.id))
            return [(d.state, d.attempts, d.status) for d in rows]


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant, tracker: Peer) -> Desk:
    return Desk(app, client, lampa, tracker)


def test_a_tracker_hears_of_a_sale_with_the_clicks_own_marks(desk: Desk) -> None:
    desk.set_up("anna")
    token = desk.click("anna", "?sub1=C%26ID+7&utm_source=blog")
    desk.order("paid", 0, click=token)
    desk.work()
    assert desk.heard == [
        {
            "cid": "C&ID 7",
            "s": "agreed",
            "c": "100.00",
            "cur": "RUB",
            "o": "A1",
            "x": "",
            "u": "blog",
        }
    ]
    assert desk.log() == [("sent", 1, 200)]
    desk.order("cancelled", 5, click=token)
    desk.work()
    assert [(h["s"], h["c"]) for h in desk.heard] == [("agreed", "100.00"), ("cancelled", "0.00")]


def test_what_did_not_change_is_not_told_and_a_batch_twice_adds_nothing(desk: Desk) -> None:
    desk.set_up("anna")
    token = desk.click("anna")
    desk.order("paid", 0, click=token)
    desk.work()
    desk.order("paid", 1, click=token)
    desk.work()
    assert len(desk.heard) == 1
    with desk.app.app_context(), desk.merchant.scope():
        events = list(db.session.scalars(select(Event)))
        assert service.promise(events) == []
        db.session.rollback()


def test_only_the_chosen_states_are_told(desk: Desk) -> None:
    desk.set_up("anna", ("completed",))
    token = desk.click("anna")
    desk.order("paid", 0, click=token)
    assert desk.work() == []
    desk.order("completed", 1, click=token)
    desk.work()
    assert [h["s"] for h in desk.heard] == ["completed"]


def test_a_deal_that_goes_to_another_is_cancelled_for_who_had_it(desk: Desk) -> None:
    desk.set_up("anna")
    desk.set_up("boris")
    first = desk.click("anna", "?sub1=A")
    desk.order("paid", 0, click=first)
    desk.work()
    desk.order("paid", 1, click=first, partner_code="boris")
    desk.work()
    assert [(h["cid"], h["s"], h["c"]) for h in desk.heard] == [
        ("A", "agreed", "100.00"),
        ("A", "cancelled", "0.00"),
        ("", "agreed", "100.00"),
    ]


def test_a_tracker_that_was_away_hears_what_holds_when_it_is_back(desk: Desk) -> None:
    desk.set_up("anna")
    token = desk.click("anna")
    desk.tracker.scripts = [(500, "no")]
    desk.order("paid", 0, click=token)
    desk.work()
    assert desk.log() == [("due", 1, 500)]
    desk.order("cancelled", 1, click=token)
    desk.tracker.scripts = [(200, "ok")]
    desk.hurry()
    assert desk.heard[-1]["s"] == "cancelled"
    assert desk.log() == [("sent", 2, 200)]


@pytest.mark.parametrize("script", ["silent", "cut", "drip", "late"])
def test_an_answer_that_does_not_come_is_tried_again(desk: Desk, script: str) -> None:
    desk.set_up("anna")
    desk.tracker.scripts = [script]
    desk.way = desk.patient(0.5)
    desk.order("paid", 0, click=desk.click("anna"))
    desk.work()
    assert desk.log() == [("due", 1, None)]


def test_a_tracker_that_is_gone_is_told_no_more(desk: Desk) -> None:
    desk.set_up("anna")
    desk.tracker.scripts = [(410, "")]
    desk.order("paid", 0, click=desk.click("anna"))
    desk.work()
    assert desk.log() == [("dead", 1, 410)]


def test_a_redirect_is_not_followed_and_counts_as_not_taken(desk: Desk) -> None:
    desk.set_up("anna")
    inside = Peer()
    desk.tracker.headers, desk.tracker.scripts = {"Location": inside.url}, [(302, "")]
    desk.order("paid", 0, click=desk.click("anna"))
    desk.work()
    inside.close()
    assert inside.hits == 0
    assert desk.log() == [("due", 1, 302)]


def test_after_too_many_failures_it_is_stopped_and_its_partner_told(desk: Desk) -> None:
    number = desk.set_up("anna")
    desk.tracker.scripts = [(500, "no")]
    with desk.app.app_context():
        with desk.merchant.scope():
            db.session.execute(update(Postback).values(failures=MOST_FAILURES - 1))
        db.session.commit()
    token = desk.click("anna")
    desk.order("paid", 0, click=token)
    desk.work()
    with desk.app.app_context(), desk.merchant.scope():
        postback = db.session.scalars(select(Postback).where(Postback.id == number)).one()
        assert postback.stopped_at is not None
        told = db.session.scalars(select(Event.type).where(Event.type == "postback.stopped")).all()
        assert told == ["postback.stopped"]
    desk.order("cancelled", 1, click=token)
    assert desk.work() == []


def test_a_call_is_made_once_more_on_demand(desk: Desk) -> None:
    number = desk.set_up("anna")
    desk.order("paid", 0, click=desk.click("anna"))
    desk.work()
    with desk.app.app_context():
        with desk.merchant.scope():
            postback = db.session.scalars(select(Postback).where(Postback.id == number)).one()
            sent = db.session.scalars(select(Delivery.id)).one()
            assert service.again(postback, sent) == sent
        db.session.commit()
        desk.calls()
    assert len(desk.heard) == 2
    assert desk.log() == [("sent", 1, 200)]


def test_an_attempt_that_outlived_its_lease_changes_nothing(desk: Desk) -> None:
    desk.set_up("anna")
    desk.order("paid", 0, click=desk.click("anna"))
    with desk.app.app_context():
        merchant = desk.merchant.id
        (one,) = jobs.in_transaction(lambda: service.promise(drain()), merchant)
        asked = jobs.in_transaction(lambda: service.take(one), merchant)
        assert asked is not None
        late = replace(asked, attempts=0)
        jobs.in_transaction(lambda: service.settle(late, service.Ended(200)), merchant)
    assert desk.log() == [("sending", 1, None)]
