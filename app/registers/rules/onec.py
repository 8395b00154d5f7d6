"""1CClientBankExchange, version 1.03: payment orders to the bank, statements from it.

Lines of `key=value` in Windows-1251, with sections; sums in roubles with a point.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from app.money import MoneyError, parse_decimal, to_decimal_string
from app.registers.rules.lines import cyrillic, mark
from app.registers.rules.statement import MOST_LINES, Entry, Statement, Unreadable, Wrong
from app.requisites.rules import BankAccount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from app.registers.rules.lines import Line
    from app.requisites.rules import Legal

HEAD, END = "1CClientBankExchange", "КонецФайла"
ORDER = "Платежное поручение"
LONGEST_PURPOSE = 210  # characters, as banks take it
CURRENCY = "RUB"
_DAY = "%d.%m.%Y"
# How the head says its coding, and what that is; some banks write UTF-8 whatever they say.
_CODINGS = ("utf-8-sig", "cp1251", "cp866")


def write_onec(
    lines: Sequence[Line], payer: Legal, made: datetime, purpose: str, first_number: int = 1
) -> bytes:
    """Write payment orders of the lines; the caller has asked `lacking` and `payer_lacks`.

    `made` in the merchant's zone; `purpose` goes before each payout's number.
    """
    day, total = made.strftime(_DAY), sum(line.amount for line in lines)
    rows = [
        HEAD,
        *_pairs(
            {
                "ВерсияФормата": "1.03",
                "Кодировка": "Windows",
                "Отправитель": "Partnerka",
                "Получатель": "",
                "ДатаСоздания": day,
                "ВремяСоздания": made.strftime("%H:%M:%S"),
                "ДатаНачала": day,
                "ДатаКонца": day,
                "РасчСчет": payer.account,
                "Документ": ORDER,
            }
        ),
        "СекцияРасчСчет",
        *_pairs(
            {
                "ДатаНачала": day,
                "ДатаКонца": day,
                "РасчСчет": payer.account,
                "ВсегоСписано": to_decimal_string(total, CURRENCY),
                "ВсегоПоступило": to_decimal_string(0, CURRENCY),
            }
        ),
        "КонецРасчСчет",
    ]
    for number, line in enumerate(lines, start=first_number):
        rows += [
            f"СекцияДокумент={ORDER}",
            *_pairs(_order(line, payer, number, day, purpose)),
            "КонецДокумента",
        ]
    rows.append(END)
    return ("\r\n".join(rows) + "\r\n").encode("cp1251", errors="replace")


def _order(line: Line, payer: Legal, number: int, day: str, purpose: str) -> dict[str, str]:
    details = line.details
    if details is None or not isinstance(details.way, BankAccount):
        message = f"{line.number} has no bank account"
        raise ValueError(message)
    payee, way = details.payee, details.way
    name, own = cyrillic(payee.name) or "", cyrillic(payer.name) or ""
    ends = f" {payer.vat}" if payer.vat else ""
    words = f"{purpose} {mark(line.number)}{ends}"[:LONGEST_PURPOSE]
    return {
        "Номер": str(number),
        "Дата": day,
        "Сумма": to_decimal_string(line.amount, CURRENCY),
        **_party("Плательщик", own, payer.inn, payer.kpp, BankAccount(
            payer.bik, payer.account, payer.bank, payer.correspondent)),
        **_party("Получатель", name, payee.inn, payee.kpp, way),
        "ВидОплаты": "01",
        "Очередность": "5",
        "НазначениеПлатежа": words,
    }  # fmt: skip


def _party(who: str, name: str, inn: str, kpp: str, account: BankAccount) -> dict[str, str]:
    return {
        f"{who}Счет": account.account,
        who: f"ИНН {inn} {name}" if inn else name,
        f"{who}ИНН": inn,
        f"{who}КПП": kpp,
        f"{who}1": name,
        f"{who}РасчСчет": account.account,
        f"{who}Банк1": account.bank,
        f"{who}БИК": account.bik,
        f"{who}Корсчет": account.correspondent,
    }


def _pairs(values: dict[str, str]) -> list[str]:
    return [f"{key}={' '.join(value.split())}" for key, value in values.items()]


def read_onec(data: bytes) -> Statement:
    """Read a statement. Raises Unreadable, saying what is wrong with it."""
    rows = list(_decoded(data))
    if rows[-1] != END:
        raise Unreadable(Wrong.CUT_OFF)
    read = _Reader()
    for text in rows[1:-1]:
        read.line(*text.partition("=")[::2])
    if read.section is not None:
        raise Unreadable(Wrong.CUT_OFF)
    return read.statement()


class _Reader:
    """What was read of a statement so far."""

    def __init__(self) -> None:
        """Begin before its first line."""
        self.accounts: list[str] = []
        self.days: dict[str, date | None] = {"ДатаНачала": None, "ДатаКонца": None}
        self.entries: list[Entry] = []
        self.section: dict[str, str] | None = None
        self.totals = {"ВсегоСписано": 0, "ВсегоПоступило": 0}

    def line(self, key: str, value: str) -> None:
        """Take one line."""
        if key == "СекцияДокумент":
            self.section = {}
        elif key == "КонецДокумента":
            self._end()
        elif self.section is not None:
            self.section[key] = value
        elif key == "РасчСчет" and value and value not in self.accounts:
            self.accounts.append(value)
        elif key in self.days:
            self.days[key] = _day(value) or self.days[key]
        elif key in self.totals and value:
            self.totals[key] += _sum(value)

    def _end(self) -> None:
        if self.section is None:
            raise Unreadable(Wrong.CUT_OFF)
        if len(self.entries) >= MOST_LINES:
            raise Unreadable(Wrong.TOO_LONG)
        self.entries.append(_entry(len(self.entries) + 1, self.section, self.accounts))
        self.section = None

    def statement(self) -> Statement:
        """Return the whole."""
        said = tuple(self.totals.values())
        gone, came = (
            sum(e.amount for e in self.entries if e.incoming is incoming)
            for incoming in (False, True)
        )
        return Statement(
            "1c",
            tuple(self.accounts),
            self.days["ДатаНачала"],
            self.days["ДатаКонца"],
            tuple(self.entries),
            CURRENCY,
            adds_up=said in {(gone, came), (0, 0)},
        )


def _entry(n: int, said: dict[str, str], accounts: Sequence[str]) -> Entry:
    payee = said.get("ПолучательРасчСчет") or said.get("ПолучательСчет") or ""
    payer = said.get("ПлательщикРасчСчет") or said.get("ПлательщикСчет") or ""
    incoming = bool(said.get("ДатаПоступило")) or (payee in accounts and payer not in accounts)
    if said.get("ДатаСписано") and not said.get("ДатаПоступило"):
        incoming = False
    on_day = _day(said.get("ДатаПоступило" if incoming else "ДатаСписано", "")) or _day(
        said.get("Дата", "")
    )
    other = said.get("Плательщик1" if incoming else "Получатель1", "") or said.get(
        "Плательщик" if incoming else "Получатель", ""
    )
    purpose = said.get("НазначениеПлатежа") or " ".join(
        said.get(f"НазначениеПлатежа{k}", "") for k in range(1, 7)
    )
    account = payee if incoming else payer
    return Entry(
        n, incoming, _sum(said.get("Сумма", "")), on_day, purpose.strip(), other.strip(), account
    )


def _decoded(data: bytes) -> Iterator[str]:
    """Give the lines that say something, in the coding in which the head can be read."""
    if not data.removeprefix(b"\xef\xbb\xbf").startswith(HEAD.encode()):
        raise Unreadable(Wrong.UNKNOWN)
    for coding in _CODINGS:
        try:
            text = data.decode(coding)
        except UnicodeDecodeError:
            continue
        if re.search(r"^ВерсияФормата=", text, re.MULTILINE):
            found = [row for raw in text.split("\n") if (row := raw.strip("\r \t\x1a"))]
            yield from found
            return
    raise Unreadable(Wrong.CODING)


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), _DAY).date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _sum(text: str) -> int:
    """Return a sum in kopecks; whole roubles may stand without a point, and a comma for it."""
    try:
        return parse_decimal(text.strip().replace(",", "."), CURRENCY)
    except MoneyError as error:
        raise Unreadable(Wrong.SUM) from error
