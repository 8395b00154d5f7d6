"""Which months can be closed, and which are."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.periods.rules import is_closed, may_close, months
from app.statements.rules import midnight, next_month

MOSCOW = "Europe/Moscow"
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
END = datetime(2026, 9, 30, 21, tzinfo=UTC)  # of September on Moscow's clock


def test_a_month_can_be_closed_an_hour_after_its_end() -> None:
    assert not may_close(SEPTEMBER, END, None, MOSCOW)
    assert not may_close(SEPTEMBER, END.replace(minute=59), None, MOSCOW)
    assert may_close(SEPTEMBER, END.replace(hour=22), None, MOSCOW)


def test_a_closed_month_is_not_closed_again_and_the_next_one_is_open() -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    until = midnight(OCTOBER, MOSCOW)
    assert is_closed(SEPTEMBER, until, MOSCOW)
    assert not may_close(SEPTEMBER, later, until, MOSCOW)
    assert not is_closed(OCTOBER, until, MOSCOW)
    assert may_close(OCTOBER, later, until, MOSCOW)


def test_the_list_goes_from_the_running_month_to_the_merchants_first() -> None:
    found = months(datetime(2026, 8, 15, tzinfo=UTC), END, midnight(SEPTEMBER, MOSCOW), MOSCOW)
    assert [(m.first.month, m.closed, m.closable) for m in found] == [
        (10, False, False),
        (9, False, False),
        (8, True, False),
    ]


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_closing_a_month_closes_all_before_it_and_none_after(day: date) -> None:
    month = day.replace(day=1)
    until = midnight(next_month(month), MOSCOW)
    assert is_closed(month, until, MOSCOW)
    assert is_closed(date(1999, 1, 1), until, MOSCOW)
    assert not is_closed(next_month(month), until, MOSCOW)
