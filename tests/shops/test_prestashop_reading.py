"""What is read of a PrestaShop: recorded answers exactly, and orders of both flavours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from app.intake.shops import OrderGone, Unreadable
from app.intake.shops import prestashop as presta
from tests.shops.prestas import access, captured, load, snapshot

if TYPE_CHECKING:
    from tests.shops.fake_prestashop import FakePrestaShop


class TestRecorded:
    """The answers of a running shop of the 1.6 line."""

    @pytest.fixture
    def shop(self, old: FakePrestaShop) -> FakePrestaShop:
        load(old, "order_states", captured("order_states")["order_states"])
        load(old, "customers", [captured("1_customer")["customer"]])
        load(old, "order_details", captured("1_order_details")["order_details"])
        load(old, "order_cart_rules", captured("1_order_cart_rules")["order_cart_rules"])
        load(old, "order_cart_rules", captured("8_manual_voucher")["order_cart_rules"])
        old.put("cart_rules", 1, code="ANNA10", name={"1": "Anna 10"}, active="1")
        old.put("addresses", 1, id_customer="1", phone="+12135550177", phone_mobile="")
        return old

    def stand(self, shop: FakePrestaShop, name: str, *, history: int = 0) -> None:
        load(shop, "orders", [captured(name)["order"]])
        found = captured("3_histories")["order_histories"][:history]
        load(shop, "order_histories", found)

    def test_an_order_with_a_voucher(self, shop: FakePrestaShop) -> None:
        self.stand(shop, "1_order_created", history=1)
        said = snapshot(shop, 6)
        assert [
            (line.id, line.product, int(line.quantity), line.amount or 0) for line in said.lines
        ] == [
            ("16", "1", 1, 1485),
            ("17", "2", 2, 2520),
        ]
        assert said.coupons == ("ANNA10",)  # P7: the row itself names only the rule
        assert (said.status, said.number, said.shipping, said.refunds) == ("9", "NSAMMSHUI", 0, ())
        assert said.customer.email == "pub@thirtybees.com"
        assert (said.customer.id, said.customer.name) == ("1", "John DOE")
        assert said.customer.phone == "+12135550177"
        assert said.created_at == datetime(2026, 11, 22, 19, 46, 20, tzinfo=UTC)  # P2
        assert said.paid_at is None

    def test_paid_delivered_refunded(self, shop: FakePrestaShop) -> None:
        seen = []
        for name, history in (("2_paid", 2), ("3_delivered", 3), ("5_refunded", 3)):
            self.stand(shop, name, history=history)
            said = snapshot(shop, 6)
            assert said.updated_at is not None
            seen.append((said.status, said.updated_at))
            assert said.paid_at == datetime(2026, 11, 22, 19, 46, 21, tzinfo=UTC)
        assert [status for status, _at in seen] == ["11", "4", "6"]
        assert [at for _status, at in seen] == sorted({at for _status, at in seen})

    def test_p5_a_part_refund_that_the_order_does_not_know_of(self, shop: FakePrestaShop) -> None:
        self.stand(shop, "3_delivered", history=3)
        before = snapshot(shop, 6)
        load(shop, "order_slip", captured("4_order_slip")["order_slips"])
        self.stand(shop, "4_order_after_slip")
        after = snapshot(shop, 6)
        [refund] = after.refunds
        assert (refund.id, refund.amount, refund.lines) == ("1", 1400, ())
        assert after.status == before.status
        assert before.updated_at is not None
        assert after.updated_at is not None
        assert after.updated_at > before.updated_at

    def test_cancelled_and_a_voucher_of_staff(self, shop: FakePrestaShop) -> None:
        self.stand(shop, "6_cancelled")
        self.stand(shop, "8_order")
        assert (snapshot(shop, 7).status, snapshot(shop, 7).coupons) == ("5", ())
        said = snapshot(shop, 8)
        assert [line.amount for line in said.lines] == [2970]
        assert said.coupons == ("ANNA10",)

    def test_our_note_of_the_recorded_message_is_not_taken_for_ours(
        self, shop: FakePrestaShop
    ) -> None:
        # Another program's message in another form: left alone.
        self.stand(shop, "1_order_created")
        load(shop, "customer_messages", captured("9_messages")["customer_messages"])
        shop.put("customer_threads", 1, id_order="6", id_customer="1")
        card = presta.read_card(access(shop), "6")
        assert card is not None
        assert not any(card.fields.values())


class TestReading:
    def test_taxes_part_refunds_by_row_and_shipping(self, shop: FakePrestaShop) -> None:
        lamp, bulb = shop.add_product("Lamp", "100.00"), shop.add_product("Bulb", "10.00")
        number = shop.place_order(
            (lamp, "121.000000", 1), (bulb, "12.100000", 3), shipping="7.000000", tax=21
        )
        rule = shop.add_rule("ANNA10")
        shop.give_voucher(number, rule, "15.730000")
        rows = shop.orders[number]["order_rows"]
        shop.give_back(number, "12.100000", [(rows[1]["id"], "12.100000")], shipping="2.000000")
        said = snapshot(shop, number)
        assert [(line.amount, line.tax) for line in said.lines] == [(10890, 1890), (3267, 567)]
        assert said.shipping == 500
        [refund] = said.refunds
        assert [(part.line, part.amount) for part in refund.lines] == [(rows[1]["id"], 1210)]

    def test_a_refund_of_which_the_shop_kept_the_vouchers_part(self, shop: FakePrestaShop) -> None:
        lamp = shop.add_product("Lamp", "100.00")
        number = shop.place_order((lamp, "100.000000", 1), (lamp, "50.000000", 1))
        shop.give_voucher(number, shop.add_rule("ANNA10"), "15.000000")
        rows = shop.orders[number]["order_rows"]
        shop.give_back(
            number, "135.000000", [(rows[0]["id"], "100.000000"), (rows[1]["id"], "50.000000")]
        )
        [refund] = snapshot(shop, number).refunds
        assert [part.amount for part in refund.lines] == [9000, 4500]

    @pytest.mark.parametrize("untaxed", [False, True])
    def test_p5_a_sum_that_the_merchant_chose_is_what_was_given_back(
        self, shop: FakePrestaShop, untaxed: bool
    ) -> None:
        # The slip's own sum of goods says the whole price then, which was never given back.
        lamp = shop.add_product("Lamp", "100.00")
        number = shop.place_order((lamp, "181.500000", 1), (lamp, "60.500000", 1), tax=21)
        shop.give_voucher(number, shop.add_rule("ANNA10"), "48.400000")
        shop.tables["groups"][3]["price_display_method"] = int(untaxed)
        rows = shop.orders[number]["order_rows"]
        shop.give_back(
            number, "100.000000", [(rows[0]["id"], "181.500000")], tax=21, untaxed=untaxed
        )
        [refund] = snapshot(shop, number).refunds
        assert [(part.line, part.amount) for part in refund.lines] == [(rows[0]["id"], 10000)]

    @pytest.mark.parametrize("untaxed", [False, True])
    @pytest.mark.parametrize("shipping", ["0.000000", "5.000000"])
    def test_p5_the_first_voucher_is_kept_back_also_where_the_slip_forgets_it(
        self, shop: FakePrestaShop, untaxed: bool, shipping: str
    ) -> None:
        lamp = shop.add_product("Lamp", "100.00")
        number = shop.place_order((lamp, "121.000000", 3), shipping="7.000000", tax=21)
        shop.give_voucher(number, shop.add_rule("ANNA10"), "36.300000")
        shop.tables["groups"][3]["price_display_method"] = int(untaxed)
        [row] = shop.orders[number]["order_rows"]
        shop.give_back(
            number, "242.000000", [(row["id"], "242.000000")], shipping,
            tax=21, untaxed=untaxed, kept=True,
        )  # fmt: skip
        said = snapshot(shop, number)
        [refund] = said.refunds
        assert [part.amount for part in refund.lines] == [24200 - 3630]
        assert said.shipping == 700 - round(float(shipping) * 100)

    def test_p6_free_shipping_leaves_the_goods_alone(self, shop: FakePrestaShop) -> None:
        lamp = shop.add_product("Lamp", "100.00")
        number = shop.place_order((lamp, "100.000000", 1), shipping="7.000000")
        shop.give_voucher(
            number, shop.add_rule("FREE", percent="0"), "7.000000", free_shipping=True
        )
        said = snapshot(shop, number)
        assert ([line.amount for line in said.lines], said.shipping) == ([10000], 0)
        assert said.coupons == ("FREE",)

    def test_a_voucher_taken_off_the_order_again_counts_no_more(self, new: FakePrestaShop) -> None:
        lamp = new.add_product("Lamp", "100.00")
        number = new.place_order((lamp, "100.000000", 1))
        made = new.give_voucher(number, new.add_rule("ANNA10"), "10.000000")
        new.give_voucher(number, new.add_rule("NONE", percent="0"), "-10.000000")
        new.tables["order_cart_rules"][made]["deleted"] = "1"
        said = snapshot(new, number)
        assert said.coupons == ("NONE",)
        assert [line.amount for line in said.lines] == [10000]

    def test_p8_what_staff_typed_on_the_orders_card_is_the_vouchers_name(
        self, shop: FakePrestaShop
    ) -> None:
        lamp = shop.add_product("Lamp", "100.00")
        number = shop.place_order((lamp, "100.000000", 1))
        rule = shop.add_rule("BO_ORDER_12")
        shop.give_voucher(number, rule, "10.000000", name="BORIS5")
        assert snapshot(shop, number).coupons == ("BORIS5",)

    def test_a_price_reduced_at_the_sale_is_a_sale(self, shop: FakePrestaShop) -> None:
        lamp = shop.add_product("Lamp", "100.00")
        number = shop.place_order((lamp, "100.000000", 1), (lamp, "80.000000", 1))
        row = shop.orders[number]["order_rows"][1]["id"]
        shop.tables["order_details"][int(row)]["reduction_percent"] = "20.00"
        assert [line.promo for line in snapshot(shop, number).lines] == [None, True]

    def test_the_older_line_has_vouchers_under_another_name_or_none(
        self, old: FakePrestaShop
    ) -> None:
        lamp = old.add_product("Lamp", "100.00")
        number = old.place_order((lamp, "100.000000", 1))
        old.give_voucher(number, old.add_rule("ANNA10"), "10.000000")
        old.kinds["order_discounts"] = old.kinds.pop("order_cart_rules")
        old.tables["order_discounts"] = old.tables["order_cart_rules"]
        old.rights["order_discounts"] = {"GET"}
        assert snapshot(old, number).coupons == ("ANNA10",)
        del old.kinds["order_discounts"]
        said = snapshot(old, number)
        assert (said.coupons, [line.amount for line in said.lines]) == ((), [9000])

    def test_an_order_shown_without_its_rows_is_read_by_its_details_or_not_at_all(
        self, shop: FakePrestaShop
    ) -> None:
        number = shop.place_order((1, "121.000000", 2), tax=21)
        whole = snapshot(shop, number)
        shop.orders[number]["order_rows"] = []  # as some versions' JSON does
        assert snapshot(shop, number).lines == whole.lines
        shop.rights["order_details"] = set()
        found = presta.fetch(access(shop), str(number))
        assert found is not None
        with pytest.raises(Unreadable):  # never an order of no goods
            presta.parse(found.topic, found.body, "USD")
        shop.orders[number] |= {"total_products_wt": "0.000000", "total_paid_tax_incl": "0.000000"}
        assert snapshot(shop, number).lines == ()  # staff took everything out

    def test_an_order_in_other_money_is_parked_in_words(self, shop: FakePrestaShop) -> None:
        shop.put("currencies", 2, iso_code="EUR", conversion_rate="0.900000", deleted="0")
        number = shop.place_order((1, "100.000000", 1))
        shop.orders[number]["id_currency"] = 2
        found = presta.fetch(access(shop), str(number))
        assert found is not None
        with pytest.raises(Unreadable, match="the order is in EUR"):
            presta.parse(found.topic, found.body, "USD")

    def test_nothing_of_a_street_or_a_key_is_kept(self, shop: FakePrestaShop) -> None:
        number = shop.place_order((1, "100.000000", 1))
        found = presta.fetch(access(shop), str(number))
        assert found is not None
        assert b"s3cr3t" not in found.body
        assert b"hash" not in found.body
        assert b"address" not in found.body

    def test_bodies_that_are_none_are_unreadable_and_name_the_order(self) -> None:
        for body in (b"{}", b"[]", b"x", b'{"order": {"id": "6"}}', b'{"order": 5}'):
            with pytest.raises(Unreadable) as caught:
                presta.parse("order.fetched", body, "USD")
        assert caught.value.external_id is None
        said = presta.parse("order.fetched", b'{"order": {"id": "6", "gone": true}}', "USD")
        assert said == OrderGone("6")

    def test_nobody_can_speak_for_the_shop(self) -> None:
        assert not presta.verify({}, b"", "")
        assert not presta.is_ping({}, b"webhook_id=1")
