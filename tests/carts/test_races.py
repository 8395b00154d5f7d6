"""PC10: who presses at the same moment, in two tabs, two carts or at the till, never holds more than there is."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app import jobs
from app.bonuses import service as bonus_service
from app.carts import service
from app.checkout import service as checkout
from app.checkout.service.bounding import unbound
from app.intake.shops import carts as shop_carts
from tests.carts.shop import GLEB, CartDesk, cart
from tests.carts.test_service import coupon, end_hold, over, take
from tests.faults.test_payout_races import committed, meet
from tests.harness import invariants
from tests.harness.together import room_for, together

if TYPE_CHECKING:
    from collections.abc import Callable

RACERS = 20


def sound(desk: CartDesk) -> None:
    with committed(desk.app, desk.lampa.id):
        assert invariants.broken() == []


def begun(desk: CartDesk, spend: int) -> None:
    place = shop_carts.place(desk.lampa.shop_id)
    assert place is not None
    service.begin(desk.lampa.shop_id, place.id, cart(150_000, spend=spend), unbound)


def test_of_twenty_tabs_one_gets_the_code(desk: CartDesk) -> None:
    found = Counter(meet(desk.app, desk.lampa.id, [partial(begun, desk, 20_000)] * RACERS))
    assert found == {"done": 1, "discount_open": RACERS - 1}
    assert desk.balance() == (30_000, 20_000, 0)
    sound(desk)


def test_carts_tills_and_spendings_that_meet_share_what_there_is(desk: CartDesk) -> None:
    for number in range(4):
        acts: list[Callable[[], object]] = []
        for n in range(RACERS // 3):
            acts += [
                partial(begun, desk, 20_000),
                lambda: checkout.hold(desk.lampa.shop_id, cart(150_000, customer=GLEB), None),
                partial(bonus_service.spend, desk.gleb, 20_000, f"race:{number}:{n}"),
            ]
        ends = meet(desk.app, desk.lampa.id, acts)
        available, held, debt = desk.balance()
        assert (available, debt) == (10_000, 0)
        assert ends.count("done") == 2
        assert held <= 40_000
        sound(desk)
        for row in desk.coupons():
            desk.do(partial(shop_carts.let_go, row))
        end_hold(desk)
        has = desk.balance()[0]
        desk.do(partial(desk.credit, desk.gleb, 50_000 - has)) if has < 50_000 else None


@pytest.mark.parametrize("rounds", [4, pytest.param(60, marks=pytest.mark.long)])
def test_an_order_is_placed_while_the_code_is_let_go_and_while_its_minutes_end(
    desk: CartDesk, rounds: int
) -> None:
    for _round in range(rounds):
        row = take(desk, 150_000)
        number = desk.shop.buy("1500.00", code=row.code)
        desk.shop.deliver()

        def in_app(act: Callable[[], object]) -> None:
            with desk.app.app_context():
                act()

        acts = [
            partial(in_app, jobs.drain_inbox),
            partial(desk.do, partial(let_go, row.id)),
            partial(desk.do, partial(let_go, row.id, "ended")),
            partial(desk.do, partial(shop_carts.finish, row.id, "away")),
            partial(in_app, jobs.drain_inbox),
        ]
        with room_for(desk.app, len(acts) + 4):
            together(acts)
        desk.settle()
        over(desk, row.id)
        end_hold(desk)
        seen = coupon(desk, row.id)
        assert (seen.state, seen.order_key, seen.taken) == ("used", str(number), 20_000)
        assert desk.balance() == (30_000, 0, 0)
        sound(desk)
        desk.shop.wait()
        desk.shop.change(number, "cancelled")
        desk.settle()
        assert desk.balance() == (50_000, 0, 0)
        sound(desk)


def test_two_orders_with_one_code_come_at_one_moment(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    made = desk.shop.coupon(row.code)
    assert made is not None
    made["usage_limit"] = None
    numbers = [desk.shop.buy("1500.00", code=row.code) for _ in range(2)]
    desk.shop.deliver()

    def drained() -> None:
        with desk.app.app_context():
            jobs.drain_inbox()

    with room_for(desk.app, 8):
        together([drained] * 4)
    desk.settle()
    assert desk.balance() == (10_000, 0, 0)
    seen = coupon(desk, row.id)
    assert (seen.state, seen.odd) == ("used", "twice")
    sound(desk)
    for number in numbers:
        desk.shop.wait()
        desk.shop.change(number, "cancelled")
        desk.settle()
    assert desk.balance() == (50_000, 0, 0)
    sound(desk)


def let_go(number: int, *why: str) -> object:
    """Let a cart's discount go, as it stands by then."""
    return shop_carts.let_go(service.get(number), *why)


def test_let_go_and_begun_again_at_one_moment(desk: CartDesk) -> None:
    for _round in range(3):
        row = take(desk, 150_000)
        acts: list[Callable[[], object]] = [
            partial(let_go, row.id),
            *[partial(begun, desk, 40_000)] * 6,
        ]
        ends = meet(desk.app, desk.lampa.id, acts)
        assert set(ends[1:]) <= {"done", "discount_open"}
        assert ends[1:].count("done") <= 1
        held = 40_000 if "done" in ends[1:] else 0
        assert desk.balance() == (50_000 - held, held, 0)
        sound(desk)
        for each in desk.coupons():
            desk.do(partial(shop_carts.let_go, each))
        desk.settle()
        assert desk.shop.coupons == {}
        assert desk.balance() == (50_000, 0, 0)
