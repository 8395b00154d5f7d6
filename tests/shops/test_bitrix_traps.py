"""Traps of 1C-Bitrix about orders, each by its number in docs/shops.md: reading, money, people, goods."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from app.intake.shops import FETCHED, OrderSaid, Unreadable, bitrix
from app.intake.shops.bitrix.reading import parse_order, trimmed
from tests.shops.bitrix_scene import PortalDesk, at_portal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from app.application import App
    from app.intake.shops import Access, Pulled
    from app.orders.rules import Snapshot


@pytest.fixture
def desk(app: App) -> Iterator[PortalDesk]:
    with at_portal(app) as made:
        yield made


def order(**more: Any) -> dict[str, Any]:
    """Return an order as sale.order.get shows it: a lamp for 980 and delivery for 500."""
    return {
        "id": 236, "accountNumber": "392", "statusId": "N", "canceled": "N", "payed": "N",
        "currency": "RUB", "price": 1480, "dateInsert": "2024-02-28T17:36:55+03:00",
        "dateUpdate": "2024-02-28T17:37:11+03:00", "dateStatus": "2024-02-28T17:36:38+03:00",
        "personTypeId": 3, "userId": 1, "propertyValues": [], "clients": [],
        "basketItems": [item()], "payments": [payment(1, 1480)],
        "shipments": [{"id": 338, "priceDelivery": 500, "canceled": "N", "system": "N"}], **more,
    }  # fmt: skip


def item(**more: Any) -> dict[str, Any]:
    return {"id": "255", "productId": 348, "name": "Лампа", "quantity": 1, "price": 980, "basePrice": 980,
            "discountPrice": 0, "discountCoupon": "", "vatRate": 0.2, "vatIncluded": "Y",
            "type": "", "setParentId": "", **more}  # fmt: skip


def payment(number: int, total: float, **more: Any) -> dict[str, Any]:
    return {"id": number, "sum": total, "paid": "N", "isReturn": "N", "datePaid": None, **more}


def read(said: dict[str, Any], flags: dict[str, set[str]] | None = None) -> Snapshot:
    body = json.dumps(trimmed(said, flags or {})).encode()
    found = parse_order(body, "RUB")
    assert isinstance(found, OrderSaid)
    return found.snapshot


def refunds(said: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(each.id, each.amount) for each in read(said).refunds]


@pytest.mark.parametrize(
    ("said", "word", "state"),
    [
        ({"statusId": "N"}, "N", "registered"),
        ({"statusId": "P"}, "P", "agreed"),
        ({"statusId": "N", "payed": "Y"}, "payed", "agreed"),
        ({"statusId": "P", "payed": "Y"}, "P", "agreed"),
        ({"statusId": "F", "payed": "Y"}, "F", "completed"),
        ({"statusId": "D"}, "D", "cancelled"),
        ({"statusId": "D", "canceled": "Y"}, "D", "cancelled"),
        ({"statusId": "P", "canceled": "Y", "payed": "Y"}, "canceled", "cancelled"),
        ({"statusId": "F", "canceled": "Y"}, "canceled", "cancelled"),
        ({"statusId": "A", "payed": "Y"}, "A", None),  # the merchant's own: he says what it means
    ],
)
def test_b10_flags_count_beside_the_status(
    said: dict[str, str], word: str, state: str | None
) -> None:
    assert read(order(**said)).status == word
    assert bitrix.words.get(word) == state


def test_b11_a_payment_given_back_is_a_refund_of_its_sum() -> None:
    paid = payment(1, 1480, paid="Y")
    assert refunds(order(payed="Y", payments=[paid])) == []
    for how in ("Y", "P"):
        assert refunds(order(payments=[payment(1, 1480, isReturn=how)])) == [("1", 148000)]
    part = [payment(1, 980, paid="Y"), payment(2, 500, isReturn="Y")]
    assert refunds(order(payments=part)) == [("2", 50000)]


def test_b11_an_order_stays_sold_when_a_part_of_its_money_goes_back() -> None:
    part = [payment(1, 980, paid="Y"), payment(2, 500, isReturn="Y")]
    assert read(order(payed="N", payments=part)).status == "payed"
    unpaid = [payment(1, 980), payment(2, 500, isReturn="Y")]
    assert read(order(payed="N", payments=unpaid)).status == "N"


def test_b11_a_payment_replaced_by_another_is_no_refund() -> None:
    both = [payment(1, 1480, isReturn="Y"), payment(2, 1480, paid="Y")]
    assert refunds(order(payed="Y", payments=both)) == []


def test_b11_an_order_that_became_smaller_and_is_paid_so_has_no_refund() -> None:
    less = order(payed="Y", price=980, shipments=[], payments=[
        payment(1, 1480, isReturn="P"), payment(2, 980, paid="Y")])  # fmt: skip
    assert refunds(less) == []
    assert read(less).lines[0].amount == 98000


def test_b13_coupons_stand_in_the_lines_and_count_once() -> None:
    items = [
        item(id="1", discountCoupon="ANNA10"),
        item(id="2", discountCoupon="ANNA10, SPRING"),
        item(id="3"),
    ]
    assert read(order(price=3440, basketItems=items)).coupons == ("ANNA10", "SPRING")


@pytest.mark.parametrize(
    ("said", "amount", "tax"),
    [
        ({"vatRate": 0.2}, 98000, 16333),
        ({"vatRate": 20}, 98000, 16333),  # as the documentation has it
        ({"vatRate": 0.2, "vatIncluded": "N"}, 117600, 19600),
        ({"vatRate": None}, 98000, 0),
        ({"quantity": 2.5, "price": 33.33, "vatRate": 0}, 8333, 0),
        ({"price": 882, "basePrice": 980, "discountPrice": 98}, 88200, 14700),
    ],
)
def test_b14_a_line_is_worth_what_is_paid_for_it(
    said: dict[str, Any], amount: int, tax: int
) -> None:
    line = read(order(price=0, basketItems=[item(**said)])).lines[0]
    assert (line.amount, line.tax) == (amount, tax)


def test_b14_a_gift_costs_nothing_and_some_portals_show_nothing_for_that() -> None:
    gift = item(id="256", price=None, basePrice=None)
    said = read(order(basketItems=[item(), gift], price=1480))
    assert [line.amount for line in said.lines] == [98000, 0]
    with pytest.raises(Unreadable):
        read(order(basketItems=[item(price=None)]))


def test_b14_a_set_counts_once_and_not_its_parts_too() -> None:
    items = [
        item(id="1", type=1, setParentId="1"),
        item(id="2", setParentId="1"),
        item(id="3", setParentId=1),
    ]
    found = read(order(basketItems=items))
    assert [line.id for line in found.lines] == ["1"]
    assert (found.shipping, found.fees) == (50000, 0)


def test_b14_taxes_on_top_are_fees_and_a_cancelled_shipment_costs_nothing() -> None:
    gone = {"id": 1, "priceDelivery": 700, "canceled": "Y", "system": "N"}
    found = read(order(price=1600, shipments=[*order()["shipments"], gone]))
    assert (found.shipping, found.fees) == (50000, 12000)


def test_b15_a_contact_is_the_person_where_orders_of_all_guests_are_one_users() -> None:
    assert read(order(userId=77)).customer.id == "77"
    assert read(order(userId=0)).customer.id is None
    contact = {"entityId": 6, "entityTypeId": 3, "isPrimary": "Y"}
    other = {"entityId": 5, "entityTypeId": 3, "isPrimary": "N"}
    company = {"entityId": 9, "entityTypeId": 4, "isPrimary": "Y"}
    assert read(order(clients=[company, other, contact])).customer.id == "contact-6"
    assert read(order(clients=[company])).customer.id is None


def test_b16_mail_and_phone_are_told_by_flags_not_by_codes() -> None:
    values = [
        {"orderPropsId": 1, "code": "EMAIL", "value": "old@example.test"},
        {"orderPropsId": 7, "code": "POST", "value": "ivan@example.test"},
        {"orderPropsId": 8, "code": "TEL", "value": ["", "+79161234567"]},
    ]
    flags = {"isEmail": {"7"}, "isPhone": {"8"}}
    customer = read(order(propertyValues=values), flags).customer
    assert (customer.email, customer.phone) == ("ivan@example.test", "+79161234567")
    assert read(order(propertyValues=values)).customer.email == "old@example.test"  # no flag at all


def test_b9_times_carry_the_portals_offset() -> None:
    found = read(order())
    assert found.created_at.isoformat() == "2024-02-28T14:36:55+00:00"
    with pytest.raises(Unreadable):
        read(order(dateUpdate="2024-02-28T17:37:11"))


@pytest.mark.parametrize(
    "said",
    [
        {"currency": "USD"}, {"price": "x"}, {"basketItems": "x"}, {"basketItems": [{"id": 1}]},
        {"payments": [{"isReturn": "Y"}]}, {"dateInsert": None}, {"price": "1e99"}, {"clients": [{"entityTypeId": 3}]},
    ],
)  # fmt: skip
def test_what_is_no_order_is_set_aside_with_its_number(said: dict[str, Any]) -> None:
    body = json.dumps({"order": order(**said), "who": {}}).encode()
    with pytest.raises(Unreadable) as refused:
        parse_order(body, "RUB")
    assert refused.value.external_id == "236"


def test_b22_what_is_kept_holds_no_address_and_no_words_of_the_buyer(desk: PortalDesk) -> None:
    desk.connect()
    desk.shop.place_order(coupon="ANNA10")
    desk.settle()
    kept = desk.one(f"SELECT convert_from(body, 'UTF8') FROM inbox WHERE topic = '{FETCHED}'")
    assert "ivan@example.test" in kept
    for private in ("домофон", "без звонка", "CONTACT_MAIL"):
        assert private not in kept


def test_b10_an_order_is_agreed_by_payment_completed_by_status_and_cancelled_by_flag(
    desk: PortalDesk,
) -> None:
    desk.connect()
    number = desk.shop.place_order(coupon="ANNA10")
    desk.settle()
    assert desk.orders()[str(number)][0] == "registered"
    steps: tuple[tuple[Callable[[], None], str], ...] = (
        (lambda: desk.shop.pay(number), "agreed"),
        (lambda: desk.shop.change(number, statusId="F"), "completed"),
        (lambda: desk.shop.change(number, canceled="Y", dateCanceled=desk.shop.now()), "cancelled"),
        (lambda: desk.shop.change(number, canceled="N"), "completed"),
    )
    for act, state in steps:
        desk.shop.wait()
        act()
        desk.settle()
        assert desk.orders()[str(number)][0] == state
    assert desk.one("SELECT folded->'snapshot'->>'paid_at' FROM orders") is not None


def test_b11_money_given_back_is_taken_from_the_commission(desk: PortalDesk) -> None:
    desk.connect()
    number = desk.shop.place_order(price=1000, coupon="ANNA10")
    desk.shop.pay(number)
    desk.settle()
    assert desk.orders()[str(number)][2] == [(10000, 0)]
    desk.shop.wait()
    desk.shop.give_back(number)
    desk.settle()
    assert desk.orders()[str(number)][2] == []
    desk.shop.wait()
    desk.shop.orders[number]["payments"].append(
        desk.shop.payment(1300)
    )  # paid in another way after all
    desk.shop.pay(number)
    desk.settle()
    assert desk.orders()[str(number)][2] == [(10000, 0)]


def test_b12_a_variation_counts_to_its_products_section_and_those_above(desk: PortalDesk) -> None:
    light = desk.shop.add_section("Свет")
    lamps = desk.shop.add_section("Лампы", light)
    red = desk.shop.add_offer("Лампа красная", desk.shop.add_product("Лампа", lamps))
    desk.connect()
    desk.shop.place_order(red, coupon="ANNA10")
    desk.settle()
    found = desk.one(
        "SELECT c.name || ' < ' || above.name FROM product p"
        " JOIN category c ON c.id = p.category_id JOIN category above ON above.id = c.parent_id"
        f" WHERE p.external_id = '{red}'"
    )
    assert found == "Лампы < Свет"
    asked = len([each for each in desk.shop.asked if each[0].startswith("catalog.")])
    desk.shop.place_order(red, coupon="ANNA10")
    desk.settle()
    assert len([e for e in desk.shop.asked if e[0].startswith("catalog.")]) == asked  # remembered


def test_b12_without_the_right_to_see_goods_orders_count_all_the_same(desk: PortalDesk) -> None:
    desk.connect()
    desk.shop.scopes = {"sale"}
    number = desk.shop.place_order(desk.shop.add_product("Лампа"), coupon="ANNA10")
    desk.settle()
    assert desk.partner(number) == "Anna"


def page_of(access: Access, at: dict[str, Any]) -> Pulled:
    return bitrix.pulls["goods"](access, at)


def read_all(
    desk: PortalDesk, cursor: dict[str, Any]
) -> tuple[dict[str, tuple[str, ...]], dict[str, Any]]:
    found: dict[str, tuple[str, ...]] = {}
    for _page in range(20):
        page = desk.ask(partial(page_of, at=cursor))
        found |= {each.external_id: each.categories for each in page.products}
        cursor = dict(page.cursor)
        if not page.more:
            return found, cursor
    raise AssertionError("it never ends")


def test_the_whole_catalogue_is_read_block_after_block(desk: PortalDesk) -> None:
    section = desk.shop.add_section("Лампы")
    goods = [desk.shop.add_product(f"Лампа {n}", section) for n in range(60)]
    offers = [desk.shop.add_offer("Вариант", goods[0])]
    desk.connect()
    found, cursor = read_all(desk, {})
    assert set(found) == {str(each) for each in goods + offers}
    assert set(found.values()) == {(str(section),)}
    desk.shop.wait(5)
    fresh = desk.shop.add_product("Новая лампа", section)
    found, cursor = read_all(desk, cursor)
    assert str(fresh) in found  # what changed since, and of the same moments some of what was there
    assert set(read_all(desk, cursor)[0]) <= {str(each) for each in [*goods, *offers, fresh]}
