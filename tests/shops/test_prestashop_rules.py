"""PrestaShop without a shop: how vouchers lie on rows, what states mean, the note, its clock, its JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake.shops import ShopError
from app.intake.shops.prestashop import note, shapes, states
from app.intake.shops.prestashop.client import root
from app.intake.shops.prestashop.discounts import CHEAPEST, Goods, Voucher, reconciled, spread

FOLDER = Path(__file__).parent / "prestashop"
MONEY = st.integers(0, 10_000_00)
TEXTS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=60)


def test_p6_a_voucher_lies_on_every_row_by_what_it_costs() -> None:
    # The captured order: 16.50 and 2 x 14.00 with a voucher of 4.45.
    found = spread([Goods(1650), Goods(2800)], 0, 0, [Voucher(445)], 445)
    assert found.rows == (1485, 2520)


def test_p6_free_shipping_touches_no_goods() -> None:
    vouchers = [Voucher(700, free_shipping=True), Voucher(445)]
    found = spread([Goods(1650), Goods(2800)], 700, 0, vouchers, 1145)
    assert (found.rows, found.shipping) == ((1485, 2520), 0)
    # One that takes ten percent off and the shipping, too, is one sum in the shop.
    found = spread([Goods(1650), Goods(2800)], 700, 0, [Voucher(1145, free_shipping=True)], 1145)
    assert (found.rows, found.shipping) == ((1485, 2520), 0)


def test_p6_a_voucher_of_one_product_leaves_the_others_alone() -> None:
    goods = [Goods(1650, product=1, unit=1650), Goods(2800, product=2, unit=1400)]
    found = spread(goods, 0, 0, [Voucher(280, product=2)], 280)
    assert found.rows == (1650, 2520)
    found = spread(goods, 0, 0, [Voucher(140, product=CHEAPEST), Voucher(416)], 556)
    assert found.rows == (1650 - 159, 2660 - 257)


def test_p6_what_no_row_holds_comes_off_the_rest() -> None:
    found = spread([Goods(100)], 50, 20, [Voucher(160)], 160)
    assert (found.rows, found.shipping, found.wrapping) == ((0,), 0, 10)


@given(
    st.lists(st.builds(Goods, MONEY, st.integers(0, 3), MONEY), max_size=8),
    MONEY,
    MONEY,
    st.lists(st.builds(Voucher, MONEY, st.booleans(), st.integers(-1, 3)), max_size=4),
    MONEY,
)
def test_whatever_vouchers_say_nothing_is_lost_or_below_zero(
    goods: list[Goods], shipping: int, wrapping: int, vouchers: list[Voucher], total: int
) -> None:
    found = spread(goods, shipping, wrapping, vouchers, total)
    whole = sum(each.amount for each in goods) + shipping + wrapping
    assert sum(found.rows) + found.shipping + found.wrapping == whole - min(total, whole)
    assert min([*found.rows, found.shipping, found.wrapping]) >= 0
    assert all(left <= each.amount for left, each in zip(found.rows, goods, strict=True))


def test_rounding_of_the_shop_is_followed_and_another_total_is_not_believed() -> None:
    assert reconciled([333, 333, 333], 1000, 3) == [334, 333, 333]
    assert reconciled([333, 333, 333], 5000, 3) == [333, 333, 333]


def test_p4_states_are_suggested_by_their_letters_and_flags() -> None:
    listed = json.loads((FOLDER / "order_states.json").read_text())["order_states"]
    found = {each["name"]: each["state"] for each in states.suggested(listed, {})}
    assert found == {
        "Payment accepted": "agreed",
        "Processing in progress": "agreed",
        "Shipped": "agreed",
        "Delivered": "completed",
        "Canceled": "cancelled",
        "Refunded": "refunded",
        "Payment error": "cancelled",
        "On backorder (paid)": "agreed",
        "Awaiting bank wire payment": "registered",
        "Awaiting PayPal payment": "registered",
        "Remote payment accepted": "agreed",
        "On backorder (not paid)": "registered",
        "Awaiting Cash On Delivery validation": "registered",
    }
    # The shop's own word for which state is which stands above guesses.
    other = {
        each["name"]: each["state"] for each in states.suggested(listed, {"PS_OS_DELIVERED": "3"})
    }
    assert other["Shipped"] == "completed"


FIELDS = {
    "commission": "12.60",
    "promo_code": "ANNA10",
    "refcode": "anna",
    "partner": "Anna",
    "terms": "10 %",
    "deal_id": "dl_1",
}


def test_the_note_is_read_again_whatever_the_shop_does_to_its_lines() -> None:
    text = note.put("Call before delivery", FIELDS)
    assert text.startswith("Call before delivery\n\n[Partnerka]\npartner_commission: 12.60\n")
    for shown in (
        text,
        text.replace("\n", "<br />"),
        text.replace("\n", "\r\n"),
        text.replace("\n", " "),
    ):
        assert note.read(shown) == FIELDS
    assert note.read("Call before delivery") == {}
    assert note.read(text.removesuffix(note.END)) == FIELDS


def test_what_stands_around_our_lines_stays_and_so_do_lines_that_are_not_changed() -> None:
    text = note.put("Before", FIELDS) + "\nAfter"
    again = note.put(text, {"commission": "1.00"})
    assert again == text.replace("12.60", "1.00")
    assert note.put(text, FIELDS) == text


def test_staff_change_the_code_in_our_lines() -> None:
    text = note.put("", FIELDS).replace("partner_promo_code: ANNA10", "partner_promo_code:BORIS5 ")
    assert note.read(text)["promo_code"] == "BORIS5"


@given(st.fixed_dictionaries(dict.fromkeys(note.NAMES, TEXTS)))
def test_any_name_comes_back_as_it_went_and_looks_like_no_tag(fields: dict[str, str]) -> None:
    text = note.put("Somebody's", fields)
    block = text.removeprefix("Somebody's")
    assert not set("<>&=") & set(block)
    assert note.read(text) == {name: value.strip() for name, value in fields.items()}


def test_a_script_in_a_name_is_nothing_that_the_shop_would_refuse() -> None:
    text = note.put("", {"partner": "JavaScript: the <b>good</b> parts onload=1"})
    assert "script:" not in text.lower()
    assert "onload=" not in text
    assert note.read(text)["partner"] == "JavaScript: the <b>good</b> parts onload=1"


PARIS = shapes.zone_of("Europe/Paris")


def test_p2_times_are_of_the_shops_zone_in_summer_and_winter() -> None:
    assert shapes.instant("2026-11-22 20:46:20", PARIS, None) == datetime(
        2026, 11, 22, 19, 46, 20, tzinfo=UTC
    )
    assert shapes.instant("2026-07-22 20:46:20", PARIS, None) == datetime(
        2026, 7, 22, 18, 46, 20, tzinfo=UTC
    )
    assert shapes.instant("0000-00-00 00:00:00", PARIS, None) is None


def test_p2_the_hour_that_comes_twice_never_makes_a_later_change_older() -> None:
    text = "2026-10-25 02:30:00"  # shown at 00:30 and at 01:30 by Greenwich
    during_first = datetime(2026, 10, 25, 0, 31, tzinfo=UTC)
    during_second = datetime(2026, 10, 25, 1, 31, tzinfo=UTC)
    assert shapes.instant(text, PARIS, during_first) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert shapes.instant(text, PARIS, during_second) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ([], []),
        ({}, []),
        ({"orders": []}, []),
        ({"orders": ""}, []),
        ({"orders": [{"id": 6}, {"id": "7"}]}, ["6", "7"]),
        ({"order": {"id": 6}}, ["6"]),
        ({"orders": {"order": [{"id": 6}]}}, ["6"]),
        ({"orders": {"order": {"id": 6}}}, ["6"]),
        ({"order_somethings": [{"id": 6}]}, ["6"]),
    ],
)
def test_p3_lists_are_read_in_every_shape(said: Any, ids: list[str]) -> None:
    assert [shapes.number(each["id"]) for each in shapes.rows(said, "orders", "order")] == ids


@pytest.mark.parametrize("said", [{"errors": [{"code": 1}]}, {"orders": [1]}, "orders", 5, None])
def test_p3_what_is_no_list_is_said_to_be_none(said: Any) -> None:
    with pytest.raises(ShopError):
        shapes.rows(said, "orders", "order")


def test_p3_texts_ids_and_sums_are_read_in_every_shape() -> None:
    both = [{"id": "1", "value": "Livré"}, {"id": "2", "value": "Delivered"}]
    assert [shapes.words(v) for v in ("Paid", both, {"language": both}, {"1": "Paid"}, None, [], False)] == [
        "Paid", "Livré", "Livré", "Paid", "", "", "",
    ]  # fmt: skip
    assert [shapes.number(v) for v in (6, "6", "0", "", None, "x", "006", True, "٦")] == [
        "6", "6", "", "", "", "", "6", "", "",
    ]  # fmt: skip
    assert shapes.amount("4.450000") == Decimal("4.45")
    for bad in ("NaN", "1e99", "x"):
        with pytest.raises(ValueError, match="no sum"):
            shapes.amount(bad)


@pytest.mark.parametrize(
    "typed",
    [
        "https://shop.example/fr",
        "https://shop.example/fr/",
        "https://shop.example/fr/api",
        "https://shop.example/fr/api/",
        "https://shop.example/fr/api/orders",
        "https://shop.example/fr/index.php?controller=x",
    ],
)
def test_the_address_may_be_typed_with_what_stands_behind_it(typed: str) -> None:
    assert root(typed) == "https://shop.example/fr"


def test_texts_within_texts_have_a_bottom() -> None:
    deep: Any = "Paid"
    for _level in range(900):
        deep = [deep]
    assert shapes.words(deep) == ""
    assert shapes.words({"language": [{"attrs": {"id": "1"}, "value": "Paid"}]}) == "Paid"
