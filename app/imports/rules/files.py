"""Files of other systems, read row by row: CSV in any of the usual encodings, or the first sheet of a workbook."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import islice
from numbers import Real
from typing import IO, TYPE_CHECKING
from zipfile import BadZipFile, ZipFile, ZipInfo

from openpyxl import load_workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MIB = 2**20
LARGEST = 256 * MIB  # bytes of a file
UNPACKED = 512 * MIB  # bytes that a workbook may hold
SMALL, TIGHTEST = (
    16 * MIB,
    100,
)  # a part of a workbook above `SMALL` is packed less than so many times
SHARED = 96 * MIB  # bytes of a part that is read whole, as the table of texts is
MOST_ROWS = 1_100_000
MOST_IN_BOOK = 250_000  # rows of a workbook: more go quicker as CSV
MOST_COLUMNS = 200
LONGEST_LINE = MIB  # characters between two line ends
LONGEST_ROW = MIB  # characters of a row: quotes let one go on over lines without end
LONGEST_CELL = 4_000  # of more the rest is left out, and the row refused
CUT = "\ufffd"  # stands at the end of a cell that was cut, and for what could not be decoded
SIGNS = (";", ",", "\t")
# What a workbook that is damaged, locked or no workbook makes its readers raise; XML's errors are SyntaxErrors.
_BROKEN = (
    ArithmeticError, AttributeError, BadZipFile, EOFError, LookupError, OSError, RuntimeError,
    SyntaxError, TypeError, ValueError, zlib.error,
)  # fmt: skip
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(ValueError):
    """A file that is none of a kind that can be read; `why`: empty, kind, old, size, head, columns."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Further:
    """The lines of a row that quotes let go on over more than one, and whether these quotes were closed."""

    lines: tuple[str, ...] = ()
    closed: bool = True


WITHIN_A_LINE = Further()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file as it was found: the heads of its columns, and its rows as (line, cells)."""

    columns: tuple[str, ...]
    rows: Iterator[tuple[int, list[str]]]
    encoding: str
    sign: str = ""
    told: Callable[[], Place | None] = lambda: None  # where the next row begins, if that is known
    further: Callable[[], Further] = lambda: WITHIN_A_LINE


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file reading goes on: bytes, and lines that were read before."""

    offset: int
    line: int


def read(stream: IO[bytes]) -> Sheet:
    """Begin to read a file; rows come as they are asked for. Raises Unreadable, also from the rows."""
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    if size > LARGEST:
        raise Unreadable("size")
    start = stream.read(4)
    stream.seek(0)
    if not start:
        raise Unreadable("empty")
    if start.startswith(_OLD_EXCEL):
        raise Unreadable("old")
    if start.startswith(b"PK"):
        return _headed(_book(stream), "xlsx")
    encoding = _encoding(stream)
    if _count(stream) > MOST_ROWS + 1:
        raise Unreadable("rows")
    lines = _lines(stream, encoding)
    first = next((line for line in lines if line.strip("\ufeff \r\n\t;,")), "")
    sign = _sign(first)
    counted = _Counted(first, lines)
    sheet = _headed(_cells(counted, sign), encoding, sign)
    if encoding.startswith("utf-16"):
        return sheet
    return replace(sheet, told=partial(_place, stream, counted))


def _place(stream: IO[bytes], counted: _Counted) -> Place:
    return Place(stream.tell(), counted.number)


def read_on(stream: IO[bytes], width: int, sign: str, place: Place) -> Sheet:
    """Go on reading a CSV file of so many columns where it was left."""
    stream.seek(place.offset)
    counted = _Counted(None, _lines(stream, "utf-8"), place.line)
    rows = _body(_cells(counted, sign), width)
    told = partial(_place, stream, counted)
    return Sheet((), rows, "", sign, told, lambda: counted.further)


def _headed(rows: Iterator[tuple[int, list[str]]], encoding: str, sign: str = "") -> Sheet:
    """Take the first row that says something as the heads; a line [[SECTION]] before it names an export."""
    for _line, cells in rows:
        said = [cell for cell in cells if cell]
        if not said or _is_section(cells):
            continue
        if len(cells) > MOST_COLUMNS:
            raise Unreadable("columns")
        heads = tuple(cell.lstrip("!")[:100] for cell in cells)
        if len(said) < 2 and len(heads) > 1:
            raise Unreadable("head")
        return Sheet(heads, _body(rows, len(heads)), encoding, sign)
    raise Unreadable("empty")


def _body(rows: Iterable[tuple[int, list[str]]], width: int) -> Iterator[tuple[int, list[str]]]:
    """Give the rows as wide as the heads, without empty ones; another section ends them."""
    for line, cells in rows:
        if _is_section(cells):
            return
        if any(cells):
            yield line, (cells + [""] * width)[:width]


def _is_section(cells: list[str]) -> bool:
    return cells[0].startswith("[[") and not any(cells[1:]) if cells else False


def _count(stream: IO[bytes]) -> int:
    """Return how many lines there are, so that a file with too many is refused at once."""
    number = 0
    while piece := stream.read(MIB):
        number += piece.count(b"\n")
    stream.seek(0)
    return number


def _encoding(stream: IO[bytes]) -> str:
    """Return how the file is written; "mixed" where lines must be looked at one by one."""
    start = stream.read(4 * 1024)
    stream.seek(0)
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if start[1::2].count(0) > len(start) // 4:
        return "utf-16-le"
    if start[0::2].count(0) > len(start) // 4:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(MIB):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "cp1251"
    finally:
        stream.seek(0)
    return "utf-8"


def _lines(stream: IO[bytes], encoding: str) -> Iterator[str]:
    """Give the lines as text. A line that is no UTF-8 is read as Windows-1251, so mixed files are read whole."""
    if encoding.startswith("utf-16"):
        text = io.TextIOWrapper(stream, encoding, errors="replace", newline="")
        while line := text.readline(LONGEST_LINE):
            yield line.replace("\x00", "")
        text.detach()
        return
    while raw := stream.readline(LONGEST_LINE):
        try:
            yield raw.decode("utf-8-sig").replace("\x00", "")
        except UnicodeDecodeError:
            yield raw.decode("cp1251", "replace").replace("\x00", "")


def _sign(line: str) -> str:
    """Return what separates the columns: the sign that the heads hold most of, outside of quotes."""
    plain = "".join(line.split('"')[::2])
    return max(SIGNS, key=plain.count)


def _cells(counted: _Counted, sign: str) -> Iterator[tuple[int, list[str]]]:
    """Give rows with the numbers of their lines. What no row can be made of is a row of one cut cell."""
    while True:
        reader = csv.reader(counted, delimiter=sign)
        try:
            for row in reader:
                counted.end()
                yield counted.number, [_tidy(cell) for cell in row]
        except csv.Error:
            counted.end(closed=not counted.more)
            yield counted.number, [CUT]
            continue
        return


class _Counted:
    """Lines, and the number of the last one that was given.

    `taken`: characters that a row took so far, `begun` its first line, `more` those beyond it.
    """

    def __init__(self, first: str | None, rest: Iterator[str], number: int = 0) -> None:
        self.first, self.rest, self.number, self.taken = first, rest, number, 0
        self.begun, self.more = "", list[str]()
        self.cut_off = False
        self.further = WITHIN_A_LINE

    def end(self, *, closed: bool = True) -> None:
        """A row is whole."""
        self.taken = 0
        if self.more or self.cut_off:
            self.further = Further((self.begun, *self.more), closed and not self.cut_off)
            self.more = []
        else:
            self.further = WITHIN_A_LINE

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        self.number += 1
        if self.first is not None:
            line, self.first = self.first, None
        else:
            line = self._next()
        if self.taken:
            self.more.append(line)
        else:
            self.begun = line
        self.taken += len(line)
        if self.taken > LONGEST_ROW:
            raise csv.Error("the row has no end")
        return line

    def _next(self) -> str:
        try:
            return next(self.rest)
        except StopIteration:
            self.cut_off = self.taken > 0  # the row wants more
            self.number -= 1
            raise


def _tidy(text: str) -> str:
    plain = text.strip("\ufeff \t\r\n\u00a0")
    return plain if len(plain) <= LONGEST_CELL else plain[:100] + CUT


def _swells(packed: ZipFile) -> bool:
    """Tell whether a workbook takes more memory than its rows are worth: by size, by packing, by one cell."""
    parts = packed.infolist()
    if sum(each.file_size for each in parts) > UNPACKED:
        return True
    for each in parts:
        if each.file_size > max(SMALL, TIGHTEST * each.compress_size):
            return True
        if each.file_size > SHARED and not each.filename.startswith("xl/worksheets/"):
            return True
        if each.file_size > SMALL and _is_endless(packed, each):
            return True
    return False


def _is_endless(packed: ZipFile, part: ZipInfo) -> bool:
    """Tell whether a part goes on for a mebibyte without a mark: as a cell that a reader holds whole does."""
    with packed.open(part) as opened:
        while piece := opened.read(MIB):
            if len(piece) == MIB and b"<" not in piece:
                return True
    return False


def _book(stream: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    try:
        with ZipFile(stream) as packed:
            if _swells(packed):
                raise Unreadable("size")
    except _BROKEN as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("kind") from error
    stream.seek(0)
    try:
        book = load_workbook(stream, read_only=True, data_only=True)
        sheet = book.worksheets[0]
        rows = sheet.iter_rows(max_col=MOST_COLUMNS, values_only=True)
        for number, row in enumerate(islice(rows, MOST_IN_BOOK + 2), start=1):
            if number > MOST_IN_BOOK + 1:
                raise Unreadable("rows")
            yield number, _trimmed([_cell(value) for value in row])
    except _BROKEN as error:
        if isinstance(error, Unreadable):
            raise
        raise Unreadable("kind") from error


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell(value: object) -> str:
    """Return a cell as text would say it: whole numbers have no point, days are written 2026-12-31."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        plain = value.time().replace(microsecond=0).isoformat() == "00:00:00"
        return value.date().isoformat() if plain else value.isoformat(" ", "seconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool | int | str):
        return _tidy(str(value).replace("\x00", ""))
    if isinstance(value, Real):
        exact = Decimal(repr(value))
        whole = exact.is_finite() and exact == exact.to_integral_value()
        return str(int(exact)) if whole else format(exact, "f")
    return _tidy(str(value))
