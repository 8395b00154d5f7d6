"""Days put together: the bars always sum to the whole."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.liability.rules import DAY, WEEK, Span, bars, read_span

TODAY = date(2026, 11, 30)  # a Monday
days = st.integers(-40, 900).map(lambda n: TODAY + timedelta(days=n))


@given(
    st.dictionaries(days, st.integers(1, 10**9)), st.sampled_from((DAY, WEEK)), st.integers(0, 6)
)
def test_no_kopeck_is_lost_and_none_counted_twice(
    maturing: dict[date, int], by: str, shift: int
) -> None:
    found = bars(maturing, TODAY + timedelta(days=shift), by)
    assert sum(bar.amount for bar in found) == sum(maturing.values())
    for one, following in pairwise(found):
        assert one.span.last is not None
        assert following.span.first == one.span.last + timedelta(days=1)


def test_weeks_end_on_sunday_and_what_is_overdue_is_todays() -> None:
    wednesday = TODAY + timedelta(days=2)
    maturing = {TODAY: 1, wednesday: 2, date(2026, 12, 6): 4, date(2026, 12, 7): 8}
    first, second, *_rest = bars(maturing, wednesday, WEEK)
    assert (first.span, first.amount) == (Span(wednesday, date(2026, 12, 6)), 7)
    assert (second.span.first, second.amount) == (date(2026, 12, 7), 8)


@given(days, st.integers(0, 60) | st.none())
def test_an_address_names_a_span_and_means_it(first: date, more: int | None) -> None:
    span = Span(first, None if more is None else first + timedelta(days=more))
    assert read_span(span.key) == span


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026-13-01",
        "2026-12-02_2026-12-01",
        "20261201",
        "2026-12-01_x",
        "9999-12-31",
        "2026-12-01_2026-12-01",
    ],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_span(text)


def test_all_is_no_span() -> None:
    assert read_span("all") is None
