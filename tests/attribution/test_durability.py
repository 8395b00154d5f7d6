"""Clicks outlive what happens to servers: a killed web process, a lost connection, a database that is away."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select, text

from app import clock
from app.attribution.clicks import count_click
from app.attribution.models import Click
from app.extensions import db
from app.links import service as links
from app.links.rules import click_key, open_click
from app.partners import service as partners
from tests.harness.engines import SECRET
from tests.harness.live import Web

if TYPE_CHECKING:
    from pathlib import Path

    from app.application import App
    from tests.harness.wire import Wire
    from tests.world import Merchant

BROWSER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0"}
VISITORS = 8
SOON = 180.0


@pytest.fixture
def path(app: App, lampa: Merchant) -> str:
    """Where Anna's link is."""
    with app.app_context():
        with lampa.scope():
            links.ensure_default(partners.create(partners.NewPartner(name="Anna", refcode="anna")))
        db.session.commit()
    return f"/r/{lampa.slug}/anna"


def follow(connection: HTTPConnection, path: str) -> tuple[int, str]:
    connection.request("GET", path, headers=BROWSER)
    answer = connection.getresponse()
    answer.read()
    return answer.status, answer.headers.get("Location", "")


def nonces(locations: list[str]) -> set[int]:
    tokens = (location.partition("click=")[2] for location in locations)
    found = (open_click(token, [click_key(SECRET)]) for token in tokens)
    return {click.nonce for click in found if click is not None}


def kept(app: App, merchant: Merchant) -> set[int]:
    with app.app_context(), merchant.scope():
        return set(db.session.scalars(select(Click.nonce)))


def test_every_click_that_was_answered_is_kept_when_the_web_server_is_killed(
    app: App, environ: dict[str, str], tmp_path: Path, lampa: Merchant, path: str
) -> None:
    server = Web(environ, tmp_path, workers=2)
    server.start()
    answered: list[str] = []
    enough = threading.Event()

    def visit() -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
        while True:
            try:
                answered.append(follow(connection, path)[1])
            except (OSError, HTTPException):
                return
            if len(answered) > 300:
                enough.set()

    visitors = [threading.Thread(target=visit) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    try:
        assert enough.wait(SOON)
        assert server.child.process is not None
        os.killpg(server.child.process.pid, signal.SIGKILL)
        for visitor in visitors:
            visitor.join(SOON)
    finally:
        server.stop()
    promised = nonces(answered)
    assert len(promised) == len(answered) > 300
    assert promised <= kept(app, lampa)


def test_a_click_finds_another_connection_when_its_own_is_gone(
    app: App, environ: dict[str, str], wire: Wire, tmp_path: Path, lampa: Merchant, path: str
) -> None:
    server = Web(wire.through(), tmp_path)
    server.start()
    try:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
        first = follow(connection, path)[1]
        wire.break_()
        wire.mend()
        second = follow(connection, path)[1]
    finally:
        server.stop()
    assert len(nonces([first, second])) == 2
    assert nonces([first, second]) <= kept(app, lampa)


def test_while_the_database_is_away_visitors_still_come_to_the_shop(
    app: App, environ: dict[str, str], wire: Wire, tmp_path: Path, lampa: Merchant, path: str
) -> None:
    server = Web(wire.through(), tmp_path)
    server.start()
    try:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=SOON)
        follow(connection, path)
        wire.break_()
        away = follow(connection, path)
        unknown = follow(connection, f"/r/{lampa.slug}/boris")
        wire.mend()
        back = follow(connection, path)
    finally:
        server.stop()
    assert away == (302, f"https://{lampa.slug}.example/?ref=anna")
    assert unknown[0] == 503
    assert nonces([back[1]]) <= kept(app, lampa)


def months() -> set[str]:
    found = db.session.scalars(
        text(
            "SELECT relname FROM pg_inherits JOIN pg_class ON oid = inhrelid"
            " WHERE inhparent = 'click'::regclass"
        )
    )
    return set(found)


def test_partitions_are_made_ahead_with_their_policies(app: App) -> None:
    with app.app_context():
        db.session.execute(select(func.make_click_partitions(text("date '2031-01-15'"), 3)))
        db.session.execute(select(func.make_click_partitions(text("date '2031-02-01'"), 1)))
        assert {"click_203101", "click_203102", "click_203103", "click_default"} <= months()
        policies = db.session.scalar(
            text("SELECT relrowsecurity FROM pg_class WHERE relname = 'click_203102'")
        )
        assert policies is True
        db.session.rollback()


def test_clicks_that_came_before_their_month_was_made_are_moved_to_it_and_go_with_it(
    app: App, lampa: Merchant, path: str
) -> None:
    """A test twin's clock may stand far ahead."""
    with app.app_context(), lampa.scope():
        then = datetime(2032, 5, 5, tzinfo=UTC)
        with clock.moved_to(then):
            assert count_click("anna")
        where = text("SELECT tableoid::regclass::text FROM click WHERE at = :at")
        assert db.session.scalar(where, {"at": then}) == "click_default"
        db.session.execute(select(func.make_click_partitions(text("date '2032-05-01'"), 1)))
        assert db.session.scalar(where, {"at": then}) == "click_203205"
        db.session.execute(select(func.drop_click_partitions(text("date '2032-06-01'"))))
        assert "click_203205" not in months()
        assert db.session.scalar(where, {"at": then}) is None
        db.session.rollback()
