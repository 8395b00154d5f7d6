"""A coupon from the cart to the order and back: the sums of shop, bonuses and partners agree throughout."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from app import clock, jobs
from app.bonuses import service as bonus_service
from app.carts import queries, service
from app.carts.models import CartCoupon
from app.carts.service import AlreadyOpen
from app.checkout.service.bounding import unbound
from app.errors import DomainError
from app.extensions import db
from app.intake.shops import carts as shop_carts
from app.intake.shops import connections
from app.orders.models import Order
from tests.carts.shop import MAIL, CartDesk, Carting, cart

if TYPE_CHECKING:
    from app.intake.shops.connections import Shop


def take(desk: Carting, *prices: int, spend: int = 20_000) -> CartCoupon:
    """Go the way of the widget's door: begin, ask the shop, write its answer down."""
    coupon_id, shop, wanted = begin(desk, *prices, spend=spend)
    with desk.app.app_context():
        found = shop_carts.ask_for(shop, wanted)
    desk.do(lambda: shop_carts.finish(coupon_id, found))
    return coupon(desk, coupon_id)


def begin(desk: Carting, *prices: int, spend: int = 20_000) -> tuple[int, Shop, Any]:
    def act() -> tuple[int, Shop, Any]:
        place = shop_carts.place(desk.lampa.shop_id)
        assert place is not None
        shop = connections.open_shop(place.id)
        assert shop is not None
        said = cart(*prices, spend=spend, customer=desk.number())
        row = service.begin(desk.lampa.shop_id, place.id, said, unbound)
        return row.id, shop, shop_carts.wanted(row, "USD")

    found: tuple[int, Shop, Any] = desk.do(act)
    return found


def coupon(desk: Carting, coupon_id: int) -> CartCoupon:
    with desk.app.app_context(), desk.lampa.scope():
        row = queries.by_id(coupon_id)
        assert row is not None
        db.session.expunge(row)
        return row


def base(desk: CartDesk) -> dict[str, int]:
    """Return what Anna has of each bucket."""
    found = desk.balances()["Anna"]
    return {name: getattr(found, name) for name in ("pending", "available")}


def over(desk: Carting, coupon_id: int, by: timedelta = timedelta(hours=1)) -> None:
    """Let a coupon's minutes, and those of its hold, be over."""

    def act() -> None:
        past = clock.now() - by
        db.session.execute(
            update(CartCoupon).where(CartCoupon.id == coupon_id).values(ends_at=past, made_at=past)
        )

    desk.do(act)
    with desk.app.app_context():
        jobs.keep_carts()


def end_hold(desk: Carting) -> None:
    desk.do(
        lambda: db.session.execute(
            db.text("UPDATE bonus_hold SET until = until - interval '2 hours'")
        )
    )
    with desk.app.app_context():
        jobs.keep_bonuses()


def test_a_coupon_is_of_the_held_sum_for_one_customer_one_cart_once_and_for_minutes(
    desk: CartDesk,
) -> None:
    row = take(desk, 99_000, 51_000)
    assert row.state == "made"
    assert desk.balance() == (30_000, 20_000, 0)
    made = desk.shop.coupon(row.code)
    assert made is not None
    assert (made["discount_type"], made["amount"]) == ("fixed_cart", "200.00")
    assert made["usage_limit"] == 1
    assert made["minimum_amount"] == "1500.00"
    assert made["email_restrictions"] == [MAIL]
    assert made["individual_use"] is True
    ends = clock.wall() + timedelta(minutes=20)
    assert made["date_expires_gmt"][:15] in {
        f"{ends - timedelta(seconds=s):%Y-%m-%dT%H:%M:%S}"[:15] for s in (0, 5)
    }
    for word, bought in {
        "minimum": partial(desk.shop.buy, "100.00"),
        "email": partial(desk.shop.buy, "1500.00", email="ivan@example.test"),
    }.items():
        with pytest.raises(LookupError, match=word):
            bought(code=row.code)


def test_an_order_with_it_spends_just_that_and_is_no_order_with_a_foreign_coupon(
    desk: CartDesk,
) -> None:
    row = take(desk, 99_000, 51_000)
    number = desk.shop.buy("990.00", "510.00", code=row.code)
    desk.shop.type_on_card(number, "partner_promo_code", "ANNA10")
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)
    assert desk.orders()[str(number)][1] == 150_000  # worth what it was before the coupon
    row = coupon(desk, row.id)
    assert (row.state, row.order_key, row.taken, row.odd) == ("used", str(number), 20_000, None)
    # A tenth of what is paid in money: 1300.00.
    assert base(desk)["pending"] == 13_000
    assert desk.shop.coupon(row.code) is not None  # what an order used stays in the shop


def test_messages_in_any_order_twice_and_late_spend_once(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    number = desk.shop.buy("1500.00", code=row.code)
    for _again in range(3):
        desk.shop.tell("order.created", number)
        desk.shop.tell("order.updated", number)
        desk.settle()
        desk.shop.wait()
        desk.shop.touch(number)
    desk.settle()
    desk.sweep()
    assert desk.balance() == (30_000, 0, 0)
    assert coupon(desk, row.id).odd is None


def test_a_cancelled_order_gives_all_back_and_one_revived_takes_it_again(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    number = desk.shop.buy("1500.00", code=row.code)
    desk.settle()
    for status, has in (("cancelled", 50_000), ("processing", 30_000), ("refunded", 50_000)):
        desk.shop.wait()
        desk.shop.change(number, status)
        desk.settle()
        assert desk.balance() == (has, 0, 0), status


def test_refunds_by_line_and_by_sum_bring_their_part_of_the_bonuses(desk: CartDesk) -> None:
    row = take(desk, 100_000, 50_000, spend=30_000)
    number = desk.shop.buy("1000.00", "500.00", code=row.code, shipping="100.00")
    desk.settle()
    assert desk.balance() == (20_000, 0, 0)
    desk.shop.wait()
    desk.shop.give_back(number, "400.00", item=1)  # paid 400 of 500: its 100 in bonuses come back
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)
    desk.shop.wait()
    desk.shop.give_back(number, "400.00")  # half of what remains: 100 more
    desk.settle()
    assert desk.balance() == (40_000, 0, 0)
    desk.shop.wait()
    desk.shop.give_back(number, "500.00")  # all the rest, and the shipping
    desk.settle()
    assert desk.balance() == (50_000, 0, 0)


def test_prices_with_tax_inside_and_on_top(desk: CartDesk) -> None:
    row = take(desk, 120_000)
    desk.shop.buy("1200.00", code=row.code, tax=Decimal("0.2"))
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)
    other = take(desk, 120_000, spend=10_000)
    # Where tax comes on top of prices the shop takes it off, too: 120 for 100, and bonuses pay the 100.
    desk.shop.buy("1440.00", code=other.code, off="120.00", tax=Decimal("0.2"))
    desk.settle()
    assert desk.balance() == (20_000, 0, 0)
    assert coupon(desk, other.id).odd == "more"


def test_staff_change_what_it_takes_off_or_take_it_away(desk: CartDesk) -> None:
    more, less = take(desk, 150_000), None
    number = desk.shop.buy("1500.00", code=more.code, off="350.00")
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)  # the customer agreed to 200
    assert desk.orders()[str(number)][1] == 135_000
    less = take(desk, 150_000)
    desk.shop.buy("1500.00", code=less.code, off="50.00")
    desk.settle()
    assert desk.balance() == (25_000, 0, 0)
    assert coupon(desk, more.id).odd == "more"
    assert coupon(desk, less.id).odd == "less"
    desk.shop.wait()
    desk.shop.edit(number, "1500.00")
    desk.settle()
    assert desk.balance() == (45_000, 0, 0)


def test_whoever_uses_it_its_owner_pays_and_gets_it_back(desk: CartDesk) -> None:
    ivan = desk.do(lambda: desk.member("78", "ivan@example.test"))
    desk.do(lambda: desk.credit(ivan, 10_000))
    row = take(desk, 150_000)
    made = desk.shop.coupon(row.code)
    assert made is not None
    made["email_restrictions"] = []  # staff, or a plugin, let anybody use it
    number = desk.shop.buy("1500.00", code=row.code, customer="78", email="ivan@example.test")
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)
    assert desk.balance(ivan) == (10_000, 0, 0)
    assert coupon(desk, row.id).odd == "stranger"
    desk.shop.wait()
    desk.shop.give_back(number, "650.00", item=None)
    desk.settle()
    assert desk.balance() == (40_000, 0, 0)
    desk.shop.wait()
    desk.shop.change(number, "cancelled")
    desk.settle()
    assert desk.balance() == (50_000, 0, 0)
    assert desk.balance(ivan) == (10_000, 0, 0)


def test_a_guest_with_the_owners_mail_and_one_with_another(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    number = desk.shop.buy("1500.00", code=row.code, customer="0")
    desk.settle()
    with desk.app.app_context(), desk.lampa.scope():
        assert (
            db.session.query(Order.member_id).filter_by(external_id=str(number)).scalar()
            == desk.gleb
        )
    other = take(desk, 150_000)
    made = desk.shop.coupon(other.code)
    assert made is not None
    made["email_restrictions"] = []
    strange = desk.shop.buy("1500.00", code=other.code, customer="0", email="x@example.test")
    desk.settle()
    assert desk.balance() == (10_000, 0, 0)
    assert coupon(desk, other.id).odd == "stranger"
    desk.shop.wait()
    desk.shop.change(strange, "cancelled")
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)


def test_let_go_it_is_deleted_in_the_shop_and_the_bonuses_are_free_at_once(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    assert desk.do(lambda: shop_carts.let_go(service.get(row.id)))
    assert desk.balance() == (50_000, 0, 0)
    desk.settle()
    assert desk.shop.coupon(row.code) is None
    assert coupon(desk, row.id).removed_at is not None
    assert not desk.do(lambda: shop_carts.let_go(service.get(row.id)))
    assert take(desk, 150_000).state == "made"


def test_its_minutes_over_it_is_deleted_and_word_of_an_order_is_waited_for(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    over(desk, row.id)
    desk.settle()
    assert desk.shop.coupon(row.code) is None
    assert coupon(desk, row.id).state == "ended"
    assert desk.balance() == (30_000, 20_000, 0)
    end_hold(desk)
    assert desk.balance() == (50_000, 0, 0)


def test_an_order_whose_word_comes_late_takes_what_it_took_off_all_the_same(desk: CartDesk) -> None:
    """In time for the hold, after it, and after the customer spent the bonuses elsewhere."""
    row = take(desk, 150_000)
    first = desk.shop.buy("1500.00", code=row.code)
    desk.down = True
    desk.shop.deliver()  # lost: nobody is there
    desk.down = False
    over(desk, row.id)
    desk.sweep()
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)
    assert coupon(desk, row.id).order_key == str(first)
    other = take(desk, 150_000, spend=30_000)
    second = desk.shop.buy("1500.00", code=other.code)
    desk.down = True
    desk.shop.deliver()
    desk.down = False
    over(desk, other.id)
    end_hold(desk)
    third = take(desk, 150_000, spend=30_000)
    desk.shop.wait()
    desk.shop.buy("1500.00", code=third.code)
    desk.settle()
    assert desk.balance() == (0, 0, 0)
    desk.sweep()
    desk.settle()
    # Two orders were made cheaper by 300 each, and he had 300: the rest he owes.
    assert desk.balance() == (0, 0, 30_000)
    desk.shop.wait()
    desk.shop.change(second, "cancelled")
    desk.settle()
    assert desk.balance() == (0, 0, 0)
    assert "late" in (coupon(desk, other.id).odd or "")


def test_used_twice_it_costs_twice(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    desk.shop.buy("1500.00", code=row.code)
    made = desk.shop.coupon(row.code)
    assert made is not None
    made["usage_limit"] = None  # staff let it be used again
    desk.settle()
    second = desk.shop.buy("1500.00", code=row.code)
    desk.settle()
    assert desk.balance() == (10_000, 0, 0)
    assert coupon(desk, row.id).odd == "twice"
    desk.shop.wait()
    desk.shop.change(second, "cancelled")
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)


def test_a_second_window_is_told_that_a_code_is_open(desk: CartDesk) -> None:
    row = take(desk, 150_000)
    with pytest.raises(AlreadyOpen) as told:
        begin(desk, 150_000)
    assert told.value.coupon == row.public_id
    assert desk.balance() == (30_000, 20_000, 0)


def test_more_than_there_is_or_than_the_goods_are_worth_is_refused(desk: CartDesk) -> None:
    for prices, spend in (((150_000,), 60_000), ((10_000,), 20_000), ((150_000,), 0)):
        with pytest.raises(DomainError):
            begin(desk, *prices, spend=spend)
    desk.do(lambda: service.change_settings(queries.Settings(on=False)))
    with pytest.raises(DomainError, match="does not offer"):
        begin(desk, 150_000)
    assert desk.balance() == (50_000, 0, 0)
    assert desk.coupons() == []


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        ((503, {"code": "busy"}, {}), "busy"),
        ((401, {"code": "woocommerce_rest_authentication_error"}, {}), "keys"),
        ((500, "<html>", {"Content-Type": "text/html"}), "failing"),
    ],
)
def test_a_shop_that_refuses_leaves_the_bonuses_free(
    desk: CartDesk, trouble: Any, told: str
) -> None:
    desk.shop.troubles = [trouble]
    row = take(desk, 150_000)
    assert (row.state, row.problem) == ("failed", told)
    assert desk.balance() == (50_000, 0, 0)
    desk.settle()
    assert desk.shop.coupons == {}


def test_an_answer_that_is_lost_leaves_no_coupon_behind(desk: CartDesk) -> None:
    desk.shop.swallow = 1
    row = take(desk, 150_000)
    assert (row.state, row.problem) == ("failed", "away")
    assert desk.balance() == (50_000, 0, 0)
    assert desk.shop.coupon(row.code) is not None  # it had come
    desk.settle()
    assert desk.shop.coupon(row.code) is None


def test_killed_before_the_shop_was_asked_or_before_its_answer_was_written(desk: CartDesk) -> None:
    for asked in (False, True):
        coupon_id, shop, wanted = begin(desk, 150_000)
        if asked:
            with desk.app.app_context():
                shop_carts.ask_for(shop, wanted)
        assert desk.balance() == (30_000, 20_000, 0)
        over(desk, coupon_id)
        assert desk.balance() == (50_000, 0, 0)
        desk.settle()
        assert desk.shop.coupons == {}
        assert coupon(desk, coupon_id).problem == "interrupted"
        # An answer that comes after all that changes nothing.
        desk.do(lambda: shop_carts.finish(coupon_id, None))  # noqa: B023
        assert desk.balance() == (50_000, 0, 0)


def test_an_order_before_the_shops_answer_is_known_is_the_coupons(desk: CartDesk) -> None:
    coupon_id, shop, wanted = begin(desk, 150_000)
    with desk.app.app_context():
        shop_carts.ask_for(shop, wanted)
    desk.shop.buy("1500.00", code=wanted.code)
    desk.settle()
    desk.do(lambda: shop_carts.finish(coupon_id, "away"))
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)
    assert coupon(desk, coupon_id).state == "used"
    assert desk.shop.coupon(wanted.code) is not None


def test_a_shop_that_is_away_when_it_ends_is_told_later_and_the_coupons_own_end_is_the_belt(
    desk: CartDesk,
) -> None:
    row = take(desk, 150_000)
    desk.shop.troubles = [(503, {"code": "busy"}, {})] * 3
    desk.do(lambda: shop_carts.let_go(service.get(row.id)))
    with desk.app.app_context():
        jobs.run_errands()
    assert desk.shop.coupon(row.code) is not None
    desk.shop.moved = timedelta(minutes=30)
    with pytest.raises(LookupError, match="over"):
        desk.shop.buy("1500.00", code=row.code)
    desk.shop.troubles = []
    desk.hurry()
    desk.settle()
    assert desk.shop.coupon(row.code) is None


def test_a_program_that_spends_on_payment_holds_until_the_order_is_paid(desk: CartDesk) -> None:
    desk.do(lambda: bonus_service.change_program({"spend_when": "on_payment"}))
    row = take(desk, 150_000)
    desk.shop.wait()
    number = desk.shop.buy("1500.00", code=row.code, status="pending")
    desk.settle()
    assert desk.balance() == (30_000, 20_000, 0)
    desk.shop.wait()
    desk.shop.change(number, "processing")
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)


def test_limits_of_the_program_bound_the_wish_and_not_what_the_shop_gave_already(
    desk: CartDesk,
) -> None:
    row = take(desk, 150_000)
    desk.do(lambda: bonus_service.change_program({"spend_percent": "10"}))
    desk.shop.wait()
    desk.shop.buy("1500.00", code=row.code)
    desk.settle()
    assert desk.balance() == (30_000, 0, 0)


def test_the_shops_own_settings_that_stand_in_the_way_are_found(desk: CartDesk) -> None:
    def look() -> shop_carts.Trial:
        place = desk.do(lambda: shop_carts.place(desk.lampa.shop_id).id)
        shop = desk.do(lambda: connections.open_shop(place))
        with desk.app.app_context(), desk.lampa.scope():
            return shop_carts.try_on(shop, "USD")

    assert look() == shop_carts.Trial((), None)
    assert desk.shop.coupons == {}
    desk.shop.options |= {
        "woocommerce_enable_coupons": "no",
        "woocommerce_calc_taxes": "yes",
        "woocommerce_prices_include_tax": "no",
    }
    desk.shop.currency = "EUR"
    desk.shop.coupons[5] = {"id": 5, "code": "own", "individual_use": True, "meta_data": []}
    assert set(look().found) == {"coupons_off", "tax_on_top", "other_currency", "loners"}
    desk.shop.read_only = True
    assert look().problem == "read_only"
