"""A catalogue as CSV: which column says what, by its head in English or Russian, and rows as offers."""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import islice
from typing import IO, TYPE_CHECKING

from app.catalog.rules import LONGEST_ID
from app.feeds.rules.kinds import MIB, Flaw, Mark, Offer, Piece, Unreadable
from app.imports.rules import Place, folded, read
from app.imports.rules import Unreadable as NoTable
from app.imports.rules import read_on as read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

START = 4 * MIB  # bytes by which a file is known
SAMPLES = 5
# What a column may say, as offers call it, and heads that mean it (folded).
HEADS: dict[str, tuple[str, ...]] = {
    "id": ("id", "externalid", "offerid", "productid", "sku", "артикул", "код", "кодтовара", "idтовара",
           "ид", "vendorcode", "xmlid", "itemid"),
    "name": ("name", "title", "productname", "название", "наименование", "товар", "имя", "названиетовара",
             "наименованиетовара", "product"),
    "categoryId": ("categoryid", "category", "categoryname", "категория", "idкатегории", "раздел", "группа",
                   "рубрика", "section", "кодкатегории", "группатоваров", "producttype"),
    "price": ("price", "цена", "розничнаяцена", "ценапродажи", "saleprice", "цена₽", "ценаруб", "стоимость",
              "priceretail"),
    "oldprice": ("oldprice", "стараяцена", "ценадоскидки", "compareatprice", "listprice", "ценабезскидки"),
    "purchase_price": ("purchaseprice", "cost", "costprice", "закупочнаяцена", "закупка", "себестоимость",
                       "ценазакупки", "закупочная", "costperitem", "buyingprice"),
    "currencyId": ("currencyid", "currency", "валюта"),
    "url": ("url", "link", "ссылка", "адрес", "страница", "address", "ссылканатовар"),
    "picture": ("picture", "image", "imageurl", "imagelink", "картинка", "изображение", "фото", "photo",
                "ссылканакартинку"),
    "available": ("available", "availability", "instock", "stock", "наличие", "вналичии", "остаток",
                  "доступность", "количество", "quantity", "остатки"),
}  # fmt: skip
FIELDS = tuple(HEADS)
NEEDED = ("id",)


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file as its beginning shows it: heads, sign between columns, first rows, where the rows begin."""

    columns: tuple[str, ...]
    sign: str
    samples: list[list[str]]
    mark: Mark


def look_at(stream: IO[bytes]) -> Table:
    """Return what the beginning of a file shows. Raises Unreadable for what is no table."""
    stream.seek(0)
    start = stream.read(START)
    if len(start) == START and b"\n" in start:
        start = start[: start.rindex(b"\n") + 1]
    try:
        sheet = read(io.BytesIO(start))
        place = sheet.told()
        if place is None:
            raise Unreadable("kind")
        rows = [cells for _line, cells in islice(sheet.rows, SAMPLES)]
    except NoTable as error:
        raise Unreadable(error.why) from error
    if len(sheet.columns) < 2:
        raise Unreadable("kind")
    return Table(sheet.columns, sheet.sign, rows, Mark(place.offset, place.line))


def guess(columns: Sequence[str]) -> dict[str, int]:
    """Return which column says what; a column says one thing."""
    heads = [folded(column) for column in columns]
    found: dict[str, int] = {}
    for name, known in HEADS.items():
        for head in known:
            if head in heads and heads.index(head) not in found.values():
                found[name] = heads.index(head)
                break
    return found


def read_on(
    stream: IO[bytes], table: tuple[int, str, Mapping[str, int]], mark: Mark, until: int
) -> Piece:
    """Read from a mark up to a byte. `table`: how many columns, the sign between them, and what they say.

    Raises Unreadable where a quote is opened and not closed. Lines within quotes that would be rows by
    themselves are flaws: whether they are some, the catalogue knows.
    """
    width, sign, mapping = table
    sheet = read_rows(stream, width, sign, Place(mark.offset, mark.line))
    piece = Piece()
    for line, cells in sheet.rows:
        further = sheet.further()
        if not further.closed:
            raise Unreadable("quote", line - len(further.lines) + 1)
        if further.lines:
            piece.flaws += _within(further.lines, line, table)
        said = {name: cells[place] for name, place in mapping.items() if cells[place]}
        piece.offers.append(Offer(line, said))
        place = sheet.told()
        if place is not None and place.offset >= until:
            piece.mark = Mark(place.offset, place.line)
            break
    return piece


def _within(
    lines: Sequence[str], last: int, table: tuple[int, str, Mapping[str, int]]
) -> Iterator[Flaw]:
    """Give the lines within a quote that are just as wide as a row, where the line that opens it is, too.

    `last`: the number of the last of them. What is read is what stands there if no quote does.
    """
    width, sign, mapping = table
    opened = last - len(lines) + 1
    if lines[0].count(sign) < width - 1:
        return
    for line, text in enumerate(lines[1:], opened + 1):
        cells = text.replace('"', "").rstrip("\r\n").split(sign)
        key = cells[mapping["id"]].strip() if len(cells) == width else ""
        if key and len(key) <= LONGEST_ID:
            yield Flaw(line, key, "quote", str(opened))
