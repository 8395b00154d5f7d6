"""What a view keeps, and files of rows: CSV and XLSX in which no text can act."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from xlsxwriter import Workbook

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

LONGEST_NAME, LONGEST_QUERY, MOST_VIEWS = 60, 2_000, 50
AT_ONCE = 2_000  # rows that are exported while somebody waits
MOST_IN_SHEET = 1_048_575  # rows of a sheet below its head
_ACTS = ("=", "+", "-", "@", "\t", "\r", "\n")  # with these a spreadsheet begins a formula
_NUMBER = re.compile(r"[+-]?\d[\d.]*", re.ASCII)  # a phone, a sum below zero: no formula
_BOM = "\ufeff"
_LONGEST_CELL, _WIDTH = 32_767, 18  # characters that a cell holds; of a column, as it opens
_AS_SAID = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def kept_query(said: str, names: Collection[str]) -> str:
    """Return of an address' query what a view keeps: filters, search, order, size and columns; no place."""
    pairs = parse_qsl(said[:LONGEST_QUERY], keep_blank_values=False)
    return urlencode([(name, value) for name, value in pairs if name in names])


def pack(value: Any) -> Any:
    """Write a cell as JSON takes it: [kind, text] where JSON has no such kind."""
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, date):
        return ["d", value.isoformat()]
    return ["n", str(value)] if isinstance(value, Decimal) else value


def unpack(value: Any) -> Any:
    """Read what `pack` wrote."""
    if not isinstance(value, list):
        return value
    kind, text = value
    if kind == "n":
        return Decimal(text)
    return datetime.fromisoformat(text) if kind == "t" else date.fromisoformat(text)


def harmless(value: Any) -> Any:
    """Return a cell for CSV: a text that a spreadsheet would take for a formula gets an apostrophe."""
    if isinstance(value, str):
        acts = value.startswith(_ACTS) and _NUMBER.fullmatch(value) is None
        return f"'{value}" if acts else value
    return value.isoformat(" ") if isinstance(value, datetime) else value


def write_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """Write rows as CSV, piece by piece; with the mark by which spreadsheets know UTF-8."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    buffer.write(_BOM)
    writer.writerow([harmless(text) for text in head])
    for number, row in enumerate(rows, start=1):
        writer.writerow([harmless(value) for value in row])
        if number % 500 == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def write_xlsx(name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Write rows as a workbook with one sheet: texts as texts, never formulas; numbers and days as such."""
    made = io.BytesIO()
    fill_xlsx(made, name, head, rows)
    return made.getvalue()


def fill_xlsx(
    target: IO[bytes],
    name: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    in_memory: bool = True,
) -> None:
    """Write rows as `write_xlsx` does into an open file; row by row, with what is unfinished on disk where so said."""
    with Workbook(target, _AS_SAID | {"in_memory": in_memory}) as book:
        sheet = book.add_worksheet(_title(name))
        bold = book.add_format({"bold": True})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(head) - 1, 0), _WIDTH)
        for place, text in enumerate(head):
            sheet.write_string(0, place, _plain(text), bold)
        for number, row in enumerate(islice(rows, MOST_IN_SHEET), start=1):
            for place, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(number, place, value, moment)
                elif isinstance(value, date):
                    sheet.write_datetime(number, place, value, day)
                elif isinstance(value, int | Decimal):
                    sheet.write_number(number, place, value)
                elif value is not None:
                    sheet.write_string(number, place, _plain(str(value)))


def _title(name: str) -> str:
    kept = "".join(c for c in _plain(name) if c not in "[]:*?/\\'")
    return kept[:31].strip() or "1"


def _plain(text: str) -> str:
    """Return a text without what a workbook cannot hold."""
    kept = (c for c in text[:_LONGEST_CELL] if c >= " " or c in "\t\n")
    return "".join(c for c in kept if c not in "\ufffe\uffff")
