"""A catalogue as CSV: any of the usual encodings and signs, columns by their heads, read on from any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.catalog import queries as catalog
from app.feeds.rules import guess
from tests.feeds.setting import (
    catalogue,
    flaws,
    loaded,
    looked,
    new_feed,
    offer,
    refused,
    shelf,
    state,
)

if TYPE_CHECKING:
    from tests.world import Merchant

HEADS = "Артикул{0}Название{0}Категория{0}Цена{0}Старая цена{0}Закупочная цена{0}Ссылка{0}Остаток"
ROWS = [
    "lamp-1{0}Лампа «Ночь»{0}Лампы{0}1 990,50 руб.{0}2490{0}900{0}https://lampa.example/1{0}3",
    'bulb-1{0}"Лампочка\n в две строки; с ""кавычками"""{0}Лампочки{0}150{0}{0}70,5{0}{0}0',
    "odd{0}Цена словами{0}{0}от 100{0}{0}{0}нигде{0}может быть",
    "lamp-1{0}Ещё раз{0}{0}1{0}{0}{0}{0}",
]


def table(sign: str = ";", coding: str = "utf-8") -> bytes:
    return "\r\n".join(line.format(sign) for line in (HEADS, *ROWS, "")).encode(coding)


CASES = [(";", "utf-8"), (",", "utf-8-sig"), ("\t", "cp1251"), (";", "cp1251"), (";", "utf-16")]


@pytest.mark.parametrize(("sign", "coding"), CASES)
@pytest.mark.parametrize("most", [None, 1])
def test_it_is_read_whatever_wrote_it_and_wherever_it_was_left(
    sign: str, coding: str, most: int | None, db_session: object, lampa: Merchant
) -> None:
    rows = table(sign, coding)
    if sign == ",":
        rows = rows.replace(b"1 990,50", b'"1 990,50"').replace(b"70,5", b'"70,5"')
    with lampa.scope():
        loaded(new_feed(lampa.shop_id), rows, most)
        found = shelf()
        assert set(found) == {"lamp-1", "bulb-1", "odd"}
        lamp, bulb, odd = found["lamp-1"], found["bulb-1"], found["odd"]
        assert (lamp.name, lamp.price, lamp.old_price) == ("Лампа «Ночь»", 199050, 249000)
        assert lamp.promo
        assert lamp.available
        assert bulb.name == 'Лампочка в две строки; с "кавычками"'
        assert (bulb.price, bulb.available) == (15000, False)
        assert (odd.price, odd.url, odd.available) == (None, None, True)
        assert catalog.category_names([lamp.category_id]) == {lamp.category_id: "Лампы"}
        owner = f"product:{bulb.id}"
        assert catalog.margins_of([owner]) == {owner: (7050, None)}


def test_what_is_wrong_is_named_by_its_line(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        load = looked(new_feed(lampa.shop_id), table(), at_once=True)
        assert flaws(load) == [
            (5, "odd", "price"), (5, "odd", "url"), (5, "odd", "available"), (6, "lamp-1", "twice")
        ]  # fmt: skip


def test_a_list_of_purchase_prices_touches_nothing_else(
    db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, catalogue(*(offer(f"p{n}", f"Lamp {n}", oldprice=5000) for n in range(4))))
        before = state()
        prices = new_feed(lampa.shop_id, "Prices")
        assert loaded(prices, b"id;cost\np1;100\np2;200,50\n") == {"changed": 2}
        after = state()
        assert {key for key in after if after[key] != before.get(key)} == {
            "product p1 cost",
            "product p2 cost",
        }
        assert loaded(prices, b"id;cost\np1;100\n") == {}
        assert state() == after


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"only one column\n1\n", "kind"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "old"),
        (b";;;\n", "empty"),
        (("a;" * 300 + "\n1\n").encode(), "columns"),
    ],
)
def test_what_is_no_table_is_refused(
    data: bytes, why: str, db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        assert refused(new_feed(lampa.shop_id), data) == why


def test_a_column_means_one_thing() -> None:
    assert guess(["ID", "Name", "Category", "Price", "Cost price"]) == {
        "id": 0, "name": 1, "categoryId": 2, "price": 3, "purchase_price": 4
    }  # fmt: skip
    assert guess(["Артикул", "Товар", "Розничная цена", "Закупка"]) == {
        "id": 0, "name": 1, "price": 2, "purchase_price": 3
    }  # fmt: skip
    assert guess(["что-то", "ещё"]) == {}


def test_empty_lines_in_front_of_xml_do_no_harm(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        for front in (b"\n", b"\r\n  \n", b"\xef\xbb\xbf\n"):
            data = front + catalogue(offer("lamp-1", "Lamp"), offer("", "No id"))
            load = looked(new_feed(lampa.shop_id), data, at_once=True)
            assert load.rows == 1
            assert flaws(load) == [(11 + front.count(b"\n"), "", "no_id")]
