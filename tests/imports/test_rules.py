"""Files in any encoding, columns by their heads, values read strictly, and networks in an order that can be brought."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.imports.rules import (
    KINDS,
    Reading,
    Unreadable,
    arranged,
    balance_moves,
    guess,
    guess_decimal,
    read,
    read_cells,
    told,
)
from app.imports.rules.values import READERS, BadCell
from app.ledger.rules import deltas
from app.lists.rules import write_xlsx

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUB = Reading("RUB", "Europe/Moscow", "RU")
LINES = 'id;Имя\r\n1;Вера\r\n2;"Ann; a\r\nB"\r\n'


def cells(data: bytes) -> list[list[str]]:
    return [row for _line, row in read(io.BytesIO(data)).rows]


@pytest.mark.parametrize(
    "coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251"]
)
@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_a_list_is_read_in_every_usual_encoding(coding: str, sign: str) -> None:
    data = LINES.replace(";", sign).encode(coding)
    sheet = read(io.BytesIO(data))
    assert sheet.columns == ("id", "Имя")
    assert [row for _line, row in sheet.rows] == [["1", "Вера"], ["2", f"Ann{sign} a\r\nB"]]


def test_lines_of_two_encodings_in_one_file_are_both_read() -> None:
    data = "id;name\n1;Вера\n".encode() + "2;Борис\n".encode("cp1251")
    assert cells(data) == [["1", "Вера"], ["2", "Борис"]]


def test_a_huge_cell_spoils_its_row_alone() -> None:
    data = f"id;name\n1;{'x' * 200_000}\n2;{'y' * 5_000}\n3;Ann\n".encode()
    found = cells(data)
    assert found[-1] == ["3", "Ann"]
    for row in found[:-1]:
        _values, flaws = read_cells("partner", row, {"id": 0, "name": 1}, RUB)
        assert "unreadable" in {flaw.code for flaw in flaws}


def test_sections_and_marks_of_an_export_are_passed_over() -> None:
    data = b"[[AFFILIATES]]\n!USERID;!REFID;!PARENTUSERID\na1;ann;\n[[PAYOUTOPTIONS]]\n!USERID;x\n"
    sheet = read(io.BytesIO(data))
    assert sheet.columns == ("USERID", "REFID", "PARENTUSERID")
    assert [row for _line, row in sheet.rows] == [["a1", "ann", ""]]
    assert guess(sheet.columns, "partner", "postaffiliatepro") == {"id": 0, "code": 1, "sponsor": 2}


def test_a_workbook_says_days_and_whole_numbers_as_text_does_and_no_formula_acts() -> None:
    book = write_xlsx("x", ["id", "sum", "say"], [[7, 12.5, "=1+1"]])
    assert cells(book) == [["7", "12.5", "=1+1"]]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        for _line, row in read(io.BytesIO(data)).rows:
            assert all("\x00" not in cell for cell in row)
    except Unreadable as error:
        assert str(error)  # noqa: PT017 - either is good


BROKEN = (b"", b"<a", b"\0\xff", b"<a/>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")


@pytest.mark.filterwarnings("ignore::UserWarning:openpyxl")
def test_a_damaged_workbook_is_refused_and_breaks_nothing() -> None:
    whole = write_xlsx("x", ["id", "name"], [[1, "Anna"], [2, "Boris"]])
    with ZipFile(io.BytesIO(whole)) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    for spoilt in parts:
        for said in BROKEN:
            made = io.BytesIO()
            with ZipFile(made, "w") as packed:
                for name, kept in parts.items():
                    packed.writestr(name, said if name == spoilt else kept)
            _read_or_refused(made.getvalue())
    chance = Random(5)  # noqa: S311 - the same damage each time
    for _each in range(200):
        damaged = bytearray(whole)
        for _hit in range(3):
            damaged[chance.randrange(4, len(damaged))] = chance.randrange(256)
        _read_or_refused(bytes(damaged))


def _read_or_refused(data: bytes) -> None:
    with suppress(Unreadable):
        list(read(io.BytesIO(data)).rows)


def book(sheet: Iterator[bytes]) -> bytes:
    """A workbook that XlsxWriter wrote, with another sheet."""
    plain, made = write_xlsx("s", ["id", "name"], [["1", "Anna"]]), io.BytesIO()
    with ZipFile(io.BytesIO(plain)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for each in old.namelist():
            if each == "xl/worksheets/sheet1.xml":
                with new.open(each, "w") as part:
                    for piece in sheet:
                        part.write(piece)
            else:
                new.writestr(each, old.read(each))
    return made.getvalue()


def one_cell(piece: Callable[[int], bytes], times: int) -> Iterator[bytes]:
    yield b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    yield b'<row r="1"><c r="A1" t="inlineStr"><is><t>'
    yield from map(piece, range(times))
    yield b"</t></is></c></row></sheetData></worksheet>"


@pytest.mark.parametrize(
    "piece",
    [
        lambda _n: b"A" * 2**20,
        lambda n: hashlib.shake_256(bytes([n])).hexdigest(2**18).encode() * 2,
    ],
    ids=["packed a thousand times", "packed little"],
)
def test_a_small_workbook_that_becomes_a_huge_one_is_refused_before_it_is_read(
    piece: Callable[[int], bytes],
) -> None:
    data = book(one_cell(piece, 24))
    tracemalloc.start()
    with pytest.raises(Unreadable, match="size"):
        list(read(io.BytesIO(data)).rows)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 12 * 2**20


def test_a_file_with_too_many_lines_is_refused_at_once() -> None:
    with pytest.raises(Unreadable, match="rows"):
        read(io.BytesIO(b"id;name\n" + b"1;a\n" * 1_100_001))


def test_a_row_that_quotes_let_go_on_without_end_takes_little_memory() -> None:
    data = b'id;name\n1;"' + b'ab\n";"' * 500_000 + b'"\n7;Anna\n'
    tracemalloc.start()
    rows = sum(1 for _row in read(io.BytesIO(data)).rows)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows > 2
    assert most < 30 * 2**20, "one row of 3 MB took 60 MB"


def test_columns_are_known_by_their_heads_in_two_languages() -> None:
    heads = ("ID партнёра", "E-mail", "Спонсор", "Рефкод", "Чужое")
    assert guess(heads, "partner", "other") == {"id": 0, "email": 1, "sponsor": 2, "code": 3}
    more = ("affiliate_id", "email", "name", "unpaid_earnings", "status", "date_registered")
    assert guess(more, "balance", "affiliatewp") == {"partner": 0, "amount": 3}
    for kind in KINDS:
        assert len(set(guess(more, kind, "other").values())) == len(guess(more, kind, "other"))


@pytest.mark.parametrize(
    ("text", "decimal", "minor"),
    [
        ("1 234,50", ",", 123_450), ("1.234,50", ",", 123_450), ("1,234.50", ".", 123_450),
        ("1234.5000", ".", 123_450), ("-15", ".", -1_500), ("₽ 10", ".", 1_000), ("10 руб.", ",", 1_000),
        ("0", ".", 0), ("0.0000", ".", 0), ("\u2212 3,5", ",", -350),
    ],
)  # fmt: skip
def test_sums_are_read_as_systems_write_them(text: str, decimal: str, minor: int) -> None:
    reading = Reading("RUB", "Europe/Moscow", "RU", decimal)
    assert READERS["sum"](text, reading) == minor


@pytest.mark.parametrize(
    "text", ["1,5", "1e3", "NaN", "12.345", "--1", "", "1.2.3", "١٢", "10 USD"]
)
def test_what_is_no_sum_is_refused(text: str) -> None:
    with pytest.raises(BadCell):
        READERS["sum"](text, RUB)


def test_days_are_read_by_their_signs_and_zones() -> None:
    assert READERS["moment"]("05.03.2021 12:30", RUB) == "2021-03-05T09:30:00+00:00"
    assert (
        READERS["date"]("03/05/2021", Reading("RUB", "Europe/Moscow", days="mdy")) == "2021-03-05"
    )
    assert READERS["until"]("2026-12-31", RUB) == "2026-12-31T21:00:00+00:00", (
        "the day is good to its end"
    )
    assert READERS["date"]("0000-00-00", RUB) is None
    for bad in ("31.02.2021", "2021-13-01", "yesterday", "1.1.21"):
        with pytest.raises(BadCell):
            READERS["date"](bad, RUB)


def test_the_sign_before_kopecks_shows_in_the_file() -> None:
    assert guess_decimal(["a", "1 234,50", "7,5"]) == ","
    assert guess_decimal(["1234.50", "7"]) == "."


def trees() -> Iterator[st.SearchStrategy[dict[str, list[str]]]]:
    names = st.sampled_from("abcdefgh")
    yield st.dictionaries(names, st.lists(names, max_size=2), max_size=8)


@given(next(trees()))
def test_parents_come_first_and_every_circle_is_named(parents: dict[str, list[str]]) -> None:
    nodes = sorted({*parents, *(p for each in parents.values() for p in each)})
    order, circles = arranged(nodes, parents)
    assert sorted(order) == nodes
    turn = {node: place for place, node in enumerate(order)}
    on_circle = {node for circle in circles for node in circle}
    for circle in circles:
        for node, above in zip(circle, [*circle[1:], circle[0]], strict=True):
            assert above in parents[node], "a circle goes from each to his parent"
        assert told(circle, circle[0]).startswith(circle[0])
    reached = set(on_circle)
    while more := {n for n in nodes if n not in reached and set(parents.get(n, ())) & reached}:
        reached |= more
    for node in set(nodes) - reached:
        assert all(turn[above] < turn[node] for above in parents.get(node, ()))


@given(st.integers(-10_000, 10_000), st.integers(0, 5_000), st.integers(0, 5_000))
def test_an_opening_balance_moves_exactly_its_change(change: int, has: int, owes: int) -> None:
    found = deltas(balance_moves(7, change, has, owes, "moved"))
    gained = found.get("partner:7:available", 0) - found.get("partner:7:debt", 0)
    assert gained == change
    assert has + found.get("partner:7:available", 0) >= 0
    assert owes + found.get("partner:7:debt", 0) >= 0
