"""What is told to a PrestaShop: coupons, groups; and its catalogue and customers, from the first to the newest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.intake.shops import CouponWanted, ShopError
from app.intake.shops import prestashop as presta
from tests.shops.fake_prestashop import PARTNERS
from tests.shops.prestas import access, snapshot

if TYPE_CHECKING:
    from app.intake.shops import Pull, Pulled
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


def all_of(pull: Pull, shop: FakePrestaShop, cursor: Any = None) -> tuple[list[Pulled], Any]:
    """Return all pages behind a cursor, and where to look for what is new."""
    pages: list[Pulled] = []
    while not pages or pages[-1].more:
        pages.append(pull(access(shop), cursor or {}))
        cursor = pages[-1].cursor
        assert len(pages) < 20
    return pages, cursor


class TestPulls:
    def test_the_whole_catalogue_and_then_what_changed(
        self, shop: FakePrestaShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.intake.shops.prestashop.goods.TOGETHER", 3)
        shop.moved = timedelta(days=-2)
        numbers = [shop.add_product(f"Lamp {n}", "5.00", date_upd=shop.now()) for n in range(7)]
        numbers.append(shop.add_product("Imported", "5.00", date_upd="0000-00-00 00:00:00"))
        pages, cursor = all_of(presta.shelf, shop)
        seen = [int(each.external_id) for page in pages for each in page.products]
        assert sorted(set(seen)) == numbers
        assert pages[0].total == 8
        shop.moved = timedelta(0)
        shop.tables["products"][numbers[3]] |= {
            "price": "6.00",
            "asked": "6.00",
            "date_upd": shop.now(),
        }
        pages, _cursor = all_of(presta.shelf, shop, cursor)
        found = {each.external_id: each.price for page in pages for each in page.products}
        assert found[str(numbers[3])] == 600

    def test_products_that_are_asked_for_by_another_date_than_they_show(
        self, shop: FakePrestaShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A change of stock touches the date that is filtered by, and not the one that is shown and sorted by.
        monkeypatch.setattr("app.intake.shops.prestashop.goods.TOGETHER", 2)
        shop.moved = timedelta(days=-3)
        numbers = [shop.add_product(f"Lamp {n}", "5.00", date_upd=shop.now()) for n in range(5)]
        _pages, cursor = all_of(presta.shelf, shop)
        shop.moved = timedelta(days=-1)
        numbers.append(shop.add_product("New", "5.00", date_upd=shop.now()))
        _pages, cursor = all_of(presta.shelf, shop, cursor)
        shop.moved = timedelta(0)
        for each in numbers:
            shop.tables["products"][each]["base_date_upd"] = shop.now()
        pages, after = all_of(presta.shelf, shop, cursor)
        assert {int(p.external_id) for page in pages for p in page.products} == set(numbers)
        assert after["since"] >= cursor["since"]

    def test_prices_are_those_that_buyers_see(self, shop: FakePrestaShop) -> None:
        # A product's own field is its price without tax.
        lamp = shop.add_product("Lamp", "100.00", date_upd=shop.now())
        shop.tables["products"][lamp]["asked"] = "121.000000"
        [found] = presta.shelf(access(shop), {}).products
        assert found.price == 12100
        shop.fail_at("price%5Basked", 1, (500, '{"errors":[{"code":5}]}', {}))
        [found] = presta.shelf(access(shop), {}).products
        assert found.price == 10000

    def test_a_catalogue_of_nothing_but_imports_has_no_dates(self, shop: FakePrestaShop) -> None:
        lamp = shop.add_product("Imported", "5.00", date_upd="0000-00-00 00:00:00")
        _pages, cursor = all_of(presta.shelf, shop)
        pages, _cursor = all_of(presta.shelf, shop, cursor)
        assert [each.external_id for each in pages[0].products] == [str(lamp)]
        shop.tables["products"].clear()
        assert all_of(presta.shelf, shop)[0][0].products == []

    def test_one_that_changes_meanwhile_hides_no_other(
        self, shop: FakePrestaShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.intake.shops.prestashop.goods.TOGETHER", 2)
        numbers = []
        for n in range(6):
            numbers.append(shop.add_product(f"Lamp {n}", "5.00", date_upd=shop.now()))
            shop.wait()
        first = presta.shelf(access(shop), {})
        shop.tables["products"][numbers[0]]["date_upd"] = shop.now()
        pages, _cursor = all_of(presta.shelf, shop, first.cursor)
        seen = {int(each.external_id) for page in (first, *pages) for each in page.products}
        assert seen == set(numbers)

    def test_customers_with_their_groups_and_without_guests(self, shop: FakePrestaShop) -> None:
        ivan = shop.add_customer("ivan@example.test")
        shop.add_customer("guest@example.test", is_guest="1")
        shop.add_customer("gone@example.test", deleted="1")
        pages, cursor = all_of(presta.people, shop)
        [found] = [each for page in pages for each in page.people]
        assert (found.external_id, found.email, found.name) == (
            str(ivan), "ivan@example.test", "Ivan Petrov",
        )  # fmt: skip
        assert (found.group, found.birthday, found.phone) == (
            "Customer",
            "1980-02-03",
            "+12135550100",
        )
        assert found.registered_at is not None
        assert cursor["since"]
        del shop.rights["customers"]
        with pytest.raises(ShopError, match="rights: customers"):
            presta.people(access(shop), {})

    def test_the_page_that_thanks_proves_whose_an_order_is(self, shop: FakePrestaShop) -> None:
        number = shop.place_order((1, "100.000000", 1))
        shop.kinds["orders"].fields.append("secure_key")
        shop.orders[number]["secure_key"] = "daf2fe56"
        assert presta.proved(access(shop), str(number), "daf2fe56")
        assert not presta.proved(access(shop), str(number), "other")
        shop.orders[number]["secure_key"] = ""
        assert not presta.proved(access(shop), str(number), "")
        assert not presta.proved(access(shop), "77", "daf2fe56")


class TestCoupons:
    wanted = CouponWanted("ANNA10", percent="12.5", uses=3, ends=datetime(2099, 1, 1, tzinfo=UTC))

    def test_p9_a_code_becomes_a_cart_rule(self, shop: FakePrestaShop) -> None:
        assert presta.put_coupon(access(shop), self.wanted)
        rule = shop.rules()["ANNA10"]
        assert rule["name"] == {"1": "ANNA10", "2": "ANNA10"}
        assert (rule["reduction_percent"], rule["quantity"], rule["active"]) == ("12.5", "3", "1")
        assert (rule["date_to"], rule["partial_use"]) == ("2099-01-01 01:00:00", "0")
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
        # By its source the shop leaves a voucher that took nothing off out of the order, and its code with it.
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

    def test_one_that_an_order_used_is_not_dropped(self, shop: FakePrestaShop) -> None:
        # The order names it by its number alone: the code would be lost with it.
        for code, uses in (("ONCE", 1), ("OFTEN", 3)):
            presta.put_coupon(access(shop), replace(self.wanted, code=code, uses=uses))
            rule = shop.rules()[code]
            number = shop.place_order((1, "100.000000", 1))
            shop.give_voucher(number, int(rule["id"]), "12.500000")
            rule["quantity"] = str(uses - 1)
            assert not presta.drop_coupon(access(shop), code)
            assert code in shop.rules()
            assert snapshot(shop, number).coupons == (code,)

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

    def test_groups_whose_numbers_only_their_addresses_tell_are_kept(
        self, new: FakePrestaShop
    ) -> None:
        # Version 8.0 with PHP 8 writes <0/> instead of the number, which is not even XML.
        ivan = new.add_customer("ivan@example.test", groups=[{"id": "3"}, {"id": "1"}])
        new.nameless = True
        who = {"id": str(ivan), "email": None}
        assert presta.write_member_group(access(new), who, "partners")
        after = new.tables["customers"][ivan]
        assert after["groups"] == [{"id": "3"}, {"id": "1"}, {"id": str(PARTNERS)}]
        done = len(new.writes())
        assert presta.write_member_group(access(new), who, "partners")
        assert len(new.writes()) == done

    def test_strangers_and_groups_that_are_none(self, shop: FakePrestaShop) -> None:
        assert not presta.write_member_group(access(shop), {"id": "77", "email": None}, "Partners")
        shop.add_customer("ivan@example.test")
        with pytest.raises(ShopError, match="no_group: Gold"):
            presta.write_member_group(access(shop), {"email": "ivan@example.test"}, "Gold")
        assert shop.writes() == []
