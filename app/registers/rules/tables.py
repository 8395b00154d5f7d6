"""A register as rows for people and spreadsheets: each field of the details has a column of its own."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import xlsxwriter

from app.money import exponent
from app.registers.rules.lines import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.registers.rules.lines import Line

PAYEE = ("name", "status", "inn", "kpp", "ogrn", "address", "country")
WAY = ("bank", "bik", "account", "correspondent", "iban", "bic", "card", "phone", "note")
HEAD = ("number", "partner", "method", "amount", "currency", *PAYEE, *WAY, "purpose")


def head() -> tuple[str, ...]:
    """Return the names of the columns, for whoever finds the words."""
    return HEAD


def row(line: Line, purpose: str) -> list[Any]:
    """Return a line's cells; what it does not have is None."""
    details = line.details
    payee = vars(details.payee) if details else {}
    way = vars(details.way) if details else {}
    amount = Decimal(line.amount).scaleb(-exponent(line.currency))
    return [
        line.number,
        line.partner,
        line.method,
        amount,
        line.currency,
        *(str(payee[name]) if payee.get(name) else None for name in PAYEE),
        *(str(way[name]) if way.get(name) else None for name in WAY),
        f"{purpose} {mark(line.number)}",
    ]


def write_book(title: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """Write a workbook with one sheet; texts are texts, never formulas or links."""
    made = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(made, options) as book:
        sheet = book.add_worksheet(title[:31])
        sheet.write_row(0, 0, names, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        for n, cells in enumerate(rows, start=1):
            for column, value in enumerate(cells):
                if isinstance(value, str):
                    sheet.write_string(n, column, value)
                elif value is not None:
                    sheet.write_number(n, column, value)
    return made.getvalue()
