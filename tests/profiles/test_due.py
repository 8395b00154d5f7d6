"""What a customer's orders have earned: refunds, cancellations, limits in order of time, rules of their time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.orders.rules import State
from app.profiles.rules import Facts, Goods, Referrer, parse
from app.profiles.rules.due import Due, Earning, Published, Seen, due_of, kept
from app.profiles.rules.presets import PRESETS

MOSCOW = ZoneInfo("Europe/Moscow")
MADE = datetime(2026, 11, 28, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def published(*effects: dict[str, Any], rule_id: int = 1, **more: Any) -> Published:
    made = {"schema": 1, "trigger": "order.paid", "effects": list(effects), **more}
    return Published(rule_id, rule_id * 10, parse(made))


TWO_PERCENT = published({"do": "earn.percent", "rate": "2%"})


def order(
    n: int = 1, total: int = 170_000, state: State = State.AGREED, *rules: Published, **more: Any
) -> Seen:
    at = more.pop("at", MADE)
    facts = Facts(
        at=at.astimezone(MOSCOW),
        member_id=7,
        said={"order.total": total},
        goods=(Goods(line="1", basis=Fraction(total)),),
        chain=more.pop("chain", ()),
    )
    return Seen(
        order_id=n,
        state=state,
        created_at=at,
        paid_at=at + timedelta(hours=1),
        completed_at=at + 5 * DAY if state is State.COMPLETED else None,
        facts=facts,
        values={"1": total},
        rules=rules or (TWO_PERCENT,),
        **more,
    )


def amounts(found: tuple[Due, ...]) -> list[tuple[int, int]]:
    return [(each.order_id, each.amount) for each in found]


def earned(*orders: Seen, **program: Any) -> list[tuple[int, int]]:
    return amounts(due_of(orders, Earning(**program), MOSCOW))


def test_the_example_of_the_interface_earns_34() -> None:
    """1900.00 of goods, 200.00 of them paid with bonuses, 2%: 34.00."""
    assert earned(order(total=170_000, paid_by_bonus=20_000)) == [(1, 3_400)]


@pytest.mark.parametrize("state", [State.REGISTERED, State.CANCELLED, State.REFUNDED])
def test_only_paid_orders_earn(state: State) -> None:
    assert earned(order(1, 170_000, state)) == []


def test_a_rule_of_made_orders_gives_at_once_and_nothing_for_a_cancelled_one() -> None:
    made = {"schema": 1, "trigger": "order.created", "effects": [{"do": "earn.fixed", "points": 7}]}
    rule = Published(1, 10, parse(made))
    assert earned(order(1, 100, State.REGISTERED, rule)) == [(1, 7)]
    assert earned(order(1, 100, State.CANCELLED, rule)) == []


def test_what_counts_as_paid_is_the_programs_word() -> None:
    assert earned(order(1, 100, State.AGREED), on="completed") == []
    found = due_of([order(1, 10_000, State.COMPLETED)], Earning(on="completed"), MOSCOW)
    assert found[0].activates_at is None
    assert amounts(found) == [(1, 200)]


def test_an_order_paid_with_bonuses_earns_nothing_where_the_program_says_so() -> None:
    assert earned(order(paid_by_bonus=1), while_redeeming=False) == []
    assert earned(order(paid_by_bonus=0), while_redeeming=False) == [(1, 3_400)]


def test_the_programs_rounding_holds_where_a_rule_says_nothing() -> None:
    assert earned(order(total=75)) == [(1, 1)]
    assert earned(order(total=75), rounding="half_up") == [(1, 2)]
    down = published({"do": "earn.percent", "rate": "2%", "rounding": "down"})
    assert earned(order(1, 75, State.AGREED, down), rounding="half_up") == [(1, 1)]


def test_what_came_back_is_not_kept() -> None:
    assert earned(order(refunded={"1": Fraction(85_000)})) == [(1, 1_700)]
    assert earned(order(refunded={"1": Fraction(170_000)})) == [(1, 0)]
    # floor(3400 x 1 / 170000) is 0: a kopeck that came back takes nothing.
    assert earned(order(refunded={"1": Fraction(1)})) == [(1, 3_400)]


@given(
    full=st.integers(0, 10_000),
    total=st.integers(1, 100_000),
    steps=st.lists(st.integers(0, 30_000), max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_however_it_comes_back_the_end_is_the_same_and_all_of_it_is_zero(
    full: int, total: int, steps: list[int]
) -> None:
    values, back, before = {"1": total}, Fraction(0), full
    for step in steps:
        back = min(back + step, Fraction(total))
        now = kept(full, ("1",), values, {"1": back})
        assert 0 <= now <= before
        before = now
    assert before == full - floor(full * back / total)
    assert kept(full, ("1",), values, {"1": Fraction(total)}) == 0


def test_limits_cut_the_later_order_whatever_came_in_first() -> None:
    limited = published(
        {"do": "earn.percent", "rate": "2%"},
        limits={"per_member": {"points": 5_000, "window": "month"}},
    )
    first, second = (
        order(1, 170_000, State.AGREED, limited),
        order(2, 170_000, State.AGREED, limited, at=MADE + DAY),
    )
    assert earned(first, second) == earned(second, first) == [(1, 3_400), (2, 1_600)]
    # In another month of the merchant's zone the limit begins anew.
    december = order(2, 170_000, State.AGREED, limited, at=datetime(2026, 11, 30, 21, tzinfo=UTC))
    assert earned(first, december) == [(1, 3_400), (2, 3_400)]
    # What was cancelled leaves its room to the later order.
    assert earned(replace(first, state=State.CANCELLED), second) == [(2, 3_400)]


def test_a_limit_of_times_counts_orders_and_not_effects() -> None:
    twice = published(
        {"do": "earn.fixed", "points": 10},
        {"do": "earn.fixed", "points": 20},
        limits={"per_member": {"times": 2, "window": "week"}},
    )
    own = [order(n, 100, State.AGREED, twice, at=MADE + n * timedelta(hours=1)) for n in range(3)]
    assert earned(*own) == [(0, 10), (0, 20), (1, 10), (1, 20)]


def test_delay_and_expiry_are_counted_from_the_payment() -> None:
    rule = published(
        {"do": "earn.fixed", "points": 10, "delay": {"days": 14}, "expires": {"days": 30}}
    )
    [found] = due_of([order(1, 100, State.AGREED, rule)], Earning(), MOSCOW)
    paid = MADE + timedelta(hours=1)
    assert (found.activates_at, found.expires_at) == (paid + 14 * DAY, paid + 44 * DAY)
    plain = published({"do": "earn.fixed", "points": 10})
    [found] = due_of(
        [order(1, 100, State.AGREED, plain)], Earning(delay_days=2, expires_days=3), MOSCOW
    )
    assert (found.activates_at, found.expires_at) == (paid + 2 * DAY, paid + 5 * DAY)
    month = published({"do": "earn.fixed", "points": 10, "expires": {"end_of": "month"}})
    [found] = due_of([order(1, 100, State.AGREED, month)], Earning(), MOSCOW)
    assert found.expires_at == datetime(2026, 12, 1, tzinfo=MOSCOW)
    waits = published({"do": "earn.fixed", "points": 10, "delay": {"until": "completed"}})
    assert earned(order(1, 100, State.AGREED, waits)) == []
    assert earned(order(1, 100, State.COMPLETED, waits)) == [(1, 10)]


def test_references_are_by_rule_so_publishing_anew_is_no_second_payment() -> None:
    chain = (Referrer(member_id=8), Referrer(member_id=9))
    rule = published({"do": "chain.pay", "levels": ["1%", "1%"]})
    found = due_of([order(1, 10_000, State.AGREED, rule, chain=chain)], Earning(), MOSCOW)
    anew = replace(rule, version_id=99)
    again = due_of([order(1, 10_000, State.AGREED, anew, chain=chain)], Earning(), MOSCOW)
    assert [each.reference for each in found] == [each.reference for each in again]
    assert len({each.reference for each in found}) == 2
    assert [(each.to.id, each.to.level) for each in found] == [(8, 1), (9, 2)]


def test_the_presets_are_twelve_and_well_formed() -> None:
    assert len(PRESETS) == 12
    for preset in PRESETS.values():
        assert parse(preset.body(100)).profile == preset.profile
