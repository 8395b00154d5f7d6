"""Caps: worked figures, and a property: whatever the order of arrival, the same money in the end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commissions.rules import (
    Ask,
    Bucket,
    CapKind,
    Limit,
    Taken,
    grants,
    is_near,
    month_of,
    share_out,
)
from app.orders.rules import State
from tests.commissions.story import (
    ANNA,
    BORIS,
    DAY,
    MOSCOW,
    NOON,
    VERA,
    Story,
    folded,
    lamp,
    paid,
    placed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture
def story() -> Story:
    return Story().say("terms:1", "hold_days", 0)


def bought(number: int, amount: int = 100000, days: int = 0, state: State = State.COMPLETED) -> Any:
    """Return an order that becomes available `days` after noon."""
    at = NOON + days * DAY
    return placed(folded(state, lamp(amount=amount), created_at=at, completed_at=at), number=number)


LATER = NOON + 30 * DAY


class TestOrderAndCustomer:
    def test_an_orders_cap_cuts_the_highest_level_first(self, story: Story) -> None:
        story.say("merchant", "cap_order", 12000)
        found = story.deal(bought(1, state=State.AGREED))
        assert paid(found) == {VERA: 10000, BORIS: 2000}
        cut = found.shares[1].why["caps"]
        assert cut == [{"by": "order", "most": 12000, "wanted": 5000, "paid": 2000}]

    def test_where_only_whole_sums_are_paid_a_smaller_one_may_still_fit(self, story: Story) -> None:
        story.say("merchant", "cap_order", 12000).say("merchant", "over_cap", "nothing")
        assert paid(story.deal(bought(1))) == {VERA: 10000, ANNA: 1000}

    def test_a_cut_is_laid_over_the_lines_by_what_they_earn(self, story: Story) -> None:
        story.say("merchant", "cap_order", 100).say("terms:1", "levels", ["10%"])
        order = folded(State.AGREED, lamp("1", 10000), lamp("2", 20000))
        assert [s.amount for s in story.deal(placed(order)).shares] == [33, 67]

    def test_a_customers_cap_is_spent_order_by_order_and_cancelled_ones_spend_nothing(
        self, story: Story
    ) -> None:
        story.say("merchant", "cap_customer", 20000)
        first, second, third = (bought(n, days=n, state=State.AGREED) for n in (1, 2, 3))
        deals = story.settle(third, first, second).deals
        assert [d.commission for d in deals] == [16000, 4000, 0]
        assert (deals[2].reason, deals[2].partner_id) == ("cap_reached", VERA)
        gone = bought(1, days=1, state=State.CANCELLED)
        deals = story.settle(gone, second, third).deals
        assert [d.commission for d in deals] == [0, 16000, 4000]


class TestMonths:
    def test_a_partners_cap_is_spent_in_the_order_of_becoming_available(self, story: Story) -> None:
        story.say("merchant", "cap_partner", 15000)
        found = story.settle(bought(1, days=2), bought(2, days=1), now=LATER)
        by_order = {d.order_id: paid(d) for d in found.deals}
        assert by_order == {
            2: {VERA: 10000, BORIS: 5000, ANNA: 1000},
            1: {VERA: 5000, BORIS: 5000, ANNA: 1000},
        }

    def test_on_hold_nothing_is_cut(self, story: Story) -> None:
        story.say("merchant", "cap_partner", 100)
        found = story.deal(bought(1, state=State.AGREED))
        assert (found.bucket, found.commission) == (Bucket.PENDING, 16000)
        waiting = story.deal(bought(1, days=3), now=NOON + DAY)
        assert (waiting.bucket, waiting.commission) == (Bucket.PENDING, 16000)

    def test_a_new_month_of_the_merchants_zone_begins_anew(self, story: Story) -> None:
        story.say("merchant", "cap_partner", 10000).say("terms:1", "levels", ["10%"])
        before = datetime(2026, 11, 30, 20, 59, tzinfo=UTC)  # 23:59 in Moscow
        days = [(before - NOON) / DAY, (before + timedelta(minutes=1) - NOON) / DAY]
        found = story.settle(*(bought(n, days=d) for n, d in enumerate(days)), now=LATER)  # type: ignore[arg-type]
        assert [d.commission for d in found.deals] == [10000, 10000]
        assert month_of(before + timedelta(minutes=1), MOSCOW) == "2026-12"

    def test_terms_and_the_budget_count_everybody(self, story: Story) -> None:
        story.say("terms:1", "cap", 12000)
        assert paid(story.deal(bought(1), now=LATER)) == {VERA: 10000, BORIS: 2000}
        story.say("merchant", "cap_month", 10500)
        found = story.deal(bought(1), now=LATER)
        assert paid(found) == {VERA: 10000, BORIS: 500}
        assert found.shares[1].why["caps"][0]["by"] == "month"

    def test_others_orders_of_the_month_are_served_by_their_place(self, story: Story) -> None:
        story.say("merchant", "cap_partner", 15000).say("terms:1", "levels", ["10%"])
        mine = bought(1, days=2)
        limit = Limit(CapKind.PARTNER, f"partner:{VERA}:2026-11", 15000)

        def other(days: int, number: int) -> Ask:
            at = NOON + days * DAY
            return Ask((at, at, f"B{number}", 1, VERA, number), number, 1, VERA, 8000, (limit,))

        earlier = Taken(others=(other(1, 50),))
        assert story.settle(mine, now=LATER, taken=earlier).deals[0].commission == 7000
        later = Taken(others=(other(3, 51),))
        [found], served = share_out([story.settle(mine, now=LATER)], later)
        assert found.deals[0].commission == 10000
        assert [(ask.order_id, grant.given) for ask, grant in served] == [(1, 10000), (51, 5000)]
        spent = Taken(given={limit.key: 14000})
        assert story.settle(mine, now=LATER, taken=spent).deals[0].commission == 1000

    def test_a_cap_is_that_of_the_orders_time(self, story: Story) -> None:
        story.say("merchant", "cap_partner", None)
        story.say("merchant", "cap_partner", 100, since=NOON + DAY)
        assert story.deal(bought(1), now=LATER).commission == 16000
        assert paid(story.deal(bought(1, days=2), now=LATER)) == {VERA: 100, BORIS: 100, ANNA: 100}


def test_people_are_told_once_at_eighty_percent() -> None:
    assert not is_near(1000, 0, 799)
    assert is_near(1000, 799, 800)
    assert not is_near(1000, 800, 1000)
    assert is_near(1000, 0, 1000)


asks = st.lists(
    st.tuples(
        st.integers(0, 5),  # day
        st.integers(1, 3),  # partner
        st.integers(1, 90),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def made(said: Sequence[tuple[int, int, int, bool, bool]]) -> list[Ask]:
    found = []
    for number, (day, partner, wanted, budget, whole) in enumerate(said):
        at = NOON + day * DAY
        limits = [Limit(CapKind.PARTNER, f"partner:{partner}:2026-11", 100)]
        limits += [Limit(CapKind.MONTH, "month:2026-11", 150)] if budget else []
        place = (at, at, f"A{number}", 1, partner, number)
        found.append(Ask(place, number, 1, partner, wanted, tuple(limits), whole))
    return found


@settings(max_examples=200, deadline=None)
@given(asks, st.data())
def test_caps_hold_and_the_order_of_arrival_plays_no_part(
    said: list[tuple[int, int, int, bool, bool]], data: st.DataObject
) -> None:
    all_ = made(said)
    straight = grants(all_, {})
    assert grants(data.draw(st.permutations(all_)), {}) == straight
    totals: dict[str, int] = {}
    for ask, grant in straight:
        assert 0 <= grant.given <= ask.wanted
        assert not ask.whole or grant.given in (0, ask.wanted)
        for limit in ask.limits:
            totals[limit.key] = totals.get(limit.key, 0) + grant.given
            assert totals[limit.key] <= limit.most


@settings(max_examples=200, deadline=None)
@given(asks, st.integers(0, 8))
def test_what_was_given_before_stands_for_the_asks_that_got_it(
    said: list[tuple[int, int, int, bool, bool]], place: int
) -> None:
    served = grants(made(said), {})
    before, after = served[:place], served[place:]
    given_: dict[str, int] = {}
    for ask, grant in before:
        for limit in ask.limits:
            given_[limit.key] = given_.get(limit.key, 0) + grant.given
    assert grants([ask for ask, _grant in after], given_) == after


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 9)), min_size=2, max_size=5), st.data())
def test_customers_settled_one_by_one_end_like_all_at_once(
    said: list[tuple[int, int]], data: st.DataObject
) -> None:
    """Each order is another customer's: settled in any order, and those moved settled again."""
    told = Story().say("terms:1", "hold_days", 0).say("merchant", "cap_partner", 15000)
    told.say("merchant", "cap_month", 40000)
    orders = {n: bought(n, amount * 10000, day) for n, (day, amount) in enumerate(said)}

    def play(arrivals: Sequence[int]) -> dict[int, dict[int, int]]:
        asked: dict[int, tuple[Ask, ...]] = {}
        sums: dict[int, dict[int, int]] = {}
        todo = list(arrivals)
        while todo:
            number = todo.pop(0)
            others = tuple(a for n, own in asked.items() if n != number for a in own)
            found = told.settle(orders[number], now=LATER, taken=Taken(others=others))
            fresh = number not in asked
            asked[number] = found.asked
            sums[number] = paid(found.deals[0])
            todo = [n for n in asked if fresh and n != number] + todo
        return sums

    numbers = list(orders)
    assert play(data.draw(st.permutations(numbers))) == play(numbers)
