"""Money by hand in the office: seen before it is booked, booked once, taken back; the partner reads why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.identity import service as identity
from app.ledger.queries import PartnerBalance, partner_balances
from app.notifications.models import Message
from app.partners import queries as partners
from app.partners.service import NewPartner, create
from tests.orders.test_api import put, said
from tests.payouts.setting import earn, take_back
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant


class Desk:
    """Lampa's money desk, with Anna who has 1000.00, Boris who owes 40.00, and Vera."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        with app.app_context():
            with merchant.scope():
                self.ids = {
                    name: create(
                        NewPartner(name=name, refcode=name.lower(), email=self.mail(name))
                    ).id
                    for name in ("Anna", "Boris", "Vera")
                }
                earn(self.ids["Anna"], 100_000)
                take_back(self.ids["Boris"], 4_000)
            db.session.commit()
        sign_in(client, merchant.staff["accountant"])

    def mail(self, name: str) -> str:
        return f"{name.lower()}@{self.merchant.slug}.example"

    def ask(self, **form: str) -> Any:
        """Send the form."""
        return self.client.post(self.merchant.office("adjustments/new"), data=form)

    def confirm(self, preview: str, **form: str) -> Any:
        """Say yes to what the preview shows."""
        hidden = dict(re.findall(r'name="(key|seen)" value="([^"]*)"', preview))
        return self.ask(**form, **hidden)

    def balance(self, name: str) -> PartnerBalance:
        with self.app.app_context(), self.merchant.scope():
            return partner_balances([self.ids[name]])[self.ids[name]]


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:
    return Desk(app, client, lampa)


def test_nothing_is_booked_before_it_was_seen_and_pressing_twice_books_once(desk: Desk) -> None:
    form = {"act": "accrue", "amount": "50", "reason": "Prize", "chosen": "anna\nBORIS"}
    preview = desk.ask(**form)
    assert preview.status_code == 200
    assert "100.00" in preview.text
    assert desk.balance("Anna") == PartnerBalance(available=100_000)
    first, second = desk.confirm(preview.text, **form), desk.confirm(preview.text, **form)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]
    assert desk.balance("Anna") == PartnerBalance(available=105_000)
    assert desk.balance("Boris") == PartnerBalance(available=1_000)
    page = desk.client.get(first.headers["Location"])
    assert "Prize" in page.text
    undone = desk.client.post(f"{first.headers['Location']}/undo")
    assert undone.status_code == 303
    assert desk.balance("Boris") == PartnerBalance(debt=4_000)
    assert desk.client.post(f"{first.headers['Location']}/undo").status_code == 409


def cells(page: str, partner: str) -> list[str]:
    """Return the sums of a partner's line in the preview."""
    line = page.partition('id="planned"')[2].partition(f"<bdi>{partner}</bdi>")[2]
    words = re.sub(r"<[^>]*>|\s+", " ", line.partition("</tr>")[0])
    return re.findall(r"[+\u2212-]?[\d,]+\.\d\d", words)


def test_the_preview_says_what_becomes_of_a_debt(desk: Desk) -> None:
    part = {"act": "accrue", "amount": "30", "reason": "Prize", "chosen": "boris\nanna"}
    page = desk.ask(**part).text
    assert "Repays debts" in page
    assert cells(page, "Boris") == ["30.00", "0.00", "40.00", "10.00"]
    assert cells(page, "Anna") == ["30.00", "1,000.00", "1,030.00", "0.00"]
    whole = part | {"amount": "50"}
    page = desk.ask(**whole).text
    assert cells(page, "Boris") == ["50.00", "0.00", "10.00", "40.00", "0.00"]
    assert desk.confirm(page, **whole).status_code == 303
    assert desk.balance("Boris") == PartnerBalance(available=1_000)
    page = desk.ask(act="deduct", amount="15", reason="Error", chosen="boris").text
    assert cells(page, "Boris")[1:] == ["10.00", "0.00", "0.00", "5.00"]
    assert "Repays debts" not in page


def test_a_form_that_was_booked_books_no_other_partner_in_silence(desk: Desk) -> None:
    form = {"act": "accrue", "amount": "50", "reason": "Prize", "chosen": "anna"}
    preview = desk.ask(**form)
    assert desk.confirm(preview.text, **form).status_code == 303
    other = desk.confirm(preview.text, **form | {"chosen": "boris"})
    assert other.status_code == 409
    assert "Something else was booked from this form already" in other.text
    assert "boris" in other.text
    odd = desk.ask(**form, seen="1:5000:0", key="../../etc")
    assert odd.status_code == 422
    assert desk.balance("Anna") == PartnerBalance(available=105_000)
    assert desk.balance("Boris") == PartnerBalance(debt=4_000)


def test_what_changed_between_looking_and_booking_is_shown_again(desk: Desk) -> None:
    form = {"act": "expire", "reason": "Unclaimed", "chosen": "anna"}
    preview = desk.ask(**form)
    with desk.app.app_context(), desk.merchant.scope():
        earn(desk.ids["Anna"], 5_000)
        db.session.commit()
    again = desk.confirm(preview.text, **form)
    assert again.status_code == 200
    assert "1,050.00" in again.text
    assert desk.balance("Anna") == PartnerBalance(available=105_000)
    assert desk.confirm(again.text, **form).status_code == 303
    assert desk.balance("Anna") == PartnerBalance()


def test_pasted_lines_have_their_own_sums_and_reasons(desk: Desk) -> None:
    form = {
        "act": "accrue",
        "reason": "Correction",
        "lines": "anna;-1,100.00;Counted twice\nboris\t40\t\nvera;7.50",
    }
    preview = desk.ask(**form)
    assert preview.status_code == 200, preview.text
    assert "Counted twice" in preview.text
    assert desk.confirm(preview.text, **form).status_code == 303
    assert desk.balance("Anna") == PartnerBalance(debt=10_000)
    assert desk.balance("Boris") == PartnerBalance()
    assert desk.balance("Vera") == PartnerBalance(available=750)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"amount": "5", "chosen": "anna"}, "Fill this in"),
        ({"amount": "", "chosen": "anna", "reason": "x"}, "Fill this in"),
        ({"amount": "0", "chosen": "anna", "reason": "x"}, "must not be zero"),
        ({"amount": "-5", "chosen": "anna", "reason": "x"}, "negative"),
        ({"amount": "5", "chosen": "nobody", "reason": "x"}, "Nobody has this code: nobody"),
        ({"amount": "5", "reason": "x"}, "at least one partner"),
        ({"amount": "5", "chosen": "anna", "lines": "anna;5", "reason": "x"}, "more than once"),
        ({"lines": "anna;5\nboris;five\nvera", "reason": "x"}, "cannot be read: 2, 3"),
        ({"act": "forgive", "chosen": "anna", "reason": "x"}, "no debt"),
        ({"act": "expire", "amount": "1001", "chosen": "anna", "reason": "x"}, "more than what"),
        (
            {"amount": "5", "chosen": "\n".join(f"p{n}" for n in range(501)), "reason": "x"},
            "At most",
        ),
        ({"amount": "5", "chosen": "anna\x00", "reason": "x"}, "cannot be kept"),
        ({"act": "steal", "amount": "5", "chosen": "anna", "reason": "x"}, "form-errors"),
    ],
)
def test_what_cannot_be_booked_is_told_at_its_field(
    desk: Desk, form: dict[str, str], words: str
) -> None:
    answer = desk.ask(**({"act": "accrue"} | form))
    assert answer.status_code == 422
    assert words in answer.text
    assert desk.balance("Anna") == PartnerBalance(available=100_000)


def test_who_may_not_move_money_may_look(desk: Desk) -> None:
    sign_in(desk.client, desk.merchant.staff["manager"])
    assert desk.client.get(desk.merchant.office("adjustments/")).status_code == 200
    assert desk.client.get(desk.merchant.office("adjustments/new")).status_code == 403
    assert desk.ask(act="accrue", amount="5", chosen="anna", reason="x").status_code == 403


def test_the_list_of_partners_hands_over_those_ticked_or_all_that_fit(desk: Desk) -> None:
    sign_in(desk.client, desk.merchant.staff["owner"])
    page = desk.client.get(desk.merchant.office("partners/?q=Anna"))
    assert 'name="partner" value="anna"' in page.text
    assert "adjustments/new?all=1&amp;q=Anna" in page.text
    new = desk.merchant.office("adjustments/new")
    ticked = desk.client.get(f"{new}?partner=anna&partner=vera").text
    fitting = desk.client.get(f"{new}?all=1&q=Boris").text
    assert re.search(r">\s*anna\s+vera<", ticked)
    assert re.search(r">\s*boris<", fitting)


def test_the_partner_reads_the_reason_in_the_cabinet_and_in_a_letter(
    desk: Desk, mailbox: Mailbox
) -> None:
    form = {"act": "deduct", "amount": "50", "reason": "Paid in cash in May", "chosen": "anna"}
    desk.confirm(desk.ask(**form).text, **form)
    with desk.app.app_context(), desk.merchant.scope():
        person = identity.ensure_person(desk.mail("Anna"), "Anna")
        partner = partners.by_id(desk.ids["Anna"])
        assert partner is not None
        if partner.person_id is None:
            identity.join(person, desk.merchant.id, "partner", partner.id)
            partner.person_id = person.id
        identity.change_password(person, PASSWORD)
        db.session.commit()
    reader = sign_in(desk.app.test_client(), desk.mail("Anna"))
    account = reader.get(desk.merchant.cabinet("account/?bucket=available")).text
    assert "Paid in cash in May" in account
    plain = re.sub(r"<[^>]+>", "", account)
    assert "950.00, the sum of the lines below" in plain
    with desk.app.app_context():
        jobs.drain()
        with desk.merchant.scope():
            wanted = select(Message.id).where(Message.template == "partner.adjusted")
            messages = db.session.scalars(wanted).all()
        db.session.rollback()
        for message_id in messages:
            jobs.send_message(desk.merchant.id, message_id)
    bodies = [letter.get_body(("plain",)) for letter in mailbox.to(desk.mail("Anna"))]
    told = [body.get_content() for body in bodies if body is not None]
    assert any("Paid in cash in May" in letter for letter in told)


def test_the_commission_of_a_deal_is_set_and_set_free_again(desk: Desk) -> None:
    answer = put(desk.client, desk.merchant, said(partner_code="vera")).get_json()
    page = desk.merchant.office(f"adjustments/deals/{answer['deal']['id']}")
    assert desk.client.get(page).status_code == 200
    assert desk.client.post(page, data={"level_1": "500"}).status_code == 422
    form = {"level_1": "500", "reason": "Agreed by phone"}
    assert desk.client.post(page, data=form).status_code == 303
    [share] = put(desk.client, desk.merchant, said(partner_code="vera")).get_json()["deal"][
        "shares"
    ]
    assert (share["amount"], share["by_hand"]) == ("500.00", "Agreed by phone")
    assert share["why"].startswith("Set by hand to 500.00 by The accountant: Agreed by phone.")
    assert "500.00" in desk.client.get(page).text
    assert desk.client.post(page, data={"level_1": "", "reason": "Mistake"}).status_code == 303
    deal = put(desk.client, desk.merchant, said(partner_code="vera")).get_json()["deal"]
    assert (deal["commission"], deal["shares"][0]["by_hand"]) == ("190.00", None)
    assert desk.client.get(desk.merchant.office("adjustments/deals/dl_none")).status_code == 404


def test_the_order_and_the_card_say_in_words_what_was_booked_and_why(desk: Desk) -> None:
    deal = put(desk.client, desk.merchant, said(partner_code="vera")).get_json()["deal"]["id"]
    form = {"level_1": "500", "reason": "Agreed by phone"}
    desk.client.post(desk.merchant.office(f"adjustments/deals/{deal}"), data=form)
    sign_in(desk.client, desk.merchant.staff["owner"])
    money = desk.client.get(desk.merchant.office(f"orders/{deal}/")).text.partition('id="money"')[2]
    assert "Set by hand: <bdi>Agreed by phone</bdi>" in money
    assert "Merchant → On hold, <bdi>Vera</bdi>" in money
    card = desk.client.get(desk.merchant.office("partners/card/vera/balance?bucket=pending")).text
    assert f'/orders/{deal}/">Order ' in card
    owes = desk.client.get(desk.merchant.office("partners/card/boris/balance?bucket=debt")).text
    assert not re.search(r"partner:\d|order:\d|merchant:commissions|repay:", money + card + owes)
