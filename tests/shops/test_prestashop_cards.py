"""The partner fields in a PrestaShop: the note of version 8, the one private message of the older line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.intake.shops import OrderSaid, ShopError, Written
from app.intake.shops import prestashop as presta
from tests.shops.fake_prestashop import PAID
from tests.shops.prestas import access

if TYPE_CHECKING:
    from tests.shops.fake_prestashop import FakePrestaShop

FIELDS = {
    "commission": "12.60",
    "promo_code": "ANNA10",
    "refcode": "anna",
    "partner": "Anna & <Boris>; script: x",
    "terms": "10 %",
    "deal_id": "dl_1",
}


def test_p11_six_fields_are_one_private_message_changed_in_place(old: FakePrestaShop) -> None:
    number = old.place_order((1, "100.000000", 1), state=PAID)
    empty = presta.read_card(access(old), str(number))
    assert empty is not None
    assert not any(empty.fields.values())
    stored = presta.write_card(access(old), str(number), FIELDS)
    assert stored.fields == FIELDS
    shown = presta.read_card(access(old), str(number))
    assert shown is not None
    assert (shown.fields, shown.at) == (FIELDS, stored.at)
    [message] = old.messages(number)
    assert (message["private"], message["id_employee"], message["read"]) == ("1", "1", "1")
    [thread] = old.tables["customer_threads"].values()
    assert (thread["status"], thread["email"]) == ("closed", "")  # nobody is asked to answer
    done = len(old.writes())
    presta.write_card(access(old), str(number), {"commission": "9.00"})
    assert len(old.writes()) == done + 1
    [again] = old.messages(number)
    assert again["id"] == message["id"]
    changed = presta.read_card(access(old), str(number))
    assert changed is not None
    assert changed.fields == {**FIELDS, "commission": "9.00"}


def test_p11_a_customers_thread_is_used_and_its_messages_stay(old: FakePrestaShop) -> None:
    number = old.place_order((1, "100.000000", 1))
    old.put("customer_threads", 50, id_order=number, id_customer="1", status="open", token="t")
    old.put("customer_messages", 51, id_customer_thread=50, message="Where is it?", private="0")
    presta.write_card(access(old), str(number), FIELDS)
    assert len(old.tables["customer_threads"]) == 1
    assert next(m["message"] for m in old.messages(number)) == "Where is it?"
    assert len(old.writes()) == 1


def test_p11_a_message_whose_answer_was_lost_is_found_and_not_doubled(old: FakePrestaShop) -> None:
    number = old.place_order((1, "100.000000", 1))
    presta.write_card(access(old), str(number), {"refcode": "anna"})
    second = old.place_order((1, "100.000000", 1))
    old.fail_at("customer_messages", 1, (500, "", {}))  # the thread is begun, the message is not
    with pytest.raises(ShopError, match="failing"):
        presta.write_card(access(old), str(second), FIELDS)
    old.swallow = 1
    with pytest.raises(ShopError, match="away"):
        presta.write_card(access(old), str(second), FIELDS)
    presta.write_card(access(old), str(second), FIELDS)
    assert len(old.messages(second)) == 1
    assert len(old.tables["customer_threads"]) == 2


def test_the_note_of_version_8_is_changed_alone_and_keeps_what_staff_wrote(
    new: FakePrestaShop,
) -> None:
    number = new.place_order((1, "100.000000", 1), state=PAID)
    new.orders[number]["note"] = "Call before delivery"
    before = dict(new.orders[number])
    histories = len(new.tables["order_histories"])
    stored = presta.write_card(access(new), str(number), FIELDS)
    assert stored.fields == FIELDS
    assert [call[0] for call in new.writes()] == ["PATCH"]
    after = dict(new.orders[number])
    assert str(after.pop("note")).startswith("Call before delivery\n")
    before.pop("note")
    assert {**after, "date_upd": ""} == {**before, "date_upd": ""}
    assert len(new.tables["order_histories"]) == histories  # a PUT would have set the state anew
    shown = presta.read_card(access(new), str(number))
    assert shown is not None
    assert (shown.fields, shown.at) == (FIELDS, stored.at)


def test_a_code_typed_into_the_note_is_staffs_word(new: FakePrestaShop) -> None:
    number = new.place_order((1, "100.000000", 1), state=PAID)
    presta.write_card(access(new), str(number), FIELDS)
    text = new.orders[number]["note"]
    new.orders[number]["note"] = text.replace("promo_code: ANNA10", "promo_code: BORIS5")
    found = presta.fetch(access(new), str(number))
    assert found is not None
    said = presta.parse(found.topic, found.body, "USD")
    assert isinstance(said, OrderSaid)
    assert said.card == Written("BORIS5", "anna", "10 %")


def test_a_version_that_takes_no_patch_gets_the_message(new: FakePrestaShop) -> None:
    number = new.place_order((1, "100.000000", 1), state=PAID)
    new.rights["orders"].discard("PATCH")
    presta.write_card(access(new), str(number), FIELDS)
    assert new.orders[number]["note"] == ""
    assert len(new.messages(number)) == 1
    shown = presta.read_card(access(new), str(number))
    assert shown is not None
    assert shown.fields == FIELDS


def test_a_note_is_not_tried_where_one_field_cannot_be_written_alone(new: FakePrestaShop) -> None:
    new.version = "1.7.8.11"
    number = new.place_order((1, "100.000000", 1), state=PAID)
    presta.write_card(access(new), str(number), FIELDS)
    assert [call[:2] for call in new.writes()] == [
        ("POST", "customer_threads"),
        ("POST", "customer_messages"),
    ]


def test_who_may_not_write_messages_is_told_so_by_name(old: FakePrestaShop) -> None:
    number = old.place_order((1, "100.000000", 1))
    del old.rights["customer_threads"]
    card = presta.read_card(access(old), str(number))
    assert card is not None
    with pytest.raises(ShopError) as caught:
        presta.write_card(access(old), str(number), FIELDS)
    assert (caught.value.code, caught.value.detail) == ("rights", "customer_threads")


def test_an_order_that_is_gone_has_no_card(shop: FakePrestaShop) -> None:
    assert presta.read_card(access(shop), "77") is None
    assert presta.read_card(access(shop), "abc") is None
    with pytest.raises(ShopError, match="gone"):
        presta.write_card(access(shop), "77", FIELDS)


def test_p11_threads_are_asked_for_by_number_alone(old: FakePrestaShop) -> None:
    # To show all of a thread version 8.0 fails on PHP 8.
    number = old.place_order((1, "100.000000", 1))
    presta.write_card(access(old), str(number), {"promo_code": "ANNA10"})
    presta.write_card(access(old), str(number), {"promo_code": "BORIS5"})
    asked = [query for name, query in old.queries if name == "customer_threads" and query]
    assert asked
    assert not any("display" in query for query in asked)
    assert len(old.messages(number)) == 1


def test_p11_no_thread_is_begun_that_would_stay_empty(old: FakePrestaShop) -> None:
    # From an empty thread the order's own page in version 1.7 makes an error.
    number = old.place_order((1, "100.000000", 1))
    old.rights["customer_messages"] = {"GET"}
    with pytest.raises(ShopError) as caught:
        presta.write_card(access(old), str(number), {"promo_code": "ANNA10"})
    assert (caught.value.code, caught.value.detail) == ("rights", "customer_messages (POST)")
    assert old.writes() == []
    old.rights["customer_messages"] = {"GET", "POST", "PUT"}
    old.fail_at("/customer_messages", 1, (400, '{"errors":[{"code":85,"message":"invalid"}]}', {}))
    with pytest.raises(ShopError, match="refused"):
        presta.write_card(access(old), str(number), {"promo_code": "ANNA10"})
    assert old.tables["customer_threads"] == {}
    presta.write_card(access(old), str(number), {"promo_code": "ANNA10"})
    assert len(old.messages(number)) == 1
