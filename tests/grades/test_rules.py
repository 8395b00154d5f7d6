"""The ladder: what is earned, when a warning is given, when a fall comes."""

from __future__ import annotations

from datetime import date

import pytest

from app.grades.rules import (
    Measures,
    Move,
    Plan,
    Review,
    Rung,
    Standing,
    Verdict,
    earned,
    fall_day,
    first_of_next_month,
    judge,
    next_rung,
    review_came,
)

SILVER = Rung(1, place=1, days=30, turnover=100_000)
GOLD = Rung(2, place=2, days=30, turnover=500_000, recruits=2)
BY_MONTH = Rung(3, place=3, days=None, orders=10)
LADDER = [SILVER, GOLD, BY_MONTH]
PLAN = Plan(on=True, at_once=True, review=Review.NIGHTLY, warning=14)
DAY = date(2026, 11, 22)


def did(turnover: int = 0, orders: int = 0, recruits: int = 0) -> dict[int, Measures]:
    return dict.fromkeys((1, 2, 3), Measures(turnover, orders, recruits))


def at(group: int | None, done: dict[int, Measures], **more: object) -> Standing:
    said = {"group_id": group, "now": done, "closed": {}} | more
    return Standing(**said)  # type: ignore[arg-type]


def test_all_conditions_of_a_group_must_be_met() -> None:
    assert earned(LADDER, did(500_000)) == SILVER
    assert earned(LADDER, did(500_000, recruits=2)) == GOLD
    assert earned(LADDER, did(99_999)) is None
    assert GOLD.short(Measures(400_000, 0, 1)) == {"turnover": 100_000, "recruits": 1}


def test_the_highest_that_is_earned_counts_also_past_one_that_is_not() -> None:
    assert earned(LADDER, did(orders=10)) == BY_MONTH


def test_a_rise_is_at_once_or_on_the_review_day() -> None:
    rise = Verdict(Move.RISE, 1)
    assert judge(at(None, did(100_000)), LADDER, PLAN, DAY, review=False) == rise
    slow = Plan(on=True, at_once=False)
    assert judge(at(None, did(100_000)), LADDER, slow, DAY, review=False).move is Move.STAY
    assert judge(at(None, did(100_000)), LADDER, slow, DAY, review=True) == rise


@pytest.mark.parametrize("more", [{"pinned": True}, {"group_id": 77}])
def test_who_is_pinned_or_in_a_group_without_conditions_stays(more: dict[str, object]) -> None:
    for done in (did(), did(500_000, 10, 2)):
        assert judge(at(2, done, **more), LADDER, PLAN, DAY, review=True) == Verdict(Move.STAY)


def test_before_a_fall_comes_a_warning_with_what_is_missing_and_the_day() -> None:
    found = judge(at(2, did(400_000, recruits=2)), LADDER, PLAN, DAY, review=True)
    assert found == Verdict(Move.WARN, 2, date(2026, 12, 6), {"turnover": 100_000})


@pytest.mark.parametrize(
    ("today", "review", "move"),
    [
        (date(2026, 12, 5), True, Move.STAY),
        (date(2026, 12, 6), False, Move.STAY),
        (date(2026, 12, 6), True, Move.FALL),
        (date(2026, 12, 9), True, Move.FALL),
    ],
)
def test_a_fall_comes_on_its_day_and_not_before(today: date, review: bool, move: Move) -> None:
    warned = at(2, did(100_000), warned_until=date(2026, 12, 6))
    found = judge(warned, LADDER, PLAN, today, review=review)
    assert found.move is move
    assert found.group_id == (1 if move is Move.FALL else None)


def test_a_fall_may_lead_to_no_group_at_all() -> None:
    warned = at(1, did(), warned_until=DAY)
    assert judge(warned, LADDER, PLAN, DAY, review=True) == Verdict(
        Move.FALL, None, short={"turnover": 100_000}
    )


def test_who_makes_it_up_is_saved() -> None:
    warned = at(2, did(500_000, recruits=2), warned_until=date(2026, 12, 6))
    assert judge(warned, LADDER, PLAN, DAY, review=False) == Verdict(Move.SAVE, 2)


def test_a_month_that_has_just_begun_says_nothing() -> None:
    early, late = date(2026, 11, 2), date(2026, 11, 17)
    stands = at(3, did(orders=4))
    assert judge(stands, LADDER, PLAN, early, review=True).move is Move.STAY
    assert judge(stands, LADDER, PLAN, late, review=True) == Verdict(
        Move.WARN, 3, date(2026, 12, 1), {"orders": 6}
    )


def test_at_the_turn_the_month_that_is_over_decides() -> None:
    turn = date(2026, 12, 1)
    for orders, move in ((9, Move.FALL), (10, Move.STAY)):
        closed = {3: Measures(orders=orders)}
        warned = at(3, did(), closed=closed, warned_until=turn)
        found = judge(warned, LADDER, PLAN, turn, review=True)
        assert found.move is (Move.SAVE if move is Move.STAY else Move.FALL)


def test_the_day_of_a_fall_is_a_review_day_after_the_whole_warning() -> None:
    monthly = Plan(on=True, review=Review.MONTHLY, warning=14)
    assert fall_day(date(2026, 11, 10), PLAN, SILVER) == date(2026, 11, 24)
    assert fall_day(date(2026, 11, 10), monthly, SILVER) == date(2026, 12, 1)
    assert fall_day(date(2026, 11, 17), monthly, SILVER) == date(2026, 12, 1)
    assert fall_day(date(2026, 11, 18), monthly, SILVER) == date(2027, 1, 1)
    assert first_of_next_month(date(2026, 12, 31)) == date(2027, 1, 1)


def test_a_review_that_nobody_looked_at_is_made_up_for() -> None:
    assert review_came(None, DAY, Review.MONTHLY)
    assert not review_came(date(2026, 11, 1), DAY, Review.MONTHLY)
    assert review_came(date(2026, 10, 31), date(2026, 11, 2), Review.MONTHLY)
    assert review_came(date(2026, 11, 21), DAY, Review.NIGHTLY)
    assert not review_came(DAY, DAY, Review.NIGHTLY)


def test_the_next_group_is_the_one_above() -> None:
    assert next_rung(LADDER, None) == SILVER
    assert next_rung(LADDER, 1) == GOLD
    assert next_rung(LADDER, 3) is None
    assert next_rung(LADDER, 77) is None


def test_a_plan_is_stored_and_read_again() -> None:
    assert Plan.read(PLAN.written()) == PLAN
    assert Plan.read(None) == Plan()
