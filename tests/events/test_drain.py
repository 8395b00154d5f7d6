from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from app import jobs
from app.events import queries, service
from app.events.models import Event, Feed
from app.events.service import record
from app.extensions import db, queue
from app.tenancy import role
from tests.harness.together import together
from tests.notifications.scene import (
    earns,
    happens,
    make_partner,
    message_ids,
    position_of,
    recorded,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from tests.world import Merchant, World

WAIT = 60.0


@pytest.fixture
def _app(app: App) -> Iterator[None]:
    with app.app_context():
        yield


def drain(merchant: Merchant, limit: int = 200) -> int:
    return jobs.in_transaction(lambda: len(service.drain(limit)), merchant.id)


def positions(merchant: Merchant) -> list[tuple[int | None, int]]:
    query = select(Event.position, Event.id).order_by(Event.position)
    rows = jobs.in_transaction(lambda: db.session.execute(query).all(), merchant.id)
    return [(row.position, row.id) for row in rows]


@pytest.mark.usefixtures("_app")
def test_an_event_can_only_be_of_a_declared_type(lampa: Merchant) -> None:
    with pytest.raises(KeyError):
        happens(lampa, "lamp.broken", "lamp:1")


@pytest.mark.usefixtures("_app")
def test_an_event_of_a_rolled_back_transaction_never_was(lampa: Merchant) -> None:
    def fail() -> None:
        record("payout.paid", "payout:77")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        jobs.in_transaction(fail, lampa.id)
    found = jobs.in_transaction(lambda: queries.history("payout:77"), lampa.id)
    assert list(found) == []


@pytest.mark.usefixtures("_app")
def test_places_are_given_once_without_gaps_and_in_order(lampa: Merchant) -> None:
    made = [happens(lampa, "link.created", f"link:{n}") for n in range(7)]
    while drain(lampa, 3):
        pass
    given = positions(lampa)
    assert [place for place, _id in given] == list(range(1, len(given) + 1))
    assert [event for _place, event in given][-7:] == made
    assert drain(lampa) == 0


@pytest.mark.usefixtures("_app")
def test_an_event_that_commits_late_gets_a_later_place_and_is_not_skipped(
    app: App, lampa: Merchant
) -> None:
    drain(lampa)
    written, go_on = threading.Event(), threading.Event()
    late: list[int] = []

    def slow() -> None:
        def act() -> None:
            late.append(recorded("link.created", "link:slow"))
            written.set()
            assert go_on.wait(WAIT)

        with app.app_context():
            jobs.in_transaction(act, lampa.id)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(WAIT)
    quick = happens(lampa, "link.created", "link:quick")
    assert quick > late[0]
    assert drain(lampa) == 1
    seen = position_of(lampa, quick)
    go_on.set()
    thread.join(WAIT)
    assert drain(lampa) == 1
    later = position_of(lampa, late[0])
    assert seen is not None
    assert later == seen + 1
    after = jobs.in_transaction(lambda: [e.id for e in queries.after(seen)], lampa.id)
    assert after == late


@pytest.mark.usefixtures("_app")
def test_two_drains_at_once_give_every_event_one_place_and_one_message(
    app: App, lampa: Merchant
) -> None:
    partner_id = make_partner(lampa)
    made = [earns(lampa, partner_id) for _ in range(30)]
    together([jobs.drain] * 4, app.app_context)
    places = [place for place, _event in positions(lampa)]
    assert places == list(range(1, len(places) + 1))
    assert all(len(message_ids(lampa, event_id)) == 1 for event_id in made)


@pytest.mark.usefixtures("_app")
def test_the_drain_finds_tenants_and_sees_no_event_without_its_role(world: World) -> None:
    for merchant in (world.lampa, world.kniga):
        happens(merchant, "link.created", "link:1")

    def as_drain() -> set[int]:
        with role("partnerka_drain"):
            return set(queries.waiting_tenants(10_000))

    assert {world.lampa.id, world.kniga.id} <= jobs.in_transaction(as_drain)
    assert list(jobs.in_transaction(queries.waiting_tenants)) == []


@pytest.mark.usefixtures("_app")
def test_the_feed_is_one_merchants_and_without_internal_events(world: World) -> None:
    happens(world.lampa, "person.password_reset", "person:0")
    mine = happens(world.lampa, "link.created", "link:1")
    theirs = happens(world.kniga, "link.created", "link:1")
    jobs.drain()
    feed = jobs.in_transaction(lambda: [(e.id, e.type) for e in queries.after(0)], world.lampa.id)
    assert mine in {number for number, _type in feed}
    assert theirs not in {number for number, _type in feed}
    assert "person.password_reset" not in {kind for _number, kind in feed}


@pytest.mark.usefixtures("_app")
def test_a_thousand_events_make_one_call(lampa: Merchant) -> None:
    assert queue.queue is not None
    assert queue.redis is not None
    queue.redis.flushdb()
    for n in range(20):
        happens(lampa, "link.created", f"link:{n}")
    assert [job.func_name for job in queue.queue.jobs] == ["app.jobs.drain"]
    queue.begun("drain")
    happens(lampa, "link.created", "link:last")
    assert queue.backlog() == 2


@pytest.mark.usefixtures("_app")
def test_finding_work_reads_an_index(lampa: Merchant) -> None:
    def plan() -> str:
        with role("partnerka_drain"):
            db.session.execute(text("SET LOCAL enable_seqscan = off"))
            query = "SELECT DISTINCT tenant_id FROM event WHERE drained_at IS NULL"
            lines = db.session.scalars(text(f"EXPLAIN {query}")).all()
        return "\n".join(lines)

    # Which of two small indexes it takes is the planner's choice, and changes with what it counted.
    found = jobs.in_transaction(plan)
    assert "Index" in found
    assert "Seq Scan" not in found


@pytest.mark.usefixtures("_app")
def test_the_feeds_row_knows_the_last_place(lampa: Merchant) -> None:
    happens(lampa, "link.created", "link:1")
    drain(lampa)
    last = jobs.in_transaction(
        lambda: db.session.scalar(select(Feed.position).where(Feed.tenant_id == lampa.id)),
        lampa.id,
    )
    top = jobs.in_transaction(lambda: db.session.scalar(select(func.max(Event.position))), lampa.id)
    assert last == top
