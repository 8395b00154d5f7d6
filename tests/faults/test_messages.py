"""Letters survive: a killed worker, a killed job, Redis flushed, Redis gone. F2, F3, F6, F7."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import select

from app import jobs
from app.dev.children import Child, wait_until
from app.dev.redis_server import RedisServer
from app.extensions import db, queue
from app.notifications.models import Message
from tests.harness.engines import ROOT
from tests.harness.live import horse_of
from tests.harness.mailbox import Gate
from tests.notifications import scene
from tests.notifications.scene import message_ids, messages_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.application import App
    from tests.harness.engines import Addresses
    from tests.world import Merchant

SOON = 180.0  # a new process on a loaded machine
STEP = 0.2


@pytest.fixture
def gate() -> Iterator[Gate]:
    server = Gate()
    server.start()
    yield server
    server.open.set()
    server.stop()


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    server.start()
    server.wait()
    yield server
    server.stop()


@pytest.fixture
def start(
    environ: dict[str, str], gate: Gate, redis_server: RedisServer, tmp_path: Path
) -> Iterator[Callable[..., Child]]:
    """Start workers on this test's own Redis and mail server; they end with the test."""
    children: list[Child] = []

    def begin(role: str = "all", **said: str) -> Child:
        own = {"REDIS_URL": redis_server.url, "SMTP_URL": f"smtp://127.0.0.1:{gate.port}"}
        command = [sys.executable, "worker.py", "--role", role]
        name = f"worker{len(children)}"
        child = Child(
            name, command, folder=tmp_path, env=os.environ | environ | own | said, cwd=ROOT
        )
        child.start()
        children.append(child)
        return child

    yield begin
    for child in children:
        child.stop()


@pytest.fixture
def _app(
    app: App, redis_server: RedisServer, engines: Addresses, worker_name: str
) -> Iterator[None]:
    """This process speaks to the test's own Redis too, and no letter waits that other tests left."""
    before = queue.redis, queue.queue
    queue.init(redis_server.url)
    with app.app_context():
        jobs.drain()  # what other tests left
        if queue.redis is not None:
            queue.redis.flushall()
        _put_off(engines.superuser, f"partnerka_{worker_name}")
        yield
    queue.redis, queue.queue = before


def _put_off(superuser: str, name: str) -> None:
    """Hundreds of letters of other tests would stand in the queue before the one that is watched."""
    with psycopg.connect(superuser, dbname=name) as connection:
        connection.execute("UPDATE message SET due_at = due_at + interval '1 year'")


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def told(gate: Gate, merchant: Merchant, partner_id: int) -> int:
    """Return how many letters about earned money a partner got."""
    letters = gate.to(scene.address_of(merchant, partner_id))
    return sum("earned" in str(letter["Subject"]) for letter in letters)


def sent(merchant: Merchant, event_id: int) -> bool:
    return [state for _who, _to, state, _n in messages_of(merchant, event_id)] == ["sent"]


def states_of(merchant: Merchant) -> set[str]:
    query = select(Message.state)
    return jobs.in_transaction(lambda: set(db.session.scalars(query)), merchant.id)


@pytest.mark.usefixtures("_app")
def test_a_letter_outlives_its_worker_and_its_job(
    start: Callable[..., Child], gate: Gate, lampa: Merchant
) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    jobs.drain()
    (message_id,) = message_ids(lampa, event_id)
    assert queue.redis is not None
    queue.redis.flushall()
    first = start("worker")
    queue.enqueue("send_message", lampa.id, message_id)
    assert gate.knocked.wait(SOON), first.tail(30)
    assert first.process is not None
    job = horse_of(first)
    assert job is not None
    kill(first.process.pid)
    kill(job)
    assert messages_of(lampa, event_id)[0][2:] == ("sending", 1)
    gate.open.set()
    scene.make_due(lampa, message_id)  # the lease is over
    second = start("all")
    assert wait_until(lambda: sent(lampa, event_id), SOON, STEP), second.tail(30)
    assert told(gate, lampa, partner_id) == 1


@pytest.mark.usefixtures("_app")
def test_a_letter_outlives_its_job_and_the_same_worker_sends_it(
    start: Callable[..., Child], gate: Gate, lampa: Merchant
) -> None:
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    jobs.drain()
    (message_id,) = message_ids(lampa, event_id)
    assert queue.redis is not None
    queue.redis.flushall()
    worker = start("worker")
    queue.enqueue("send_message", lampa.id, message_id)
    assert gate.knocked.wait(SOON), worker.tail(30)
    job = horse_of(worker)
    assert job is not None
    kill(job)
    gate.open.set()
    scene.make_due(lampa, message_id)
    jobs.sweep()
    assert wait_until(lambda: sent(lampa, event_id), SOON, STEP), worker.tail(30)
    assert messages_of(lampa, event_id)[0][3] == 2
    assert told(gate, lampa, partner_id) == 1
    assert worker.running


@pytest.mark.usefixtures("_app")
def test_redis_flushed_under_load_loses_no_letter(
    start: Callable[..., Child], gate: Gate, lampa: Merchant, redis_server: RedisServer
) -> None:
    partner_id = scene.make_partner(lampa)
    gate.open.set()
    worker = start("all")
    made = []
    with Redis.from_url(redis_server.url) as redis:
        for n in range(40):
            made.append(scene.earns(lampa, partner_id, 100 + n))
            if n % 7 == 0:
                redis.flushall()
        redis.flushall()
    jobs.sweep()
    assert wait_until(lambda: all(sent(lampa, e) for e in made), SOON, STEP), worker.tail(30)
    assert told(gate, lampa, partner_id) == len(made)
    assert worker.running


@pytest.mark.usefixtures("_app")
def test_without_redis_letters_leave_and_with_it_back_the_worker_works_on(
    start: Callable[..., Child], gate: Gate, lampa: Merchant, redis_server: RedisServer
) -> None:
    gate.open.set()
    assert redis_server.child.process is not None
    kill(redis_server.child.process.pid)
    redis_server.child.process.wait()
    partner_id = scene.make_partner(lampa)
    first = scene.earns(lampa, partner_id)  # the commit succeeds, and nobody can be told
    worker = start("all")
    assert wait_until(lambda: sent(lampa, first), SOON, STEP), worker.tail(30)
    redis_server.start()
    redis_server.wait()
    second = scene.earns(lampa, partner_id)
    assert wait_until(lambda: sent(lampa, second), SOON, STEP), worker.tail(30)
    assert told(gate, lampa, partner_id) == 2


@pytest.mark.usefixtures("_app")
def test_a_worker_outlives_redis(
    start: Callable[..., Child], gate: Gate, lampa: Merchant, redis_server: RedisServer
) -> None:
    gate.open.set()
    partner_id = scene.make_partner(lampa)
    first = scene.earns(lampa, partner_id)
    worker = start("worker")
    assert wait_until(lambda: sent(lampa, first), SOON, STEP), worker.tail(30)
    assert redis_server.child.process is not None
    kill(redis_server.child.process.pid)
    redis_server.child.process.wait()
    lost = scene.earns(lampa, partner_id)
    redis_server.start()
    redis_server.wait()
    jobs.sweep()
    assert wait_until(lambda: sent(lampa, lost), SOON, STEP), worker.tail(30)
    assert worker.running


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("role", ["all", "worker", "cron"])
def test_a_worker_ends_at_once_when_asked(
    start: Callable[..., Child], role: str, redis_server: RedisServer, gate: Gate, lampa: Merchant
) -> None:
    gate.open.set()
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    worker = start(role)
    if role == "cron":  # it hands letters to workers while there is Redis
        drained = wait_until(lambda: bool(messages_of(lampa, event_id)), SOON, STEP)
        assert drained, worker.tail(30)
    else:
        assert wait_until(lambda: sent(lampa, event_id), SOON, STEP), worker.tail(30)
    assert worker.process is not None
    worker.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: not worker.running, SOON), worker.tail(30)
    assert worker.process.returncode == 0


@pytest.mark.usefixtures("_app")
@pytest.mark.parametrize("role", ["all", "worker"])
def test_a_worker_that_is_asked_to_end_waits_for_no_mail_server(
    start: Callable[..., Child], role: str, gate: Gate, lampa: Merchant
) -> None:
    scene.earns(lampa, scene.make_partner(lampa))
    worker = start(role)
    assert gate.knocked.wait(SOON), worker.tail(30)
    assert worker.process is not None
    worker.process.send_signal(signal.SIGTERM)
    assert wait_until(lambda: not worker.running, SOON), worker.tail(30)
    assert worker.process.returncode == 0
    # The mail server was not heard out: whoever takes the letter next finds it as it was left.
    assert "sending" in states_of(lampa)


@pytest.mark.usefixtures("_app")
def test_a_worker_needs_no_redis_at_all(
    start: Callable[..., Child], gate: Gate, lampa: Merchant
) -> None:
    gate.open.set()
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    worker = start("all", REDIS_URL="")
    assert wait_until(lambda: sent(lampa, event_id), SOON, STEP), worker.tail(30)
    assert told(gate, lampa, partner_id) == 1


@pytest.mark.usefixtures("_app")
def test_a_job_that_fails_takes_nothing_with_it(
    start: Callable[..., Child], gate: Gate, lampa: Merchant, redis_server: RedisServer
) -> None:
    gate.open.set()
    worker = start("all")
    with Redis.from_url(redis_server.url) as redis:
        calls = Queue(connection=redis, serializer=JSONSerializer)
        calls.enqueue("app.jobs.send_message", 1, "no number")
        calls.enqueue("app.jobs.no_such_job")
    partner_id = scene.make_partner(lampa)
    event_id = scene.earns(lampa, partner_id)
    assert wait_until(lambda: sent(lampa, event_id), SOON, STEP), worker.tail(30)
    assert worker.running
