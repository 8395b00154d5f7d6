from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from app.statistics.rules import (
    MOST_DAYS,
    Contact,
    Numbers,
    Period,
    Touch,
    change,
    percent,
    period_of,
    total,
    touch,
)

ORDERED = datetime(2026, 11, 20, 12, tzinfo=UTC)
TODAY = date(2026, 11, 20)
ANNA, BORIS = 1, 2


def before(**ago: int) -> datetime:
    return ORDERED - timedelta(**ago)


@pytest.mark.parametrize(
    ("contacts", "said"),
    [
        ([], Touch.ONLY),  # a code typed with the order, and nothing else
        ([Contact(ANNA, before(days=3)), Contact(ANNA, None)], Touch.ONLY),
        ([Contact(ANNA, before(days=3)), Contact(BORIS, before(days=1))], Touch.FIRST),
        ([Contact(BORIS, before(days=3)), Contact(ANNA, before(days=1))], Touch.LATER),
        ([Contact(BORIS, before(days=3)), Contact(ANNA, before(minutes=9))], Touch.LATE),
        ([Contact(BORIS, before(days=3)), Contact(ANNA, before(minutes=10))], Touch.LATER),
        ([Contact(BORIS, before(days=3)), Contact(ANNA, None)], Touch.LATE),  # a coupon site
        ([Contact(BORIS, None), Contact(ANNA, before(hours=1))], Touch.FIRST),
        ([Contact(None, None), Contact(ANNA, before(minutes=2))], Touch.LATE),  # an advertisement
        ([Contact(None, None), Contact(ANNA, before(hours=2))], Touch.FIRST),
    ],
)
def test_what_part_the_winner_had(contacts: list[Contact], said: Touch) -> None:
    assert touch(ANNA, ORDERED, contacts) is said


def test_a_period_stands_beside_as_many_days_before() -> None:
    week = period_of(TODAY, "7", None, None)
    assert week == Period(date(2026, 11, 14), TODAY)
    assert week.before == Period(date(2026, 11, 7), date(2026, 11, 13))
    assert len(week.days) == week.length == week.before.length == 7
    assert period_of(TODAY, "1", None, None).days == [TODAY]


@pytest.mark.parametrize(
    ("said", "since", "until", "first", "last"),
    [
        ("own", date(2026, 10, 1), date(2026, 10, 3), date(2026, 10, 1), date(2026, 10, 3)),
        ("own", date(2026, 10, 3), date(2026, 10, 1), date(2026, 10, 1), date(2026, 10, 3)),
        ("own", date(2026, 11, 1), date(2030, 1, 1), date(2026, 11, 1), TODAY),
        ("own", date(2030, 1, 1), None, TODAY, TODAY),
        ("own", date(2001, 1, 1), TODAY, TODAY - timedelta(days=MOST_DAYS - 1), TODAY),
        ("own", None, date(2026, 11, 2), date(2026, 11, 2), date(2026, 11, 2)),
        ("own", None, None, TODAY - timedelta(days=29), TODAY),
        ("nonsense", None, None, TODAY - timedelta(days=29), TODAY),
    ],
)
def test_a_span_of_ones_own_is_kept_within_sense(
    said: str, since: date | None, until: date | None, first: date, last: date
) -> None:
    assert period_of(TODAY, said, since, until) == Period(first, last)


def test_rates_are_told_where_there_is_something_to_divide_by() -> None:
    numbers = Numbers(
        people=3, repeats=1, orders=3, turnover=1001, expected=50, pending=7, network=9
    )
    assert numbers.clicks == 4
    assert (numbers.average, numbers.epc, numbers.conversion) == (334, 14, Decimal(75))
    assert (numbers.commission, numbers.earned) == (57, 66)
    assert numbers.cost == Decimal("5.69")
    nothing = Numbers()
    assert (nothing.average, nothing.epc, nothing.conversion, nothing.cost) == (None,) * 4
    assert nothing.brought == {"first": None, "only": None, "late": None}


def test_first_touch_includes_the_only_touch() -> None:
    assert Numbers(orders=8, opener=1, sole=2, late=3).brought == {
        "first": Decimal("37.5"),
        "only": Decimal(25),
        "late": Decimal("37.5"),
    }


def test_days_that_had_nothing_add_nothing() -> None:
    found = {TODAY: Numbers(people=2), date(2026, 1, 1): Numbers(people=9)}
    assert total(found, period_of(TODAY, "30", None, None).days) == Numbers(people=2)


def test_changes_are_whole_percents() -> None:
    assert change(3, 2) == 50
    assert change(1, 3) == -67
    assert change(5, 0) is None
    assert change(None, 5) is None
    assert percent(1, 0) is None
