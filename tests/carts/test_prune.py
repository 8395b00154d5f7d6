"""Coupons that served their time are forgotten at night, but for those that an order named or yet may name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from app import clock, jobs
from app.carts import queries
from app.carts.models import CartCoupon
from app.extensions import db
from app.intake.shops import carts as shop_carts
from tests.carts.test_service import coupon, take

if TYPE_CHECKING:
    from tests.carts.shop import CartDesk


def test_old_ones_without_an_order_are_forgotten_and_all_others_stay(desk: CartDesk) -> None:
    gone, alive, fresh, used = [_ended(desk) for _ in range(4)]
    old, now = clock.now() - timedelta(days=91), clock.now()
    _write(desk, gone, closed_at=old, removed_at=old)
    _write(desk, alive, closed_at=old, removed_at=None)
    _write(desk, fresh, closed_at=now, removed_at=now)
    _write(desk, used, closed_at=old, removed_at=old, state="used", order_key="1")
    with desk.app.app_context():
        jobs.prune()
    left = [_is_there(desk, each) for each in (gone, alive, fresh, used)]
    assert left == [False, True, True, True]


def test_of_a_code_of_the_shops_own_the_newest_says_whose_it_is(desk: CartDesk) -> None:
    first, second = _ended(desk), _ended(desk)
    old = clock.now() - timedelta(days=91)
    for each in (first, second):
        _write(desk, each, closed_at=old, connection_id=None, key="own-1", code="OWN-1")
    with desk.app.app_context():
        jobs.prune()
    assert not _is_there(desk, first)
    assert _is_there(desk, second)


def _ended(desk: CartDesk) -> int:
    made = take(desk, 50_000)
    desk.do(lambda: shop_carts.let_go(coupon(desk, made.id)))
    return made.id


def _write(desk: CartDesk, coupon_id: int, **values: object) -> None:
    mine = update(CartCoupon).where(CartCoupon.id == coupon_id).values(**values)
    desk.do(lambda: db.session.execute(mine))


def _is_there(desk: CartDesk, coupon_id: int) -> bool:
    return bool(desk.do(lambda: queries.by_id(coupon_id) is not None))
