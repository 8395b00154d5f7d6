"""Words for formats, for what a line lacks, for what a statement's lines mean; and the form that loads one."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from flask_wtf.file import FileField

from app.registers.rules import Format, Lack, Verdict, Wrong
from app.web.forms import Filled, Form

FORMATS = {
    Format.XLSX: (_l("Excel"), _l("For people, and for banks that take a table.")),
    Format.CSV: (_l("CSV"), _l("For programs.")),
    Format.ONEC: (_l("1C and bank client"), _l("Payment orders that a Russian bank takes.")),
    Format.PAIN: (_l("pain.001"), _l("Transfers in euros by IBAN.")),
}
LACKS = {
    Lack.DETAILS: _l("no payment details"),
    Lack.BANK_ACCOUNT: _l("no account at a Russian bank"),
    Lack.IBAN: _l("no IBAN"),
    Lack.LETTERS: _l("the name has letters that this format cannot carry"),
    Lack.CURRENCY: _l("another currency than this format carries"),
    Lack.NOTHING: _l("all of it is kept back"),
    Lack.FROZEN: _l("Details frozen: a change was disowned"),
    Lack.DOCUMENTS: _l("Documents are missing"),
    Lack.BLOCKED: _l("the partner is blocked"),
    Lack.PAYER: _l("your own legal details are missing"),
}
VERDICTS = {
    Verdict.PAID: (_l("Paid"), "good"),
    Verdict.RETURNED: (_l("Came back"), "bad"),
    Verdict.SENT_BACK: (_l("Left, and came back"), "quiet"),
    Verdict.ALREADY: (_l("Known already"), "quiet"),
    Verdict.FOREIGN: (_l("Not a payout"), "quiet"),
    Verdict.STRANGE: (_l("Number of no payout here"), "warn"),
    Verdict.SEVERAL: (_l("Several numbers in one line"), "warn"),
    Verdict.OTHER_SUM: (_l("Another sum"), "warn"),
    Verdict.NOT_APPROVED: (_l("Paid before it was approved"), "warn"),
    Verdict.AFTER_END: (_l("Paid after it was given back"), "warn"),
    Verdict.TWICE: (_l("A second time"), "warn"),
    Verdict.CAME_LATE: (_l("Came back after it was marked as paid"), "warn"),
}
WRONGS = {
    Wrong.EMPTY: _l("The file is empty."),
    Wrong.TOO_BIG: _l("The file is larger than 20 MB. Ask the bank for fewer days."),
    Wrong.TOO_LONG: _l("The file has more lines than can be read at once. Ask the bank for fewer days."),
    Wrong.UNKNOWN: _l("This is no bank statement that we can read: 1C exchange (1CClientBankExchange) or camt.053."),
    Wrong.CODING: _l("The letters of the file cannot be read: it must be in Windows-1251."),
    Wrong.CUT_OFF: _l("The file is not whole: its end is missing, or a part of it. Load it from the bank again."),
    Wrong.SUM: _l("A sum in the file cannot be read."),
    Wrong.HOSTILE: _l("The file holds instructions that no bank statement needs. It was not read."),
    Wrong.ACCOUNT: _l("The statement is of another account than the one in your legal details."),
    Wrong.CURRENCY: _l("The statement is in another currency."),
}  # fmt: skip
HEADS = {
    "number": _l("Number"),
    "partner": _l("Partner"),
    "method": _l("Method"),
    "amount": _l("Sum"),
    "currency": _l("Currency"),
    "name": _l("Legal name"),
    "status": _l("Tax status"),
    "inn": _l("INN"),
    "kpp": _l("KPP"),
    "ogrn": _l("OGRN"),
    "address": _l("Address"),
    "country": _l("Country"),
    "bank": _l("Bank"),
    "bik": _l("BIK"),
    "account": lazy_pgettext("bank", "Account"),
    "correspondent": _l("Correspondent account"),
    "iban": _l("IBAN"),
    "bic": _l("BIC"),
    "card": lazy_pgettext("bank", "Card"),
    "phone": _l("Phone"),
    "note": _l("Note"),
    "purpose": _l("Purpose"),
}


class LoadForm(Form):
    """A bank's statement."""

    file = FileField(_l("Statement of the bank"), [Filled()], render_kw={"accept": ".txt,.xml"})
