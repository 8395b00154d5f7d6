"""What anybody may have said of an order counts until the first proven word, in any order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from app.orders.rules import (
    Line,
    Message,
    Snapshot,
    State,
    absorb,
    body_hash,
    folded_from_json,
    folded_to_json,
    mark_deleted,
    snapshot_from_json,
    snapshot_to_json,
)

AT = datetime(2026, 11, 22, tzinfo=UTC)


def message(
    minute: int, amount: int, click: str | None, *, unproven: bool, state: State = State.AGREED
) -> Message:
    said = Snapshot(
        status="unconfirmed" if unproven else "paid",
        currency="RUB",
        created_at=AT,
        updated_at=AT + timedelta(minutes=minute),
        lines=(Line(id="1", quantity=Decimal(1), amount=amount),),
        click=click,
        unproven=unproven,
    )
    return Message(said, AT, State.REGISTERED if unproven else state)


messages = st.builds(
    message,
    st.integers(0, 5),
    st.integers(0, 5),
    st.sampled_from([None, "ck_a", "ck_b"]),
    unproven=st.booleans(),
    state=st.sampled_from([State.AGREED, State.COMPLETED, State.CANCELLED]),
)


@given(st.lists(messages, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_any_order_with_doubles_ends_in_the_same(said: list[Message], random: Random) -> None:
    folded = reduce(absorb, said, None)
    again = [*said, *said]
    random.shuffle(again)
    assert reduce(absorb, again, None) == folded
    proven = [one for one in said if not one.snapshot.unproven]
    if proven:
        assert folded == reduce(absorb, proven, None)
        assert folded is not None
        assert not folded.snapshot.unproven


def test_a_guess_leaves_nothing_behind_once_somebody_knows() -> None:
    guess, word = (
        message(5, 1, "ck_thief", unproven=True),
        message(1, 900, None, unproven=False),
    )
    folded = absorb(absorb(None, guess), word)
    assert (folded.evidence, folded.state, folded.snapshot.lines[0].amount) == (
        (),
        State.AGREED,
        900,
    )
    assert absorb(absorb(None, word), guess) == folded


def test_what_was_deleted_while_it_was_a_guess_stays_deleted_until_a_later_word() -> None:
    guess = mark_deleted(
        absorb(None, message(0, 1, None, unproven=True)), AT + timedelta(minutes=3)
    )
    assert absorb(guess, message(1, 2, None, unproven=False)).deleted
    assert not absorb(guess, message(4, 2, None, unproven=False)).deleted


def test_it_is_stored_and_proven_words_keep_the_hash_that_they_had() -> None:
    guess, word = message(0, 1, "ck", unproven=True), message(0, 1, "ck", unproven=False)
    for one in (guess, word):
        assert snapshot_from_json(snapshot_to_json(one.snapshot)) == one.snapshot
        folded = absorb(None, one)
        assert folded_from_json(folded_to_json(folded)) == folded
    assert "unproven" not in snapshot_to_json(word.snapshot)
    assert body_hash(guess.snapshot) != body_hash(word.snapshot)
