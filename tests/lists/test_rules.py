from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal

from openpyxl import load_workbook

from app.lists.rules import harmless, kept_query, pack, unpack, write_csv, write_xlsx

HEAD = ("Name", "Turnover", "Joined", "Last sale")
ROWS = [
    ["Anna", Decimal("1234.50"), date(2026, 11, 25), datetime.fromisoformat("2026-11-25T12:30")],
    ['=HYPERLINK("http://evil.example")', 7, None, None],
    ['<b>&\x00"', -3, None, None],
]


def test_a_view_keeps_filters_and_no_place_in_the_list() -> None:
    said = "q=anna&status=active&cursor=abc&evil=1&sort=-clicks&cols=name.clicks&size="
    names = {"q", "status", "sort", "cols", "size"}
    assert kept_query(said, names) == "q=anna&status=active&sort=-clicks&cols=name.clicks"


def test_cells_survive_being_kept() -> None:
    assert [[unpack(pack(value)) for value in row] for row in ROWS] == ROWS


def test_a_csv_cell_cannot_act() -> None:
    text = b"".join(write_csv(HEAD, ROWS)).decode()
    assert text.startswith("\ufeffName,Turnover")
    assert "Anna,1234.50,2026-11-25,2026-11-25 12:30:00" in text
    assert "\"'=HYPERLINK" in text
    assert ",-3," in text  # a number is a number
    acting = ["=1", "+1+1", "-2|cmd", "@sum", "\t=1", "\r=1", "\n=1", "+7 916"]
    assert [harmless(each) for each in acting] == [f"'{each}" for each in acting]
    assert [harmless(each) for each in ("+79161234567", "-3.50", "a=1", "")] == [
        "+79161234567", "-3.50", "a=1", "",
    ]  # fmt: skip


def test_a_workbook_has_texts_as_texts_and_numbers_as_numbers() -> None:
    book = load_workbook(io.BytesIO(write_xlsx("Partners: all", HEAD, ROWS)))
    sheet = book["Partners all"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[0] == list(HEAD)
    assert cells[1] == ["Anna", 1234.5, datetime(2026, 11, 25), datetime(2026, 11, 25, 12, 30)]  # noqa: DTZ001
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "d", "d"]
    # What looks like a formula or an address stays the text that it is.
    assert (cells[2][0], sheet["A3"].data_type) == (ROWS[1][0], "s")
    assert sheet["A3"].hyperlink is None
    assert cells[3] == ['<b>&"', -3, None, None]


def test_a_sheets_name_is_one_that_a_workbook_takes() -> None:
    for name, called in (("a[b]:*?/\\'c", "abc"), ("x" * 40, "x" * 31), ("???", "1")):
        assert load_workbook(io.BytesIO(write_xlsx(name, HEAD, []))).sheetnames == [called]


def test_a_long_file_is_written_whole() -> None:
    rows = [[f"n{n}", n] for n in range(1_200)]
    lines = b"".join(write_csv(("a", "b"), rows)).decode().splitlines()
    assert len(lines) == 1_201
    assert lines[-1] == "n1199,1199"
