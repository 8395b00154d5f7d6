"""The tests' own ground: real engines, the app's role, real mail."""

from __future__ import annotations

import smtplib
from typing import TYPE_CHECKING

from redis import Redis
from sqlalchemy import text

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, scoped_session

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
