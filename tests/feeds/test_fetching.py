"""A feed is fetched from its server: when it changed, at its time, by the one way out, whatever the server does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app import clock, egress, jobs
from app.events.models import Event
from app.extensions import db
from app.feeds import queries, service
from app.feeds.models import CatalogFeed, FeedLoad
from app.feeds.rules import EVERY, lost_too_many, next_load
from tests.feeds.fake_shop import FakeShop
from tests.feeds.setting import catalogue, offer, shelf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.application import App
    from tests.world import Merchant

LAMPS = [offer(f"p{n}", f"Lamp {n}") for n in range(6)]


class Desk:
    """Lampa, its feed, and the worker's part played by hand."""

    def __init__(self, app: App, merchant: Merchant) -> None:
        self.app, self.merchant, self.shop = app, merchant, FakeShop()
        self.before = app.extensions["partnerka"]
        app.extensions["partnerka"] = replace(self.before, egress_allow=(self.shop.place,))
        self.shop.body = catalogue(*LAMPS)
        self.feed_id = 0

    def close(self) -> None:
        self.app.extensions["partnerka"] = self.before
        self.shop.close()

    def do(self, act: Callable[[], Any]) -> Any:
        with self.app.app_context():
            return jobs.in_transaction(act, self.merchant.id)

    def add(self, *, trusted: bool = True, **said: Any) -> None:
        far = (clock.wall().astimezone(ZoneInfo("Europe/Moscow")) + timedelta(hours=12)).hour
        wish = service.Wish("", self.shop.url, "day", time(far), trusted=trusted)
        self.feed_id = self.do(lambda: service.add(self.merchant.shop_id, replace(wish, **said)).id)
        self.work()

    def work(self) -> None:
        with self.app.app_context():
            jobs.fetch_feeds()
            jobs.sweep_runs()
            jobs.sweep_runs()

    def come(self) -> None:
        """Let the feed's time come."""
        due = update(CatalogFeed).where(CatalogFeed.id == self.feed_id)
        self.do(lambda: db.session.execute(due.values(due_at=clock.wall())))
        self.work()

    def feed(self) -> CatalogFeed:
        with self.app.app_context(), self.merchant.scope():
            found = db.session.get_one(CatalogFeed, (self.merchant.id, self.feed_id))
            db.session.expunge(found)
            return found

    def products(self) -> set[str]:
        return self.do(lambda: {key for key, p in shelf().items() if p.gone_at is None})  # type: ignore[no-any-return]

    def loads(self) -> int:
        return len(self.do(lambda: db.session.scalars(select(FeedLoad)).all()))

    def told(self) -> list[str]:
        kinds = (
            select(Event.type)
            .where(Event.type.in_(("feed.failed", "feed.held")))
            .order_by(Event.id)
        )
        return list(self.do(lambda: db.session.scalars(kinds).all()))


@pytest.fixture
def desk(app: App, lampa: Merchant) -> Iterator[Desk]:
    made = Desk(app, lampa)
    yield made
    made.close()


def test_it_is_fetched_and_loaded_and_comes_again_at_its_time(desk: Desk) -> None:
    desk.add(at=time(4))
    assert desk.products() == {f"p{n}" for n in range(6)}
    feed = desk.feed()
    assert feed.due_at is not None
    there = feed.due_at.astimezone(ZoneInfo("Europe/Moscow"))
    assert there.hour == 4
    assert there.minute < 10
    assert feed.due_at > clock.wall()


def test_the_first_one_waits_for_the_merchant_and_the_others_do_not(desk: Desk) -> None:
    desk.add(trusted=False)
    assert desk.products() == set()
    desk.do(lambda: service.approve(queries.newest(queries.by_id(desk.feed_id))))  # type: ignore[arg-type]
    desk.work()
    assert len(desk.products()) == 6
    desk.shop.body = catalogue(*LAMPS, offer("new", "New"))
    desk.come()
    assert "new" in desk.products()


def test_what_did_not_change_is_not_fetched_nor_read_again(desk: Desk) -> None:
    desk.add()
    desk.come()
    assert desk.shop.asked[-1]["If-None-Match"] == desk.shop.etag
    assert desk.loads() == 1
    desk.do(
        lambda: db.session.execute(update(CatalogFeed).values(etag=None))
    )  # a server without marks
    desk.come()
    assert "If-None-Match" not in desk.shop.asked[-1]
    assert desk.loads() == 1


def test_it_may_be_packed_on_its_way(desk: Desk) -> None:
    desk.shop.packs = True
    desk.add()
    assert len(desk.products()) == 6


def test_name_and_password_are_kept_sealed_and_given_to_that_server_alone(desk: Desk) -> None:
    other = FakeShop()
    other.body = desk.shop.body
    desk.app.extensions["partnerka"] = replace(
        desk.before, egress_allow=(desk.shop.place, other.place)
    )
    desk.shop.login = "anna:secret-7"
    try:
        desk.add(login=("anna", "wrong"))
        assert desk.feed().trouble == "login"
        wish = service.Wish("", desk.shop.url, "day", time(4), login=("anna", "secret-7"))
        desk.do(lambda: service.change(queries.by_id(desk.feed_id), wish))  # type: ignore[arg-type]
        desk.come()
        assert len(desk.products()) == 6
        assert b"secret-7" not in (desk.feed().login or b"")
        desk.shop.moved["/feed.yml"] = other.url
        desk.come()
        assert "Authorization" in desk.shop.asked[-1]
        assert "Authorization" not in other.asked[-1]
    finally:
        other.close()


def test_moves_are_followed_a_few_times_and_never_to_the_inside(desk: Desk) -> None:
    desk.shop.moved["/feed.yml"] = "/there.yml"
    desk.add()
    assert len(desk.products()) == 6
    for there, why in (("/feed.yml", "moved"), ("http://127.0.0.1:1/x", "refused"), ("ftp://x.example/", "refused"),
                       ("http://169.254.169.254/latest", "refused")):  # fmt: skip
        desk.shop.moved["/feed.yml"] = there
        desk.come()
        assert desk.feed().trouble == why


@pytest.mark.parametrize(
    ("knobs", "why"),
    [
        ({"status": 404}, "missing"),
        ({"status": 500}, "status"),
        ({"status": 403}, "login"),
        ({"cuts": True}, "unreachable"),
        ({"length": 600 * 2**20}, "unreachable"),
        ({"body": b"<html>closed</html>"}, "html"),
        ({"body": catalogue(*LAMPS)[:-50]}, "truncated"),
    ],
)
def test_whatever_the_server_does_the_catalogue_stays(
    desk: Desk, knobs: dict[str, Any], why: str
) -> None:
    desk.add()
    before = vars(desk.shop).copy()
    desk.shop.body += b"\n"  # so that there is something to be fetched
    desk.shop.__dict__.update(knobs)
    for _ in range(2):
        desk.come()
    assert desk.feed().trouble == why
    assert len(desk.products()) == 6
    assert desk.told() == ["feed.failed"]  # once, not at each try
    desk.shop.__dict__.update(before)
    desk.shop.body = catalogue(*LAMPS, offer("new", "New"))
    desk.come()
    assert desk.feed().trouble is None
    assert "new" in desk.products()


def test_an_answer_without_end_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.feeds.service.fetching.LARGEST", 1000)
    desk.add()
    assert desk.feed().trouble == "size"


def test_one_that_failed_is_tried_soon_and_then_at_its_time(desk: Desk) -> None:
    desk.shop.status = 503
    desk.add()
    waits = []
    for _ in range(4):
        due = desk.feed().due_at
        assert due is not None
        waits.append(due - clock.wall())
        desk.come()
    assert [round(w / timedelta(minutes=1)) for w in waits[:3]] == [5, 15, 60]
    assert desk.feed().failures == 5


def test_a_feed_that_lost_its_half_is_asked_about_and_goes_on_when_it_is_whole(desk: Desk) -> None:
    desk.add()
    desk.shop.body = catalogue(*LAMPS[:2])
    desk.come()
    assert len(desk.products()) == 6
    assert desk.told() == ["feed.held"]
    desk.shop.body = catalogue(*LAMPS[:5])
    desk.come()
    assert desk.products() == {f"p{n}" for n in range(5)}
    assert desk.feed().trouble is None


def test_the_public_net_is_all_that_is_called(app: App) -> None:
    for address in (
        "http://127.0.0.1:9/f",
        "http://[::1]/f",
        "http://10.0.0.1/f",
        "http://0x7f.1/f",
    ):
        with app.app_context(), pytest.raises(egress.RefusedError):
            egress.client.check(address)


@given(
    st.sampled_from([e for e in EVERY if EVERY[e]]),
    st.times(),
    st.datetimes(datetime(2026, 1, 2), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["Europe/Moscow", "America/New_York", "Australia/Lord_Howe"]),
)
def test_the_next_time_is_ahead_and_not_further_than_the_step(
    every: str, at: time, now: datetime, zone: str
) -> None:
    found = next_load("fd_1", every, at.replace(tzinfo=None), zone, now)
    assert found is not None
    step = EVERY[every]
    assert step is not None
    assert now < found <= now + step + timedelta(hours=2)


def test_more_than_half_is_more_than_half() -> None:
    assert not lost_too_many(0, 0)
    assert not lost_too_many(10, 5)
    assert lost_too_many(10, 6)
    assert lost_too_many(1, 1)


def test_a_server_that_is_back_with_the_same_file_is_no_trouble_any_more(desk: Desk) -> None:
    desk.add()
    desk.shop.status = 500
    desk.come()
    assert desk.feed().trouble == "status"
    desk.shop.status = 200
    desk.come()
    assert desk.shop.asked[-1]["If-None-Match"] == desk.shop.etag
    assert desk.feed().trouble is None
