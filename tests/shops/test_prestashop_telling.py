"""What is told to a PrestaShop: coupons, groups; and its catalogue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.intake.shops import CouponWanted, ShopError
from app.intake.shops import prestashop as presta
from tests.shops.fake_prestashop import PARTNERS
from tests.shops.prestas import access

if TYPE_CHECKING:
    from tests.shops.fake_prestashop import FakePrestaShop


class TestShelf:
    def test_p10_products_name_their_categories_and_sales(self, shop: FakePrestaShop) -> None:
        light = shop.add_category("Light")
        lamps = shop.add_category("Lamps", light)
        lamp, bulb = shop.add_product("Lamp", "100.00", lamps), shop.add_product("Bulb", "9.50")
        shop.put(
            "specific_prices", 1, id_product=lamp, id_customer="0", id_cart="0", id_group="0",
            from_quantity="1", reduction="0.200000", reduction_type="percentage",
            **{"from": "0000-00-00 00:00:00", "to": "2090-01-01 00:00:00"},
        )  # fmt: skip
        products, categories = presta.products(access(shop), [str(lamp), str(bulb), "x"])
        found = {each.external_id: each for each in products}
        assert (found[str(lamp)].price, found[str(lamp)].promo) == (10000, True)
        assert (found[str(bulb)].price, found[str(bulb)].promo) == (950, False)
        assert set(found[str(lamp)].categories) == {"2", str(lamps)}
        above = {each.external_id: (each.name, each.parent) for each in categories}
        assert above == {
            "2": ("Home", None), str(light): ("Light", "2"), str(lamps): ("Lamps", str(light)),
        }  # fmt: skip

    def test_a_version_that_cannot_choose_fields_gives_them_whole(
        self, old: FakePrestaShop
    ) -> None:
        lamp = old.add_product("Lamp", "100.00")
        old.fail_at("display=%5Bid%2Cname%2Cprice%2Casked", 1, (500, '{"errors":[{"code":2}]}', {}))
        [found], _categories = presta.products(access(old), [str(lamp)])
        assert found.name == "Lamp"

    def test_without_the_right_there_are_none(self, shop: FakePrestaShop) -> None:
        del shop.rights["products"]
        assert presta.products(access(shop), ["1"]) == ([], ())


class TestCoupons:
    wanted = CouponWanted("ANNA10", percent="12.5", uses=3, ends=datetime(2027, 1, 1, tzinfo=UTC))

    def test_p9_a_code_becomes_a_cart_rule(self, shop: FakePrestaShop) -> None:
        assert presta.put_coupon(access(shop), self.wanted)
        rule = shop.rules()["ANNA10"]
        assert rule["name"] == {"1": "ANNA10", "2": "ANNA10"}
        assert (rule["reduction_percent"], rule["quantity"], rule["active"]) == ("12.5", "3", "1")
        assert (rule["date_to"], rule["partial_use"]) == ("2027-01-01 01:00:00", "0")
        assert presta.put_coupon(access(shop), replace(self.wanted, code="anna10"))
        assert len(shop.writes()) == 1

    def test_sums_and_codes_that_give_nothing(self, shop: FakePrestaShop) -> None:
        presta.put_coupon(access(shop), CouponWanted("FIVE", amount="5.00"))
        presta.put_coupon(access(shop), CouponWanted("NIL"))
        rules = shop.rules()
        assert (rules["FIVE"]["reduction_amount"], rules["FIVE"]["reduction_currency"]) == (
            "5.00",
            "1",
        )
        # The shop forgets a voucher that took nothing off, and whose code it was.
        assert rules["NIL"]["reduction_amount"] == "0.01"

    def test_one_of_the_shops_own_stays_as_it_is(self, shop: FakePrestaShop) -> None:
        shop.add_rule("Anna10", percent="50.00")
        assert not presta.put_coupon(access(shop), self.wanted)
        assert not presta.stop_coupon(access(shop), "ANNA10")
        assert not presta.drop_coupon(access(shop), "ANNA10")
        assert shop.writes() == []

    def test_stopped_taken_again_and_dropped(self, shop: FakePrestaShop) -> None:
        presta.put_coupon(access(shop), self.wanted)
        before = dict(shop.rules()["ANNA10"])
        assert presta.stop_coupon(access(shop), "anna10")
        assert presta.stop_coupon(access(shop), "anna10")
        stopped = dict(shop.rules()["ANNA10"])
        assert stopped["active"] == "0"
        assert {**stopped, "active": "1", "date_upd": ""} == {**before, "date_upd": ""}
        assert presta.put_coupon(access(shop), self.wanted)
        assert shop.rules()["ANNA10"]["active"] == "1"
        assert len(shop.writes()) == 3
        assert presta.drop_coupon(access(shop), "ANNA10")
        assert shop.rules() == {}
        assert not presta.drop_coupon(access(shop), "ANNA10")

    def test_a_coupon_of_one_person_is_his_where_the_shop_knows_him(
        self, shop: FakePrestaShop
    ) -> None:
        ivan = shop.add_customer("ivan@example.test")
        presta.put_coupon(
            access(shop), CouponWanted("ONE", percent="5", uses=1, email="Ivan@example.test")
        )
        presta.put_coupon(
            access(shop), CouponWanted("TWO", percent="5", uses=1, email="x@example.test")
        )
        rules = shop.rules()
        assert (rules["ONE"]["id_customer"], rules["TWO"]["id_customer"]) == (str(ivan), "0")


class TestGroups:
    def test_a_customer_is_put_into_a_group_and_loses_nothing(self, shop: FakePrestaShop) -> None:
        ivan = shop.add_customer("ivan@example.test")
        before = dict(shop.tables["customers"][ivan])
        shop.kinds["customers"].sealed = ["last_passwd_gen"]
        who = {"id": str(ivan), "email": None}
        assert presta.write_member_group(access(shop), who, "partners")
        after = dict(shop.tables["customers"][ivan])
        assert after.pop("id_default_group") == str(PARTNERS)
        assert after.pop("groups") == [{"id": "3"}, {"id": str(PARTNERS)}]
        for name, value in after.items():
            assert name in {"date_upd", "last_passwd_gen"} or str(before.get(name, "")) == str(
                value
            )
        done = len(shop.writes())
        assert presta.write_member_group(access(shop), {"email": "ivan@example.test"}, "Partners")
        assert len(shop.writes()) == done

    def test_strangers_and_groups_that_are_none(self, shop: FakePrestaShop) -> None:
        assert not presta.write_member_group(access(shop), {"id": "77", "email": None}, "Partners")
        shop.add_customer("ivan@example.test")
        with pytest.raises(ShopError, match="no_group: Gold"):
            presta.write_member_group(access(shop), {"email": "ivan@example.test"}, "Gold")
        assert shop.writes() == []
