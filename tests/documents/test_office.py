"""The money desk's documents: issued, printed, signed, void; each role its own; the partner reads his."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from lxml import html
from openpyxl import load_workbook
from sqlalchemy import select

from app import clock, jobs
from app.documents.models import Document
from app.extensions import db
from app.identity import service as identity
from app.papers import queries as papers
from app.partners.models import Partner
from tests.payouts.setting import earn, known_partner
from tests.world import PASSWORD, Merchant, lampa, sign_in  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App


class Desk:
    """Lampa's accountant; Anna earned 900.00 in the last month, and Boris nothing."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        with app.app_context():
            with merchant.scope():
                self.month = papers.last_month()
                self.anna, self.refcode = known_partner("Anna")
                self.boris, self.boris_code = known_partner("Boris")
                with clock.moved_to(self.month.starts):
                    earn(self.anna, 90_000)
                self._let_in(self.anna, f"anna@{merchant.slug}.example")
                self._let_in(self.boris, f"boris@{merchant.slug}.example")
            db.session.commit()
        sign_in(client, merchant.staff["accountant"])

    def _let_in(self, partner_id: int, email: str) -> None:
        partner = db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()
        person = identity.ensure_person(email, partner.name)
        identity.join(person, self.merchant.id, "partner", partner_id)
        identity.change_password(person, PASSWORD)
        partner.person_id, partner.email = person.id, email

    def get(self, path: str = "") -> TestResponse:
        return self.client.get(self.merchant.office(f"documents/{path}"))

    def post(self, path: str, **data: object) -> TestResponse:
        return self.client.post(self.merchant.office(f"documents/{path}"), data=data)

    def issue(self, **data: object) -> TestResponse:
        said = {"kinds": ["act"], "first": str(self.month.first), "last": str(self.month.last)}
        return self.post("new", **{**said, "locale": "en", "partner": self.refcode, **data})

    def made(self) -> list[Document]:
        with self.app.app_context(), self.merchant.scope():
            return list(db.session.scalars(select(Document).order_by(Document.id)))


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def test_an_act_is_issued_read_signed_and_declared_void(desk: Desk) -> None:
    assert desk.issue().status_code == 303
    (act,) = desk.made()
    shown = desk.get(f"{act.public_id}/")
    assert "Act of services rendered" in shown.text
    assert "900.00" in shown.text
    assert desk.post(f"{act.public_id}/sign").status_code == 303
    assert desk.post(f"{act.public_id}/sign").status_code == 409
    assert desk.post(f"{act.public_id}/reissue", reason="A slip").status_code == 303
    old, new = desk.made()
    assert (old.state, new.state, new.replaces_id) == ("void", "issued", old.id)
    assert f"Takes the place of {old.label}" in desk.get(f"{new.public_id}/").text
    assert "Void since" in desk.get(f"{old.public_id}/").text


def test_a_wish_that_cannot_be_granted_is_told_at_its_field_with_the_input_kept(desk: Desk) -> None:
    answer = desk.issue(partner="nobody-here")
    assert answer.status_code == 422
    assert "Nobody has this code." in answer.text
    assert 'value="nobody-here"' in answer.text
    today = clock.today("Europe/Moscow").isoformat()
    answer = desk.issue(first=today, last=today)
    assert answer.status_code == 409
    assert "A document is issued when its period has ended." in answer.text
    answer = desk.issue(kinds=["treaty"])
    assert answer.status_code == 422
    assert desk.made() == []


def test_a_void_without_a_reason_is_asked_for_one(desk: Desk) -> None:
    desk.issue()
    (act,) = desk.made()
    answer = desk.post(f"{act.public_id}/void", reason=" ")
    assert answer.status_code == 422
    assert "Fill this in." in answer.text


def test_all_of_a_month_come_as_one_zip(desk: Desk) -> None:
    answer = desk.issue(partner="", kinds=["act", "statement", "reconciliation"])
    assert answer.status_code == 303
    with desk.app.app_context():
        jobs.sweep_runs()
    assert "3 documents are issued." in desk.client.get(answer.location).text
    answer = desk.post("pack", month=str(desk.month.first)[:7])
    with desk.app.app_context():
        jobs.sweep_runs()
    assert "Download (ZIP)" in desk.client.get(answer.location).text
    packed = desk.client.get(f"{answer.location}zip")
    assert packed.content_type == "application/zip"
    names = zipfile.ZipFile(io.BytesIO(packed.data)).namelist()
    ends = Counter((name.partition("-")[0], name.rpartition(".")[2]) for name in names)
    assert ends == {
        (kind, end): 1
        for kind in ("act", "statement", "reconciliation")
        for end in ("html", "xlsx")
    }


def test_the_zip_holds_pages_that_print_without_us(desk: Desk) -> None:
    desk.post("words?kind=act&locale=en", title="Act <b>{number}</b>")
    desk.issue()
    (act,) = desk.made()
    desk.post(f"{act.public_id}/reissue", reason="A slip")
    answer = desk.post("pack", month=str(desk.month.first)[:7])
    with desk.app.app_context():
        jobs.sweep_runs()
    packed = zipfile.ZipFile(io.BytesIO(desk.client.get(f"{answer.location}zip").data))
    (name,) = [name for name in packed.namelist() if name.endswith(".html")]
    page = html.document_fromstring(packed.read(name).decode())
    assert page.get("lang") == "en"
    said = " ".join(page.itertext())
    assert "<b>" in said
    assert "900.00" in said
    assert f"Takes the place of {act.label}, which is void." in said
    outside = [each.get(key) for each in page.iter() for key in ("href", "src") if each.get(key)]
    assert outside == []


def test_days_in_the_wrong_order_issue_nothing(desk: Desk) -> None:
    answer = desk.issue(first=str(desk.month.last), last=str(desk.month.first))
    assert answer.status_code == 422
    assert "The last day is before the first one." in answer.text
    assert f'value="{desk.month.last}"' in answer.text
    assert desk.made() == []


def test_one_document_comes_as_a_workbook(desk: Desk) -> None:
    desk.issue()
    (act,) = desk.made()
    answer = desk.get(f"{act.public_id}/file")
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert 900 in [cell.value for row in sheet.iter_rows() for cell in row]
    assert act.label in answer.headers["Content-Disposition"]


class TestWords:
    def test_they_are_looked_at_kept_and_reset(self, desk: Desk) -> None:
        said = {"title": "Our act for {month}", "intro": "", "closing": ""}
        there = "words?kind=act&locale=en"
        looked = desk.post(there, look="1", **said)
        assert "Our act for ‹month›" in looked.text
        assert "Our act" not in desk.get(there).text
        assert desk.post(there, **said).status_code == 303
        assert "Our act for {month}" in desk.get(there).text
        assert desk.post("words/reset?kind=act&locale=en").status_code == 303
        assert "Our act" not in desk.get(there).text

    def test_a_template_is_words_and_never_code(self, desk: Desk) -> None:
        there = "words?kind=act&locale=en"
        desk.post(there, title="{{ 7 * 7 }} {% raw %} <b>bold</b> {partner}")
        desk.issue()
        (act,) = desk.made()
        text = desk.get(f"{act.public_id}/").text
        assert "{{ 7 * 7 }} {% raw %} &lt;b&gt;bold&lt;/b&gt; Anna" in text

    def test_unknown_names_are_told_at_their_field(self, desk: Desk) -> None:
        answer = desk.post("words?kind=act&locale=en", title="{boss}")
        assert answer.status_code == 422
        assert "Nothing is known by the name {boss}." in answer.text


def test_the_partner_reads_his_own_documents_and_no_others(desk: Desk) -> None:
    desk.issue()
    (act,) = desk.made()
    anna = sign_in(desk.app.test_client(), f"anna@{desk.merchant.slug}.example")
    boris = sign_in(desk.app.test_client(), f"boris@{desk.merchant.slug}.example")
    there = desk.merchant.cabinet(f"documents/{act.public_id}/")
    assert act.label in anna.get(desk.merchant.cabinet("documents/")).text
    assert "900.00" in anna.get(there).text
    assert anna.get(f"{there}file").status_code == 200
    assert act.label not in boris.get(desk.merchant.cabinet("documents/")).text
    assert boris.get(there).status_code == 404
    assert boris.get(f"{there}file").status_code == 404


def test_who_only_reads_issues_nothing(desk: Desk) -> None:
    desk.issue()
    (act,) = desk.made()
    sign_in(desk.client, desk.merchant.staff["support"])
    assert desk.get(f"{act.public_id}/").status_code == 200
    assert desk.issue().status_code == 403
    assert desk.post(f"{act.public_id}/void", reason="x").status_code == 403
