"""What a month costs, by the numbers of PlusCards and by properties that hold for any."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tariffs.rules import (
    EXAMPLE,
    Bar,
    Day,
    Item,
    Line,
    Plan,
    State,
    allowance,
    days_left,
    days_of,
    forecast,
    later,
    next_month,
    reckon,
    reminder,
    state,
    trial_end,
)

NOW = datetime(2026, 11, 1, 9, tzinfo=UTC)
RECEIPTS = st.tuples(st.integers(0, 200), st.integers(0, 200)).map(
    lambda n: [n[0]] * 14 + [n[1]] * 16
)
plans = st.builds(
    Plan,
    code=st.just("own"),
    name=st.sampled_from(["Small", "Large"]),
    currency=st.just("RUB"),
    first_till=st.integers(0, 500_000),
    further_till=st.integers(0, 500_000),
    integration=st.integers(0, 500_000),
    receipts=st.integers(0, 3_000),
    receipt=st.integers(1, 100),
    tills=st.integers(0, 20),
    shops=st.integers(0, 5),
    members=st.integers(0, 200_000),
)
days = st.builds(
    Day,
    plan=st.none() | plans,
    tills=st.integers(0, 12),
    integrations=st.integers(0, 3),
    receipts=st.integers(0, 300),
)
# A month of three stretches, each of days that are alike.
months = st.tuples(days, days, days).map(lambda d: [d[0]] * 9 + [d[1]] * 10 + [d[2]] * 11)


def month(
    receipts: int = 0, tills: int = 1, integrations: int = 0, plan: Plan = EXAMPLE
) -> list[Day]:
    """A November whose receipts all come on its last day."""
    quiet = [Day(plan, tills, integrations) for _ in range(29)]
    return [*quiet, Day(plan, tills, integrations, receipts)]


def total(found: list[Line]) -> int:
    return sum(line.amount for line in found)


def test_one_till_costs_1200_and_each_further_one_1080_and_an_integration_1000() -> None:
    assert total(reckon(month(tills=1), 30)) == 120_000
    assert total(reckon(month(tills=2), 30)) == 120_000 + 108_000
    assert total(reckon(month(tills=10, integrations=1), 30)) == 120_000 + 9 * 108_000 + 100_000


def test_the_1500th_receipt_is_free_and_the_1501st_costs_35_kopecks() -> None:
    assert total(reckon(month(1_500), 30)) == 120_000
    [_till, above] = reckon(month(1_501), 30)
    assert (above.item, above.quantity, above.price, above.amount) == (Item.RECEIPTS, 1, 35, 35)
    assert total(reckon(month(3_001, tills=2), 30)) == 120_000 + 108_000 + 35


def test_a_shop_without_tills_has_the_receipts_of_one() -> None:
    assert total(reckon(month(1_500, tills=0, integrations=1), 30)) == 100_000
    assert total(reckon(month(1_502, tills=0, integrations=1), 30)) == 100_000 + 70


def test_days_before_the_plan_are_free_and_their_receipts_too() -> None:
    free = [Day(None, 1, 1, 900) for _ in range(15)]
    paid = [Day(EXAMPLE, 1, 0, 50) for _ in range(15)]
    found = reckon([*free, *paid], 30)
    assert [(e.item, e.units, e.amount) for e in found] == [
        (Item.FIRST_TILL, Fraction(1, 2), 60_000)
    ]
    assert allowance([*free, *paid], 30) == 750


def test_a_plan_changed_in_the_middle_is_shared_by_days() -> None:
    dear = replace(EXAMPLE, name="Dear", first_till=300_001)
    found = reckon([*month()[:10], *(Day(dear, 1) for _ in range(20))], 30)
    assert [(e.plan, e.quantity, e.amount) for e in found] == [
        ("Start", 10, 40_000), ("Dear", 20, 200_001),
    ]  # fmt: skip


def test_receipts_above_are_the_months_last_at_the_price_of_their_day() -> None:
    dear = replace(EXAMPLE, name="Dear", receipt=90)
    first = [Day(EXAMPLE, 1, 0, 100) for _ in range(15)]
    second = [Day(dear, 1, 0, 1) for _ in range(15)]
    above = [e for e in reckon([*first, *second], 30) if e.item is Item.RECEIPTS]
    assert [(e.plan, e.quantity) for e in above] == [("Dear", 15)]


@given(months)
def test_a_month_is_never_below_zero_and_each_line_is_its_share_to_half_a_unit(
    found: list[Day],
) -> None:
    for line in reckon(found, 30):
        assert line.amount > 0
        assert abs(line.amount - line.units * line.price) <= Fraction(1, 2)


@given(plans, st.integers(0, 12), st.integers(0, 3), RECEIPTS, st.integers(0, 30))
def test_a_plan_chosen_again_in_the_middle_changes_nothing(
    plan: Plan, tills: int, integrations: int, receipts: list[int], cut: int
) -> None:
    whole = [Day(plan, tills, integrations, n) for n in receipts]
    again = [Day(replace(plan), tills, integrations, n) for n in receipts[cut:]]
    assert reckon([*whole[:cut], *again], 30) == reckon(whole, 30)
    monthly = plan.first_till * min(tills, 1) + plan.further_till * max(tills - 1, 0)
    fixed = total([e for e in reckon(whole, 30) if e.item is not Item.RECEIPTS])
    assert fixed == monthly + plan.integration * integrations


@given(plans, st.integers(0, 5), RECEIPTS)
def test_when_in_the_month_a_receipt_comes_does_not_matter(
    plan: Plan, tills: int, receipts: list[int]
) -> None:
    forward = reckon([Day(plan, tills, 0, n) for n in receipts], 30)
    backward = reckon([Day(plan, tills, 0, n) for n in reversed(receipts)], 30)
    assert total(forward) == total(backward)
    above = max(sum(receipts) - plan.receipts * max(tills, 1), 0)
    paid = sum(e.quantity for e in forward if e.item is Item.RECEIPTS)
    assert paid == above


@given(months, st.integers(0, 29))
def test_one_receipt_more_never_costs_less_and_at_most_its_price(found: list[Day], at: int) -> None:
    before = total(reckon(found, 30))
    more = [replace(d, receipts=d.receipts + 1) if n == at else d for n, d in enumerate(found)]
    dearest = max((d.plan.receipt for d in found if d.plan), default=0)
    # The last of the month may be at another price than the one that came.
    assert 0 <= total(reckon(more, 30)) - before <= dearest


@given(months, months)
def test_counter_lines_make_an_earlier_month_what_it_is_now(
    before: list[Day], now: list[Day]
) -> None:
    was, found = reckon(before, 30), reckon(now, 30)
    charged, now_due = (
        total([e for e in each if e.item is Item.RECEIPTS]) for each in (was, found)
    )
    assert charged + total(later(was, found, "2026-10")) == now_due
    assert later(found, found, "2026-10") == []


def test_what_came_later_is_a_line_up_or_down() -> None:
    [line] = later(reckon(month(1_510), 30), reckon(month(1_502), 30), "2026-10")
    assert (line.item, line.quantity, line.amount, line.about) == (Item.LATER, -8, -280, "2026-10")


def test_the_trial_is_fourteen_whole_days_after_the_day_of_the_sign_up() -> None:
    until = trial_end(NOW, "Europe/Moscow")
    assert until == datetime(2026, 11, 15, 21, tzinfo=UTC)  # midnight in Moscow
    assert days_left(NOW, until, "Europe/Moscow") == 14
    assert days_left(until - timedelta(minutes=1), until, "Europe/Moscow") == 0
    assert days_left(until, until, "Europe/Moscow") == -1


@pytest.mark.parametrize(
    ("left", "speaks"), [(14, None), (8, None), (7, 7), (5, 7), (3, 3), (1, 1), (0, 0), (-1, None)]
)
def test_letters_speak_of_seven_three_one_day_and_the_last(left: int, speaks: int | None) -> None:
    assert reminder(left) == speaks


@pytest.mark.parametrize(
    ("trial", "plan", "due", "expected"),
    [
        (None, None, None, State.FREE),
        (1, None, None, State.TRIAL),
        (0, None, None, State.STOPPED),
        (0, "start", None, State.ACTIVE),
        (None, "start", None, State.ACTIVE),
        (0, "start", 1, State.UNPAID),
        (0, "start", 0, State.STOPPED),
        (None, None, 1, State.UNPAID),
        (1, "start", 0, State.STOPPED),
    ],
)
def test_how_an_account_stands(
    trial: int | None, plan: str | None, due: int | None, expected: State
) -> None:
    at = [None if n is None else NOW + timedelta(days=n) for n in (trial, due)]
    assert state(NOW, at[0], plan, at[1]) is expected


def test_a_bar_warns_near_its_limit_and_is_bad_above() -> None:
    tones = [Bar("members", used, 100).tone for used in (0, 79, 80, 100, 101)]
    assert tones == ["good", "good", "warn", "warn", "bad"]
    assert (Bar("tills", 0, 0).percent, Bar("tills", 1, 0).percent) == (0, 100)


def test_months_and_the_forecast() -> None:
    assert len(days_of(date(2028, 2, 1))) == 29
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert forecast(100, 10, 30) == 300
    assert forecast(7, 0, 30) == 7


@given(plans)
def test_a_plan_is_read_as_it_was_written(plan: Plan) -> None:
    assert Plan.of(plan.to_json()) == plan
