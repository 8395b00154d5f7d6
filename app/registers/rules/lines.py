"""A line of a register: whom, how much, by which number it is known again; and what a format needs of it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from text_unidecode import unidecode

from app.requisites.rules import BankAccount, Iban

if TYPE_CHECKING:
    from app.requisites.rules import Details, Legal


class Format(StrEnum):
    """What a register may be written as."""

    CSV = "csv"
    XLSX = "xlsx"
    ONEC = "1c"
    PAIN = "pain"


# What an answer says of each: media type and the ending of the file's name.
FORMATS = {
    Format.CSV: ("text/csv; charset=utf-8", "csv"),
    Format.XLSX: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    Format.ONEC: ("text/plain; charset=windows-1251", "txt"),
    Format.PAIN: ("application/xml", "xml"),
}


class Lack(StrEnum):
    """What keeps a line out of a format."""

    DETAILS = "details"
    BANK_ACCOUNT = "bank_account"  # an account at a Russian bank
    IBAN = "iban"
    LETTERS = "letters"  # the name has characters that the format cannot carry
    CURRENCY = "currency"
    NOTHING = "nothing"  # all of it is kept back
    FROZEN = "frozen"  # the partner said that a change of details was not his
    BLOCKED = "blocked"
    DOCUMENTS = "documents"  # papers without which nothing is paid
    PAYER = "payer"  # the merchant's own legal details, or its account


@dataclass(frozen=True, slots=True)
class Line:
    """One payment. `amount`: what the bank is to pay, minor units; `number`: the payout's outside id."""

    number: str
    amount: int
    currency: str
    partner: str
    method: str
    details: Details | None
    held: Lack | None = None  # what keeps it out of every format


_MARK = re.compile(r"(?<![0-9a-z])po[-_ ]?([0-9a-hjkmnp-tv-z]{16})(?![0-9a-z])", re.IGNORECASE)


def mark(number: str) -> str:
    """Return a payout's number as banks carry it: capital letters, figures and a hyphen."""
    return number.replace("_", "-").upper()


def marks(text: str) -> list[str]:
    """Return the numbers of ours that a text of a bank names, each once, in their order.

    Banks break lines and change case; what reads as a number is one.
    """
    joined = " ".join(text.split())
    found = (f"po_{body.lower()}" for body in _MARK.findall(joined))
    return list(dict.fromkeys(found))


def lacking(line: Line, kind: Format) -> Lack | None:
    """Return what keeps the line out of a format, or None."""
    if line.held is not None:
        return line.held
    if line.details is None or line.amount <= 0:
        return Lack.DETAILS if line.details is None else Lack.NOTHING
    way, name = line.details.way, line.details.payee.name
    wanted = {
        Format.ONEC: (
            (line.currency == "RUB", Lack.CURRENCY),
            (isinstance(way, BankAccount) and way.bik and way.account, Lack.BANK_ACCOUNT),
            (cyrillic(name) is not None, Lack.LETTERS),
        ),
        Format.PAIN: (
            (line.currency == "EUR", Lack.CURRENCY),
            (isinstance(way, Iban), Lack.IBAN),
            (latin(name), Lack.LETTERS),
        ),
    }
    return next((lack for there, lack in wanted.get(kind, ()) if not there), None)


def payer_lacks(payer: Legal | None, kind: Format) -> bool:
    """Say whether the merchant's own details do not do for a format."""
    if kind is Format.ONEC:
        return payer is None or not (payer.bik and payer.account and payer.inn)
    return kind is Format.PAIN and (payer is None or not payer.iban)


def rewritten(line: Line, kind: Format) -> str | None:
    """Return the payee's name as a format carries it, where that is not as it was given."""
    if line.details is None:
        return None
    name = line.details.payee.name
    written = {Format.ONEC: cyrillic, Format.PAIN: latin}.get(kind, str)(name)
    return written if written != name else None


def cyrillic(text: str) -> str | None:
    """Return the text in the letters of Windows-1251, accents dropped where need be; None: not possible."""
    return None if any(_plain(c) is None for c in text) else "".join(_plain(c) or "" for c in text)


def _plain(char: str) -> str | None:
    if unicodedata.combining(char):
        return ""
    bare = "".join(c for c in unicodedata.normalize("NFKD", char) if not unicodedata.combining(c))
    for form in (char, bare):
        try:
            form.encode("cp1251")
        except UnicodeEncodeError:
            continue
        return form
    return None


def latin(text: str) -> str:
    """Return the text in Latin letters, as it is carried between banks of Europe."""
    return " ".join(unidecode(text).split())[:70]
