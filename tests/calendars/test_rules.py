"""A month's weeks, what planned runs will find, and a file that calendar programs can read."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendars.rules import Item, Kind, Note, estimate, icalendar, read_month, turned, weeks

TODAY = date(2026, 11, 30)
NOW = datetime(2026, 11, 30, 9, tzinfo=UTC)
months = st.dates(date(1990, 1, 1), date(2990, 1, 1)).map(lambda day: day.replace(day=1))


@given(months)
def test_weeks_are_whole_begin_on_monday_and_hold_the_month_once(first: date) -> None:
    grid = weeks(first, [])
    days = [day for week in grid for day in week]
    assert all(len(week) == 7 and week[0].day.weekday() == 0 for week in grid)
    inside = [day.day for day in days if day.inside]
    assert inside == [first + timedelta(days=n) for n in range((turned(first, 1) - first).days)]


def test_a_day_shows_what_becomes_free_before_what_was_paid() -> None:
    items = [
        Item(TODAY, Kind.PAID, 1),
        Item(TODAY, Kind.FREE, 2),
        Item(date(2026, 11, 1), Kind.FREE, 3),
    ]
    grid = weeks(date(2026, 11, 1), items)
    shown = {day.day: [i.amount for i in day.items] for week in grid for day in week if day.items}
    assert shown == {date(2026, 11, 1): [3], TODAY: [2, 1]}


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-12", date(2026, 12, 1)), ("2025-01", date(2025, 1, 1)), ("", date(2026, 11, 1)),
        ("2026-13", date(2026, 11, 1)), ("0000-01", date(2026, 11, 1)), ("9999-12", date(2026, 11, 1)),
        ("2026-1", date(2026, 11, 1)), ("2090-01", date(2026, 11, 1)),
    ],
)  # fmt: skip
def test_an_address_names_a_month_or_this_one_is_shown(text: str, month: date) -> None:
    assert read_month(text, TODAY) == month


@given(months, st.integers(-50, 50))
def test_turning_there_and_back_is_where_one_was(first: date, by: int) -> None:
    assert turned(turned(first, by), -by) == first


days = st.integers(0, 90).map(lambda n: TODAY + timedelta(days=n))


@given(
    st.lists(days, max_size=5), st.integers(0, 10**6), st.dictionaries(days, st.integers(1, 10**6))
)
def test_runs_find_everything_until_the_last_of_them_once(
    runs: list[date], available: int, maturing: dict[date, int]
) -> None:
    found = estimate(runs, available, maturing)
    if runs:
        due = sum(amount for day, amount in maturing.items() if day <= max(runs))
        assert sum(item.amount for item in found) == available + due
    assert [item.day for item in found] == sorted(set(runs))


def unfolded(text: str) -> list[str]:
    assert text.endswith("\r\n")
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    return text.replace("\r\n ", "").split("\r\n")[:-1]


@given(st.text(max_size=300), st.text(max_size=300))
def test_whatever_the_words_the_file_keeps_its_shape(name: str, words: str) -> None:
    lines = unfolded(icalendar(name, [Note(TODAY, "a", words)], NOW))
    assert [line for line in lines if line.startswith("BEGIN:")] == [
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT",
    ]
    assert lines[-1] == "END:VCALENDAR"
    assert sum(line.startswith("SUMMARY:") for line in lines) == 1


def test_an_entry_is_the_whole_day_and_keeps_its_id() -> None:
    one, two = (
        unfolded(icalendar("Lampa", [Note(TODAY, "free", words)], NOW))
        for words in ("1; 2, 3\\", "4")
    )
    assert "DTSTART;VALUE=DATE:20261130" in one
    assert "DTEND;VALUE=DATE:20261201" in one
    assert "SUMMARY:1\\; 2\\, 3\\\\" in one
    assert [line for line in one if line.startswith("UID")] == [
        line for line in two if line.startswith("UID")
    ]
