"""Differences, and telling of each order once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.commissions.rules import NOTHING_TAKEN, due, facts_from_rows
from app.facts.rules import Timeline
from app.orders.rules import State
from app.reruns.rules import (
    Shown,
    cost,
    difference,
    months_of,
    overlaid,
    reported,
    shares_of,
)
from tests.commissions.story import FOUNDED, NOON, VERA, Story, code, folded, placed

MOSCOW = ZoneInfo("Europe/Moscow")


def test_nothing_differs_where_state_partner_sums_and_time_are_the_same() -> None:
    one = Shown("agreed", 3, {(1, 3): 100})
    assert difference(one, Shown("agreed", 3, {(1, 3): 100})) is None
    assert difference(one, Shown("completed", 3, {(1, 3): 100})) is not None
    later = Shown("agreed", 3, {(1, 3): 100}, NOON)
    assert difference(one, later) is not None


def test_a_difference_tells_partners_who_gain_and_lose() -> None:
    found = difference(
        Shown("agreed", 3, {(1, 3): 100, (2, 2): 50}), Shown("agreed", 3, {(1, 3): 90, (2, 2): 50})
    )
    assert found is not None
    assert found["partners"] == {"3": [100, 90]}


def test_cost_is_counted_by_level_and_by_month_of_the_merchants_zone() -> None:
    late = datetime(2026, 10, 31, 22, tzinfo=UTC)  # November in Moscow
    found = cost(Shown("agreed", 3, {(1, 3): 100}), Shown("agreed", 3, {(2, 2): 7}), late, MOSCOW)
    assert found == {
        "cost": [100, 7],
        "levels": {"1": [100, 0], "2": [0, 7]},
        "months": {"2026-11": [100, 7]},
    }
    assert months_of(found) == [(date(2026, 11, 1), 100, 7)]


def test_the_share_of_turnover_needs_a_turnover() -> None:
    assert shares_of({}) is None
    assert shares_of({"turnover": 3000, "cost": [300, 100]}) == (Decimal("10.0"), Decimal("3.3"))


def test_each_order_is_told_of_once_over_all_batches() -> None:
    """Orders 1, 2 and 5 are one customer's; 5 is out of the scope and changes along; 3, 4 are nobody's."""
    members = {1: 7, 2: 7, 5: 7}
    assert reported(members, {1, 2}, [1]) == {1, 5}
    assert reported(members, {1, 2}, [2]) == {2}
    assert reported({3: None, 4: None}, {3, 4}, [3, 4]) == {3, 4}


def test_facts_are_laid_over_the_world_from_an_instant_on() -> None:
    story = Story().say("terms:1", "levels", ["50%"], NOON + timedelta(days=1))
    put = facts_from_rows([("terms:1", "levels", NOON, ["20%"])], "RUB")
    world = overlaid(story.world(), put, NOON)
    timeline: Timeline[object] = world.facts["terms:1", "levels"]
    assert [at for at, _value in timeline.rows] == [FOUNDED, NOON]
    early = placed(folded(State.AGREED, created_at=NOON - timedelta(days=1)), code(VERA))
    late = placed(folded(State.AGREED, created_at=NOON + timedelta(days=9)), code(VERA))
    sums = [due([o], world, NOTHING_TAKEN, NOON).deals[0].commission for o in (early, late)]
    assert sums == [16000, 20000]
    new = facts_from_rows([("terms:9", "cap", NOON, 5)], "RUB")
    assert overlaid(story.world(), new, NOON).facts["terms:9", "cap"].at(NOON) == 5
