"""Long work: where it may go from where, and how sums add up."""

from __future__ import annotations

import pytest

from app.lifecycle import IllegalTransition
from app.runs.rules import LIFECYCLE, OPEN, State, add, can_resume, percent_done


def test_a_look_comes_before_what_is_applied_after_it() -> None:
    assert LIFECYCLE.next(State.DRAFT, "preview") is State.PREVIEWING
    assert LIFECYCLE.next(State.PREVIEWED, "apply") is State.APPLYING
    assert LIFECYCLE.terminal == {State.DONE}
    for state in OPEN:
        assert LIFECYCLE.next(state, "stop") is State.STOPPED
    with pytest.raises(IllegalTransition):
        LIFECYCLE.next(State.DONE, "apply")


@pytest.mark.parametrize(
    ("state", "phase", "may"),
    [
        (State.STOPPED, "preview", True),
        (State.FAILED, "apply", True),
        (State.PREVIEWED, "apply", False),
        (State.APPLYING, "apply", False),
        (State.DONE, "apply", False),
        (State.STOPPED, None, False),
    ],
)
def test_only_what_was_stopped_or_failed_is_taken_up_again(
    state: State, phase: str | None, may: bool
) -> None:
    assert can_resume(state, phase) is may


def test_sums_add_up_name_by_name_and_place_by_place() -> None:
    one = {"orders": 2, "cost": [1, 2], "levels": {"1": [1, 2]}}
    other = {"orders": 1, "cost": [10, 20], "levels": {"1": [1, 1], "2": [5, 6]}, "problems": 1}
    assert add(one, other) == {
        "orders": 3,
        "cost": [11, 22],
        "levels": {"1": [2, 3], "2": [5, 6]},
        "problems": 1,
    }
    assert add({}, one) == one


@pytest.mark.parametrize(
    ("done", "total", "percent"), [(0, 0, 100), (0, 3, 0), (2, 3, 66), (3, 3, 100), (4, 3, 100)]
)
def test_all_is_done_only_when_nothing_is_left(done: int, total: int, percent: int) -> None:
    assert percent_done(done, total) == percent
