"""What a running WooCommerce does that a connector must survive: W1 to W15, one story each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from app.facts import service as facts
from app.intake.shops import LISTED, OrderSaid, woocommerce

if TYPE_CHECKING:
    from tests.shops.scene import Desk


def ready(desk: Desk) -> int:
    """Connect the shop; return the number of its only product."""
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    return lamp


def test_w1_updated_comes_before_created_and_the_order_is_booked(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.settle()
    assert [each["topic"] for each in desk.shop.sent][:2] == ["order.updated", "order.created"]
    assert desk.partner(number) == "Anna"
    assert desk.orders()[str(number)] == ("agreed", 10000, [(1000, 0)])


def test_w2_states_in_between_are_not_seen_and_the_last_one_counts(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    for status in ("completed", "on-hold", "cancelled"):
        desk.shop.change(number, status)
    desk.settle()
    sent = [json.loads(each["body"]) for each in desk.shop.sent if each["topic"] != "ping"]
    assert {each["status"] for each in sent} == {"cancelled"}
    assert all(each["date_paid_gmt"] for each in sent)
    assert desk.orders()[str(number)] == ("cancelled", 10000, [])


def test_w3_two_deliveries_of_one_id_are_two_deliveries(desk: Desk) -> None:
    lamp = ready(desk)
    numbers = [desk.shop.place_order(lamp, coupon=code) for code in ("ANNA10", "BORIS5")]
    desk.settle()
    created = [each for each in desk.shop.sent if each["topic"] == "order.created"]
    assert len({each["headers"]["X-WC-Webhook-Delivery-ID"] for each in created}) == 1
    assert [desk.partner(number) for number in numbers] == ["Anna", "Boris"]


def test_w4_our_own_write_comes_back_and_is_not_answered_with_another(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.settle()
    desk.shop.wait()
    desk.shop.touch(number)  # a plugin saves the order as it was
    desk.settle()
    desk.sweep()
    desk.settle()
    assert len(desk.shop.writes("orders/")) == 1
    assert desk.shop.card(number) == {
        "partner_commission": "10.00",
        "partner_promo_code": "ANNA10",
        "partner_refcode": "anna",
        "partner_name": "Anna",
        "partner_terms": desk.shop.card(number)["partner_terms"],
        "partner_deal_id": desk.one("SELECT public_id FROM deal"),
    }


def test_w5_a_deletion_that_nobody_told_of_is_found_by_the_sweep(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.settle()
    desk.shop.delete_for_good(number)
    desk.settle()
    assert desk.orders()[str(number)][0] == "agreed"
    desk.sweep()
    desk.settle()
    assert desk.orders()[str(number)] == ("cancelled", 10000, [])


def test_w5_a_trashed_order_is_cancelled_and_lives_again_when_it_is_restored(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.settle()
    desk.shop.wait()
    desk.shop.trash(number)
    desk.settle()
    assert json.loads(desk.shop.sent[-1]["body"]) == {"id": number}
    assert desk.orders()[str(number)][0] == "cancelled"
    desk.shop.wait()
    desk.shop.restore(number)
    desk.settle()
    assert desk.orders()[str(number)] == ("agreed", 10000, [(1000, 0)])


def test_w5_a_deletion_that_comes_after_the_restoration_does_no_harm(desk: Desk) -> None:
    """It is signed and true, and told late: the shop is asked what holds now."""
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.settle()
    desk.shop.trash(number)
    late, desk.shop.waiting = desk.shop.waiting, []
    desk.shop.wait()
    desk.shop.restore(number)
    desk.settle()
    [hook] = [h for h in desk.shop.hooks.values() if h["topic"] == "order.deleted"]
    assert late
    desk.shop.post(hook, json.dumps({"id": number}).encode())
    desk.settle()
    assert desk.orders()[str(number)][0] == "agreed"


def test_w6_a_code_in_small_letters_is_the_same_code(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    assert desk.shop.orders[number]["coupon_lines"][0]["code"] == "anna10"
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert desk.shop.card(number)["partner_promo_code"] == "ANNA10"


def test_w7_a_refund_of_a_line_is_taken_from_that_line(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), "90.00", "9.00", coupon="ANNA10")
    order = desk.shop.orders[number]
    second = dict(order["line_items"][0], id=99_999, total="72.00", total_tax="7.20")
    order["line_items"].append(second)
    desk.settle()
    assert desk.orders()[str(number)][2] == [(792, 0), (990, 0)]
    desk.shop.wait()
    desk.shop.refund(number, "39.60", ("36.00", "3.60"))  # of the first line
    desk.settle()
    # By its sum alone it would be spread: 22.00 and 17.60.
    assert desk.orders()[str(number)] == ("agreed", 17820 - 3960, [(594, 0), (792, 0)])


def test_w8_a_refund_by_sum_is_spread_over_what_remains(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), "90.00", "9.00", coupon="ANNA10")
    order = desk.shop.orders[number]
    order["line_items"].append(
        dict(order["line_items"][0], id=99_999, total="72.00", total_tax="7.20")
    )
    desk.settle()
    desk.shop.wait()
    desk.shop.refund(number, "39.60")
    desk.settle()
    assert desk.orders()[str(number)][2] == [(616, 0), (770, 0)]
    desk.shop.wait()
    desk.shop.refund(number, "138.60")
    desk.shop.change(number, "refunded")  # it turns so by itself
    desk.settle()
    assert desk.orders()[str(number)] == ("refunded", 0, [])


def test_w8_a_refund_told_by_its_sum_alone_starts_no_endless_talk(desk: Desk) -> None:
    """Each word of ours makes the shop tell of the order again, later, and without the refund's lines."""
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.shop.orders[number]["shipping_lines"] = [{"id": 1, "total": "8.00", "total_tax": "0.00"}]
    desk.settle()
    for _time in range(4):
        desk.shop.wait()
        if _time == 0:
            desk.shop.refund(number, "8.00", shipping="8.00")
        else:
            desk.shop.touch(number)
        desk.settle()
        assert desk.orders()[str(number)] == ("agreed", 10000, [(1000, 0)])
    assert len(desk.shop.writes("orders/")) == 1


def test_w8_shipping_that_is_given_back_takes_nothing_from_the_goods(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.shop.orders[number]["shipping_lines"] = [{"id": 5, "total": "8.00", "total_tax": "0.00"}]
    desk.settle()
    desk.shop.wait()
    desk.shop.refund(number, "8.00", shipping="8.00")
    desk.settle()
    assert desk.orders()[str(number)] == ("agreed", 10000, [(1000, 0)])


def test_w9_category_and_sale_are_looked_up_for_they_are_not_in_the_order(desk: Desk) -> None:
    light = desk.shop.add_category("Light")
    desk.shop.add_category("Lamps", parent=light)
    lamp = desk.shop.add_product("Lamp", "100.00", "Lamps", on_sale=True)
    desk.connect()
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    assert desk.one("SELECT promo FROM product")
    found = desk.one(
        "SELECT c.name || ' below ' || above.name FROM product p"
        " JOIN category c ON c.id = p.category_id JOIN category above ON above.id = c.parent_id"
    )
    assert found == "Lamps below Light"
    asked = len([each for each in desk.shop.asked if each[1] == "products"])
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    assert len([each for each in desk.shop.asked if each[1] == "products"]) == asked  # remembered


def test_w10_a_code_typed_on_a_paid_orders_card_makes_the_deal(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk))
    desk.settle()
    assert not desk.shop.orders[number]["is_editable"]  # no coupon can be added any more
    assert desk.partner(number) is None
    desk.shop.wait()
    desk.shop.type_on_card(number, "partner_promo_code", "anna10")
    desk.settle()
    assert desk.partner(number) == "Anna"
    card = desk.shop.card(number)
    assert (card["partner_name"], card["partner_commission"]) == ("Anna", "10.00")
    assert card["partner_promo_code"] == "anna10"  # theirs, as they wrote it
    assert len(desk.shop.writes("orders/")) == 1


def test_w11_numbers_are_text_beside_floats_and_no_float_counts(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), "0.29", "0.00", coupon="ANNA10")
    desk.shop.orders[number]["line_items"][0]["price"] = 0.28999999999999998
    desk.settle()
    assert desk.orders()[str(number)][1] == 29


def test_w12_cash_on_delivery_is_agreed_without_being_paid(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), coupon="ANNA10")
    desk.settle()
    assert desk.orders()[str(number)][0] == "agreed"
    assert desk.one("SELECT folded->'snapshot'->>'paid_at' FROM orders") is None
    desk.shop.wait()
    desk.shop.change(number, "completed")
    desk.settle()
    assert desk.orders()[str(number)][0] == "completed"
    assert desk.one("SELECT folded->'snapshot'->>'paid_at' FROM orders") is not None


def test_w13_the_use_of_a_coupon_is_told_by_the_order_alone(desk: Desk) -> None:
    lamp = ready(desk)
    assert not [h for h in desk.shop.hooks.values() if h["topic"].startswith("coupon.")]
    number = desk.shop.place_order(lamp, coupon="BORIS5")
    desk.settle()
    assert desk.partner(number) == "Boris"


def test_w14_what_we_ask_for_is_kept_without_streets_and_addresses(desk: Desk) -> None:
    lamp = ready(desk)
    desk.shop.lose = True
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    desk.sweep()
    kept = desk.one(f"SELECT convert_from(body, 'UTF8') FROM inbox WHERE topic = '{LISTED}'")
    assert "ivan@example.test" in kept
    for private in ("1 Main", "customer_ip_address", "wc_order_", "127.0.0.1"):
        assert private not in kept
    assert isinstance(woocommerce.parse(LISTED, kept.encode(), "USD"), OrderSaid)


def test_w15_a_coupon_and_a_field_added_on_the_card_are_found_by_difference(desk: Desk) -> None:
    number = desk.shop.place_order(ready(desk), status="pending")
    desk.settle()
    desk.shop.wait()
    desk.shop.apply_coupon(number, "ANNA10")
    desk.settle()
    assert desk.partner(number) == "Anna"
    desk.shop.wait()
    desk.shop.type_on_card(number, "partner_promo_code", "BORIS5")  # over what we wrote
    desk.settle()
    assert desk.partner(number) == "Boris"
    card = desk.shop.card(number)
    assert (card["partner_promo_code"], card["partner_refcode"]) == ("BORIS5", "boris")
    assert len(desk.shop.writes("orders/")) == 2


def test_nothing_is_written_into_the_shop_of_a_shadow_month(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.do(lambda: facts.put("merchant", "shadow", True))
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert desk.shop.writes("orders/") == []
