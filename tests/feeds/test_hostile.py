"""Files that mean harm, or are no catalogue: refused with a clear word, in bounded memory, and nothing is changed."""

from __future__ import annotations

import contextlib
import gzip
import io
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Self

import pytest

from app.feeds.rules import UNPACKED, Category, Mark, Offer, Unreadable, arranged, yml
from app.feeds.rules.kinds import MIB
from app.feeds.service import kept
from tests.feeds.setting import catalogue, loaded, looked, new_feed, offer, refused, shelf

if TYPE_CHECKING:
    from app.application import App
    from tests.world import Merchant

GOOD = catalogue(offer("lamp-1", "Green lamp"))
HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
LAUGHS = (
    b"<!DOCTYPE yml_catalog ["
    + b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    + b'<!ENTITY l0 "ha">]>'
)


def with_type(doctype: bytes, data: bytes = GOOD) -> bytes:
    return data.replace(b'<!DOCTYPE yml_catalog SYSTEM "shops.dtd">', doctype)


def deep(levels: int) -> bytes:
    return GOOD.replace(b"<name>Green", b"<x>" * levels + b"</x>" * levels + b"<name>Green")


HOSTILE = {
    "billion laughs": (with_type(LAUGHS), "dtd"),
    "external entity": (
        with_type(b'<!DOCTYPE yml_catalog [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
                  GOOD.replace(b"Green", b"&x;")), "dtd"),
    "parameter entity": (
        with_type(b'<!DOCTYPE yml_catalog [<!ENTITY % x SYSTEM "http://127.0.0.1:1/x.dtd"> %x;]>'), "dtd"),
    "defaults of attributes": (
        with_type(b'<!DOCTYPE yml_catalog [<!ATTLIST offer available CDATA "false">]>'), "dtd"),
    "an entity that nobody declared": (
        with_type(b"", GOOD.replace(b"Green", b"&nobody;")), "entities"),
    "depth without end": (deep(100_000), "deep"),
    "a tag without end": (GOOD.replace(b'id="lamp-1"', b'id="' + b"x" * 3 * MIB + b'"'), "long"),
    "a comment without end": (GOOD.replace(b"<offers>", b"<!--" + b"x" * 3 * MIB), "long"),
    "cut off in the middle": (GOOD[:-60], "truncated"),
    "cut off in a tag": (GOOD[: GOOD.index(b"<price>") + 3], "truncated"),
    "another document": (HEAD + b"<rss><channel/></rss>", "root"),
    "two documents": (GOOD + GOOD[GOOD.index(b"<yml"):], "malformed"),
    "tags that cross": (GOOD.replace(b"</name></offer>", b"</offer></name>"), "malformed"),
    "a page instead": (b"<!DOCTYPE html>\n<html><body>503</body></html>", "html"),
    "a page without its type": (b"\n <HTML><body>Sign in</body></HTML>", "html"),
    "another encoding than said": (catalogue(offer("a", "Лампа"), coding="windows-1251").replace(
        b"windows-1251", b"utf-8"), "encoding"),
    "an encoding that nobody knows": (GOOD.replace(b'encoding="UTF-8"', b'encoding="klingon"'), "encoding"),
    "an encoding of many bytes": (GOOD.replace(b'encoding="UTF-8"', b'encoding="gbk"'), "encoding"),
    "nothing": (b"", "empty"),
    "spaces": (b" \n ", "kind"),
    "no text": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "kind"),
    "a workbook": (b"PK\x03\x04" + b"x" * 100, "packed"),
    "gzip that is cut off": (gzip.compress(GOOD)[:-9], "truncated"),
    "gzip that is none": (b"\x1f\x8b" + b"x" * 100, "packed"),
    "no offers at all": (b"<yml_catalog><shop/></yml_catalog>", "no_offers"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_and_the_catalogue_stays(
    name: str, db_session: object, lampa: Merchant
) -> None:
    data, why = HOSTILE[name]
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        loaded(feed, GOOD)
        before = shelf()["lamp-1"].updated_at
        assert refused(feed, data) == why
        assert {key: p.updated_at for key, p in shelf().items()} == {"lamp-1": before}


def test_a_document_type_that_is_named_passes_and_is_not_fetched() -> None:
    for system in ('"shops.dtd"', '"http://127.0.0.1:1/shops.dtd"', '"file:///etc/passwd"'):
        data = with_type(f"<!DOCTYPE yml_catalog SYSTEM {system}>".encode())
        assert [o.said["name"] for o in _read(data)] == ["Green lamp"]


def _read(data: bytes) -> list[Offer]:
    stream, mark, found = io.BytesIO(data), Mark(), []
    encoding = yml.encoding_of(data[:256])
    at: Mark | None = mark
    while at is not None:
        piece = yml.read_on(stream, encoding, at, at.offset + 1)
        found += piece.offers
        at = piece.mark
    return found


@pytest.mark.parametrize("coding", ["utf-8", "windows-1251", "koi8-r", "utf-16", "iso-8859-5"])
def test_each_usual_encoding_is_read_from_any_offer_on(coding: str) -> None:
    names = [f"Лампа № {n} «Ёлка»" if coding != "iso-8859-5" else f"Лампа {n}" for n in range(20)]
    names = [
        n if coding != "koi8-r" else n.replace("№", "N").replace("«", "").replace("»", "")
        for n in names
    ]
    offers = (offer(f"p{n}", name) for n, name in enumerate(names))
    found = _read(catalogue(*offers, shelves=[("a", "Лампы", "")], coding=coding))
    assert [o.said["name"] for o in found] == names
    assert [o.said["id"] for o in found] == [f"p{n}" for n in range(20)]
    assert [o.line for o in found] == list(range(9, 29))


def test_text_may_be_kept_in_sections_and_numbers() -> None:
    data = catalogue(offer("a", "<![CDATA[Lamp & <b>shade</b>]]> &#8470;&amp;&#x2116;"))
    assert [o.said["name"] for o in _read(data)] == ["Lamp & <b>shade</b> №&№"]


def test_marks_within_descriptions_are_not_taken_for_the_offers_own() -> None:
    more = "<description><p>text <name>no</name><price>1</price></p></description><param name='x'>y</param>"
    (found,) = _read(catalogue(offer("a", "Lamp", more=more)))
    assert (found.said["name"], found.said["price"]) == ("Lamp", "1990.00")


class TestBombs:
    def test_a_bomb_is_left_before_it_goes_off(self, app: App) -> None:
        packing, bomb = zlib.compressobj(9, wbits=31), io.BytesIO()
        block = b" " * (16 * MIB)
        for _ in range(UNPACKED // len(block) + 2):
            bomb.write(packing.compress(block))
        bomb.write(packing.flush())
        assert bomb.tell() < 4 * MIB
        bomb.seek(0)
        tracemalloc.start()
        with app.app_context(), pytest.raises(Unreadable, match="size"), kept.unpacked(bomb):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 32 * MIB

    def test_a_text_without_end_takes_no_memory(self) -> None:
        data = catalogue(offer("a", "x" * 20 * MIB), offer("b", "Bulb"))
        stream = io.BytesIO(data)
        tracemalloc.start()
        piece = yml.read_on(stream, "utf-8", Mark(), len(data))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [o.said["id"] for o in piece.offers] == ["a", "b"]
        assert len(piece.offers[0].said["name"]) < 20_000
        assert peak < 8 * MIB


def test_a_packed_feed_is_read_as_a_plain_one(db_session: object, lampa: Merchant) -> None:
    with lampa.scope():
        feed = new_feed(lampa.shop_id)
        assert loaded(feed, gzip.compress(GOOD)) == {"categories": 2, "new": 1}
        assert looked(feed, GOOD).rows == 1


@pytest.mark.parametrize("place", range(0, len(GOOD), 7))
def test_whatever_byte_is_damaged_it_is_read_or_refused(place: int) -> None:
    for byte in (0, 0xFF, 0x3C, 0x26):
        data = GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
        with contextlib.suppress(Unreadable):
            _read(data)


def test_many_empty_parts_are_left_before_they_take_the_day(app: App) -> None:
    parts = io.BytesIO(gzip.compress(b"", mtime=0) * 100_002)
    with app.app_context(), pytest.raises(Unreadable, match="packed"), kept.unpacked(parts):
        pass


def test_categories_each_below_the_last_are_arranged_in_no_more_steps_than_there_are() -> None:
    steps = Counted()
    said = [Category(n, Name(str(n), steps), "x", Name(str(n - 1), steps)) for n in range(2_000)]
    found, flaws = arranged(said)
    assert [c.parent for c in found] == ["", *map(str, range(1_999))]
    assert [f.code for f in flaws] == ["no_parent"]
    assert steps.number < 2_000 * 40


class Counted:
    number = 0


class Name(str):
    """A name that counts how often it is looked up."""

    __slots__ = ("steps",)
    steps: Counted

    def __new__(cls, text: str, steps: Counted) -> Self:
        made = super().__new__(cls, text)
        made.steps = steps
        return made

    def __hash__(self) -> int:
        self.steps.number += 1
        return super().__hash__()

    def __eq__(self, other: object) -> bool:
        return super().__eq__(other)
