"""The same in a PrestaShop: a cart rule of the held sum, read on the order by number and name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.carts import service
from app.intake.shops import carts as shop_carts
from app.intake.shops import connections
from tests.carts.shop import MAIL, Carting
from tests.carts.test_service import coupon, over, take
from tests.shops.fake_prestashop import CANCELLED, PAID
from tests.shops.presta_scene import PrestaDesk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


class Desk(Carting, PrestaDesk):
    """Lampa and its PrestaShop, where Gleb is a customer."""

    number_of_gleb = ""

    def number(self) -> str:
        if not self.number_of_gleb:
            self.number_of_gleb = str(self.shop.add_customer(MAIL))
        return self.number_of_gleb

    def buy(self, code: str, value: str, price: str = "1500.00") -> int:
        placed = self.shop.place_order(
            (self.lamp, price, 1), state=PAID, customer=int(self.number())
        )
        number = next(
            n for n, rule in self.shop.tables["cart_rules"].items() if rule["code"] == code
        )
        self.shop.give_voucher(placed, number, value, name=code)
        self.shop.tables["cart_rules"][number]["quantity"] = "0"
        return placed

    def look(self) -> None:
        self.shop.wait()
        self.sweep()
        self.settle()


@pytest.fixture(params=["1.6", "8"])
def desk(app: App, request: pytest.FixtureRequest) -> Iterator[Desk]:
    made = Desk(app, request.param)
    made.begin()
    yield made
    made.close()


def test_a_cart_rule_is_of_the_held_sum_for_one_customer_and_one_cart(desk: Desk) -> None:
    row = take(desk, 150_000)
    rule = desk.shop.rules()[row.code]
    assert (rule["reduction_amount"], rule["reduction_tax"], rule["quantity"]) == (
        "200.00",
        "1",
        "1",
    )
    assert (rule["id_customer"], rule["cart_rule_restriction"]) == (desk.number(), "1")
    assert (rule["minimum_amount"], rule["minimum_amount_tax"]) == ("1500.00", "1")
    assert rule["partial_use"] == "0"


def test_an_order_with_it_spends_it_and_a_cancelled_one_gives_it_back(desk: Desk) -> None:
    row = take(desk, 150_000)
    placed = desk.buy(row.code, "200.00")
    desk.look()
    assert desk.balance() == (30_000, 0, 0)
    assert desk.orders()[str(placed)][1] == 150_000
    assert coupon(desk, row.id).odd is None
    desk.shop.wait()
    desk.shop.change(placed, CANCELLED)
    desk.look()
    assert desk.balance() == (50_000, 0, 0)


def test_taken_back_it_is_deleted_and_one_that_was_used_stays(desk: Desk) -> None:
    row = take(desk, 150_000)
    desk.do(lambda: shop_carts.let_go(service.get(row.id)))
    desk.settle()
    assert row.code not in desk.shop.rules()
    other = take(desk, 150_000)
    desk.buy(other.code, "200.00")
    over(desk, other.id)  # before we hear of the order
    desk.settle()
    assert other.code in desk.shop.rules()
    desk.look()
    assert desk.balance() == (30_000, 0, 0)


def test_what_stands_in_the_way_is_found(desk: Desk) -> None:
    def look() -> shop_carts.Trial:
        place = desk.do(lambda: shop_carts.place(desk.lampa.shop_id).id)
        shop = desk.do(lambda: connections.open_shop(place))
        with desk.app.app_context(), desk.lampa.scope():
            return shop_carts.try_on(shop, "USD")

    before = len(desk.shop.rules())
    assert look() == shop_carts.Trial((), None)
    assert len(desk.shop.rules()) == before
    desk.shop.put("configurations", 90, name="PS_CART_RULE_FEATURE_ACTIVE", value="0")
    desk.shop.add_rule("OWN", cart_rule_restriction="1")
    assert set(look().found) == {"rules_off", "loners"}
    desk.shop.put("configurations", 91, name="PS_CART_RULE_ALLOW_MULTIPLE_CODES", value="0")
    assert set(look().found) == {"rules_off", "loners", "one_code"}
    desk.shop.rights["cart_rules"] = {"GET"}
    found = look()
    assert "rights" in found.found
    assert found.problem in {"rights", "read_only"}
