"""A quote in a CSV feed that nobody closes: the rows behind it are no name of a lamp, and no product goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.feeds.setting import flaws, loaded, looked, new_feed, refused, shelf

if TYPE_CHECKING:
    from tests.world import Merchant

HEADS = "id;name;price"


def file(rows: int = 20, **instead: str) -> bytes:
    lines = [instead.get(f"p{n}", f"p{n};Lamp {n};10.00") for n in range(rows)]
    return "\n".join([HEADS, *lines, ""]).encode()


LONG = "x" * 150


def long_file(**instead: str) -> bytes:
    """Write a file of which a row may take in more than a mebibyte."""
    lines = [instead.get(f"p{n}", f"p{n};Lamp {n} {LONG};10.00") for n in range(9_000)]
    return "\n".join([HEADS, *lines, ""]).encode()


DAMAGED = {
    "to the end": file(p10='p10;"Lamp 10;10.00'),
    "on the last line but one": file(p18='p18;"Lamp 18;10.00'),
    "until another one": file(p10='p10;"Lamp 10;10.00', p15='p15;Lamp 15";10.00'),
    "until the next line": file(p10='p10;"Lamp 10;10.00', p11='p11;Lamp 11";10.00'),
    "in the first cell": file(p10='"p10;Lamp 10;10.00', p13='p13";Lamp 13;10.00'),
    "before the next good quote": file(p10='p10;"Lamp 10;10.00', p12='p12;"Lamp 12";10.00'),
}


@pytest.mark.parametrize("how", DAMAGED)
@pytest.mark.parametrize("hides", [True, False])
def test_a_file_whose_quote_takes_in_products_that_are_known_is_refused(
    how: str, hides: bool, db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id, hides=hides)
        loaded(feed, file())
        assert refused(feed, DAMAGED[how]) == "quote"
        found = shelf()
        assert {p.name for p in found.values()} == {f"Lamp {n}" for n in range(20)}
        assert all(p.gone_at is None for p in found.values())
        assert feed.trouble == "quote"
        loaded(feed, file(p3="p3;Lamp three;10.00"))
        assert feed.trouble is None


def test_it_is_told_where_it_is_opened(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, file())
        for how, line in (("to the end", 12), ("until another one", 12)):
            assert looked(feed, DAMAGED[how], at_once=True).problem_line == line


def test_one_that_goes_on_for_more_than_a_row_may_is_refused(
    db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        assert refused(feed, long_file(p10='p10;"Lamp 10;10.00')) == "quote"
        assert shelf() == {}


def test_texts_of_many_lines_and_quotes_within_words_stay_what_they_are(
    db_session: object, lampa: Merchant
) -> None:
    text = '"A lamp; ""green""\nfor a desk; or a shelf;\n10;20;30\nLamp 5;p5;0"'
    said = file(p3=f"p3;{text};10.00", p4='p4;Lamp 15" wide;10.00', p6='p6;"Lamp 6\np7;";10.00')
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, file())
        load = looked(feed, said, at_once=True)
        assert load.problem is None
        found = shelf()
        assert found["p4"].name == 'Lamp 15" wide'
        assert (found["p3"].name or "").endswith("Lamp 5;p5;0")
        assert not [p for p in found.values() if p.gone_at is not None]


def test_lines_within_a_quote_that_look_like_rows_are_named(
    db_session: object, lampa: Merchant
) -> None:
    with lampa.scope():
        load = looked(new_feed(lampa.shop_id), DAMAGED["until another one"], at_once=True)
        assert load.problem is None, "nobody knows whether they are products"
        assert flaws(load) == [(n + 2, f"p{n}", "quote") for n in range(11, 16)]
