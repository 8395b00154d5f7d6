"""Registers as banks read them, statements as banks write them, and what a line means."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from itertools import permutations

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from app.lists.rules import write_csv
from app.registers.rules import (
    Entry,
    Format,
    Lack,
    Line,
    Payout,
    Unreadable,
    Verdict,
    Wrong,
    head,
    lacking,
    mark,
    marks,
    match,
    payer_lacks,
    read_statement,
    rewritten,
    row,
    write_book,
    write_onec,
    write_pain,
)
from app.requisites.rules import BankAccount, Card, Details, Iban, Legal, Payee, TaxStatus
from tests.registers.bank import ACCOUNT, IBAN, Exchange, Payment, camt, onec

NOW = datetime(2026, 11, 30, 12, 30, 15, tzinfo=UTC)
PAYER = Legal(
    name="ООО «Лампа»",
    inn="7707083893",
    kpp="770701001",
    ogrn="1027700132195",
    bank="ПАО Сбербанк",
    bik="044525225",
    account=ACCOUNT,
    correspondent="30101810400000000225",
    iban=IBAN,
    bic="COBADEFFXXX",
    vat="НДС не облагается.",
)
BANK = BankAccount("044525225", "40817810899910004312", "ПАО Сбербанк", "30101810400000000225")
ANNA = Line(
    "po_7h3kq9x2m4n5p6r8",
    123_450,
    "RUB",
    "Анна",
    "Банк",
    Details(
        Payee("ИП Иванова Анна", TaxStatus.ENTREPRENEUR, "500100732259", ogrn="304500116000157"),
        BANK,
    ),
)
BORIS = replace(ANNA, number="po_" + "b" * 16, amount=5, details=Details(Payee("Ёж Борис"), BANK))
HANS = Line(
    "po_" + "h" * 16, 123_450, "EUR", "Hans", "IBAN", Details(Payee("Hans Müller"), Iban(IBAN))
)


class TestNumbers:
    @given(st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=16, max_size=16))
    def test_a_number_is_known_again_however_a_bank_writes_it(self, body: str) -> None:
        number = f"po_{body}"
        for text in (
            mark(number),
            mark(number).lower(),
            number,
            f"Выплата {mark(number)}.",
            f"(PO {body.upper()})",
            f"A\n{mark(number)}\nB {mark(number)}",
        ):
            assert marks(text) == [number]

    @pytest.mark.parametrize(
        "text",
        ["", "PO-7H3K", "XPO-" + "7" * 16, "PO-" + "7" * 17, "po_" + "i" * 16, "ро-" + "7" * 16],
    )
    def test_what_is_no_number_is_none(self, text: str) -> None:
        assert marks(text) == []

    def test_two_numbers_are_two(self) -> None:
        assert len(marks(f"{mark(ANNA.number)}, {mark(BORIS.number)}")) == 2


class TestWhatAFormatNeeds:
    @pytest.mark.parametrize(
        ("line", "kind", "lack"),
        [
            (ANNA, Format.ONEC, None),
            (ANNA, Format.PAIN, Lack.CURRENCY),
            (ANNA, Format.CSV, None),
            (HANS, Format.PAIN, None),
            (HANS, Format.ONEC, Lack.CURRENCY),
            (replace(ANNA, details=None), Format.CSV, Lack.DETAILS),
            (replace(ANNA, amount=0), Format.XLSX, Lack.NOTHING),
            (
                replace(ANNA, details=Details(Payee("Анна"), Card("4111111111111111"))),
                Format.ONEC,
                Lack.BANK_ACCOUNT,
            ),
            (replace(ANNA, details=Details(Payee("安娜"), BANK)), Format.ONEC, Lack.LETTERS),
            (replace(HANS, details=ANNA.details), Format.PAIN, Lack.IBAN),
        ],
    )
    def test_a_line_that_cannot_be_carried_says_why(
        self, line: Line, kind: Format, lack: Lack | None
    ) -> None:
        assert lacking(line, kind) is lack

    def test_names_that_are_written_otherwise_are_told(self) -> None:
        zoe = replace(ANNA, details=Details(Payee("Zoë Čapková"), BANK))
        assert rewritten(zoe, Format.ONEC) == "Zoe Capkova"
        assert rewritten(ANNA, Format.ONEC) is None
        assert rewritten(HANS, Format.PAIN) == "Hans Muller"
        assert rewritten(zoe, Format.XLSX) is None

    def test_without_the_merchants_own_account_there_is_no_order(self) -> None:
        assert payer_lacks(None, Format.ONEC)
        assert payer_lacks(replace(PAYER, account=""), Format.ONEC)
        assert payer_lacks(replace(PAYER, iban=""), Format.PAIN)
        assert not payer_lacks(PAYER, Format.ONEC)
        assert not payer_lacks(None, Format.XLSX)


class TestOrders:
    def test_a_bank_reads_payer_payee_sum_and_purpose(self) -> None:
        found = Exchange.read(write_onec([ANNA, BORIS], PAYER, NOW, "Выплата"))
        assert found.head["ВерсияФормата"] == "1.03"
        assert found.head["Кодировка"] == "Windows"
        assert found.head["РасчСчет"] == ACCOUNT
        assert (found.account["РасчСчет"], found.account["ВсегоСписано"]) == (ACCOUNT, "1234.55")
        first, second = found.documents
        assert first["вид"] == "Платежное поручение"
        assert {k: first[k] for k in ("Номер", "Дата", "Сумма", "ВидОплаты", "Очередность")} == {
            "Номер": "1",
            "Дата": "30.11.2026",
            "Сумма": "1234.50",
            "ВидОплаты": "01",
            "Очередность": "5",
        }
        payer = (
            "Плательщик1",
            "ПлательщикИНН",
            "ПлательщикКПП",
            "ПлательщикРасчСчет",
            "ПлательщикБИК",
        )
        assert [first[k] for k in payer] == [
            "ООО «Лампа»",
            "7707083893",
            "770701001",
            ACCOUNT,
            "044525225",
        ]
        payee = (
            "Получатель1",
            "ПолучательИНН",
            "ПолучательКПП",
            "ПолучательРасчСчет",
            "ПолучательБИК",
        )
        assert [first[k] for k in payee] == [
            "ИП Иванова Анна",
            "500100732259",
            "",
            "40817810899910004312",
            "044525225",
        ]
        assert first["НазначениеПлатежа"] == "Выплата PO-7H3KQ9X2M4N5P6R8 НДС не облагается."
        assert (second["Номер"], second["Сумма"]) == ("2", "0.05")
        assert second["Получатель1"] == "Ёж Борис"

    def test_no_text_makes_lines_of_its_own(self) -> None:
        sly = replace(ANNA, details=Details(Payee("Eve\r\nСумма=999999.00\nКонецДокумента"), BANK))
        found = Exchange.read(write_onec([sly], PAYER, NOW, "Выплата\nСумма=1.00"))
        assert len(found.documents) == 1
        assert found.documents[0]["Сумма"] == "1234.50"

    def test_transfers_are_valid_by_the_schema_and_sum_up(self) -> None:
        other = replace(HANS, number="po_" + "k" * 16, amount=7)
        made = write_pain([HANS, other], PAYER, date(2026, 12, 1), "Partner payout", "rg-1")
        schema = files("sepaxml") / "schemas" / "pain.001.001.03.xsd"
        with schema.open("rb") as text:
            etree.XMLSchema(etree.parse(text)).assertValid(etree.fromstring(made))
        names = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"}
        root = etree.fromstring(made)

        def said(path: str) -> list[str]:
            return [str(x.text) for x in root.findall(f".//p:{path}", names)]

        assert said("GrpHdr/p:MsgId") == ["rg-1"]
        assert said("GrpHdr/p:NbOfTxs") == ["2"]
        assert said("GrpHdr/p:CtrlSum") == ["1234.57"]
        assert said("EndToEndId") == [mark(HANS.number), mark(other.number)]
        assert said("InstdAmt") == ["1234.50", "0.07"]
        assert said("Cdtr/p:Nm") == ["Hans Muller"] * 2
        assert said("CdtrAcct/p:Id/p:IBAN") == [IBAN] * 2

    def test_tables_hold_texts_and_numbers_and_no_formula(self) -> None:
        sly = replace(ANNA, partner="=cmd|' /C calc'!A0")
        names = head()
        book = openpyxl.load_workbook(io.BytesIO(write_book("1", names, [row(sly, "Выплата")])))
        cells = dict(zip(names, next(book.worksheets[0].iter_rows(min_row=2)), strict=True))
        assert (cells["partner"].value, cells["partner"].data_type) == (sly.partner, "s")
        assert float(cells["amount"].value) == 1234.5
        assert (cells["account"].value, cells["account"].data_type) == (BANK.account, "s")
        assert cells["inn"].value == "500100732259"
        text = b"".join(write_csv(names, [row(sly, "Выплата")])).decode("utf-8-sig")
        said = next(csv.DictReader(io.StringIO(text)))
        assert said["partner"] == f"'{sly.partner}"
        assert said["amount"] == "1234.50"
        assert said["purpose"].endswith(mark(ANNA.number))


PAID = Payment("1234.50", f"Выплата {mark(ANNA.number)}")
BACK = Payment("1234.50", f"Возврат {mark(ANNA.number)} счет закрыт", incoming=True)


class TestStatements:
    @pytest.mark.parametrize("coding", ["cp1251", "utf-8", "utf-8-sig", "cp866"])
    def test_a_statement_of_1c_is_read_in_every_coding_that_banks_write(self, coding: str) -> None:
        found = read_statement(onec([PAID, BACK], coding=coding))
        assert (found.format, found.accounts, found.adds_up) == ("1c", (ACCOUNT,), True)
        assert (found.since, found.until) == (date(2026, 11, 30), date(2026, 11, 30))
        assert [(e.incoming, e.amount, e.account) for e in found.entries] == [
            (False, 123_450, ACCOUNT),
            (True, 123_450, ACCOUNT),
        ]
        assert marks(found.entries[0].text) == [ANNA.number]
        assert found.entries[0].other == "Иванова Анна"

    def test_a_statement_of_camt_is_read(self) -> None:
        found = read_statement(camt([Payment("10.00", mark(HANS.number)), Payment("2", "x", True)]))
        assert (found.format, found.accounts, found.currency) == ("camt", (IBAN,), "EUR")
        assert [(e.incoming, e.amount, e.on_day) for e in found.entries] == [
            (False, 1_000, date(2026, 11, 30)),
            (True, 200, date(2026, 11, 30)),
        ]
        assert marks(found.entries[0].text) == [HANS.number]

    def test_what_is_not_booked_yet_is_no_payment(self) -> None:
        data = camt([Payment("10.00", mark(HANS.number))]).replace(b">BOOK<", b">PDNG<")
        assert read_statement(data).entries == ()

    def test_lines_that_do_not_come_to_the_totals_are_told(self) -> None:
        data = onec([PAID]).replace(
            "ВсегоСписано=1234.50".encode("cp1251"), "ВсегоСписано=9.00".encode("cp1251")
        )
        assert not read_statement(data).adds_up

    LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'

    @pytest.mark.parametrize(
        ("data", "why"),
        [
            (b"", Wrong.EMPTY),
            (b" \r\n ", Wrong.EMPTY),
            (b"PK\x03\x04", Wrong.UNKNOWN),
            (b"\x00" * 100, Wrong.UNKNOWN),
            (b"<html></html>", Wrong.UNKNOWN),
            (b"1CClientBankExchange\r\n", Wrong.CODING),
            (onec([PAID], coding="utf-16"), Wrong.UNKNOWN),
            (onec([PAID])[:-20], Wrong.CUT_OFF),
            (onec([PAID]).replace("КонецДокумента".encode("cp1251"), b"x"), Wrong.CUT_OFF),
            (onec([PAID]).replace(b"1234.50", b"1e9"), Wrong.SUM),
            (onec([PAID]).replace(b"1234.50", b"-1"), Wrong.SUM),
            (onec([PAID]).replace(b"1234.50", b""), Wrong.SUM),
            (camt([PAID])[:-30], Wrong.CUT_OFF),
            (camt([PAID], head=LAUGHS), Wrong.HOSTILE),
            (camt([PAID], head=OUTSIDE), Wrong.HOSTILE),
            (camt([Payment("NaN", "x")]), Wrong.SUM),
            (b"x" * (20 * 2**20 + 1), Wrong.TOO_BIG),
        ],
    )
    def test_what_cannot_be_read_is_refused_with_the_reason(self, data: bytes, why: Wrong) -> None:
        with pytest.raises(Unreadable) as refused:
            read_statement(data)
        assert refused.value.why is why

    @given(st.binary(max_size=200), st.sampled_from([b"", b"1CClientBankExchange\r\n", b"<"]))
    def test_noise_is_refused_and_nothing_breaks(self, noise: bytes, start: bytes) -> None:
        with pytest.raises(Unreadable):
            read_statement(start + noise)

    @given(st.integers(0, 2_000))
    def test_a_half_of_an_answer_is_never_taken_for_the_whole(self, at: int) -> None:
        for whole in (onec([PAID, BACK]), camt([PAID])):
            with pytest.raises(Unreadable):
                read_statement(whole[: min(at, len(whole) - 12)])


def entry(amount: int, text: str, *, incoming: bool = False, n: int = 1) -> Entry:
    return Entry(n, incoming, amount, None, text, "", ACCOUNT)


def verdicts(entries: list[Entry], state: str = "sending") -> list[Verdict]:
    known = {ANNA.number: Payout(1, ANNA.number, state, 500)}
    return [m.verdict for m in match(entries, known)]


OUT, IN = entry(500, mark(ANNA.number)), entry(500, mark(ANNA.number), incoming=True)


class TestMatching:
    @pytest.mark.parametrize(
        ("state", "out", "back"),
        [
            ("requested", Verdict.NOT_APPROVED, Verdict.NOT_APPROVED),
            ("approved", Verdict.PAID, Verdict.RETURNED),
            ("sending", Verdict.PAID, Verdict.RETURNED),
            ("unknown", Verdict.PAID, Verdict.RETURNED),
            ("paid", Verdict.ALREADY, Verdict.CAME_LATE),
            ("failed", Verdict.AFTER_END, Verdict.ALREADY),
            ("rejected", Verdict.AFTER_END, Verdict.ALREADY),
            ("cancelled", Verdict.AFTER_END, Verdict.ALREADY),
        ],
    )
    def test_what_a_line_means_depends_on_where_the_payout_stands(
        self, state: str, out: Verdict, back: Verdict
    ) -> None:
        assert verdicts([OUT], state) == [out]
        assert verdicts([IN], state) == [back]

    def test_lines_that_name_nothing_too_much_or_another_sum_wait_for_a_person(self) -> None:
        many = f"{mark(ANNA.number)} {mark(BORIS.number)}"
        lines = [
            entry(500, "Аренда"),
            entry(500, mark(BORIS.number)),
            entry(500, many),
            entry(499, mark(ANNA.number)),
        ]
        assert verdicts(lines) == [
            Verdict.FOREIGN,
            Verdict.STRANGE,
            Verdict.SEVERAL,
            Verdict.OTHER_SUM,
        ]

    def test_payment_return_and_repetitions_mean_the_same_in_any_order(self) -> None:
        """F11: the file may be in whatever order; one payment and one return, the rest is for a person."""
        seen = set()
        for order in permutations([OUT, OUT, IN]):
            found = match(list(order), {ANNA.number: Payout(1, ANNA.number, "sending", 500)})
            seen.add(tuple(sorted((m.entry.incoming, m.verdict.value) for m in found)))
        assert seen == {((False, "sent_back"), (False, "twice"), (True, "returned"))}

    def test_paid_once_though_the_file_says_it_twice(self) -> None:
        assert verdicts([OUT, OUT]) == [Verdict.PAID, Verdict.TWICE]
