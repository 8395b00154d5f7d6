"""Mass operations: the list of customers that somebody pasted or uploaded, and what each gets. Pure."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from numbers import Real
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook

from app.money import MoneyError, parse_typed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST = 200_000  # customers of one operation
LARGEST = 16 * 1024 * 1024  # bytes of a file
UNPACKED = 256 * 1024 * 1024  # bytes that a workbook may hold
LONGEST_ID = 254  # characters of an id or an e-mail
HEADS = {"id", "customer", "customer_id", "email", "e-mail", "клиент", "покупатель", "ид", "почта"}
GIVE, TAKE = "give", "take"
ACTS = (GIVE, TAKE)


class Unreadable(ValueError):
    """A file that is none of a kind that can be read; `why`: kind, size, text, many."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Line:
    """One customer of a list: the shop's id or the e-mail, and a sum of his own if the line has one."""

    number: int
    said: str
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says: its lines, and the numbers of those that cannot be read."""

    lines: tuple[Line, ...]
    bad: tuple[int, ...]


def change(act: str, wish: int, available: int, *, partly: bool) -> int:
    """Return what a customer gains, minor units, below zero for a deduction; 0: he is left out.

    `partly`: of who has less than is to be deducted all is taken, else he is left out.
    """
    if act == GIVE:
        return wish
    if available >= wish:
        return -wish
    return -max(available, 0) if partly else 0


def read_text(text: str, locale: str, currency: str) -> Listed:
    """Read pasted lines or a CSV file: "id" or "id; sum", by semicolon, tab or comma."""
    head = text[:5000]
    sign = next((each for each in (";", "\t", ",") if each in head), ";")
    rows = csv.reader(io.StringIO(text.replace("\x00", ""), newline=""), delimiter=sign)
    try:
        return _read(rows, locale, currency)
    except csv.Error as error:
        raise Unreadable("text") from error


def read_file(data: bytes, locale: str, currency: str) -> Listed:
    """Read a CSV file (UTF-8 or Windows-1251) or the first sheet of a workbook. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable("size")
    if data.startswith(b"PK"):
        return _read(_sheet(data), locale, currency)
    for name in ("utf-8-sig", "cp1251"):
        try:
            return read_text(data.decode(name), locale, currency)
        except UnicodeDecodeError:
            continue
    raise Unreadable("text")


def _sheet(data: bytes) -> Iterator[list[Any]]:
    try:
        with ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
    except (BadZipFile, ValueError, OSError) as error:
        raise Unreadable("kind") from error
    if unpacked > UNPACKED:
        raise Unreadable("size")
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_col=2, max_row=MOST + 2, values_only=True)
        for row in rows:
            yield [_cell(value) for value in row]
    except (BadZipFile, KeyError, IndexError, ValueError, TypeError, OSError) as error:
        raise Unreadable("kind") from error


def _cell(value: object) -> object:
    """Return a cell as a list in text would say it: a whole number has no point."""
    if value is None:
        return ""
    if isinstance(value, int | str):
        return str(value)
    if isinstance(value, Real):  # its text is exact enough
        exact = Decimal(repr(value))
        return str(int(exact)) if exact == int(exact) else exact
    return str(value)


def _read(rows: Iterable[list[Any]], locale: str, currency: str) -> Listed:
    lines: list[Line] = []
    bad: list[int] = []
    for number, row in enumerate(islice(rows, MOST + 2), start=1):
        said = str(row[0]).strip() if row else ""
        if not said or (number == 1 and said.casefold() in HEADS):
            continue
        if len(lines) >= MOST:
            raise Unreadable("many")
        try:
            lines.append(Line(number, said, _sum(row[1:2], locale, currency)))
        except MoneyError:
            bad.append(number)
            continue
        if len(said) > LONGEST_ID or not said.isprintable():
            lines.pop()
            bad.append(number)
    return Listed(tuple(lines), tuple(bad))


def _sum(cells: list[Any], locale: str, currency: str) -> int | None:
    if not cells or not str(cells[0]).strip():
        return None
    own = cells[0]
    amount = (
        parse_typed(f"{own:f}", "en", currency)
        if isinstance(own, Decimal)
        else parse_typed(own.strip(), locale, currency)
    )
    if not amount:
        raise MoneyError("not_a_number")
    return amount


def folded(said: str) -> str:
    """Return the key under which a customer is looked up: "id:77", or "email:gleb@example.org"."""
    return f"email:{said.casefold()}" if "@" in said else f"id:{said}"
