"""The fee, the means, and the strict order of the queue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settlement import rules
from app.settlement.rules import MERCHANT, PARTNER, Candidate, Means, Out, Wait, price, served

NOW = datetime(2026, 11, 30, tzinfo=UTC)
RATE = Decimal(15)
sums = st.integers(1, 10**12)


@pytest.mark.parametrize(
    ("gross", "fee"),
    [(1, 0), (3, 0), (4, 1), (10, 2), (100, 15), (99_999, 15_000), (10**12, 15 * 10**10)],
)
def test_the_fee_is_fifteen_per_cent_half_up(gross: int, fee: int) -> None:
    assert rules.fee(gross, RATE) == fee


@given(sums, st.decimals(0, 50, places=3), st.sampled_from((PARTNER, MERCHANT)))
def test_somebody_bears_the_fee_and_nobody_bears_it_twice(
    gross: int, rate: Decimal, who: str
) -> None:
    cost = price(gross, rate, who)
    assert cost.net + cost.withheld == gross
    assert cost.cost - cost.net == cost.fee
    assert 0 <= cost.fee <= gross


@given(sums, st.decimals(0, 50, places=3), st.sampled_from((PARTNER, MERCHANT)), sums)
def test_the_balance_pays_the_partner_and_the_fee_and_never_the_tax(
    gross: int, rate: Decimal, who: str, tax: int
) -> None:
    cost = price(gross, rate, who, tax)
    assert cost.net + cost.withheld + cost.tax == gross
    assert cost.cost == cost.net + cost.fee
    assert cost.net >= 0
    assert cost.tax == tax or cost.net == 0


@given(st.lists(sums, max_size=8), st.integers(0, 10**13), st.none() | st.integers(0, 10**13))
def test_those_served_are_a_head_of_the_queue_and_the_next_one_does_not_fit(
    grosses: list[int], funds: int, room: int | None
) -> None:
    prices = [price(gross, RATE, MERCHANT) for gross in grosses]
    count, lacking = served(prices, Means(funds, room))
    costs, paid = list(accumulate(p.cost for p in prices)), list(accumulate(grosses))
    fits = [c <= funds and (room is None or g <= room) for c, g in zip(costs, paid, strict=True)]
    assert all(fits[:count])
    assert (count == len(prices)) is (lacking is None)
    if count < len(prices):
        assert not fits[count]


def test_a_small_one_behind_a_big_one_waits_too() -> None:
    prices = [price(gross, RATE, PARTNER) for gross in (900, 1_000, 1)]
    assert served(prices, Means(1_500)) == (1, Wait.FUNDS)
    assert served(prices, Means(10_000, room=1_899)) == (1, Wait.CAP)
    assert served(prices, Means(1_901, room=1_901)) == (3, None)


GOOD = Candidate(1, 900, NOW, True, False, 7, None, False)


@pytest.mark.parametrize(
    ("candidate", "reason"),
    [
        (GOOD, None),
        (Candidate(1, 900, NOW, True, True, 7, None, False), Out.OPEN_PAYOUT),
        (Candidate(1, 900, NOW, False, False, 7, None, False), Out.INACTIVE),
        (Candidate(1, 499, NOW, True, False, 7, None, False), Out.BELOW_MINIMUM),
        (Candidate(1, 900, NOW, True, False, None, None, False), Out.NO_DETAILS),
        (Candidate(1, 900, NOW, True, False, None, None, False, frozen=True), Out.FROZEN),
        (Candidate(1, 900, NOW, True, False, 7, NOW + timedelta(seconds=1), False), Out.COOLING),
        (Candidate(1, 900, NOW, True, False, 7, NOW, False), None),
        (
            Candidate(1, 900, NOW, True, False, None, NOW + timedelta(seconds=1), False),
            Out.COOLING,
        ),
        (Candidate(1, 900, NOW, True, False, 7, None, False, frozen=True), Out.FROZEN),
        (Candidate(1, 900, NOW, True, False, 7, None, True), Out.CAME_BACK),
    ],
)
def test_who_does_not_queue_and_why(candidate: Candidate, reason: Out | None) -> None:
    assert rules.out(candidate, 500, NOW) is reason


@pytest.mark.parametrize(
    ("spent", "alarm", "told"),
    [
        (79, 100, []),
        (80, 100, [80]),
        (99, 100, [80]),
        (100, 100, [80, 100]),
        (500, 100, [80, 100]),
        (5, None, []),
    ],
)
def test_the_alarm_sounds_at_eighty_and_at_a_hundred(
    spent: int, alarm: int | None, told: list[int]
) -> None:
    assert rules.alarms(spent, alarm) == told
