from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.identity import rules
from app.identity.models import STAFF_ROLES

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Anna@Example.ORG ", "anna@example.org"),
        ("ＡＮＮＡ@example.org", "anna@example.org"),
        ("анна@почта.рф", "анна@почта.рф"),
    ],
)
def test_an_email_has_one_spelling(typed: str, kept: str) -> None:
    assert rules.normalise_email(typed) == kept


@pytest.mark.parametrize(
    "good", ["a@b.co", "anna+shop@mail.example.org", "анна@почта.рф", "o'hara@x.example"]
)
def test_an_email_is_an_email(good: str) -> None:
    assert not rules.email_problem(good)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a",
        "@b.co",
        "a@b",
        "a@@b.co",
        "a b@c.de",
        "a@.co",
        "a@-b.co",
        "a@b..co",
        "a@b.co\r\nBcc: c@d.e",
        "<a@b.co>",
        "a@b.co,c@d.ef",
        "x" * 250 + "@b.co",
    ],
)
def test_what_is_no_email_is_refused(bad: str) -> None:
    assert rules.email_problem(bad)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("eleven char", "short"),
        ("x" * 300, "long"),
        ("aaaaaaaaaaaa", "common"),
        ("Password12345", "common"),
        ("qwertyuiop123!!!", "common"),
        ("anna@lampa.example", "personal"),
        ("lampa2026!!ab", None),
        ("annalampa123", None),
        ("a green lamp on the desk", None),
        ("зелёная лампа на столе", None),
        ("            ", "common"),
    ],
)
def test_easy_passwords_are_named(password: str, problem: str | None) -> None:
    assert rules.password_problem(password, "anna@lampa.example", "Ann") == problem


@pytest.mark.parametrize(
    ("lifetime", "idle", "over"),
    [
        (rules.STAFF_SESSION, timedelta(minutes=29), False),
        (rules.STAFF_SESSION, timedelta(minutes=31), True),
        (rules.PARTNER_SESSION, timedelta(days=13), False),
        (rules.PARTNER_SESSION, timedelta(days=15), True),
    ],
)
def test_a_session_ends_when_nobody_uses_it(
    lifetime: rules.Lifetime, idle: timedelta, over: bool
) -> None:
    assert rules.ended(NOON, NOON, NOON + lifetime.absolute, NOON + idle) is over


def test_a_session_ends_however_busy_it_is() -> None:
    end = NOON + rules.STAFF_SESSION.absolute
    assert rules.ended(NOON, end, end, end)


def test_every_role_has_permissions_and_only_an_owner_has_the_team() -> None:
    assert set(rules.PERMISSIONS) == set(rules.Role)
    assert {role.value for role in rules.STAFF} == set(STAFF_ROLES)
    assert [role for role in rules.Role if "team" in rules.PERMISSIONS[role]] == [rules.Role.OWNER]
    assert rules.PERMISSIONS[rules.Role.PARTNER] == {"partner"}
    assert rules.PERMISSIONS[rules.Role.ACCOUNTANT] == {"money", "money.read"}
