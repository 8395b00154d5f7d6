"""The money desk's papers: receipts, contracts, what is needed and withheld; the partner adds his receipt."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from sqlalchemy import select, update

from app import clock
from app.extensions import db
from app.identity import service as identity
from app.papers import service
from app.papers.models import Paper
from app.partners.models import Partner
from app.payouts import service as payouts
from tests.payouts.setting import earn, known_partner
from tests.world import PASSWORD, Merchant, lampa, sign_in  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App


class Desk:
    """Lampa's accountant; Anna is self-employed, and her payout of 500.00 is approved."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        self.email = f"anna@{merchant.slug}.example"
        with app.app_context():
            with merchant.scope():
                self.anna, self.refcode = known_partner("Anna")
                card = db.session.scalars(select(Partner).where(Partner.id == self.anna)).one()
                person = identity.ensure_person(self.email, "Anna")
                identity.join(person, merchant.id, "partner", self.anna)
                identity.change_password(person, PASSWORD)
                card.person_id, card.email, card.tax_status = person.id, self.email, "self_employed"
                earn(self.anna, 90_000)
                made = payouts.request_for(self.anna, 50_000, "bank", "person:1")
                payouts.approve(made.id, "person:1")
                self.payout, self.payout_id = made.public_id, made.id
            db.session.commit()
        sign_in(client, merchant.staff["accountant"])

    def get(self, path: str = "") -> TestResponse:
        return self.client.get(self.merchant.office(f"papers/{path}"))

    def post(self, path: str, **data: object) -> TestResponse:
        return self.client.post(self.merchant.office(f"papers/{path}"), data=data)

    def anna_signed_in(self) -> FlaskClient:
        return sign_in(self.app.test_client(), self.email)

    def papers(self) -> list[Paper]:
        with self.app.app_context(), self.merchant.scope():
            standing = select(Paper).where(Paper.withdrawn_at.is_(None)).order_by(Paper.id)
            return list(db.session.scalars(standing))


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def picture() -> io.BytesIO:
    made = io.BytesIO()
    Image.new("RGB", (40, 60), "white").save(made, "PNG")
    made.seek(0)
    return made


def test_a_receipt_is_missing_until_the_partner_adds_it(desk: Desk) -> None:
    assert f"papers/receipts/{desk.payout}" in desk.get().text
    anna, there = desk.anna_signed_in(), desk.merchant.cabinet(f"papers/receipts/{desk.payout}")
    documents = desk.merchant.cabinet("documents/")
    assert "A receipt is wanted from you" in anna.get(documents).text
    answer = anna.post(there, data={"link": "https://example.org/receipt/1"})
    assert answer.status_code == 303
    assert "A receipt is wanted from you" not in anna.get(documents).text
    shown = desk.get().text
    assert "None is missing." in shown
    assert "https://example.org/receipt/1" in shown


def test_a_receipt_that_cannot_be_kept_is_told_at_its_field(desk: Desk) -> None:
    anna, there = desk.anna_signed_in(), desk.merchant.cabinet(f"papers/receipts/{desk.payout}")
    for data, words in (
        ({}, "Give a number, a link or a file."),
        ({"link": "javascript:alert(1)"}, "This is no address of a page"),
        ({"file": (io.BytesIO(b"<html>"), "r.pdf")}, "This is neither a PDF nor a picture."),
    ):
        answer = anna.post(there, data=data)
        assert answer.status_code == 422, words
        assert words in answer.text
    assert desk.papers() == []


def test_a_body_that_is_too_large_is_refused_before_it_is_read(desk: Desk) -> None:
    large = io.BytesIO(b"%PDF-" + b"x" * 7 * 1024 * 1024)
    answer = desk.anna_signed_in().post(
        desk.merchant.cabinet(f"papers/receipts/{desk.payout}"), data={"file": (large, "r.pdf")}
    )
    assert answer.status_code == 413


def test_a_file_is_drawn_anew_and_comes_only_to_those_who_may_see_it(desk: Desk) -> None:
    anna, there = desk.anna_signed_in(), desk.merchant.cabinet(f"papers/receipts/{desk.payout}")
    assert anna.post(there, data={"file": (picture(), "../receipt.png")}).status_code == 303
    (paper,) = desk.papers()
    own = desk.merchant.cabinet(f"papers/{paper.public_id}/file")
    answer = anna.get(own)
    assert answer.data.startswith(b"\x89PNG")
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=receipt.png")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert desk.get(f"{paper.public_id}/file").data == answer.data
    with desk.app.app_context(), desk.merchant.scope():
        known_partner("Boris")
        db.session.execute(
            update(Paper).where(Paper.id == paper.id).values(partner_id=desk.anna + 1)
        )
        db.session.commit()
    assert anna.get(own).status_code == 404


def test_staff_add_a_receipt_and_take_it_back(desk: Desk) -> None:
    assert desk.post(f"receipts/{desk.payout}", number="20abc").status_code == 303
    (paper,) = desk.papers()
    assert desk.post(f"{paper.public_id}/withdraw").status_code == 303
    assert desk.papers() == []
    assert desk.post(f"{paper.public_id}/withdraw").status_code == 409


def test_a_contract_is_added_by_the_partners_code(desk: Desk) -> None:
    assert desk.post("contracts", partner=desk.refcode, number="7/26").status_code == 303
    assert [(p.kind, p.number) for p in desk.papers()] == [("contract", "7/26")]
    answer = desk.post("contracts", partner="nobody-here", number="7/26")
    assert answer.status_code == 422
    assert "Nobody has this code." in answer.text


def test_what_is_needed_is_set_for_each_status(desk: Desk) -> None:
    statuses, kinds = ("person", "self_employed", "entrepreneur", "company"), ("contract", "act")
    said = {f"{status}_{kind}": "off" for status in statuses for kind in (*kinds, "receipt")}
    answer = desk.post("rules", **{**said, "self_employed_receipt": "block"})
    assert answer.status_code == 303
    assert 'selected value="block"' in desk.get("rules").text
    assert desk.post("rules", **{**said, "person_act": "perhaps"}).status_code == 422


def test_a_rate_is_typed_as_people_write_it(desk: Desk) -> None:
    assert desk.post("rates", status="person", rate="13.5%").status_code == 303
    assert "13.5%" in desk.get("rules").text
    desk.client.set_cookie("locale", "ru")
    assert "13,5\u00a0%" in desk.get("rules").text
    desk.client.set_cookie("locale", "en")
    answer = desk.post("rates", status="person", rate="a lot")
    assert answer.status_code == 422
    assert 'value="a lot"' in answer.text
    assert desk.post("rates", status="person", rate="130").status_code == 422
    assert desk.post("rates", status="person", rate="").status_code == 303
    assert desk.post("rounding", rounding="unit").status_code == 303


def test_a_day_that_is_past_is_told_at_its_field(desk: Desk) -> None:
    answer = desk.post("rates", status="person", rate="13", since="2026-01-05")
    assert answer.status_code == 422
    assert "Choose today or a later day" in answer.text
    assert 'value="2026-01-05"' in answer.text
    today = clock.today("Europe/Moscow").isoformat()
    assert desk.post("rates", status="person", rate="13", since=today).status_code == 303


def test_the_partner_adds_the_receipt_where_the_payout_stands(desk: Desk) -> None:
    anna, there = desk.anna_signed_in(), desk.merchant.cabinet(f"payouts/{desk.payout}/")
    with desk.app.app_context(), clock.moved_to(clock.now() + timedelta(days=3)):
        with desk.merchant.scope():
            service.remind()
        db.session.commit()
    page = anna.get(there).text
    assert f"papers/receipts/{desk.payout}" in page
    assert "Reminded of a receipt" in page
    assert "receipt.wanted" not in page
    anna.post(desk.merchant.cabinet(f"papers/receipts/{desk.payout}"), data={"number": "20x"})
    assert f"papers/receipts/{desk.payout}" not in anna.get(there).text


def test_who_only_reads_changes_nothing(desk: Desk) -> None:
    sign_in(desk.client, desk.merchant.staff["support"])
    assert desk.get().status_code == 200
    assert desk.get("rules").status_code == 200
    for path in ("rules", "rates", "rounding", "contracts", f"receipts/{desk.payout}"):
        assert desk.post(path).status_code == 403, path
