"""A delivery that was answered 200 outlives what happens to servers, and what cannot be kept is not answered 200."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

import pytest

from tests.harness.live import Web
from tests.intake.hook import Hook, open_hook, signed

if TYPE_CHECKING:
    from pathlib import Path

    from app.application import App
    from tests.harness.wire import Wire
    from tests.world import Merchant

SHOPS, CALLS = 8, 30
SOON = 180.0


@pytest.fixture
def hook(app: App, lampa: Merchant) -> Hook:
    return open_hook(app, lampa.id, lampa.shop_id)


def deliver(connection: HTTPConnection, hook: Hook, body: bytes) -> tuple[int, dict[str, str]]:
    connection.request("POST", hook.address, body, signed(body))
    answer = connection.getresponse()
    answer.read()
    return answer.status, dict(answer.headers)


def test_every_delivery_that_was_answered_is_kept_when_the_web_server_is_killed(
    environ: dict[str, str], tmp_path: Path, hook: Hook
) -> None:
    server = Web(environ, tmp_path, workers=2)
    server.start()
    answered: list[bytes] = []
    wrong: list[int] = []
    enough = threading.Event()

    def shop(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
        for n in range(10_000):
            body = f"{number}-{n}".encode()
            try:
                status, _ = deliver(connection, hook, body)
            except (OSError, HTTPException):
                return
            (answered if status == 200 else wrong).append(body if status == 200 else status)  # type: ignore[arg-type]
            if len(answered) > 300:
                enough.set()

    shops = [threading.Thread(target=shop, args=(number,)) for number in range(SHOPS)]
    for thread in shops:
        thread.start()
    try:
        assert enough.wait(SOON)
        assert server.child.process is not None
        os.killpg(server.child.process.pid, signal.SIGKILL)
        for thread in shops:
            thread.join(SOON)
    finally:
        server.stop()
    assert not wrong
    kept = hook.kept()
    assert len(set(answered)) == len(answered) > 300
    assert set(answered) <= set(kept)
    assert len(set(kept)) == len(kept)


def test_a_delivery_finds_another_connection_when_its_own_is_gone(
    wire: Wire, tmp_path: Path, hook: Hook
) -> None:
    server = Web(wire.through(), tmp_path)
    server.start()
    try:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
        first, _ = deliver(connection, hook, b"first")
        wire.break_()
        wire.mend()
        second, _ = deliver(connection, hook, b"second")
    finally:
        server.stop()
    assert (first, second) == (200, 200)
    assert hook.kept() == [b"first", b"second"]


def test_while_the_database_is_away_the_shop_is_told_so(
    wire: Wire, tmp_path: Path, hook: Hook
) -> None:
    server = Web(wire.through(), tmp_path)
    server.start()
    try:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
        deliver(connection, hook, b"before")
        wire.break_()
        away, headers = deliver(connection, hook, b"meanwhile")
        wire.mend()
        back, _ = deliver(connection, hook, b"after")
    finally:
        server.stop()
    assert (away, back) == (503, 200)
    assert headers["content-type"] == "application/problem+json; charset=utf-8"
    assert headers["retry-after"] == "5"
    assert hook.kept() == [b"before", b"after"]


def test_a_redis_that_takes_calls_and_never_answers_holds_up_no_delivery(
    environ: dict[str, str], tmp_path: Path, hook: Hook
) -> None:
    """It would cost two seconds a call, if a request waited for it."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        server = Web(environ | {"REDIS_URL": f"redis://127.0.0.1:{port}/0"}, tmp_path)
        server.start()
        try:
            connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
            began = time.monotonic()
            statuses = [deliver(connection, hook, f"{n}".encode())[0] for n in range(CALLS)]
            took = time.monotonic() - began
        finally:
            server.stop()
    assert statuses == [200] * CALLS
    assert took < CALLS  # seconds
    assert len(hook.kept()) == CALLS
