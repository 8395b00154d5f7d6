"""The monthly digest: once a month and reader, in the merchant's zone, about something."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.digests import service
from app.digests.rules import Figures, month_of, month_to_tell
from app.errors import DomainError
from app.events.models import Event
from app.events.service import drain
from app.extensions import db
from app.notifications import letters
from app.notifications import service as notifications
from app.notifications.models import Message
from tests.notifications import scene

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.mark.parametrize(
    ("moment", "told"),
    [
        ("2026-11-01T08:59:59", None),
        ("2026-11-01T09:00:00", date(2026, 10, 1)),
        ("2026-11-07T12:00:00", date(2026, 10, 1)),
        ("2026-11-09T12:00:00", None),
        ("2027-01-01T10:00:00", date(2026, 12, 1)),
    ],
)
def test_a_month_is_told_from_nine_on_the_first_day_of_the_next_on_the_merchants_clock(
    moment: str, told: date | None
) -> None:
    assert month_to_tell(datetime.fromisoformat(moment).replace(tzinfo=MOSCOW), MOSCOW) == told


def test_a_month_goes_from_midnight_to_midnight_of_its_zone() -> None:
    month = month_of(date(2026, 12, 1), MOSCOW)
    assert month.starts.astimezone(UTC) == datetime(2026, 11, 30, 21, tzinfo=UTC)
    assert month.ends.astimezone(UTC) == datetime(2026, 12, 31, 21, tzinfo=UTC)


def test_nothing_is_not_worth_a_letter() -> None:
    assert not Figures().is_worth_telling
    assert Figures(pending=1).is_worth_telling


@pytest.fixture(autouse=True)
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def told(merchant: Merchant, moment: datetime) -> list[dict[str, Any]]:
    """Run the digest at a moment until nothing is left; return the facts of all digests so far."""

    def run() -> bool:
        with clock.moved_to(moment):
            return service.step()

    while jobs.in_transaction(run, merchant.id):
        pass
    query = select(Event.facts).where(Event.type == "digest.month").order_by(Event.id)
    return jobs.in_transaction(lambda: list(db.session.scalars(query)), merchant.id)


def sell(app: App, merchant: Merchant, refcode: str, number: int, at: datetime) -> None:
    order = {
        "status": "completed", "currency": "RUB", "created_at": at.isoformat(), "partner_code": refcode,
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }  # fmt: skip
    client = app.test_client()
    answer = client.put(f"/api/v1/orders/{number}", json=order, headers=merchant.bearer)
    assert answer.status_code == 200, answer.text


def next_month() -> tuple[datetime, date]:
    """The first noon of the month after this one, and this month's first day."""
    now = clock.wall().astimezone(MOSCOW)
    first = now.date().replace(day=1)
    after = month_of(first, MOSCOW).ends
    return after.replace(hour=12), first


def test_each_is_told_once_what_the_month_brought_and_who_has_nothing_is_left_alone(
    app: App, lampa: Merchant
) -> None:
    anna = scene.make_partner(lampa, "Anna", refcode="anna")
    scene.make_partner(lampa, "Idle", refcode="idle")
    for number in range(2):
        sell(app, lampa, "anna", number, clock.wall())
    noon, first = next_month()
    found = told(lampa, noon)
    assert [(f["partner_id"], f["sales"], f["earned"], f["month"]) for f in found] == [
        (anna, 2, 20000, first.isoformat())
    ]
    assert found[0]["pending"] == 20000
    assert told(lampa, noon) == found  # once a month, however often it runs
    overview = select(Event.facts).where(Event.type == "digest.merchant")
    facts = jobs.in_transaction(lambda: db.session.scalars(overview).one(), lampa.id)
    assert (facts["sales"], facts["earned"], facts["partners"]) == (2, 20000, 2)


def test_a_run_that_was_killed_goes_on_where_it_was(
    app: App, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "TOGETHER", 1)
    for number, name in enumerate(("anna", "boris", "vera")):
        scene.make_partner(lampa, name.title(), refcode=name)
        sell(app, lampa, name, number, clock.wall())
    noon, _first = next_month()

    def killed() -> None:
        with clock.moved_to(noon):
            service.step()
        raise SystemExit

    with clock.moved_to(noon):
        jobs.in_transaction(service.step, lampa.id)
    with pytest.raises(SystemExit):
        jobs.in_transaction(killed, lampa.id)
    assert len(told(lampa, noon)) == 3


def test_the_merchants_tips_stand_in_the_letter_in_the_readers_language(
    app: App, lampa: Merchant
) -> None:
    jobs.in_transaction(
        lambda: service.keep_tips({"en": "Sell lamps.", "ru": "Продавайте лампы."}), lampa.id
    )
    with pytest.raises(DomainError):
        jobs.in_transaction(lambda: service.keep_tips({"en": "x" * 6000}), lampa.id)
    scene.make_partner(lampa, "Вера", refcode="vera", locale="ru")
    sell(app, lampa, "vera", 1, clock.wall())
    noon, _first = next_month()
    told(lampa, noon)

    def write() -> str:
        with clock.moved_to(noon):
            notifications.promise(drain())
        query = select(Message).where(Message.template == "digest.month")
        return letters.compose(db.session.scalars(query).one()).text

    text = jobs.in_transaction(write, lampa.id)
    assert "Продавайте лампы." in text
    assert "Заработано: 100,00" in text
