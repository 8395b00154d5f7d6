"""Shops' deliveries in front of Flask: what is kept, what is refused, and that nobody can tell the two ways apart."""

from __future__ import annotations

import io
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from werkzeug.test import Client

from app import clock
from app.dev.children import wait_until
from app.extensions import db, queue
from app.intake import hooks as front
from app.intake.models import Inbox
from app.intake.shops import inbox
from app.tenancy import tenant_scope
from app.tenants import queries as tenants
from app.tenants import service as tenants_service
from app.tenants.models import Connection, Tenant
from tests.intake.hook import TOPIC, Hook, open_hook, signed

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant

MIB = 2**20
SOON = 180.0
BODY = b'{"id": 1}'
OFFSET = timedelta(days=40, hours=3)
THREADS, EACH = 8, 12


@pytest.fixture
def hook(app: App, lampa: Merchant) -> Hook:
    return open_hook(app, lampa.id, lampa.shop_id)


@pytest.fixture
def front_door(app: App) -> Client:
    """The function in front of Flask."""
    return Client(app.extensions["hooks"])


@pytest.fixture
def route(app: App) -> Client:
    """The Flask route alone, which says how it shall be."""
    return Client(app.extensions["hooks"].inner)


@pytest.fixture
def flask_answered(caplog: pytest.LogCaptureFixture) -> Callable[[], int]:
    """Count what Flask answered: it writes a line for each."""
    caplog.set_level(logging.INFO, "partnerka.access")
    return lambda: sum(record.name == "partnerka.access" for record in caplog.records)


def deliver(
    client: Client, hook: Hook, body: bytes = BODY, headers: dict[str, str] | None = None
) -> TestResponse:
    return client.post(hook.address, data=body, headers={**signed(body), **(headers or {})})


def told(answer: TestResponse) -> tuple[int, list[tuple[str, str]], Any]:
    """Return all that an answer says, without the request's own name."""
    headers = [(n, v) for n, v in answer.headers if n not in {"X-Request-ID", "Content-Length"}]
    said = json.loads(answer.data) if answer.data else None
    if said:
        assert said.pop("request_id") == answer.headers["X-Request-ID"]
    return answer.status_code, sorted(headers), said


def test_a_delivery_is_kept_without_flask_and_answered_as_flask_would(
    hook: Hook, front_door: Client, route: Client, flask_answered: Callable[[], int]
) -> None:
    here = deliver(front_door, hook, b"one")
    assert flask_answered() == 0
    there = deliver(route, hook, b"two")
    assert flask_answered() == 1
    assert told(here) == told(there)
    assert here.headers["Content-Length"] == there.headers["Content-Length"] == "0"
    assert len(here.headers["X-Request-ID"]) == len(there.headers["X-Request-ID"])
    assert hook.kept() == [b"one", b"two"]


def test_both_ways_make_the_same_row(hook: Hook, front_door: Client, route: Client) -> None:
    with clock.moved_to(datetime(2026, 10, 1, 12, 0, 0, 123456, tzinfo=UTC)):
        deliver(front_door, hook)
        deliver(route, hook)
    own = {"id", "due_at"}
    with hook.app.app_context(), tenant_scope(hook.tenant):
        one, two = (
            {c.key: getattr(row, c.key) for c in Inbox.__table__.columns if c.key not in own}
            for row in db.session.scalars(select(Inbox))
        )
    assert one == two
    assert (one["topic"], one["state"], one["attempts"]) == (TOPIC, "waiting", 0)
    assert one["received_at"] == datetime(2026, 10, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_a_proxys_name_for_the_request_is_kept(hook: Hook, front_door: Client) -> None:
    named = deliver(front_door, hook, headers={"X-Request-ID": "from-the-proxy-1"})
    assert named.headers["X-Request-ID"] == "from-the-proxy-1"
    forged = deliver(front_door, hook, headers={"X-Request-ID": "<b>"})
    assert forged.headers["X-Request-ID"] != "<b>"


REFUSED: dict[str, tuple[int, dict[str, Any]]] = {
    "a ping": (200, {"data": b"webhook_id=3"}),
    "a signature of another secret": (403, {"data": BODY, "headers": signed(BODY, "other")}),
    "a signature of another body": (403, {"data": b"{}", "headers": signed(BODY)}),
    "no signature": (403, {"data": BODY}),
    "an empty body without signature": (403, {"data": b""}),
    "another method": (405, {"method": "GET"}),
    "more than 1 MiB": (413, {"data": b"x" * (MIB + 1), "headers": signed(b"x" * (MIB + 1))}),
    "a NUL in the query": (400, {"data": BODY, "headers": signed(BODY), "query_string": "a=%00"}),
    "a body shorter than it says": (
        400,
        {"data": b"{}", "environ_overrides": {"CONTENT_LENGTH": "9"}, "headers": signed(b"{}")},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_proven_delivery_is_answered_by_the_route_and_leaves_no_row(
    hook: Hook, front_door: Client, route: Client, name: str
) -> None:
    status, call = REFUSED[name]
    call = {"method": "POST", **call}
    answers = [client.open(hook.address, **call) for client in (front_door, route)]
    assert told(answers[0]) == told(answers[1])
    assert answers[0].status_code == status
    assert hook.kept() == []


@pytest.mark.parametrize(
    "address",
    ["/hooks/woocommerce/cn_0000000000000000", "/hooks/shopify/{id}", "/hooks/woocommerce/{id}/x",
     "/hooks/woocommerce/{id}/", "/hooks/{id}", "/hooks/", "/hooks/woocommerce/%00"],
)  # fmt: skip
def test_what_is_nobodys_hook_is_not_there(
    hook: Hook, front_door: Client, route: Client, address: str
) -> None:
    path = address.format(id=hook.address.rpartition("/")[2])
    here, there = (
        client.post(path, data=BODY, headers=signed(BODY)) for client in (front_door, route)
    )
    assert told(here) == told(there)
    assert here.status_code in {400, 404, 405}
    assert hook.kept() == []


def test_a_host_that_is_not_ours_is_refused_also_after_ours_was_served(
    app: App, hook: Hook, front_door: Client, route: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "TRUSTED_HOSTS", ["shop.example"])
    assert deliver(front_door, hook, headers={"Host": "shop.example"}).status_code == 200
    here, there = (
        deliver(client, hook, headers={"Host": "evil.example"}) for client in (front_door, route)
    )
    assert told(here) == told(there)
    assert here.status_code == 400
    assert len(hook.kept()) == 1


def test_a_delivery_in_chunks_and_one_with_a_query_are_kept_by_the_route(
    hook: Hook, front_door: Client, flask_answered: Callable[[], int]
) -> None:
    chunks = front_door.post(
        hook.address,
        input_stream=io.BytesIO(BODY),
        headers={**signed(BODY), "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )
    query = front_door.post(f"{hook.address}?from=shop", data=BODY, headers=signed(BODY))
    assert (chunks.status_code, query.status_code) == (200, 200)
    assert hook.kept() == [BODY, BODY]
    assert flask_answered() == 2


@pytest.mark.parametrize(
    "body",
    [b"", bytes(range(256)), b"\0", b"\xff\xfe\xc3(", "Лампа".encode("utf-16"), b'\\"%s%%\\u0000\'', b"x" * MIB],
    ids=["nothing", "every byte", "NUL", "no UTF-8", "UTF-16", "what escapes", "1 MiB"],
)  # fmt: skip
def test_bytes_are_kept_as_they_came(
    hook: Hook, front_door: Client, flask_answered: Callable[[], int], body: bytes
) -> None:
    assert deliver(front_door, hook, body).status_code == 200
    assert hook.kept() == [body]
    assert flask_answered() == int(not body)  # without a length it is left to the route


def test_many_at_once_land_each_with_its_own_merchant(
    app: App, hook: Hook, kniga: Merchant, front_door: Client, flask_answered: Callable[[], int]
) -> None:
    other = open_hook(app, kniga.id, kniga.shop_id)
    together = threading.Barrier(THREADS)
    answers: list[int] = []

    def shop(number: int) -> None:
        mine = (hook, other)[number % 2]
        together.wait()
        answers.extend(
            deliver(front_door, mine, f"{number}-{n}".encode()).status_code for n in range(EACH)
        )

    shops = [threading.Thread(target=shop, args=(number,)) for number in range(THREADS)]
    for thread in shops:
        thread.start()
    for thread in shops:
        thread.join(SOON)
    assert answers == [200] * THREADS * EACH
    for which, its in enumerate((hook, other)):
        said = [f"{n}-{m}".encode() for n in range(which, THREADS, 2) for m in range(EACH)]
        assert sorted(its.kept()) == sorted(said)
    assert flask_answered() == 0


def test_a_closed_connection_is_refused_at_once_and_so_is_only_it(
    app: App, hook: Hook, lampa: Merchant, front_door: Client, route: Client
) -> None:
    open_one = open_hook(app, lampa.id, lampa.shop_id)
    assert deliver(front_door, hook).status_code == 200  # remembered from here on
    with app.app_context(), lampa.scope():
        connection = db.session.scalars(select(Connection).where(Connection.id == hook.id)).one()
        tenants_service.disconnect(connection)
        db.session.commit()
    refused = deliver(front_door, hook)
    assert refused.status_code == 404
    assert told(refused) == told(deliver(route, hook))
    assert hook.kept() == [BODY]
    assert deliver(front_door, open_one).status_code == 200


def test_a_new_secret_holds_at_once_and_the_old_one_no_longer_than_it_is_remembered(
    app: App, hook: Hook, lampa: Merchant, front_door: Client
) -> None:
    assert deliver(front_door, hook).status_code == 200
    with app.app_context(), lampa.scope():
        other, secret = tenants_service.connect(lampa.shop_id, "woocommerce")
        connection = db.session.scalars(select(Connection).where(Connection.id == hook.id)).one()
        connection.secret = other.secret
        db.session.commit()
    anew = front_door.post(hook.address, data=BODY, headers=signed(BODY, secret))
    assert anew.status_code == 200
    known = app.extensions["hooks"].known
    known.update({name: entry._replace(until=0.0) for name, entry in known.items()})
    assert deliver(front_door, hook).status_code == 403
    assert front_door.post(hook.address, data=BODY, headers=signed(BODY, secret)).status_code == 200


def test_a_hook_that_was_not_there_is_found_as_soon_as_it_is(
    app: App, lampa: Merchant, front_door: Client
) -> None:
    hook = open_hook(app, lampa.id, lampa.shop_id)
    with app.app_context():
        entry = tenants.look_up("connection", hook.address.rpartition("/")[2])
        assert entry is not None
        kept = (entry.kind, entry.key_hash, entry.tenant_id, entry.target_id)
        db.session.delete(entry)
        db.session.commit()
        assert deliver(front_door, hook).status_code == 404
        tenants_service.enter(
            "connection", hook.address.rpartition("/")[2], kept[2], int(kept[3] or 0)
        )
        db.session.commit()
    assert deliver(front_door, hook).status_code == 200


def test_a_test_twins_clock_counts_for_when_it_came_and_not_for_when_it_is_due(
    app: App, lampa: Merchant, front_door: Client, route: Client, flask_answered: Callable[[], int]
) -> None:
    with app.app_context():
        with tenant_scope(lampa.twin_id):
            shop = tenants.shops()[0].id
        twin = open_hook(app, lampa.twin_id, shop)
        deliver(front_door, twin)  # the offset is not remembered with the connection
        merchant = db.session.get_one(Tenant, lampa.twin_id)
        merchant.clock_offset = OFFSET
        db.session.commit()
    began = clock.wall()
    assert [deliver(client, twin).status_code for client in (front_door, route)] == [200, 200]
    ended = clock.wall()
    assert flask_answered() == 1
    with app.app_context(), tenant_scope(lampa.twin_id):
        rows = db.session.scalars(select(Inbox).order_by(Inbox.id)).all()[1:]
        assert len(rows) == 2
        for row in rows:
            assert began + OFFSET <= row.received_at <= ended + OFFSET
            assert began <= row.due_at <= ended


def test_the_offset_is_counted_by_the_second_and_not_by_the_calendar(
    app: App, hook: Hook, front_door: Client
) -> None:
    """Forty days over the end of summer time are forty times twenty-four hours."""
    deliver(front_door, hook)
    connection = app.extensions["hooks"].commits.connection.driver_connection
    noon = datetime(2026, 10, 1, 12, tzinfo=UTC)
    with app.app_context():
        db.session.get_one(Tenant, hook.tenant).clock_offset = OFFSET
        db.session.commit()
        connection.execute("SET TIME ZONE 'Europe/Berlin'")
        with clock.moved_to(noon):
            deliver(front_door, hook)
        connection.execute("RESET TIME ZONE")
        with tenant_scope(hook.tenant):
            came = db.session.scalars(select(Inbox.received_at).order_by(Inbox.id)).all()
    assert came[1] == noon + OFFSET


def test_no_more_connections_are_remembered_than_there_is_room_for(
    app: App, hook: Hook, front_door: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(front, "MOST_REMEMBERED", 3)
    for n in range(8):
        assert deliver(front_door, hook, headers={"Host": f"h{n}.example"}).status_code == 200
    assert len(app.extensions["hooks"].known) <= 3
    assert len(hook.kept()) == 8


def test_the_worker_is_called_once_for_many(app: App, hook: Hook, front_door: Client) -> None:
    assert queue.redis is not None
    assert queue.queue is not None
    queue.redis.delete("waiting:drain_inbox")
    queue.redis.delete(queue.queue.key)
    for _ in range(5):
        deliver(front_door, hook)
    assert wait_until(lambda: queue.backlog() > 0, SOON)
    assert [job.func_name for job in queue.queue.jobs] == ["app.jobs.drain_inbox"]


def test_what_was_kept_in_front_is_found_by_the_drain(hook: Hook, front_door: Client) -> None:
    deliver(front_door, hook)
    with hook.app.app_context():
        assert hook.tenant in inbox.waiting(10_000)
        db.session.rollback()
