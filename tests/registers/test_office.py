"""The desk's pages of registers and statements: the password first, files as files, refusals in words."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import lxml.html
import openpyxl
import pytest
from sqlalchemy import select

from app import clock
from app.adjustments.models import Adjustment
from app.extensions import db
from app.papers import service as papers
from app.papers.rules import Kind, Need
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.registers.rules import mark
from app.tenants.service import change_legal
from tests.payouts.setting import by_bank, earn, known_partner
from tests.registers.bank import Exchange, Payment, camt, onec
from tests.registers.test_rules import PAYER
from tests.world import Merchant, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App


class Desk:
    """Lampa's accountant; Anna's 50.00 are approved, and Boris's, who gave no details."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        with app.app_context():
            with merchant.scope():
                change_legal(PAYER)
                self.anna, self.boris = (self._payout(name) for name in ("Anna", "Boris"))
            db.session.commit()
        sign_in(client, merchant.staff["accountant"])

    def _payout(self, name: str) -> str:
        made, _refcode = known_partner(name)
        if name == "Anna":
            row = db.session.scalars(select(Partner).where(Partner.id == made)).one()
            payouts.set_details(row, "bank", by_bank("Анна Петрова"))
        earn(made, 5_000)
        payout = payouts.request_for(made, 5_000, "bank", "person:1")
        payouts.approve(payout.id, "person:1")
        return payout.public_id

    def get(self, path: str = "") -> TestResponse:
        """Open a page below registers."""
        return self.client.get(self.merchant.office(f"registers/{path}"))

    def post(self, path: str, **data: object) -> TestResponse:
        """Send a form below registers."""
        return self.client.post(self.merchant.office(f"registers/{path}"), data=data)

    def load(self, data: bytes, name: str = "answer.txt") -> TestResponse:
        """Load a statement."""
        return self.post("", file=(io.BytesIO(data), name))

    def state(self, number: str) -> str:
        """How a payout stands."""
        with self.app.app_context(), self.merchant.scope():
            return db.session.scalars(select(Payout.state).where(Payout.public_id == number)).one()

    def given_back(self) -> list[int]:
        """What was booked by hand."""
        with self.app.app_context(), self.merchant.scope():
            return list(db.session.scalars(select(Adjustment.amount)))


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def test_what_cannot_be_carried_is_named_and_the_rest_is_downloaded(desk: Desk) -> None:
    page = desk.get("new").text
    assert "1 is left out" in page
    assert "Boris" in page
    answer = desk.post("new", format="1c")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="register-1.txt"'
    assert answer.headers["Cache-Control"] == "no-store"
    found = Exchange.read(answer.data)
    assert [d["Получатель1"] for d in found.documents] == ["Анна Петрова"]
    assert (desk.state(desk.anna), desk.state(desk.boris)) == ("sending", "approved")
    assert "No. 1" in desk.get("new").text
    assert desk.post("new", format="1c").status_code == 409


def test_a_format_of_another_currency_is_not_offered(desk: Desk) -> None:
    page = desk.get("new").text
    assert "pain.001" not in page
    assert "1C and bank client" in page


def test_a_register_in_the_wrong_format_is_had_in_another_and_its_money_leaves_once(
    desk: Desk,
) -> None:
    desk.post("new", format="csv", payout=[desk.anna])
    page = desk.get("new").text
    there = page[page.index("No. 1") :].partition("/registers/")[2].partition('"')[0]
    assert there.endswith("file?as=xlsx")
    answer = desk.get(there.replace("xlsx", "1c"))
    assert answer.headers["Content-Disposition"] == 'attachment; filename="register-1.txt"'
    assert [d["Сумма"] for d in Exchange.read(answer.data).documents] == ["50.00"]
    assert desk.state(desk.anna) == "sending"
    refused = desk.get(there.replace("xlsx", "pain"))
    assert refused.status_code == 409
    assert "cannot carry all payouts" in refused.text
    assert desk.get(there.replace("xlsx", "pdf")).status_code == 404


def test_money_that_came_back_late_is_one_click_from_a_prefilled_entry_by_hand(desk: Desk) -> None:
    desk.post("new", format="1c", payout=[desk.anna])
    desk.post(
        desk.load(onec([Payment("50.00", mark(desk.anna))])).location.partition("registers/")[2]
        + "apply"
    )
    assert desk.state(desk.anna) == "paid"
    late = desk.load(
        onec([Payment("50.00", f"Returned {mark(desk.anna)}", incoming=True)]), "late.txt"
    )
    page = lxml.html.document_fromstring(desk.client.get(late.location).text)
    (link,) = [a for a in page.iter("a") if a.text == "Give it back to the partner"]
    entry = lxml.html.document_fromstring(desk.client.get(link.get("href")).text)
    said = dict(entry.forms[-1].form_values())
    assert said["amount"] == "50.00"
    assert desk.anna in said["reason"]
    there = desk.merchant.office("adjustments/new")
    seen = lxml.html.document_fromstring(desk.client.post(there, data=said).text)
    assert desk.client.post(there, data=dict(seen.forms[-1].form_values())).status_code == 303
    page = desk.client.get(late.location).text
    assert "Give it back to the partner" not in page
    assert "Given back" in page
    again = lxml.html.document_fromstring(desk.client.post(there, data=said).text)
    desk.client.post(there, data=dict(again.forms[-1].form_values()))
    assert desk.given_back() == [5_000]
    assert said["chosen"].strip().startswith("anna-")
    wrong = desk.client.get(link.get("href").replace("amount=5000", "amount=-5"))
    assert wrong.status_code == 200


@pytest.mark.parametrize("obstacle", ["frozen", "papers", "blocked"])
def test_what_is_kept_back_goes_into_no_file(desk: Desk, obstacle: str) -> None:
    with desk.app.app_context():
        with desk.merchant.scope():
            query = select(Partner).join(Payout, Payout.partner_id == Partner.id)
            anna = db.session.scalars(query.where(Payout.public_id == desk.anna)).one()
            if obstacle == "frozen":
                anna.details_frozen_at = clock.now()
            elif obstacle == "blocked":
                anna.status = "blocked"
            else:
                papers.set_needs("person", {Kind.CONTRACT: Need.BLOCK})
        db.session.commit()
    words = {
        "frozen": "a change was disowned",
        "papers": "Documents are missing",
        "blocked": "the partner is blocked",
    }
    assert words[obstacle] in desk.get("new").text
    for kind in ("1c", "xlsx", "csv"):
        desk.post("new", format=kind, payout=[desk.anna])
        assert desk.state(desk.anna) == "approved"


def test_chosen_payouts_alone_go_into_a_table(desk: Desk) -> None:
    answer = desk.post("new", format="xlsx", payout=[desk.anna])
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).worksheets[0]
    assert sheet.max_row == 2
    assert sheet["A2"].value == desk.anna
    again = desk.get("new").text.partition("/file")[0].rpartition("/")[2]
    assert desk.get(f"{again}/file").status_code == 200


def test_the_password_is_asked_anew_before_a_file_of_accounts(desk: Desk) -> None:
    with desk.app.app_context():
        db.session.execute(
            db.text("UPDATE session SET authenticated_at = authenticated_at - interval '1 day'")
        )
        db.session.commit()
    for answer in (desk.get("new"), desk.post("new", format="csv")):
        assert answer.status_code == 303
        assert "/confirm" in answer.headers["Location"]
    assert desk.state(desk.anna) == "approved"


def test_a_format_that_is_none_and_payouts_of_nobody(desk: Desk) -> None:
    assert desk.post("new", format="exe").status_code == 404
    assert desk.post("new", format="csv", run="pr_nobody").status_code == 404
    assert desk.post("new", format="csv", payout=["\x00"]).status_code == 404
    assert desk.post("new", format="csv", payout=["po_nobody"]).status_code == 409


def test_a_statement_is_looked_at_and_applied(desk: Desk) -> None:
    desk.post("new", format="1c")
    paid = Payment("50.00", f"Выплата {mark(desk.anna)}")
    answer = desk.load(onec([paid, Payment("700.00", "Аренда", other="ИП <b>Ёж</b>")]))
    assert answer.status_code == 303
    there = answer.headers["Location"].partition("/registers/")[2]
    page = desk.get(there).text
    assert "Apply 1 line" in page
    assert "Not a payout" in page
    assert "<b>Ёж</b>" not in page
    assert desk.state(desk.anna) == "sending"
    assert desk.post(f"{there}apply").status_code == 303
    assert desk.state(desk.anna) == "paid"
    assert desk.post(f"{there}apply").status_code == 409
    again = desk.load(onec([paid, Payment("700.00", "Аренда", other="ИП <b>Ёж</b>")]))
    assert again.headers["Location"].endswith(there)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"MZ\x90", "no bank statement"),
        (onec([], account="40702810900000009999"), "another account"),
        (camt([], head='<!DOCTYPE x [<!ENTITY a "b">]>'), "instructions"),
        (onec([])[:-9], "not whole"),
        (b"x" * (20 * 2**20 + 1), "20 MB"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(desk: Desk, data: bytes, words: str) -> None:
    answer = desk.load(data)
    assert answer.status_code == 422
    assert words in answer.text


def test_a_body_without_bounds_is_cut_off(desk: Desk) -> None:
    assert desk.load(b"x" * (22 * 2**20)).status_code == 413
    assert desk.post("", file="no file").status_code == 422
    assert desk.post("").status_code == 422
