"""The latest word about a rank holds; a pinned one holds against rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.ranks.rules import Ranked, code_of, standing

NOW = datetime(2026, 12, 1, tzinfo=UTC)
marks = st.lists(
    st.builds(
        lambda rank, hour, hand, pinned, n: Ranked(
            rank, NOW + timedelta(hours=hour), f"{'hand' if hand else 'order'}:{n}", hand and pinned
        ),
        st.sampled_from([None, 1, 2]),
        st.integers(0, 5),
        st.booleans(),
        st.booleans(),
        st.integers(0, 10_000),
    ),
    max_size=8,
    unique_by=lambda each: each.source,
)


def test_a_pinned_rank_wins_over_what_rules_give_later() -> None:
    pinned = Ranked(1, NOW, "hand:a", pinned=True)
    later = Ranked(2, NOW + timedelta(days=1), "order:1:2:0")
    freed = Ranked(1, NOW + timedelta(days=2), "hand:b")
    last = Ranked(2, NOW + timedelta(days=3), "order:2:2:0")
    assert standing([later, pinned]) == pinned
    assert standing([pinned, later, freed]) == freed
    assert standing([pinned, later, freed, last]) == last
    assert standing([pinned, later, freed, last], NOW + timedelta(days=1)) == pinned
    assert standing([pinned], NOW) is None, "not known before it was said"


@given(marks, st.randoms())
def test_the_order_in_which_words_came_in_makes_no_difference(
    found: list[Ranked], random: object
) -> None:
    mixed = list(found)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert standing(mixed) == standing(found)
    held = standing(found)
    assert (held is None) == (not found)
    if held is not None and not held.pinned:
        assert held == max(found, key=lambda each: (each.at, each.source))


def test_rules_call_a_rank_by_small_letters() -> None:
    assert code_of("  Золотой  клиент, VIP ") == "золотой-клиент-vip"
