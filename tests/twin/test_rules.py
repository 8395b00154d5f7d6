from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.twin.rules import FURTHEST, Ahead, ClockError, moved

NOW = datetime(2026, 11, 25, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_move_adds_to_what_was_moved_before() -> None:
    assert moved(timedelta(0), NOW, NOW + DAY) == DAY
    assert moved(3 * DAY, NOW, NOW + DAY) == 4 * DAY


@pytest.mark.parametrize(
    ("to", "code"), [(NOW, "back"), (NOW - DAY, "back"), (NOW + FURTHEST + DAY, "far")]
)
def test_time_goes_forward_and_not_too_far(to: datetime, code: str) -> None:
    with pytest.raises(ClockError) as refused:
        moved(timedelta(0), NOW, to)
    assert refused.value.code == code


def test_the_limit_is_for_all_moves_together() -> None:
    assert moved(FURTHEST - DAY, NOW, NOW + DAY) == FURTHEST
    with pytest.raises(ClockError):
        moved(FURTHEST, NOW, NOW + DAY)


def test_nothing_ahead_is_nothing() -> None:
    assert not Ahead(0, 0, 0, 0, 0, 0, reviews=False).anything
    assert Ahead(0, 0, 0, 0, 0, 0, reviews=True).anything
    assert Ahead(0, 0, 0, 0, 1, 0, reviews=False).anything
