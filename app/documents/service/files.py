"""Documents as workbooks, and many of them in one zip."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import xlsxwriter
from flask_babel import force_locale
from flask_babel import gettext as _

from app.documents.rules import Content, filled
from app.money import exponent

if TYPE_CHECKING:
    from app.documents.models import Document

# No text becomes a formula or a link, whatever it begins with.
INERT = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
WIDTHS = (14, 52, 24, 18, 18)


def workbook(document: Document) -> bytes:
    """Return a document as a workbook of one sheet: its words, its lines as figures, its ends."""
    content = Content.from_json(document.content)
    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, INERT)
    with force_locale(content.locale):
        _sheet(book, document, content)
    book.close()
    return made.getvalue()


def _sheet(book: Any, document: Document, content: Content) -> None:
    sheet = book.add_worksheet(document.label[:31])
    bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True})
    places = exponent(document.currency)
    sums = book.add_format({"num_format": f"#,##0.{'0' * places}" if places else "#,##0"})
    for number, width in enumerate(WIDTHS):
        sheet.set_column(number, number, width)
    words = filled(content, document.label)
    sheet.set_paper(9)  # A4
    sheet.write(0, 0, words.title, bold)
    sheet.merge_range(1, 0, 1, 4, words.intro, wrapped)
    sheet.set_row(1, 60)
    at = 3
    for number, head in enumerate(
        (_("Day"), _("What"), _("What for"), _("Amount"), _("Balance after"))
    ):
        sheet.write(at, number, str(head), bold)
    at = _line(sheet, at + 1, _("Opening balance"), content.opening, places, sums)
    for row in content.rows:
        at += 1
        sheet.write(at, 0, row.at)
        sheet.write(at, 1, row.what)
        sheet.write(at, 2, row.about)
        sheet.write_number(at, 3, _number(row.amount, places), sums)
        if row.balance is not None:
            sheet.write_number(at, 4, _number(row.balance, places), sums)
    at = _line(sheet, at + 1, _("Closing balance"), content.closing, places, sums)
    at = _line(sheet, at + 1, _("Sum of the document"), document.amount, places, sums)
    sheet.write(at + 2, 0, words.closing)
    sheet.write(at + 4, 1, words.sign_us)
    sheet.write(at + 4, 3, words.sign_them)
    if document.voided_at is not None:
        sheet.write(at + 6, 0, str(_("Void: %(reason)s", reason=document.void_reason)), bold)


def _line(sheet: Any, at: int, words: str, minor: int, places: int, sums: Any) -> int:
    sheet.write(at, 1, str(words))
    sheet.write_number(at, 3, _number(minor, places), sums)
    return at


def _number(minor: int, places: int) -> Decimal:
    """A workbook's numbers are binary; written from a Decimal the digits are those of the sum."""
    return Decimal(minor).scaleb(-places)
