from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.rules import CATALOG
from app.notifications import rules
from app.notifications.rules import MAX_ATTEMPTS, NOTICES, RULES


def test_every_rule_is_about_a_declared_event() -> None:
    assert RULES.keys() <= CATALOG.keys()


def test_pauses_grow_and_end() -> None:
    pauses = [rules.pause_after(n) for n in range(1, MAX_ATTEMPTS)]
    known = [pause for pause in pauses if pause is not None]
    assert len(known) == len(pauses)
    assert known == sorted(known)
    assert known[0] == timedelta(minutes=1)
    assert rules.pause_after(MAX_ATTEMPTS) is None


def test_a_sender_is_cut_before_its_lease_ends() -> None:
    assert rules.LEASE.total_seconds() > rules.DEADLINE


@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_goes_out_unless_somebody_turned_it_off(kind: str) -> None:
    assert rules.is_wanted(kind, switches={})
    assert not rules.is_wanted(kind, switches={kind: False})
    assert not rules.is_wanted(kind, switches={}, muted=[kind])
    assert rules.is_wanted(kind, switches={kind: True}, muted=["payout.paid"])


def test_a_letter_that_is_no_notice_cannot_be_turned_off() -> None:
    assert rules.is_wanted("payout.paid", switches={"payout.paid": False}, muted=["payout.paid"])


@pytest.mark.parametrize(
    ("kind", "facts", "status", "expected"),
    [
        ("partner.registered", {}, "active", True),
        ("partner.registered", {}, "pending", False),
        ("partner.registered", {}, "rejected", False),
        ("partner.approved", {}, "active", True),
        ("partner.created", {"welcome": True}, "active", True),
        ("partner.created", {"welcome": False}, "active", False),
        ("partner.created", {}, "active", True),
    ],
)
def test_a_welcome_waits_for_the_decision(
    kind: str, facts: dict[str, object], status: str, expected: bool
) -> None:
    assert rules.promises(kind, facts, status) is expected


@pytest.mark.parametrize(
    ("subject", "facts", "expected"),
    [
        ("partner:7", {}, 7),
        ("payout:9", {"partner_id": 7}, 7),
        ("partner:3", {"partner_id": 7}, 7),
        ("payout:9", {}, None),
        ("partner:x", {}, None),
        ("partner:7", {"partner_id": "7"}, 7),
    ],
)
def test_the_partner_is_the_fact_or_else_the_subject(
    subject: str, facts: dict[str, object], expected: int | None
) -> None:
    assert rules.partner_of(subject, facts) == expected


def test_the_person_is_the_fact_or_else_the_subject() -> None:
    assert rules.person_of("person:3", {}) == 3
    assert rules.person_of("merchant:1", {"person_id": 4}) == 4


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        ("Anna", "Anna"),
        ("Anna\r\nBcc: x@example.org", "Anna Bcc: x@example.org"),
        ("A\u2028B\u0085C\x00D", "A B C D"),
        ("\u202eevil", "evil"),
        ("  a   b ", "a b"),
        ("x" * 300, "x" * 199 + "…"),
    ],
)
def test_headers_take_one_clean_line(typed: str, line: str) -> None:
    assert rules.one_line(typed) == line


@given(st.text())
def test_no_text_at_all_breaks_a_header(typed: str) -> None:
    line = rules.one_line(typed)
    assert len(line.splitlines()) <= 1
    assert len(line) <= 200


def test_a_re_run_over_older_orders_sends_no_letter_for_each() -> None:
    assert rules.promises("commission.accrued", {"partner_id": 7}, "active")
    assert not rules.promises("commission.accrued", {"partner_id": 7, "run": "rn_1"}, "active")
    assert rules.promises("terms.announced", {"partner_id": 7, "run": "rn_1"}, "active")
