"""Whatever the clock does (a year ahead, a day back, an hour twice), each thing of bonuses comes once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update

from app import clock, jobs
from app.bonuses import queries, service
from app.bonuses.rules import Grant
from app.earnings import service as earnings
from app.events.models import Event
from app.extensions import db
from app.intake import service as intake
from app.members import queries as members
from app.profiles import service as profiles
from app.tenants.models import Tenant
from tests.earnings.test_orders import ORDER
from tests.world import make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

BERLIN = ZoneInfo("Europe/Berlin")
START = datetime(2026, 10, 20, 9, tzinfo=UTC)
DAY = timedelta(days=1)
# A year and more ahead, back, and ahead again: what was done is done, what is undone waits for its day.
LEAPS = (400 * DAY, -DAY, timedelta(0), 400 * DAY, 401 * DAY)


ACTS: dict[str, Callable[[Sequence[Any]], Any]] = {
    "activate": service.activate,
    "end_holds": service.end_holds,
    "lapse": service.lapse,
}


def _here(act: Callable[[Tenant], Any]) -> None:
    act(intake.tenant())


class Watch:
    """A shop in Berlin, whose clock goes as one likes; every job runs twice wherever it stands."""

    def __init__(self, app: App, client: FlaskClient, shop: Merchant) -> None:
        self.app, self.client, self.shop = app, client, shop

    def send(self, verb: str, path: str, **body: Any) -> Any:
        answer = self.client.open(
            f"/api/v1{path}", method=verb, json=body, headers=self.shop.bearer
        )
        assert answer.status_code in {200, 201}, answer.text
        return answer.get_json()

    def order(self, number: str, local: datetime, **said: Any) -> None:
        at = local.isoformat()
        body = {"created_at": at, "updated_at": at, "bonus": None}
        self.send("PUT", f"/orders/{number}", **(ORDER | body | said))

    def rule(self, **said: Any) -> None:
        with self.app.app_context(), self.shop.scope():
            profiles.publish(profiles.draft("Mine", {"schema": 1, **said}))
            db.session.commit()

    def jobs(self) -> None:
        """Let the jobs of bonuses run twice for this shop: those that other tests made have their own clocks."""
        for _time in range(2):
            with self.app.app_context():
                for what, act in ACTS.items():
                    self._keep(what, act)
                for each in (earnings.birthdays, earnings.warn):
                    jobs.in_transaction(partial(_here, each), self.shop.id)

    def _keep(self, what: str, act: Callable[[Sequence[Any]], Any]) -> None:
        due = jobs.in_transaction(partial(queries.due, what, 10**6))
        mine = [one for tenant, one, _offset in due if tenant == self.shop.id]
        if mine:
            jobs.in_transaction(partial(act, mine), self.shop.id)

    def has(self) -> tuple[str, str, str, str]:
        told = self.send("GET", "/members/77/bonuses")
        return told["available"], told["pending"], told["held"], told["debt"]

    def grant(self, **said: Any) -> None:
        with self.app.app_context(), self.shop.scope():
            service.grant([Grant(member_id=self.member(), kind="hand", **said)])
            db.session.commit()

    def member(self) -> int:
        found = members.by_external(self.shop.shop_id, "77")
        assert found is not None
        return found.id

    def booked(self, kind: str) -> int:
        """Count the transfers of a kind."""
        asked = text("SELECT count(*) FROM transfer WHERE kind = :kind")
        with self.app.app_context(), self.shop.scope():
            return int(db.session.execute(asked, {"kind": kind}).scalar_one())

    def lapses(self) -> list[datetime]:
        with self.app.app_context(), self.shop.scope():
            return list(db.session.scalars(text("SELECT expires_at FROM lot ORDER BY id")))


@pytest.fixture
def watch(app: App, client: FlaskClient) -> Iterator[Watch]:
    with clock.moved_to(START):
        with app.app_context():
            lampa = make_merchant("Lampa")
            db.session.commit()
        with app.app_context(), lampa.scope():
            mine = update(Tenant).where(Tenant.id == lampa.id)
            db.session.execute(mine.values(timezone="Europe/Berlin"))
            db.session.commit()
        client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
        with app.app_context(), lampa.scope():
            profiles.switch("order", on=False)
            db.session.commit()
        made = Watch(app, client, lampa)
        made.send("PUT", "/members/77", name="Gleb", registered_at="2020-01-01T00:00:00Z")
        yield made


def test_what_waits_becomes_usable_once_and_stays_so(watch: Watch) -> None:
    watch.grant(amount=700, reference="a", activates_at=START + 14 * DAY)
    watch.jobs()
    assert watch.has() == ("0.00", "7.00", "0.00", "0.00")
    before = watch.booked("bonus.activate")
    for leap in LEAPS:
        with clock.moved_to(START + leap):
            watch.jobs()
    assert watch.has() == ("7.00", "0.00", "0.00", "0.00")
    assert watch.booked("bonus.activate") - before == 1


def test_what_lapses_lapses_once_and_never_comes_back(watch: Watch) -> None:
    watch.grant(amount=700, reference="a", expires_at=START + 30 * DAY)
    watch.grant(amount=300, reference="b")
    for leap in LEAPS:
        with clock.moved_to(START + leap):
            watch.jobs()
            assert watch.has()[0] in {"10.00", "3.00"}
    assert watch.has() == ("3.00", "0.00", "0.00", "0.00")
    assert watch.booked("bonus.lapse") == 1


def test_one_is_warned_once_of_a_lot_and_not_of_what_is_gone(watch: Watch) -> None:
    watch.grant(amount=700, reference="a", expires_at=START + 405 * DAY)
    watch.grant(amount=300, reference="b", expires_at=START + 30 * DAY)
    for leap in LEAPS:
        with clock.moved_to(START + leap):
            watch.jobs()
    told = select(func.count()).where(Event.type == "bonus.expiring")
    with watch.app.app_context(), watch.shop.scope():
        assert db.session.scalar(told) == 1, "the other was gone when the clock leapt"


def test_a_hold_ends_once_and_gives_back_once(watch: Watch) -> None:
    watch.grant(amount=700, reference="a")
    with watch.app.app_context(), watch.shop.scope():
        service.hold(watch.member(), 500, "cart", START + timedelta(minutes=30))
        db.session.commit()
    watch.jobs()
    assert watch.has() == ("2.00", "0.00", "5.00", "0.00")
    for leap in LEAPS:
        with clock.moved_to(START + leap):
            watch.jobs()
    assert watch.has() == ("7.00", "0.00", "0.00", "0.00")
    with watch.app.app_context(), watch.shop.scope():
        service.void("cart")
        db.session.commit()
    assert watch.has() == ("7.00", "0.00", "0.00", "0.00")


def test_an_accrual_with_a_delay_comes_on_its_day_and_goes_with_its_order(watch: Watch) -> None:
    watch.rule(
        trigger="order.paid",
        effects=[{"do": "earn.percent", "rate": "10%", "delay": {"days": 14}}],
    )
    watch.order("A1", START.astimezone(BERLIN))
    assert watch.has() == ("0.00", "190.00", "0.00", "0.00")
    for leap in LEAPS:
        with clock.moved_to(START + leap):
            watch.jobs()
    assert watch.has() == ("190.00", "0.00", "0.00", "0.00")
    with clock.moved_to(START - DAY):  # the shop's message comes while the clock is a day back
        watch.order("A1", START.astimezone(BERLIN), status="cancelled", version=9)
    watch.jobs()
    assert watch.has() == ("0.00", "0.00", "0.00", "0.00")


@pytest.mark.parametrize(
    ("window", "first", "second"),
    [
        # The hour that comes twice is of one day; midnight of the merchant's zone parts months.
        (
            "day",
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        ),
        (
            "day",
            datetime(2026, 10, 24, 22, 0, tzinfo=UTC),
            datetime(2026, 10, 25, 22, 59, tzinfo=UTC),
        ),
        (
            "month",
            datetime(2026, 9, 30, 22, 0, tzinfo=UTC),
            datetime(2026, 10, 31, 22, 59, tzinfo=UTC),
        ),
    ],
)
def test_a_window_is_the_merchants_own_also_when_clocks_change(
    watch: Watch, window: str, first: datetime, second: datetime
) -> None:
    watch.rule(
        trigger="order.paid",
        effects=[{"do": "earn.fixed", "points": 500}],
        limits={"per_member": {"times": 1, "window": window}},
    )
    with clock.moved_to(second + DAY):
        watch.order("A1", first)
        watch.order("A2", second)
        assert watch.has()[0] == "5.00", "both lie in one window"
        watch.order("A3", second + timedelta(minutes=1) if window == "month" else second + DAY)
        assert watch.has()[0] == "10.00", "the next window has begun"
        start = first.astimezone(BERLIN).replace(hour=0, minute=0)
        watch.order("A4", start.astimezone(UTC) - timedelta(minutes=1))
        assert watch.has()[0] == "15.00", "the window before"


def test_lots_lapse_at_the_midnight_of_the_zone_also_when_clocks_change(watch: Watch) -> None:
    for trigger, expires in (
        ("order.paid", {"end_of": "month"}),
        ("order.paid", {"on": "2026-10-25"}),
        ("order.paid", {"days": 7}),
    ):
        watch.rule(
            trigger=trigger, effects=[{"do": "earn.fixed", "points": 500, "expires": expires}]
        )
    watch.order("A1", START.astimezone(BERLIN))
    assert watch.lapses() == [
        datetime(2026, 11, 1, tzinfo=BERLIN),
        datetime(2026, 10, 26, tzinfo=BERLIN),
        START + 7 * DAY,
    ]
    assert watch.lapses()[1] == datetime(2026, 10, 25, 23, tzinfo=UTC), "the day had 25 hours"


@pytest.mark.parametrize("day", [date(2026, 10, 25), date(2027, 3, 28), date(2028, 2, 29)])
def test_a_birthday_on_a_day_of_23_or_25_hours_comes_once(watch: Watch, day: date) -> None:
    gift = {"do": "earn.fixed", "points": 30_000}
    watch.rule(trigger="schedule.birthday", effects=[gift])  # no limit keeps it to once a year
    watch.send("PUT", "/members/77", name="Gleb", birthday=day.replace(year=1992).isoformat())
    given, at = [], datetime(day.year, day.month, day.day, tzinfo=BERLIN).astimezone(UTC)
    for hours in range(-2, 28):
        with clock.moved_to(at + timedelta(hours=hours)):
            with watch.app.app_context():
                jobs.in_transaction(partial(_here, earnings.birthdays), watch.shop.id)
            given.append(watch.has()[0])
    assert given == ["0.00"] * 2 + ["300.00"] * 28


def test_balances_are_never_negative_while_the_clock_leaps(watch: Watch) -> None:
    watch.rule(trigger="order.paid", effects=[{"do": "earn.percent", "rate": "10%",
               "delay": {"days": 3}, "expires": {"days": 10}}])  # fmt: skip
    leaps = (0, 4, 400, -1, 5, 14, 2)
    for number, days in enumerate(leaps):
        with clock.moved_to(START + days * DAY):
            watch.order(f"A{number}", (START - 2 * DAY).astimezone(BERLIN))
            watch.jobs()
            with watch.app.app_context(), watch.shop.scope():
                balance = queries.balance(watch.member())
            assert min(balance.available, balance.pending, balance.held, balance.debt) >= 0
    with clock.moved_to(START + 500 * DAY):
        watch.jobs()
        assert watch.has() == ("0.00", "0.00", "0.00", "0.00")
    assert watch.booked("bonus.lapse") == len(leaps)
