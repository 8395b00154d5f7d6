"""What a code is good for, and codes by a pattern."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.codes.rules import (
    ALWAYS,
    DEFAULT_COUPON,
    DEFAULT_PATTERN,
    UNGUESSABLE,
    Conditions,
    Lapse,
    PatternError,
    check_pattern,
    conditions_from_json,
    conditions_to_json,
    fill,
    how_many,
    timeline,
)
from app.orders.rules import (
    Customer,
    Message,
    PartnerData,
    Snapshot,
    StaffWord,
    absorb,
    partner_data,
)
from app.partners.rules import normalise_code

NOON = datetime(2026, 10, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("said", "at", "shop", "lapse"),
    [
        (ALWAYS, NOON, None, None),
        (Conditions(starts=NOON), NOON - HOUR, 1, Lapse.EARLY),
        (Conditions(starts=NOON), NOON, 1, None),
        (Conditions(ends=NOON), NOON - timedelta(microseconds=1), 1, None),
        (Conditions(ends=NOON), NOON, 1, Lapse.EXPIRED),
        (Conditions(shop_id=2), NOON, 1, Lapse.OTHER_SHOP),
        (Conditions(shop_id=2), NOON, 2, None),
        (Conditions(off=True, ends=NOON), NOON, 1, Lapse.RETIRED),
        (Conditions(limit=1), NOON, 1, None),
    ],
)
def test_a_code_is_good_from_until_and_where_it_says(
    said: Conditions, at: datetime, shop: int | None, lapse: Lapse | None
) -> None:
    assert said.lapse(at, shop) is lapse


def test_what_is_written_is_read_again() -> None:
    full = Conditions(NOON, NOON + HOUR, 7, 3, off=True)
    assert conditions_from_json(conditions_to_json(full)) == full
    assert conditions_to_json(ALWAYS) is None
    assert conditions_from_json(None) == ALWAYS


def test_an_order_reads_what_held_when_it_was_made_and_an_older_one_the_first_word() -> None:
    rows = [
        (NOON.isoformat(), None),
        ((NOON + HOUR).isoformat(), conditions_to_json(Conditions(limit=2))),
    ]
    found = timeline(rows)
    assert found is not None
    assert found.at(NOON - HOUR) == ALWAYS
    assert found.at(NOON + HOUR).limit == 2
    assert timeline(None) is None


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("", "form"),
        ("ANNA 10", "form"),
        ("КОД-##", "form"),
        ("{surname}", "form"),
        ("#", "too_short"),
        ("*" * 41, "too_long"),
        ("{name}{name}{name}", "too_long"),
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str, code: str) -> None:
    with pytest.raises(PatternError) as refused:
        check_pattern(pattern)
    assert refused.value.code == code


def test_where_a_code_is_worth_something_it_cannot_be_guessed() -> None:
    assert how_many(check_pattern(DEFAULT_COUPON, unguessable=True)) >= UNGUESSABLE == 2**40
    for weak in ("FIRST-****", "{name}-##", "ANNA10", "#" * 12):
        with pytest.raises(PatternError, match="guessable"):
            check_pattern(weak, unguessable=True)


@given(
    st.lists(st.sampled_from(["@", "#", "*", "A", "7", "-", "{name}"]), min_size=2, max_size=8),
    st.sampled_from(["Анна Ёлкина", "Anna", "李", "x" * 90, "O'Brien"]),
    st.integers(0, 9),
)
def test_whatever_a_pattern_makes_is_a_code(parts: list[str], name: str, seed: int) -> None:
    try:
        pattern = check_pattern("".join(parts))
    except PatternError:
        return
    made = fill(pattern, name, random.Random(seed).choice)  # noqa: S311 - a seed that can be told
    assert normalise_code(made)


def test_the_first_pattern_is_a_name_and_two_digits() -> None:
    made = fill(DEFAULT_PATTERN, "Анна", lambda signs: signs[0])
    assert made == "ANNA-00"


def folded(minute: int, card: PartnerData | None) -> object:
    snapshot = Snapshot(
        status="paid",
        currency="RUB",
        created_at=NOON,
        updated_at=NOON + minute * timedelta(minutes=1),
        customer=Customer(id="7"),
        partner_data=card,
    )
    return absorb(None, Message(snapshot, NOON, None))


def test_the_card_of_the_shop_is_a_newer_word_only_when_it_says_something_new() -> None:
    old, ours, new = (PartnerData(refcode=name) for name in ("old", "ours", "new"))
    word = StaffWord(ours, NOON + 10 * timedelta(minutes=1), "Olga", over=old)
    cases = {
        (20, None): ours,
        (20, old): ours,
        (20, ours): ours,
        (20, new): new,
        (5, new): ours,
        (20, PartnerData()): PartnerData(),
    }
    for (minute, card), held in cases.items():
        assert partner_data(folded(minute, card), word) == held, (minute, card)  # type: ignore[arg-type]
    for card in (None, old):
        assert partner_data(folded(20, card), None) is card  # type: ignore[arg-type]


def test_letters_of_patterns_are_those_that_nobody_mistakes() -> None:
    chance = random.Random(7)  # noqa: S311 - a seed that can be told
    made = [fill("@*", "", chance.choice) for _n in range(400)]
    assert not set("".join(itertools.chain(*made))) & set("ILOU")
