"""Ranks by results: when they are reached, how long they hold, whither they fall; any order of messages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ranks.rules import (
    Hold,
    Ladder,
    Move,
    Plan,
    Policy,
    Review,
    Rung,
    Series,
    Span,
    Window,
    dry_day,
    fall_day,
    judge,
    reached,
)
from app.ranks.rules.windows import next_period, period_start, review_from

DAY = date(2026, 3, 10)
SILVER, GOLD = 1, 2
MONTH = Window(Span.DAYS, 30)


def rung(rank: int, asks: dict[str, int], window: Window = MONTH, **said: Any) -> Rung:
    return Rung(rank, rank, window, asks, **said)


def seen(days: dict[date, int], metric: str = "sum") -> dict[int, dict[str, Series]]:
    return {rank: {metric: Series(days)} for rank in (SILVER, GOLD)}


def ladder(window: Window = MONTH, **said: Any) -> Ladder:
    rungs = (rung(SILVER, {"sum": 100}, window), rung(GOLD, {"sum": 300}, window))
    return Ladder(Plan(on=True, **said), rungs, {SILVER: 1, GOLD: 2, 9: 9})


@pytest.mark.parametrize(
    ("window", "lost"),
    [
        (Window(Span.DAYS, 30), DAY + timedelta(days=30)),
        (Window(Span.MONTH), date(2026, 5, 1)),
        (Window(Span.QUARTER), date(2026, 7, 1)),
        (Window(Span.YEAR), date(2028, 1, 1)),
        (Window(Span.EVER), None),
    ],
)
def test_what_was_bought_counts_so_long(window: Window, lost: date | None) -> None:
    gold, days = rung(GOLD, {"sum": 300}, window), {"sum": Series({DAY: 300})}
    assert gold.met(days, DAY)
    assert dry_day(gold, days, DAY) == lost
    if lost is not None:
        assert gold.met(days, lost - timedelta(days=1))
        assert not gold.met(days, lost)


def test_all_that_is_asked_or_any_of_it() -> None:
    days = {"orders": Series({DAY: 1}), "sum": Series({DAY: 500})}
    asks = {"orders": 2, "sum": 500}
    assert not rung(GOLD, asks).met(days, DAY)
    assert rung(GOLD, asks).lacks(rung(GOLD, asks).done(days, DAY, next_period(DAY, "year"))) == {
        "orders": 1
    }
    assert rung(GOLD, asks, every=False).met(days, DAY)
    assert not rung(GOLD, {"friends": 1, "orders": 2}, every=False).met(days, DAY)


def test_the_highest_that_is_reached_counts_and_rises_are_at_once() -> None:
    said = judge(ladder(), None, Hold(), seen({DAY: 300}), DAY)
    assert (said.move, said.rank_id, said.falls_on) == (Move.RISE, GOLD, DAY + timedelta(days=30))
    assert said.look_on == DAY + timedelta(days=16), "the warning is fourteen days before"
    assert judge(ladder(), GOLD, Hold(), seen({DAY: 100}), DAY).move is Move.WARN, "not at once"
    assert judge(ladder(), 9, Hold(), seen({DAY: 300}), DAY).rank_id == 9, "a higher one by hand"
    assert judge(ladder(), 9, Hold(), seen({}), DAY).look_on is None, "and it asks nothing"


def test_warned_first_then_fallen_and_saved_by_what_is_bought_meanwhile() -> None:
    found = ladder()
    risen = judge(found, None, Hold(), seen({DAY: 300}), DAY)
    assert risen.look_on is not None
    assert risen.falls_on is not None
    hold = Hold(GOLD, risen.falls_on, told=False)
    warned = judge(found, GOLD, hold, seen({DAY: 300}), risen.look_on)
    assert (warned.move, warned.falls_on) == (Move.WARN, risen.falls_on)
    assert warned.lacks == {"sum": 300}, "all of it will have fallen out by then"
    told = Hold(GOLD, warned.falls_on, told=True)
    more = {DAY: 300, risen.look_on: 120}
    still = judge(found, GOLD, told, seen(more), risen.look_on)
    assert (still.move, still.lacks) == (Move.STAY, {"sum": 180}), "told once"
    saved = judge(found, GOLD, told, seen({DAY: 300, risen.look_on: 300}), risen.look_on)
    assert saved.move is Move.SAVE
    assert saved.falls_on == risen.look_on + timedelta(days=30)
    fallen = judge(found, GOLD, told, seen(more), risen.falls_on)
    assert (fallen.move, fallen.rank_id) == (Move.FALL, SILVER)
    assert judge(found, GOLD, told, seen({DAY: 300}), risen.falls_on).rank_id is None


def test_who_was_never_warned_is_warned_however_late() -> None:
    late = DAY + timedelta(days=100)
    said = judge(ladder(), GOLD, Hold(GOLD, DAY, told=False), seen({}), late)
    assert (said.move, said.falls_on) == (Move.WARN, late + timedelta(days=14))
    silent = judge(ladder(warning=0), GOLD, Hold(GOLD, DAY, told=False), seen({}), late)
    assert silent.move is Move.FALL, "where no warning is wanted he falls"


@pytest.mark.parametrize(
    ("policy", "after"), [(Policy.ONE_DOWN, SILVER), (Policy.TO_MATCHING, None)]
)
def test_one_down_or_to_what_is_earned_or_never(policy: Policy, after: int | None) -> None:
    told = Hold(GOLD, DAY, told=True)
    assert judge(ladder(policy=policy), GOLD, told, seen({}), DAY).rank_id == after
    never = judge(ladder(policy=Policy.NEVER), GOLD, told, seen({}), DAY)
    assert (never.rank_id, never.look_on) == (GOLD, None)


def test_reviews_and_days_of_grace() -> None:
    monthly = Plan(on=True, review=Review.MONTHLY, grace=5, warning=7)
    assert fall_day(date(2026, 4, 9), DAY, monthly) == date(2026, 5, 6)
    assert fall_day(DAY, DAY, monthly) == date(2026, 4, 6)
    assert fall_day(DAY, date(2026, 3, 31), monthly) == date(2026, 5, 6), "a week is too short"
    assert review_from(date(2026, 4, 1), Review.YEARLY) == date(2027, 1, 1)
    assert review_from(date(2026, 4, 1), Review.QUARTERLY) == date(2026, 4, 1)
    assert period_start(date(2026, 12, 31), "quarter") == date(2026, 10, 1)


DAYS = st.dictionaries(
    st.integers(0, 120).map(lambda n: DAY - timedelta(days=n)), st.integers(1, 200), max_size=12
)
WINDOWS = st.sampled_from([Window(span) for span in Span if span is not Span.DAYS]) | st.integers(
    1, 90
).map(lambda n: Window(Span.DAYS, n))


@given(DAYS, WINDOWS)
def test_the_day_on_which_a_rank_runs_dry_is_the_first_on_which_it_is_not_earned(
    days: dict[date, int], window: Window
) -> None:
    gold, found = rung(GOLD, {"sum": 300}, window), {"sum": Series(days)}
    dry = dry_day(gold, found, DAY)
    ahead = [DAY + timedelta(days=n) for n in range(800)]
    first = next((day for day in ahead if not gold.met(found, day)), None)
    assert dry == first


@given(DAYS, st.integers(0, 30), st.integers(0, 20), st.sampled_from(Review), WINDOWS)
def test_looked_at_when_it_says_or_every_day_it_ends_the_same(
    days: dict[date, int], warning: int, grace: int, review: Review, window: Window
) -> None:
    found = ladder(window, warning=warning, grace=grace, review=review)
    many = seen(days)

    def live(*, daily: bool) -> tuple[list[tuple[date, Move, int | None]], int]:
        first = reached(found.rungs, many, DAY)
        rank, hold, look = first.rank_id if first else None, Hold(), 0
        told: list[tuple[date, Move, int | None]] = []
        due: date | None = DAY
        for number in range(500):
            day = DAY + timedelta(days=number)
            if not daily and (due is None or day < due):
                continue
            said = judge(found, rank, hold, many, day)
            rank, hold, due = (
                said.rank_id,
                Hold(said.rank_id, said.falls_on, said.told),
                said.look_on,
            )
            look += 1
            if said.move is not Move.STAY:
                told.append((day, said.move, rank))
        return told, look

    every, _looks = live(daily=True)
    few, looks = live(daily=False)
    assert every == few, "nobody needs to be looked at in between"
    assert looks <= 12, "and that is seldom"
    assert not warning or all(
        any(move is Move.WARN and day + timedelta(days=warning) <= fell for day, move, _r in every)
        for fell, moved, _rank in every
        if moved is Move.FALL
    ), "nobody falls without a warning in time"
