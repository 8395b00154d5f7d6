"""Staff's word on what an order earns stands above rates, exclusions and caps, and follows refunds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.commissions.rules import Override
from app.orders.rules import Refund, State
from tests.commissions.story import ANNA, BORIS, NOON, VERA, Story, folded, lamp, paid, placed

if TYPE_CHECKING:
    from app.commissions.rules import OrderInput
    from app.orders.rules import Line

SAID: dict[str, Any] = {"reason": "Agreed by phone", "by": "Olga", "at": NOON}


def by_hand(**levels: int) -> tuple[Override, ...]:
    """Say it of who stands there: Vera, Boris, Anna; of Vera also where nobody does."""
    stand = {1: VERA, 2: BORIS, 3: ANNA}
    said = ((int(name[1:]), amount) for name, amount in levels.items())
    return tuple(Override(level, stand.get(level, VERA), amount, **SAID) for level, amount in said)


def order(
    *lines: Line, state: State = State.AGREED, said: tuple[Override, ...], **more: Any
) -> OrderInput:
    return replace(placed(folded(state, *lines, **more)), overrides=said)


def test_one_level_is_set_and_the_others_stay_as_computed() -> None:
    deal = Story().deal(order(said=by_hand(l1=33333)))
    assert paid(deal) == {VERA: 33333, BORIS: 5000, ANNA: 1000}
    why = deal.shares[0].why
    assert (why["source"], why["set"], why["computed"]) == ("hand", 33333, 10000)
    assert (why["reason"], why["by"]) == ("Agreed by phone", "Olga")


def test_the_base_cuts_nothing_that_was_set_by_hand_but_is_told() -> None:
    deal = Story().deal(order(said=by_hand(l1=150000)))
    assert paid(deal) == {VERA: 150000, BORIS: 5000, ANNA: 1000}
    assert deal.shares[0].why["above_base"] == 50000


@pytest.mark.parametrize(
    ("refund", "left"), [(0, 33333), (25000, 25000), (50000, 16667), (100000, 0)]
)
def test_a_refund_shrinks_it_as_it_does_fixed_sums(refund: int, left: int) -> None:
    refunds = (Refund(id="r", amount=refund),) if refund else ()
    deal = Story().deal(order(said=by_hand(l1=33333), refunds=refunds))
    assert paid(deal).get(VERA, 0) == left


def test_it_is_laid_over_the_lines_by_their_bases_to_the_last_unit() -> None:
    lines = (lamp("1", 100000), lamp("2", 50000), lamp("3", 50000))
    deal = Story().deal(order(*lines, said=by_hand(l1=10001)))
    assert [s.amount for s in deal.shares if s.level == 1] == [5001, 2500, 2500]


@pytest.mark.parametrize("state", [State.CANCELLED, State.REFUNDED])
def test_nothing_is_due_for_a_cancelled_order_whatever_was_set(state: State) -> None:
    deal = Story().deal(order(said=by_hand(l1=5000), state=state))
    assert (deal.commission, deal.reason) == (0, state.value)


def test_it_stands_above_what_takes_no_part_and_above_caps() -> None:
    story = Story().say("merchant", "promotional", value=False).say("merchant", "cap_order", 100)
    promo = lamp("1", promo=True)
    assert Story().deal(order(said=by_hand(l1=7000))).reason is None
    assert paid(story.deal(order(promo, said=by_hand(l1=7000)))) == {VERA: 7000}
    assert paid(story.deal(order(said=by_hand(l1=7000)))) == {VERA: 7000, BORIS: 100}


def test_set_to_nothing_says_so() -> None:
    deal = Story().deal(order(said=by_hand(l1=0, l2=0, l3=0)))
    assert (deal.commission, deal.reason) == (0, "by_hand")


def test_an_order_without_any_worth_pays_what_was_set() -> None:
    assert paid(Story().deal(order(lamp("1", 0), said=by_hand(l1=900)))) == {VERA: 900}


def test_a_level_where_nobody_stands_pays_nobody() -> None:
    deal = Story().deal(order(said=by_hand(l4=900)))
    assert paid(deal) == {VERA: 10000, BORIS: 5000, ANNA: 1000}


def test_what_was_set_for_one_partner_is_not_paid_to_another() -> None:
    said = (Override(1, BORIS, 900, **SAID), Override(2, BORIS, 700, **SAID))
    assert paid(Story().deal(order(said=said))) == {VERA: 10000, BORIS: 700, ANNA: 1000}


def test_what_was_set_matures_like_the_rest() -> None:
    said = by_hand(l1=900)
    done = order(state=State.COMPLETED, said=said)
    deal = Story().deal(done, now=NOON + timedelta(days=15))
    assert {s.bucket.value for s in deal.shares} == {"available"}
