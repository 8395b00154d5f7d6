"""The office of bonuses: the program in plain words, accounts, what moved, entries by hand."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from app import clock
from app.bonuses import queries, service
from app.bonuses.forms import ProgramForm
from app.bonuses.queries import Balance
from app.bonuses.rules import Program
from app.extensions import db
from app.tenants import queries as tenants
from tests.bonuses.office import Office
from tests.bonuses.setting import credit
from tests.commissions.test_pages import words
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

DAY = timedelta(days=1)
PROGRAM = {
    "loyalty": "1",
    "spend_percent": "30",
    "minimum_cash": "100.00",
    "step": "1.00",
    "min_unit_price": "0.01",
    "category_percents": "77 = 50\ntobacco = 0",
    "promo_spendable": "1",
    "receipt": "consideration",
    "spend_when": "on_payment",
    "hold_minutes": "45",
    "earn_on": "completed",
    "delay_days": "14",
    "earn_while_redeeming": "1",
    "leap_birthday": "february",
    "rounding": "down",
    "expires_days": "365",
    "warn_days": "7",
    "grace_days": "3",
    "debt": "debt",
    "partner_mode": "both",
    "partner_premium": "10",
    "convert": "by_partner",
    "withdraw_minimum": "0",
}


@pytest.fixture
def office(app: App, client: FlaskClient, lampa: Merchant) -> Office:
    return Office(app, client, lampa)


def test_the_program_is_said_in_plain_words_and_holds_from_now_on(office: Office) -> None:
    first = words(office.get("program").text)
    assert "Bonuses pay ₽ 500.00 Money pays ₽ 1,800.00" in first, "a new program lets all be paid"
    assert office.post("program", **PROGRAM).status_code == 303
    said = office.do(queries.program)
    assert (str(said.spend_percent), said.minimum_cash, said.step) == ("30", 10_000, 100)
    assert {k: int(v) for k, v in said.category_percents.items()} == {"77": 50, "tobacco": 0}
    assert (said.shipping_spendable, said.hold_minutes, said.expires_days) == (False, 45, 365)
    assert (said.receipt, said.spend_when, said.earn_on) == (
        "consideration",
        "on_payment",
        "completed",
    )
    assert office.do(lambda: tenants.setting("loyalty")) is True
    page = words(office.get("program").text)
    assert "At most with these bonuses ₽ 500.00" in page
    assert "They wait 14 days. They lapse 365 days later." in page
    assert "₽500.00 of it is paid otherwise than in money" in page
    assert (
        office.post("program", **PROGRAM | {"loyalty": "", "spend_percent": "10"}).status_code
        == 303
    )
    assert "Bonuses pay ₽ 200.00" in words(office.get("program").text)


def test_every_setting_has_its_field() -> None:
    assert set(Program.__dataclass_fields__) <= set(vars(ProgramForm))


@pytest.mark.parametrize(
    ("name", "typed", "complaint"),
    [
        ("spend_percent", "101", "Percents go from 0 to 100"),
        ("spend_percent", "1.234", "Percents have up to two decimals"),
        ("step", "0", "Between 0.01 and"),
        ("minimum_cash", "-5", "The sum cannot be negative"),
        ("expires_days", "0", "Number must be between 1"),
        ("delay_days", "", "This field is required"),
        ("category_percents", "no sign here", "Line 1: write it as 77 = 50"),
        ("category_percents", "77 = 200", "Percents go from 0 to 100"),
        ("debt", "shrug", "Not a valid choice"),
        ("convert", "\x00", "Not a valid choice"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field_and_kept(
    office: Office, name: str, typed: str, complaint: str
) -> None:
    answer = office.post("program", **PROGRAM | {name: typed, "hold_minutes": "33"})
    assert answer.status_code == 422
    assert complaint in words(answer.text)
    assert 'value="33"' in answer.text, "what was typed elsewhere stays"
    assert office.do(queries.program).hold_minutes == 30


def test_the_example_follows_what_is_typed_and_saves_nothing(office: Office) -> None:
    shown = office.post(
        "program/example", **PROGRAM | {"spend_percent": "5", "shipping_spendable": "1"}
    )
    assert "Bonuses pay ₽ 115.00" in words(shown.text), "a twentieth of the goods and the delivery"
    assert (
        "nothing can be reckoned" in office.post("program/example", **PROGRAM | {"step": "x"}).text
    )
    looked = office.post("program", **PROGRAM, look="1")
    assert looked.status_code == 200
    assert "They wait 14 days." in words(looked.text)
    assert office.do(queries.program).spend_percent == 100


def test_the_list_says_what_customers_have_and_all_of_them_together(office: Office) -> None:
    def fill() -> None:
        credit(office.gleb, 10_000, lasts=40 * DAY)
        credit(office.gleb, 5_000, after=DAY)
        credit(office.kira, 30_000)
        service.hold(office.kira, 1_000, "hold", clock.now() + DAY)
        service.spend(office.kira, 2_000, "spent")

    office.do(fill)
    page = words(office.get().text)
    assert "Available ₽ 370.00 2 customers have some" in page
    assert "Waiting ₽ 50.00" in page
    assert "In orders ₽ 10.00" in page
    assert re.search(r"Kira ₽ 270.00 ₽ 0.00 ₽ 10.00 ₽ 0.00 — Gleb ₽ 100.00 ₽ 50.00", page)
    assert "Never: ₽330.00." in page, "what waits lives without end too"
    assert re.search(r"\d{4} ₽ 450.00 ₽ 20.00 ₽ 0.00 ₽ 0.00", page), "accrued and spent this month"
    assert "Kira" not in words(office.get("?has=pending").text)
    assert "Gleb" not in words(office.get("?available_from=200").text)
    assert "Gleb" not in words(office.get("?q=kira").text)
    for sort in ("available", "-pending", "held", "-debt", "next_at", "-next_at"):
        assert office.get(f"?sort={sort}&size=25").status_code == 200
    said = {"list": "bonus-balances", "query": "sort=available", "format": "csv"}
    answer = office.client.post(office.merchant.office("lists/export"), data=said)
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert [row[:4] for row in rows[1:]] == [
        ["Gleb", "100.00", "50.00", "0.00"],
        ["Kira", "270.00", "0.00", "10.00"],
    ]


def test_an_account_explains_itself_and_entries_are_taken_back(office: Office) -> None:
    assert office.enter(office.gleb, key="be_one").status_code == 303
    assert office.enter(office.gleb, key="be_one").status_code == 303, "pressed twice, booked once"
    assert (
        office.enter(office.gleb, act="take", amount="50.00", reason="A mistake").status_code == 303
    )
    page = words(office.get(f"accounts/{office.gleb}").text)
    assert re.search(
        r"Spent — − ₽ 50.00 ₽ 150.00 A mistake .* Accrued By hand \+ ₽ 200.00 ₽ 200.00 A present",
        page,
    )
    entries = re.findall(
        r'name="entry" value="([^"]+)"', office.get(f"accounts/{office.gleb}").text
    )
    taken, given = entries
    assert office.post(f"accounts/{office.gleb}/undo", entry=taken).status_code == 303
    assert office.balance(office.gleb) == Balance(available=20_000)
    assert office.post(f"accounts/{office.gleb}/undo", entry=taken).status_code == 409
    assert office.post(f"accounts/{office.gleb}/undo", entry=given).status_code == 303
    assert office.balance(office.gleb) == Balance()
    page = office.get(f"accounts/{office.gleb}").text
    assert 'name="entry"' not in page, "a counter entry is not taken back"
    assert "₽ 0.00" in words(page)
    assert office.post(f"accounts/{office.kira}/undo", entry=given).status_code == 404
    assert office.post(f"accounts/{office.gleb}/undo", entry="order:1").status_code == 404


def test_bad_entries_are_refused_where_they_are_bad(office: Office) -> None:
    office.enter(office.gleb)
    tomorrow = (clock.now() + DAY).date().isoformat()
    for said, complaint in (
        ({"act": "take", "amount": "300.00"}, "There are only ₽200.00"),
        ({"amount": "0"}, "The sum must be above zero"),
        ({"amount": "9" * 17}, "too large"),
        ({"reason": " "}, "Fill this in"),
        ({"expires_on": "2020-01-01"}, "They would lapse before they can be spent"),
        ({"activates_on": tomorrow, "expires_on": "2026-01-01"}, "They would lapse"),
        ({"expires_on": "someday"}, "Type a date"),
    ):
        answer = office.enter(office.gleb, **said)
        assert answer.status_code == 422
        assert complaint in words(answer.text)
    assert office.balance(office.gleb) == Balance(available=20_000)
    assert office.get(f"accounts/{2**62}").status_code == 404


def test_transactions_of_all_sum_to_what_there_is(office: Office) -> None:
    def story() -> None:
        first = credit(office.gleb, 10_000, lasts=DAY)
        service.spend(office.gleb, 4_000, "order")
        service.give_back("order", 1_000, "returned")
        service.take_back([service.TakeBack(reference="claw", lot_reference=first, amount=2_000)])
        credit(office.kira, 500)
        service.spend(office.kira, 800, "over", may_owe=True)

    office.do(story)
    page = words(office.get("transactions").text)
    for sum_ in ("+ ₽ 100.00", "− ₽ 40.00", "+ ₽ 10.00", "− ₽ 20.00", "− ₽ 5.00", "− ₽ 3.00"):
        assert sum_ in page
    rows = office.do(lambda: db.session.execute(queries.movements()).all())
    has = [office.balance(office.gleb), office.balance(office.kira)]
    assert sum(row.amount for row in rows) == sum(
        h.available + h.pending + h.held - h.debt for h in has
    )
    assert "Kira" not in words(office.get("transactions?kind=bonus.return").text)
    assert "Nothing here" in office.get("transactions?at_to=2020-01-01").text
    said = {"list": "bonus-transactions", "query": "kind=bonus.spend", "format": "csv"}
    answer = office.client.post(office.merchant.office("lists/export"), data=said)
    rows_out = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert sorted(row[4] for row in rows_out[1:]) == ["-3.00", "-40.00", "-5.00"]


def test_who_may_only_read_books_nothing_and_strangers_see_nothing(
    office: Office, app: App, kniga: Merchant
) -> None:
    office.enter(office.gleb)
    support = sign_in(app.test_client(), office.merchant.staff["support"])
    there = office.merchant.office(f"bonuses/accounts/{office.gleb}")
    assert support.get(there).status_code == 200
    assert 'id="by-hand"' in office.client.get(there).text
    assert 'id="by-hand"' not in support.get(there).text
    assert support.post(there, data={}).status_code == 403
    assert support.get(office.merchant.office("bonuses/program")).status_code == 403
    stranger = sign_in(app.test_client(), kniga.staff["owner"])
    assert stranger.get(kniga.office(f"bonuses/accounts/{office.gleb}")).status_code == 404
    assert "Gleb" not in stranger.get(kniga.office("bonuses/")).text


def test_the_customers_page_leads_to_the_account(office: Office) -> None:
    office.enter(office.gleb)
    card = office.client.get(office.merchant.office(f"customers/{office.gleb}"))
    assert f"bonuses/accounts/{office.gleb}" in card.text
    assert "Bonuses: ₽ 200.00" in words(card.text)
