"""Spans of days, the parts of a statement, and which month a line corrects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.statements.rules import (
    Part,
    Totals,
    asked_span,
    correction,
    midnight,
    month_end,
    month_span,
    span_of,
    totals,
)

MOSCOW = "Europe/Moscow"
TODAY = date(2026, 11, 30)


def test_a_month_begins_and_ends_at_the_merchants_midnight() -> None:
    span = month_span(date(2026, 9, 17), MOSCOW)
    assert (span.first, span.last) == (date(2026, 9, 1), date(2026, 9, 30))
    assert span.starts == datetime(2026, 8, 31, 21, tzinfo=UTC)
    assert span.ends == datetime(2026, 9, 30, 21, tzinfo=UTC)
    assert span.month == date(2026, 9, 1)


def test_days_that_are_no_whole_month_are_none() -> None:
    assert span_of(date(2026, 9, 2), date(2026, 9, 30), MOSCOW).month is None


def test_a_span_is_put_in_order_and_bounded() -> None:
    span = span_of(date(2026, 9, 30), date(1999, 1, 1), MOSCOW)
    assert span.last == date(2026, 9, 30)
    assert span.last - span.first == timedelta(days=3660)


@pytest.mark.parametrize(
    ("month", "first", "last", "expected"),
    [
        ("2026-09", "", "", (date(2026, 9, 1), date(2026, 9, 30))),
        ("", "2026-09-05", "2026-09-07", (date(2026, 9, 5), date(2026, 9, 7))),
        ("", "", "2026-09-07", (date(2026, 9, 1), date(2026, 9, 7))),
        ("", "2026-09-05", "", (date(2026, 9, 5), TODAY)),
        ("nonsense", "", "", (date(2026, 11, 1), TODAY)),
        ("9999-12", "0001-01-01", "", (date(2026, 11, 1), TODAY)),
    ],
)
def test_an_address_is_read_or_is_as_if_it_were_not_there(
    month: str, first: str, last: str, expected: tuple[date, date]
) -> None:
    span = asked_span(month, first, last, today=TODAY, zone=MOSCOW)
    assert (span.first, span.last) == expected


def test_without_a_wish_the_desk_may_mean_the_last_whole_month() -> None:
    assert asked_span("", "", "", today=TODAY, zone=MOSCOW, whole=True).month == date(2026, 10, 1)


KINDS = ("accrual", "release", "clawback", "payout_left", "fee", "withheld", "adjustment", "new")


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(), st.integers()), max_size=20))
def test_the_parts_lead_from_the_opening_to_the_closing(rows: list[tuple[str, int, int]]) -> None:
    found = totals(rows)
    assert found.opening == sum(before for _kind, before, _within in rows)
    assert found.closing == sum(before + within for _kind, before, within in rows)


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(), st.integers()), max_size=20))
def test_accounts_add_up_part_by_part(rows: list[tuple[str, int, int]]) -> None:
    one, other = totals(rows), totals(rows[::2])
    both = one + other
    assert both.closing == one.closing + other.closing
    assert all(both.of(part) == one.of(part) + other.of(part) for part in Part)


def test_nothing_is_nothing() -> None:
    assert not Totals().moved
    assert totals([("accrual", 0, 5), ("clawback", 0, -5)]).moved


AUGUST_31 = datetime(2026, 8, 31, 12, tzinfo=UTC)
SEPTEMBER_3 = datetime(2026, 9, 3, 12, tzinfo=UTC)
CLOSED = midnight(date(2026, 9, 1), MOSCOW)


def test_what_changes_a_sale_of_a_closed_month_names_the_month() -> None:
    assert correction("clawback", AUGUST_31, SEPTEMBER_3, CLOSED, MOSCOW) == date(2026, 8, 1)


@pytest.mark.parametrize(
    ("kind", "first", "at", "closed"),
    [
        ("release", AUGUST_31, SEPTEMBER_3, CLOSED),  # the end of a hold corrects nothing
        ("clawback", AUGUST_31, SEPTEMBER_3, None),  # nothing is closed
        ("clawback", AUGUST_31, AUGUST_31, CLOSED),  # in its own month
        ("clawback", SEPTEMBER_3, SEPTEMBER_3 + timedelta(days=30), CLOSED),  # of an open month
        ("payout_left", None, SEPTEMBER_3, CLOSED),
    ],
)
def test_anything_else_corrects_nothing(
    kind: str, first: datetime | None, at: datetime, closed: datetime | None
) -> None:
    assert correction(kind, first, at, closed, MOSCOW) is None


def test_the_end_of_a_month_is_found_in_leap_years_and_december() -> None:
    assert month_end(date(2028, 2, 10)) == date(2028, 2, 29)
    assert month_end(date(2026, 12, 31)) == date(2026, 12, 31)
