"""1C-Bitrix makes no coupons for us: the portal's own codes are handed out, and read on its orders."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from app.carts import service
from app.checkout.service.bounding import unbound
from app.intake.shops import carts as shop_carts
from tests.carts.shop import MAIL, Carting, cart
from tests.carts.test_service import coupon
from tests.shops.bitrix_scene import PortalDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


class Desk(Carting, PortalDesk):
    """Lampa and its portal, where Gleb is the user 77."""


@pytest.fixture
def desk(app: App) -> Iterator[Desk]:
    made = Desk(app)
    made.begin()
    made.do(lambda: service.bring(made.lampa.shop_id, [("B100", 10_000), ("B300", 30_000)]))
    yield made
    made.close()


def shown(desk: Desk, spend: int) -> int:
    def act() -> int:
        assert shop_carts.place(desk.lampa.shop_id) is None  # no interface for coupons
        assert shop_carts.offered(desk.lampa.shop_id)
        said = cart(150_000, spend=spend)
        return service.begin(desk.lampa.shop_id, None, replace(said, currency="RUB"), unbound).id

    number: int = desk.do(act)
    return number


def buy(desk: Desk, code: str, off: float, status: str = "N") -> int:
    number = desk.shop.place_order(1, 1500 - off, email=MAIL, coupon=code, status=status)
    desk.shop.orders[number]["basketItems"][0]["basePrice"] = 1500
    desk.shop.orders[number]["basketItems"][0]["discountPrice"] = off
    return number


def look(desk: Desk) -> None:
    desk.shop.wait()
    desk.sweep()
    desk.settle()


def test_a_code_of_the_portal_spends_its_bonuses_and_another_sum_is_seen(desk: Desk) -> None:
    first = shown(desk, 40_000)
    assert coupon(desk, first).code == "B300"
    assert desk.balance() == (20_000, 30_000, 0)
    number = buy(desk, "B300", 300)
    look(desk)
    assert desk.balance() == (20_000, 0, 0)
    assert desk.orders()[str(number)][1] == 180_000  # with delivery, and before the coupon
    assert coupon(desk, first).odd is None
    second = shown(desk, 15_000)
    assert coupon(desk, second).code == "B100"
    buy(desk, "B100", 40)
    look(desk)
    assert desk.balance() == (16_000, 0, 0)
    assert coupon(desk, second).odd == "less"


def test_an_order_of_the_portal_that_is_cancelled_gives_them_back(desk: Desk) -> None:
    shown(desk, 30_000)
    number = buy(desk, "B300", 300)
    look(desk)
    desk.shop.wait()
    desk.shop.orders[number]["canceled"] = "Y"
    desk.shop.touch(number)
    look(desk)
    assert desk.balance() == (50_000, 0, 0)
