"""Documents: numbers without gaps, what was issued stays, and void ones name their place."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from app import clock, jobs
from app.documents import queries, service
from app.documents.models import Document
from app.documents.rules import Content, Kind, filled
from app.errors import Conflict, DomainError
from app.extensions import db
from app.ledger import service as ledger
from app.ledger.rules import COMMISSIONS, Move, available
from app.papers import queries as papers
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.service import set_details
from app.requisites.rules import BankAccount, Details, Legal, Payee, TaxStatus
from app.runs.queries import find
from app.statements.rules import Span, month_span
from app.tenants.service import change_legal
from tests.payouts.setting import ACCOUNT, BANK, RUB, at_lampa, by_bank, earn, partner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session, scoped_session

    from app.application import App
    from tests.world import Merchant

ZONE = "Europe/Moscow"
AUGUST = month_span(date(2026, 8, 1), ZONE)
IN_AUGUST = datetime(2026, 8, 20, tzinfo=UTC)
IN_SEPTEMBER = datetime(2026, 9, 3, tzinfo=UTC)


@pytest.fixture
def three(db_session: scoped_session[Session]) -> Iterator[list[int]]:
    """Anna and Boris, who earned in August, and Vera, who did not; now it is September."""
    with at_lampa():
        ids = [partner(name) for name in ("Anna", "Boris", "Vera")]
        with clock.moved_to(IN_AUGUST):
            earn(ids[0], 90_000)
            earn(ids[1], 10_050)
            back = Move(available(ids[1]), COMMISSIONS, 50, "clawback", partner=ids[1])
            ledger.post("back:1", [back], RUB)
        with clock.moved_to(IN_SEPTEMBER):
            yield ids


def _all() -> list[Document]:
    return list(db.session.scalars(select(Document).order_by(Document.number)))


def test_each_who_earned_gets_an_act_with_the_next_number(three: list[int]) -> None:
    service.issue(Kind.ACT, AUGUST, three, "en")
    made = _all()
    assert [(d.label, d.partner_id, d.amount) for d in made] == [
        ("A-2026-1", three[0], 90_000),
        ("A-2026-2", three[1], 10_000),
    ]
    assert queries.wanting(Kind.ACT, AUGUST) == []


def test_issuing_again_makes_nothing_and_wastes_no_number(three: list[int]) -> None:
    service.issue(Kind.ACT, AUGUST, three[:1], "en")
    service.issue(Kind.ACT, AUGUST, three, "en")
    service.issue(Kind.ACT, AUGUST, three, "en")
    assert [d.number for d in _all()] == [1, 2]


def test_each_kind_has_numbers_of_its_own(three: list[int]) -> None:
    for kind in Kind:
        service.issue(kind, AUGUST, three[:1], "en")
    assert {d.label for d in _all()} == {"A-2026-1", "S-2026-1", "R-2026-1"}


def test_nothing_is_issued_for_a_month_that_runs(three: list[int]) -> None:
    with pytest.raises(Conflict, match="has ended"):
        service.issue(Kind.ACT, month_span(date(2026, 9, 1), ZONE), three, "en")


def test_what_was_issued_stays_whatever_happens_later(three: list[int]) -> None:
    service.issue(Kind.STATEMENT, AUGUST, three[:1], "en")
    (before,) = [d.content for d in _all()]
    service.set_words(Kind.STATEMENT, "en", {"title": "Another title"})
    db.session.execute(text("UPDATE partner SET name = 'Somebody else'"))
    db.session.expire_all()
    (made,) = _all()
    assert made.content == before
    assert filled(Content.from_json(made.content), made.label).intro.startswith(
        "The account of Anna"
    )


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE document SET amount = 1",
        "UPDATE document SET content = '{}'",
        "UPDATE document SET number = 7",
        "DELETE FROM document",
    ],
)
def test_the_database_refuses_to_change_a_document(three: list[int], change: str) -> None:
    service.issue(Kind.ACT, AUGUST, three[:1], "en")
    with pytest.raises(IntegrityError, match="does not change"), db.session.begin_nested():
        db.session.execute(text(change))


def test_a_void_document_keeps_its_number_and_the_next_names_it(three: list[int]) -> None:
    service.issue(Kind.ACT, AUGUST, three[:2], "en")
    old = _all()[0]
    new = service.reissue(old, "A wrong address")
    assert (old.state, old.void_reason) == ("void", "A wrong address")
    assert (new.label, new.replaces_id, new.state) == ("A-2026-3", old.id, "issued")
    assert [d.number for d in _all()] == [1, 2, 3]
    with pytest.raises(Conflict, match="void already"):
        service.void(old, "Again")
    with pytest.raises(DomainError, match="Say why"):
        service.void(new, " ")


def test_a_void_document_does_not_change_any_more(three: list[int]) -> None:
    service.issue(Kind.ACT, AUGUST, three[:1], "en")
    service.void(_all()[0], "A slip")
    with pytest.raises(IntegrityError, match="does not change"), db.session.begin_nested():
        db.session.execute(text("UPDATE document SET void_reason = 'another'"))


def test_a_signed_act_is_a_paper_until_it_is_void(three: list[int]) -> None:
    service.issue(Kind.ACT, AUGUST, three[:1], "en")
    act = _all()[0]
    service.sign(act)
    assert [paper.number for paper in papers.of_partner(three[0])] == ["A-2026-1"]
    with pytest.raises(Conflict, match="signed already"):
        service.sign(act)
    service.void(act, "A slip")
    assert list(papers.of_partner(three[0])) == []


class TestWords:
    def test_the_merchants_words_stand_in_what_is_issued_from_then_on(
        self, three: list[int]
    ) -> None:
        service.set_words(Kind.ACT, "en", {"title": "Work of {partner}: {amount}"})
        service.issue(Kind.ACT, AUGUST, three[:1], "en")
        act = _all()[0]
        words = filled(Content.from_json(act.content), act.label)
        assert words.title == "Work of Anna: 900.00\xa0RUB"
        assert words.closing.startswith("The partner's reward")
        service.reset_words(Kind.ACT, "en")
        assert service.words_of(Kind.ACT, "en") == service.usual(Kind.ACT, "en")

    def test_what_nothing_fills_is_refused_at_its_field(self, three: list[int]) -> None:
        with pytest.raises(DomainError) as refused:
            service.set_words(Kind.ACT, "en", {"intro": "Dear {boss}"})
        assert [error.field for error in refused.value.errors] == ["intro"]
        assert "{boss}" in refused.value.message

    def test_a_russian_act_is_in_russian(self, three: list[int]) -> None:
        service.issue(Kind.ACT, AUGUST, three[:1], "ru")
        act = _all()[0]
        words = filled(Content.from_json(act.content), act.label)
        assert words.title.startswith("Акт об оказании услуг № A-2026-1 от 3 сентября 2026")
        assert Content.from_json(act.content).rows[0].what == "Вознаграждение за заказы покупателей"


def test_a_change_of_details_that_waits_stands_on_no_document(three: list[int]) -> None:
    anna = db.session.scalars(select(Partner).where(Partner.id == three[0])).one()
    payouts.set_details(anna, "bank", by_bank("Anna Petrova"))
    payouts.set_details(anna, "bank", by_bank("Eve", "40817810800000009999"))
    service.issue(Kind.ACT, AUGUST, three[:1], "en")
    them = Content.from_json(_all()[0].content).them
    assert (them["name"], them["account"]) == ("Anna Petrova", ACCOUNT)


class TestFiles:
    def test_a_workbook_has_sums_as_figures_and_no_formula(self, three: list[int]) -> None:
        db.session.execute(text("UPDATE partner SET name = '=1+1' WHERE name = 'Boris'"))
        db.session.expire_all()
        service.issue(Kind.RECONCILIATION, AUGUST, [three[1]], "en")
        sheet = load_workbook(io.BytesIO(service.workbook(_all()[0]))).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert all(cell.data_type != "f" for cell in cells)
        figures = [cell.value for cell in cells if isinstance(cell.value, int | float)]
        assert figures.count(100.5) == 2  # the line, and the balance after it
        assert -0.5 in figures


def test_two_who_issue_at_once_leave_no_gap(app: App, lampa: Merchant) -> None:
    month = _last_month(app, lampa)
    with app.app_context(), lampa.scope():
        ids = [partner(f"Partner {n}") for n in range(12)]
        with clock.moved_to(month.starts):
            for each in ids:
                earn(each, 1_000)
        db.session.commit()
        service.issue(Kind.ACT, month, ids[:1], "en")  # the count is there: nobody waits to make it
        db.session.commit()
    start = threading.Barrier(4)

    def issue(mine: list[int]) -> None:
        with app.app_context(), lampa.scope():
            start.wait()
            service.issue(Kind.ACT, month, mine, "en")
            db.session.commit()

    parts = (ids[:6], ids[3:9], ids[6:], ids)
    threads = [threading.Thread(target=issue, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context(), lampa.scope():
        made = _all()
        assert [d.number for d in made] == list(range(1, 13))
        assert {d.partner_id for d in made} == set(ids)


def test_all_of_a_month_are_issued_and_packed_in_the_background(app: App, lampa: Merchant) -> None:
    month = _last_month(app, lampa)
    with app.app_context(), lampa.scope():
        for name in ("Anna", "Boris"):
            who = partner(name)
            with clock.moved_to(month.starts):
                earn(who, 70_000)
        run = service.start_issue([Kind.ACT, Kind.STATEMENT], month, "en").public_id
        db.session.commit()
    with app.app_context():
        jobs.sweep_runs()
    with app.app_context(), lampa.scope():
        done = find(run)
        assert done is not None
        assert (done.state, done.applied["issued"]) == ("done", 4)
        pack = service.start_pack(month).public_id
        db.session.commit()
    with app.app_context():
        jobs.sweep_runs()
    with app.app_context(), lampa.scope():
        packed = find(pack)
        assert packed is not None
        assert packed.state == "done"
        whole = zipfile.ZipFile(io.BytesIO(b"".join(service.packed(packed))))
        books = [name for name in whole.namelist() if name.endswith(".xlsx")]
        assert len(books) == 4
        assert sorted(whole.namelist()) == sorted(books + [f"{name[:-5]}.html" for name in books])
        sheet = load_workbook(io.BytesIO(whole.read(min(books)))).active
        assert 700 in [cell.value for row in sheet.iter_rows() for cell in row]


def _last_month(app: App, merchant: Merchant) -> Span:
    with app.app_context(), merchant.scope():
        return papers.last_month()


def test_both_sides_stand_in_it_with_their_numbers_addresses_and_banks(three: list[int]) -> None:
    numbers = {"inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195"}
    ours = Legal(
        "Lampa LLC",
        **numbers,
        address="Moscow, Arbat 1",
        bank=BANK["bank"],
        bik=BANK["bik"],
        account=ACCOUNT,
        correspondent=BANK["correspondent"],
    )
    change_legal(ours)
    payee = Payee("Anna LLC", TaxStatus.COMPANY, **numbers, address="Tver, Mira 2")
    anna = db.session.scalars(select(Partner).where(Partner.id == three[0])).one()
    set_details(anna, "bank", Details(payee, BankAccount(account=ACCOUNT, **BANK)))
    service.issue(Kind.ACT, AUGUST, [anna.id], "ru")
    content = Content.from_json(_all()[0].content)
    bank = {**BANK, "account": ACCOUNT}
    for side, address in ((content.us, "Moscow, Arbat 1"), (content.them, "Tver, Mira 2")):
        assert side.items() >= {**numbers, **bank, "address": address}.items()
    for said in (content.values["merchant_details"], content.values["partner_details"]):
        for text_ in (*numbers.values(), *bank.values()):
            assert text_ in said, text_
