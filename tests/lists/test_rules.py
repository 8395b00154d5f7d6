from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

from app.lists.rules import kept_query, pack, unpack, write_csv, write_xlsx

HEAD = ("Name", "Turnover", "Joined", "Last sale")
ROWS = [
    ["Anna", Decimal("1234.50"), date(2026, 11, 25), datetime.fromisoformat("2026-11-25T12:30")],
    ['=HYPERLINK("http://evil.example")', 7, None, None],
    ['<b>&\x00"', -3, None, None],
]
SHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


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


def test_a_workbook_has_texts_as_texts_and_numbers_as_numbers() -> None:
    book = zipfile.ZipFile(io.BytesIO(write_xlsx("Partners: all", HEAD, ROWS)))
    for name in book.namelist():
        ET.fromstring(book.read(name))  # noqa: S314 - our own, and each part is well-formed
    sheet = ET.fromstring(book.read("xl/worksheets/sheet1.xml"))  # noqa: S314 - our own
    cells = [list(row) for row in sheet.iter(f"{SHEET}row")]
    assert [c.findtext(f"{SHEET}is/{SHEET}t") for c in cells[0]] == list(HEAD)
    assert cells[1][1].findtext(f"{SHEET}v") == "1234.50"
    assert cells[1][2].findtext(f"{SHEET}v") == "46351"
    assert float(cells[1][3].findtext(f"{SHEET}v") or 0) == 46351.520833
    assert cells[2][0].get("t") == "inlineStr"
    assert not list(sheet.iter(f"{SHEET}f"))
    assert cells[3][0].findtext(f"{SHEET}is/{SHEET}t") == '<b>&"'


def test_a_long_file_is_written_whole() -> None:
    rows = [[f"n{n}", n] for n in range(1_200)]
    lines = b"".join(write_csv(("a", "b"), rows)).decode().splitlines()
    assert len(lines) == 1_201
    assert lines[-1] == "n1199,1199"
