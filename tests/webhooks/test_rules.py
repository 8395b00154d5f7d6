"""How a message is signed, and how often it is tried."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.events.rules import CATALOG
from app.standard_webhooks import PREFIX, headers, is_signed, new_secret
from app.webhooks import rules

NOW = 1_790_000_000
bodies = st.binary(max_size=200)


@given(bodies, st.integers(24, 64))
def test_a_signature_is_what_the_specification_says(body: bytes, size: int) -> None:
    secret = new_secret(size)
    key = base64.b64decode(secret.removeprefix(PREFIX))
    assert len(key) == size
    said = headers([secret], "ev_1", NOW, body)
    by_hand = hmac.new(key, b"ev_1.%d." % NOW + body, hashlib.sha256).digest()
    assert said["webhook-signature"] == "v1," + base64.b64encode(by_hand).decode()


@given(bodies)
def test_while_a_secret_changes_both_prove_a_message(body: bytes) -> None:
    old, new, other = new_secret(), new_secret(), new_secret()
    said = headers([new, old], "ev_1", NOW, body)
    assert is_signed(old, said, body, NOW)
    assert is_signed(new, said, body, NOW)
    assert not is_signed(other, said, body, NOW)
    assert not is_signed(new, said, body + b" ", NOW)
    assert not is_signed(new, said, body, NOW + 301)


def test_a_message_is_tried_for_two_days_with_growing_pauses() -> None:
    pauses = [rules.pause_after(n) for n in range(1, rules.MOST_ATTEMPTS)]
    assert pauses == sorted(p for p in pauses if p is not None)
    total = sum((p for p in pauses if p is not None), timedelta())
    assert timedelta(hours=44) < total <= timedelta(hours=48)
    assert rules.pause_after(rules.MOST_ATTEMPTS) is None


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ("120", timedelta(minutes=2)),
        ("1", timedelta(seconds=5)),
        ("999999", timedelta(hours=24)),
        ("Wed, 21 Oct 2026 07:28:00 GMT", timedelta(seconds=5)),
        ("-5", timedelta(seconds=5)),
        ("٣", timedelta(seconds=5)),
        (None, timedelta(seconds=5)),
    ],
)
def test_a_receiver_may_ask_for_a_longer_pause_up_to_a_day(
    said: str | None, pause: timedelta
) -> None:
    assert rules.pause_after(1, rules.retry_after(said)) == pause


def test_every_event_that_is_offered_is_declared() -> None:
    assert CATALOG.keys() >= rules.TYPES
    assert all(CATALOG[kind].value != "internal" for kind in rules.TYPES)


def test_no_choice_is_everything_that_is_offered_and_no_more() -> None:
    assert rules.wants([], "deal.changed")
    assert rules.wants(["deal.changed"], "deal.changed")
    assert not rules.wants(["deal.changed"], "deal.created")
    assert not rules.wants([], "key.created")


def test_an_endpoint_is_given_up_after_five_days_of_nothing_but_failures() -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    assert not rules.is_over(None, now)
    assert not rules.is_over(now - timedelta(days=4, hours=23), now)
    assert rules.is_over(now - timedelta(days=5), now)
