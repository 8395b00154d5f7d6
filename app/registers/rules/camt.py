"""camt.053: a bank's statement in XML, any version; parsed without entities, outside documents or types of its own."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from app.money import MoneyError, parse_decimal
from app.registers.rules.statement import MOST_LINES, Entry, Statement, Unreadable, Wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053."
_BOOKED = "BOOK"
# Where a text may stand in which our number is.
_TEXTS = ("EndToEndId", "InstrId", "Ustrd", "AddtlTxInf", "Ref", "AddtlRmtInf")


def read_camt(data: bytes) -> Statement:
    """Read a statement; only entries that are booked count. Raises Unreadable, saying what is wrong."""
    told = list(_all(_document(data), "Stmt"))
    accounts = [_account(statement) for statement in told]
    entries: list[Entry] = []
    currencies: set[str] = set()
    for statement, account in zip(told, accounts, strict=True):
        for entry in _all(statement, "Ntry"):
            if (_text(entry, "Sts", "Cd") or _text(entry, "Sts") or _BOOKED) == _BOOKED:
                entries += _entries(entry, account, len(entries), currencies)
            if len(entries) > MOST_LINES:
                raise Unreadable(Wrong.TOO_LONG)
    if not accounts or len(currencies) > 1:
        raise Unreadable(Wrong.CURRENCY if accounts else Wrong.UNKNOWN)
    days = [_day(_text(s, "FrToDt", k)) for s in told for k in ("FrDtTm", "ToDtTm")]
    known = [day for day in days if day is not None]
    return Statement(
        "camt",
        tuple(accounts),
        min(known, default=None),
        max(known, default=None),
        tuple(entries),
        currencies.pop() if currencies else "",
    )


def _document(data: bytes) -> Element:
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise Unreadable(Wrong.HOSTILE) from error
    except (ParseError, ValueError, LookupError) as error:
        raise Unreadable(Wrong.CUT_OFF) from error
    space, _, name = root.tag.removeprefix("{").partition("}")
    if not space.startswith(_SPACE) or name != "Document":
        raise Unreadable(Wrong.UNKNOWN)
    return root


def _account(statement: Element) -> str:
    return _text(statement, "Acct", "Id", "IBAN") or _text(statement, "Acct", "Id", "Othr", "Id")


def _entries(entry: Element, account: str, before: int, currencies: set[str]) -> Iterator[Entry]:
    """Give the payments of an entry: a batch is told one by one where the bank tells it so."""
    incoming = _text(entry, "CdtDbtInd") == "CRDT"
    turned = _text(entry, "RvslInd") == "true"
    on_day = _day(_text(entry, "BookgDt", "Dt") or _text(entry, "BookgDt", "DtTm"))
    details = list(_all(entry, "TxDtls"))
    for n, each in enumerate(details or [entry], start=before + 1):
        amount = _amount(each, currencies)
        if amount is None:
            amount = _amount(entry, currencies) if len(details) <= 1 else None
        if amount is None:
            raise Unreadable(Wrong.SUM)
        texts = [t for name in _TEXTS for x in each.iter() if _local(x) == name and (t := x.text)]
        returned = any(_local(x) == "RtrInf" for x in each.iter()) or turned
        side = "Dbtr" if incoming else "Cdtr"
        other = _text(each, "RltdPties", side, "Nm") or _text(each, "RltdPties", side, "Pty", "Nm")
        yield Entry(n, incoming, amount, on_day, " ".join(texts), other, account, returned)


def _amount(element: Element, currencies: set[str]) -> int | None:
    for path in (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt")):
        found = _find(element, *path)
        if found is not None and found.text:
            currency = found.get("Ccy", "")
            currencies.add(currency)
            try:
                return parse_decimal(found.text.strip(), currency)
            except MoneyError as error:
                raise Unreadable(Wrong.SUM) from error
    return None


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _all(element: Element, name: str) -> Iterator[Element]:
    return (x for x in element.iter() if _local(x) == name)


def _find(element: Element, *path: str) -> Element | None:
    found: Element | None = element
    for name in path:
        if found is None:
            return None
        found = next((x for x in found if _local(x) == name), None)
    return found


def _text(element: Element, *path: str) -> str:
    found = _find(element, *path)
    return (found.text or "").strip() if found is not None else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
