"""Who is in and who is out, and on which day money goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lifecycle import IllegalTransition
from app.payruns.rules import (
    LIFECYCLE,
    OVER,
    Calendar,
    Open,
    Out,
    Pays,
    Plan,
    Standing,
    State,
    Verdict,
    due,
    judge,
    nominal_days,
    on_working_day,
    upcoming,
)

NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
RUN = 7
READY = Standing(
    status="active",
    pays_blocked=False,
    own=False,
    available=5_000,
    later=0,
    debt=0,
    open=None,
    has_details=True,
    usable_from=None,
)
ASKED = Open(9, "requested", 2_000, None, has_details=True)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"available": 1_000}, None),
        ({"available": 999}, Out.BELOW_MINIMUM),
        ({"later": 4_001}, Out.BELOW_MINIMUM),
        ({"later": 5_000}, Out.LATER),
        ({"later": 9_000}, Out.LATER),
        ({"status": "blocked"}, Out.BLOCKED),
        ({"status": "blocked", "pays_blocked": True}, None),
        ({"status": "removed"}, Out.INACTIVE),
        ({"status": "pending"}, Out.INACTIVE),
        ({"debt": 1}, Out.DEBT),
        ({"has_details": False}, Out.NO_DETAILS),
        ({"usable_from": NOW}, None),
        ({"usable_from": NOW + timedelta(seconds=1)}, Out.COOLING),
        ({"frozen": True}, Out.FROZEN),
        ({"lacks_documents": True}, Out.DOCUMENTS),
        ({"own": True}, Out.OWN),
        ({"open": replace(ASKED, state="sending")}, Out.OPEN_PAYOUT),
        ({"open": ASKED}, Out.OPEN_PAYOUT),
    ],
)
def test_each_obstacle_has_its_name(changes: dict[str, object], reason: Out | None) -> None:
    verdict = judge(replace(READY, **changes), Pays.AVAILABLE, 1_000, NOW, RUN)  # type: ignore[arg-type]
    assert verdict is not None
    assert verdict.reason is reason
    assert verdict.payout_id is None


def test_a_waiting_request_is_paid_as_asked_for_and_the_rest_waits() -> None:
    standing = replace(READY, open=ASKED)
    assert judge(standing, Pays.BOTH, 1_000, NOW, RUN) == Verdict(2_000, None, 9)
    assert judge(standing, Pays.ASKED, 9_000, NOW, RUN) == Verdict(2_000, None, 9)
    other = replace(ASKED, run_id=RUN + 1)
    assert judge(replace(READY, open=other), Pays.BOTH, 1_000, NOW, RUN) == Verdict(
        5_000, Out.OPEN_PAYOUT
    )


def test_a_request_without_details_is_not_paid_by_a_run() -> None:
    bare = replace(ASKED, has_details=False)
    found = judge(replace(READY, open=bare), Pays.BOTH, 1_000, NOW, RUN)
    assert found == Verdict(2_000, Out.NO_DETAILS, 9)


def test_whom_a_run_says_nothing_of() -> None:
    nothing = replace(READY, available=0)
    assert judge(nothing, Pays.BOTH, 0, NOW, RUN) is None
    assert judge(READY, Pays.ASKED, 0, NOW, RUN) is None
    waits = replace(nothing, open=replace(ASKED, state="approved"))
    assert judge(waits, Pays.BOTH, 0, NOW, RUN) is None


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_run_never_pays_more_than_there_is_nor_less_than_the_minimum(
    available: int, later: int, minimum: int
) -> None:
    standing = replace(READY, available=available, later=later)
    verdict = judge(standing, Pays.AVAILABLE, minimum, NOW, RUN)
    if verdict is not None and verdict.reason is None:
        assert max(1, minimum) <= verdict.amount <= available


def test_money_on_its_way_is_not_called_back() -> None:
    with pytest.raises(IllegalTransition):
        LIFECYCLE.next(State.PAYING, "cancel")
    assert {State.DONE, State.CANCELLED} == OVER


def test_the_31st_is_the_last_day_of_any_month() -> None:
    found = islice(nominal_days(Plan("month", 31), date(2027, 1, 15)), 3)
    assert list(found) == [date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]


def test_weeks_go_by_their_day() -> None:
    found = list(islice(nominal_days(Plan("week", 5), date(2026, 11, 30)), 2))
    assert found == [date(2026, 12, 4), date(2026, 12, 11)]
    assert list(islice(nominal_days(Plan(), date(2026, 11, 30)), 2)) == []


def test_new_year_is_a_long_rest_and_a_working_saturday_works() -> None:
    rest = {date(2027, 1, n): False for n in range(1, 9)}
    calendar = Calendar(exceptions={**rest, date(2027, 1, 9): True})
    assert on_working_day(date(2027, 1, 1), "after", calendar) == date(2027, 1, 9)
    assert on_working_day(date(2027, 1, 8), "before", calendar) == date(2026, 12, 31)
    assert on_working_day(date(2027, 1, 12), "before", calendar) == date(2027, 1, 12)


def test_a_calendar_of_rest_alone_moves_nothing() -> None:
    calendar = Calendar(frozenset(range(1, 8)))
    assert on_working_day(date(2027, 1, 1), "after", calendar) == date(2027, 1, 1)


@given(
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.sampled_from(["before", "after"]),
    st.frozensets(st.integers(1, 7), max_size=6),
)
def test_the_day_of_payment_is_worked_and_near(
    day: date, shift: str, weekend: frozenset[int]
) -> None:
    calendar = Calendar(weekend)
    found = on_working_day(day, shift, calendar)
    assert calendar.works(found)
    assert abs(found - day) < timedelta(days=7)
    assert found <= day if shift == "before" else found >= day


def test_the_next_days_are_told_with_what_they_stand_for() -> None:
    found = upcoming(Plan("month", 31, "before"), Calendar(), date(2027, 1, 30), 2)
    assert found == [
        (date(2027, 2, 28), date(2027, 2, 26)),
        (date(2027, 3, 31), date(2027, 3, 31)),
    ]


@given(
    st.integers(1, 31),
    st.sampled_from(["before", "after"]),
    st.dates(date(2026, 1, 1), date(2028, 12, 31)),
)
def test_day_by_day_each_month_has_its_run_once(day: int, shift: str, start: date) -> None:
    plan, calendar = Plan("month", day, shift), Calendar()
    made = []
    for n in range(120):
        found = due(plan, calendar, start, start + timedelta(days=n))
        if found is not None and found[0] not in made:
            made.append(found[0])
    expected = [
        nominal
        for nominal in islice(nominal_days(plan, start - timedelta(days=60)), 8)
        if start <= on_working_day(nominal, shift, calendar) <= start + timedelta(days=119)
    ]
    assert made == expected


def test_a_day_missed_for_more_than_a_week_is_let_go() -> None:
    plan = Plan("month", 10, "after")
    tenth = date(2026, 12, 10)
    assert due(plan, Calendar(), date(2026, 12, 1), tenth + timedelta(days=7)) == (tenth, tenth)
    assert due(plan, Calendar(), date(2026, 12, 1), tenth + timedelta(days=8)) is None
    assert due(plan, Calendar(), tenth + timedelta(days=1), tenth + timedelta(days=2)) is None
