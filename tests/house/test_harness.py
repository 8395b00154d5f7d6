"""The tests' own ground: real engines, the app's role, real mail."""

from __future__ import annotations

import smtplib
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from sqlalchemy import text

from app.extensions import db
from tests.harness.together import room_for, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.application import App
    from tests.harness.mailbox import Mailbox


def test_the_tests_run_as_the_role_that_owns_nothing(db_session: scoped_session[Session]) -> None:
    row = db_session.execute(text("SELECT current_user, current_setting('is_superuser')")).one()
    assert tuple(row) == ("partnerka_app", "off")


def test_the_app_inherits_nothing_from_the_roles_it_may_enter(
    db_session: scoped_session[Session],
) -> None:
    for name in ("partnerka_drain", "partnerka_list"):
        usage = text("SELECT pg_has_role(current_user, :name, 'USAGE')")
        assert db_session.execute(usage, {"name": name}).scalar_one() is False
        db_session.execute(text(f"SET LOCAL ROLE {name}"))
        db_session.execute(text("RESET ROLE"))


def test_redis_answers(environ: dict[str, str]) -> None:
    with Redis.from_url(environ["REDIS_URL"]) as redis:
        assert redis.ping()


def test_letters_arrive_over_smtp(mailbox: Mailbox) -> None:
    with smtplib.SMTP("127.0.0.1", mailbox.port) as smtp:
        smtp.sendmail(
            "shop@lampa.example", ["anna@example.org"], "Subject: Hi\nTo: anna@example.org\n\nHi"
        )
    assert [letter["Subject"] for letter in mailbox.to("anna@example.org")] == ["Hi"]


def test_a_crowd_larger_than_the_apps_pool_meets_with_a_connection_each(app: App) -> None:
    @contextmanager
    def connected() -> Iterator[None]:
        with app.app_context():
            db.session.connection()
            yield

    def number() -> int:
        return int(db.session.execute(text("SELECT pg_backend_pid()")).scalar_one())

    with app.app_context():
        usual = db.engine
    with room_for(app, 25):
        assert len(set(together([number] * 25, connected))) == 25
    with app.app_context():
        assert db.engine is usual


def test_whoever_fails_on_the_way_to_a_meeting_is_named_and_keeps_nobody_waiting() -> None:
    turns = count()

    @contextmanager
    def on_the_way() -> Iterator[None]:
        if next(turns) == 1:
            raise ZeroDivisionError
        yield

    with pytest.raises(ZeroDivisionError):
        together([lambda: None] * 3, on_the_way)
