"""A coupon in a currency without parts, with a hundred, with a thousand: what is held is what is taken off."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from app.bonuses import service as bonus_service
from app.carts import service
from app.checkout.service.bounding import unbound
from app.intake.shops import carts as shop_carts
from app.intake.shops import connections
from tests.carts.shop import CartDesk, CartShop, cart
from tests.carts.test_service import coupon
from tests.faults.test_payout_races import committed
from tests.harness import invariants
from tests.world import make_merchant

if TYPE_CHECKING:
    from app.application import App

# The currency, its smallest part in the shop, what the cart is worth and what is spent in minor units, both as the shop
# writes them, and what a refund of a half gives back in money.
CASES = [
    ("JPY", "1", 1_501, 333, "1501", "333", "584"),
    ("EUR", "0.01", 150_001, 33_333, "1500.01", "333.33", "583.34"),
    ("KWD", "0.001", 150_001, 33_333, "150.001", "33.333", "58.334"),
]


class CoinShop(CartShop):
    """The shop that keeps sums as they were written: WooCommerce only shows two digits of a coupon's."""

    def _write_coupon(self, coupon: dict[str, Any], said: dict[str, Any]) -> None:
        super()._write_coupon(coupon, said)
        coupon.update({n: said[n] for n in ("amount", "minimum_amount") if n in said})


class CoinDesk(CartDesk):
    kind_of_shop = CoinShop


@pytest.mark.parametrize(
    ("currency", "part", "goods", "spend", "price", "off", "half"), CASES, ids=[c[0] for c in CASES]
)
def test_from_the_cart_to_the_order_and_back(
    app: App, monkeypatch: pytest.MonkeyPatch, currency: str, part: str, goods: int, spend: int,
    price: str, off: str, half: str,
) -> None:  # fmt: skip
    def merchant(name: str, **said: Any) -> Any:
        return make_merchant(name, **(said | {"currency": currency}))

    monkeypatch.setattr("tests.shops.scene.make_merchant", merchant)
    monkeypatch.setattr("tests.carts.shop.CENT", Decimal(part))
    desk = CoinDesk(app)
    desk.shop.currency = currency
    desk.begin(50_000)
    try:
        row = made(desk, goods, spend, currency)
        in_shop = desk.shop.coupon(row.code)
        assert in_shop is not None
        assert (in_shop["amount"], in_shop["minimum_amount"]) == (off, price)
        number = desk.shop.buy(price, code=row.code)
        desk.settle()
        assert desk.balance() == (50_000 - spend, 0, 0)
        assert desk.orders()[str(number)][1] == goods
        seen = coupon(desk, row.id)
        assert (seen.state, seen.taken, seen.odd) == ("used", spend, None)
        desk.shop.wait()
        desk.shop.give_back(number, half)
        desk.settle()
        assert abs(desk.balance()[0] - (50_000 - spend + spend // 2)) <= 1
        desk.shop.wait()
        desk.shop.change(number, "cancelled")
        desk.settle()
        assert desk.balance() == (50_000, 0, 0)
        with committed(app, desk.lampa.id):
            assert invariants.broken() == []
    finally:
        desk.close()


def made(desk: CartDesk, goods: int, spend: int, currency: str) -> Any:
    def act() -> tuple[int, Any, Any]:
        place = shop_carts.place(desk.lampa.shop_id)
        assert place is not None
        said = replace(cart(goods, spend=spend), currency=currency)
        row = service.begin(desk.lampa.shop_id, place.id, said, unbound)
        return row.id, connections.open_shop(place.id), shop_carts.wanted(row, currency)

    desk.do(partial(bonus_service.change_program, {"spend_percent": "100"}))
    coupon_id, shop, wanted = desk.do(act)
    with desk.app.app_context():
        assert shop_carts.ask_for(shop, wanted) is None
    desk.do(lambda: shop_carts.finish(coupon_id, None))
    return coupon(desk, coupon_id)
