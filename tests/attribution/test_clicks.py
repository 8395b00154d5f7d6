"""The batches of clicks: who writes, who waits, and what becomes of those that cannot be written."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import func, select

from app import clock
from app.attribution import clicks as front
from app.attribution.clicks import INSERT, random_bits, shortened
from app.attribution.models import Click
from app.extensions import db
from app.group_commit import GroupCommit
from app.links import service as links
from app.links.rules import milliseconds_of
from app.partners import service as partners
from tests.harness.together import together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

THREADS, EACH = 8, 25


@pytest.fixture
def commits(app: App) -> Iterator[GroupCommit]:
    made = GroupCommit(app, "clicks", INSERT)
    yield made
    if made.connection is not None:
        made.connection.invalidate()


def row(merchant: Merchant) -> str:
    at = milliseconds_of(clock.now())
    fields = {
        "t": merchant.id,
        "m": at,
        "n": random_bits(),
        "l": 1,
        "p": 1,
        "k": "redirect",
        "q": {},
    }
    return json.dumps(fields)


def written(app: App, merchant: Merchant) -> int:
    with app.app_context(), merchant.scope():
        return db.session.scalar(select(func.count()).select_from(Click)) or 0


@pytest.mark.parametrize("pace", [0.0, 0.004])
def test_many_at_once_are_all_written_and_all_let_go(
    app: App, lampa: Merchant, commits: GroupCommit, pace: float
) -> None:
    """Also where commits are slow, and a batch waits a little for company."""

    def visit() -> None:
        for _ in range(EACH):
            commits.pace = pace
            commits.write(row(lampa))

    together([visit] * THREADS)
    assert written(app, lampa) == THREADS * EACH
    assert not commits.busy
    assert not commits.gathering.rows


def test_a_row_twice_is_one_click(app: App, lampa: Merchant, commits: GroupCommit) -> None:
    same = row(lampa)
    commits.write(same)
    commits.write(same)
    assert written(app, lampa) == 1


def test_a_batch_that_cannot_be_written_is_told_and_the_next_one_can(
    app: App, lampa: Merchant, commits: GroupCommit
) -> None:
    with pytest.raises(psycopg.Error):
        commits.write("no row")
    commits.write(row(lampa))
    assert written(app, lampa) == 1


def test_everybody_in_a_batch_learns_that_it_was_not_written(
    app: App, lampa: Merchant, commits: GroupCommit
) -> None:
    def visit() -> None:
        with pytest.raises(psycopg.Error):
            commits.write("no row")

    together([visit] * THREADS)
    assert not commits.busy


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("2001:db8:1:2::7", "2001:db8:1::"),
        ("2001:db8::7", "2001:db8::"),
        ("::ffff:203.0.113.77", "203.0.113.0"),
        ("", ""),
        ("unix", ""),
    ],
)
def test_addresses_are_kept_without_what_names_a_household(address: str, kept: str) -> None:
    assert shortened(address) == kept


def test_no_more_links_are_remembered_than_there_is_room_for(
    app: App, client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        with lampa.scope():
            links.ensure_default(partners.create(partners.NewPartner(name="Anna", refcode="anna")))
        db.session.commit()
    monkeypatch.setattr(front, "MOST_REMEMBERED", 3)
    for n in range(8):
        path = f"/r/{lampa.slug}/{'anna' if n % 2 else 'ANNA'}"
        headers = {"User-Agent": "Mozilla/5.0", "Host": f"h{n}.example"}
        assert client.get(path, headers=headers).status_code == 302
    assert len(app.extensions["clicks"].links) <= 3


def test_a_beacon_sent_otherwise_is_left_to_the_pages(client: FlaskClient, lampa: Merchant) -> None:
    assert client.get(f"/t/{lampa.slug}/hit").status_code == 405
    assert client.post(f"/r/{lampa.slug}/anna").status_code in {400, 405}
    options = client.options(f"/t/{lampa.slug}/hit")
    assert (options.status_code, options.headers["Access-Control-Allow-Origin"]) == (204, "*")
