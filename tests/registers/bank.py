"""A bank as its formats are described: it reads our files, and writes statements; none of the product's code."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

ACCOUNT = "40702810900000005555"
IBAN = "DE89370400440532013000"
SPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"


@dataclass
class Exchange:
    """A file of 1C's exchange: the head's fields, the account's section, and the documents."""

    head: dict[str, str] = field(default_factory=dict)
    account: dict[str, str] = field(default_factory=dict)
    documents: list[dict[str, str]] = field(default_factory=list)

    @staticmethod
    def read(data: bytes) -> Exchange:
        """Read by the description: lines end with CR LF, sections open and close, the end is said."""
        assert data.endswith(b"\r\n")
        rows = data.decode("cp1251").split("\r\n")[:-1]
        assert rows[0] == "1CClientBankExchange"
        assert rows[-1] == "КонецФайла"
        found, where = Exchange(), "head"
        for row in rows[1:-1]:
            key, _, value = row.partition("=")
            if key == "СекцияРасчСчет":
                where = "account"
            elif key == "СекцияДокумент":
                where = "document"
                found.documents.append({"вид": value})
            elif key in {"КонецРасчСчет", "КонецДокумента"}:
                where = "between"
            else:
                assert "=" in row, row
                assert where != "between", row
                target = {"head": found.head, "account": found.account}.get(where)
                (found.documents[-1] if target is None else target)[key] = value
        return found


@dataclass(frozen=True)
class Payment:
    """A line of a statement."""

    amount: str
    purpose: str
    incoming: bool = False
    other: str = "Иванова Анна"


def onec(payments: list[Payment], account: str = ACCOUNT, *, coding: str = "cp1251") -> bytes:
    """Write a statement as a bank does."""
    gone = sum(Decimal(p.amount) for p in payments if not p.incoming)
    came = sum(Decimal(p.amount) for p in payments if p.incoming)
    rows = [
        "1CClientBankExchange", "ВерсияФормата=1.02", "Кодировка=Windows", "Отправитель=Банк",
        "ДатаНачала=30.11.2026", "ДатаКонца=30.11.2026", f"РасчСчет={account}",
        "СекцияРасчСчет", "ДатаНачала=30.11.2026", "НачальныйОстаток=900000.00", f"РасчСчет={account}",
        f"ВсегоПоступило={came}", f"ВсегоСписано={gone}", "КонецРасчСчет",
    ]  # fmt: skip
    for n, payment in enumerate(payments, start=1):
        own, theirs = (
            ("Получатель", "Плательщик") if payment.incoming else ("Плательщик", "Получатель")
        )
        rows += [
            "СекцияДокумент=Платежное поручение",
            f"Номер={n}",
            "Дата=30.11.2026",
            f"Сумма={payment.amount}",
            f"{own}Счет={account}",
            f"{theirs}Счет=40817810899910004312",
            f"{theirs}={payment.other}",
            f"{'ДатаПоступило' if payment.incoming else 'ДатаСписано'}=30.11.2026",
            f"НазначениеПлатежа={payment.purpose}",
            "КонецДокумента",
        ]
    return ("\r\n".join([*rows, "КонецФайла"]) + "\r\n").encode(coding)


def camt(payments: list[Payment], iban: str = IBAN, currency: str = "EUR", head: str = "") -> bytes:
    """Write a statement in XML: one entry a payment."""
    entries = "".join(
        f"""<Ntry><Amt Ccy="{currency}">{p.amount}</Amt>
        <CdtDbtInd>{"CRDT" if p.incoming else "DBIT"}</CdtDbtInd><Sts>BOOK</Sts>
        <BookgDt><Dt>2026-11-30</Dt></BookgDt><NtryDtls><TxDtls>
        <Refs><EndToEndId>{p.purpose}</EndToEndId></Refs>
        <RltdPties><Cdtr><Nm>{p.other}</Nm></Cdtr></RltdPties></TxDtls></NtryDtls></Ntry>"""
        for p in payments
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>{head}<Document xmlns="{SPACE}"><BkToCstmrStmt><Stmt>
    <Acct><Id><IBAN>{iban}</IBAN></Id></Acct>
    <FrToDt><FrDtTm>2026-11-30T00:00:00</FrDtTm><ToDtTm>2026-11-30T23:59:59</ToDtTm></FrToDt>
    {entries}</Stmt></BkToCstmrStmt></Document>""".encode()
