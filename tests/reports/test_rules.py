from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from app.reports.rules import Figures, change, days_until, hold_of, steps, total

TODAY = date(2026, 11, 22)


def test_a_click_earns_its_part_of_the_commissions_half_up() -> None:
    figures = Figures(orders=2, turnover=300001, commission=3001, clicks=200)
    assert figures.epc == 15
    assert figures.average == 150001
    assert figures.conversion == Decimal("1.00")
    assert figures.cost == Decimal("1.00")


def test_without_clicks_and_orders_there_is_nothing_to_divide_by() -> None:
    nothing = Figures()
    assert (nothing.epc, nothing.average, nothing.conversion, nothing.cost) == (
        None,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("now", "before", "percents"),
    [(150, 100, 50), (50, 100, -50), (100, 100, 0), (5, 0, None), (None, 7, None), (3, None, None),
     (Decimal("3.33"), Decimal("1.11"), 200), (1005, 1000, 1), (0, 4, -100)],
)  # fmt: skip
def test_a_change_is_whole_percents_of_what_was_before(
    now: Decimal | int | None, before: Decimal | int | None, percents: int | None
) -> None:
    assert change(now, before) == percents


def test_thirty_days_end_today() -> None:
    days = days_until(TODAY)
    assert (len(days), days[0], days[-1]) == (30, TODAY - timedelta(days=29), TODAY)


def test_days_without_anything_count_as_nothing() -> None:
    by_day = {TODAY: Figures(1, 100, 10, 3)}
    assert total(by_day, days_until(TODAY)) == Figures(1, 100, 10, 3)


def test_money_on_hold_is_sorted_by_how_soon_it_is_free() -> None:
    ahead = {-1: 5, 0: 10, 7: 20, 8: 40, 14: 80, 15: 160, 30: 320, 31: 640}
    hold = hold_of({TODAY + timedelta(days=n): sum_ for n, sum_ in ahead.items()}, 7, TODAY)
    assert hold.soon == ((0, 7, 35), (8, 14, 120), (15, 30, 480))
    assert (hold.later, hold.undated) == (640, 7)
    assert hold.total == sum(ahead.values()) + 7


def test_first_steps_keep_their_order() -> None:
    found = steps({"b": True, "a": False}, ("a", "b"))
    assert [(s.name, s.done) for s in found] == [("a", False), ("b", True)]
