"""The office's payouts: the list, the card, decisions, payments by hand, methods; each role its own."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import lxml.html
import pytest
from sqlalchemy import select

from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.partners.models import Partner
from app.payouts import service
from app.payouts.models import Payout, PayoutMethod
from app.payruns.rules import Pays, Plan
from app.payruns.service import change_plan
from tests.payouts.setting import ACCOUNT, by_bank, earn, known_partner, take_back
from tests.world import Merchant, World, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App


class Desk:
    """Lampa's money desk: the accountant, signed in; Anna has asked for 600.00 of her 1000.00."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        with app.app_context():
            with merchant.scope():
                self.anna, self.refcode = known_partner("Anna")
                card = db.session.scalars(select(Partner).where(Partner.id == self.anna)).one()
                service.set_details(card, "bank", by_bank("Anna Petrova"))
                earn(self.anna, 100_000)
                self.number = service.request(self.anna, 60_000, "bank", "partner").public_id
            db.session.commit()
        self.sign_in("accountant")

    def sign_in(self, role: str) -> None:
        """Sit down as somebody else."""
        sign_in(self.client, self.merchant.staff[role])

    def get(self, path: str = "") -> TestResponse:
        """Open a page below payouts."""
        return self.client.get(self.merchant.office(f"payouts/{path}"))

    def post(self, path: str, **data: str | list[str]) -> TestResponse:
        """Send a form below payouts."""
        return self.client.post(self.merchant.office(f"payouts/{path}"), data=data)

    def act(self, verb: str, **data: str) -> int:
        """Decide on Anna's payout; return the status."""
        return self.post(f"{self.number}/{verb}", **data).status_code

    @property
    def state(self) -> str:
        """How Anna's payout stands."""
        with self.app.app_context(), self.merchant.scope():
            query = select(Payout.state).where(Payout.public_id == self.number)
            return db.session.scalars(query).one()

    @property
    def balance(self) -> PartnerBalance:
        """How Anna's balance stands."""
        with self.app.app_context(), self.merchant.scope():
            return partner_balances([self.anna])[self.anna]


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def rows_of(desk: Desk, query: str) -> list[list[str]]:
    said = {"list": "payouts", "query": query, "format": "csv"}
    answer = desk.client.post(desk.merchant.office("lists/export"), data=said)
    assert answer.status_code == 200, answer.text
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def more(desk: Desk, name: str, earned: int, asked: int) -> str:
    """Let another partner ask for money; return the payout's number."""
    with desk.app.app_context(), desk.merchant.scope():
        partner_id, _refcode = known_partner(name)
        card = db.session.scalars(select(Partner).where(Partner.id == partner_id)).one()
        service.set_details(card, "bank", by_bank(name))
        earn(partner_id, earned)
        number = service.request(partner_id, asked, "bank", "partner").public_id
        db.session.commit()
    return number


def test_the_accountant_takes_out_exactly_what_the_filter_shows(desk: Desk) -> None:
    more(desk, "Boris", 50_000, 20_000)
    more(desk, "=Vera()", 50_000, 30_000)
    head, *rows = rows_of(desk, "amount_from=250&sort=amount&cols=partner.amount.state")
    assert head == ["Partner", "Amount", "State"]
    assert rows == [["'=Vera()", "300.00", "Requested"], ["Anna", "600.00", "Requested"]]


def test_a_view_of_payouts_is_kept(desk: Desk) -> None:
    said = {"list": "payouts", "query": "state=requested", "name": "To decide"}
    desk.client.post(desk.merchant.office("lists/views"), data=said)
    assert "To decide" in desk.get().text


def test_many_are_approved_and_who_cannot_be_is_named(desk: Desk) -> None:
    """Boris owes money since he asked: his alone waits, and the page says why."""
    boris = more(desk, "Boris", 50_000, 50_000)
    vera = more(desk, "Vera", 50_000, 30_000)
    with desk.app.app_context(), desk.merchant.scope():
        query = select(Payout.partner_id).where(Payout.public_id == boris)
        take_back(db.session.scalars(query).one(), 10_000)
        db.session.commit()
    answer = desk.post("bulk", scope="ticked", payout=[desk.number, boris, "po_nobodys"])
    page = desk.client.get(answer.location).text
    assert "Approved: 1 payout." in page
    assert "The partner owes money after a return" in page
    assert boris in page
    assert desk.state == "approved"
    answer = desk.post("bulk", scope="all", query="state=requested")
    page = desk.client.get(answer.location).text
    assert "Approved: 1 payout." in page
    assert ">Approved<" in desk.get(f"{vera}/").text
    assert desk.post("bulk", scope="ticked").status_code == 303
    assert "Choose a payout first." in desk.get().text


def test_only_the_money_desk_approves_many(desk: Desk) -> None:
    desk.sign_in("manager")
    assert desk.post("bulk", scope="all").status_code == 403
    assert desk.state == "requested"
    assert 'form="bulk"' not in desk.get().text


def test_the_list_shows_what_waits(desk: Desk) -> None:
    text = desk.get().text
    assert "Anna" in text
    assert "Waiting for a decision" in text
    assert "600.00" in text
    assert ACCOUNT not in text


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("?state=requested", True),
        ("?state=paid", False),
        ("?q=ann", True),
        ("?q=boris", False),
        ("?days=7", True),
        ("?sort=-amount", True),
        ("?sort=ended", True),
        ("?state=nonsense&sort=nonsense&cursor=nonsense", True),
    ],
)
def test_it_is_filtered_searched_and_sorted_by_its_address(
    desk: Desk, query: str, there: bool
) -> None:
    answer = desk.get(query)
    assert answer.status_code == 200
    assert (desk.number in answer.text) is there


def test_htmx_gets_the_table_alone(desk: Desk) -> None:
    headers = {"HX-Request": "true", "HX-Request-Type": "partial"}
    text = desk.client.get(desk.merchant.office("payouts/"), headers=headers).text
    assert "payouts-table" in text
    assert "<html" not in text


def test_the_card_shows_details_history_and_only_possible_acts(desk: Desk) -> None:
    text = desk.get(f"{desk.number}/").text
    assert ACCOUNT not in text
    assert "•••• 4312" in text
    assert ACCOUNT in desk.post(f"{desk.number}/open").text
    assert "Payment details shown unmasked" in desk.get(f"{desk.number}/").text
    assert "Asked for" in text
    assert "/approve" in text
    assert "/reject" in text
    assert '/pay"' not in text.replace("/payouts", "")
    desk.act("approve")
    text = desk.get(f"{desk.number}/").text.replace("/payouts", "")
    assert "/pay" in text
    assert "/approve" not in text
    assert "The accountant" in text


def test_approve_then_paid(desk: Desk) -> None:
    assert desk.act("approve") == 303
    assert desk.act("approve") == 409
    assert desk.act("pay") == 303
    assert (desk.state, desk.balance) == ("paid", PartnerBalance(available=40_000))


def test_what_was_paid_stays_in_the_history_of_all_and_of_one(desk: Desk) -> None:
    desk.act("approve")
    desk.act("pay")
    other = more(desk, "Boris", 50_000, 20_000)
    for query, shown in (("", {desk.number, other}), ("?state=paid", {desk.number})):
        text = desk.get(query).text
        assert {number for number in (desk.number, other) if number in text} == shown, query
    wallet = desk.client.get(desk.merchant.office(f"wallet/{desk.refcode}/")).text
    assert desk.number in wallet
    assert other not in wallet


def test_a_rejection_needs_a_reason(desk: Desk) -> None:
    assert desk.act("reject", reason=" ") == 422
    assert desk.state == "requested"
    assert desk.act("reject", reason="Ask again in December") == 303
    assert (desk.state, desk.balance) == ("rejected", PartnerBalance(available=100_000))
    assert "Ask again in December" in desk.get(f"{desk.number}/").text


def test_sending_unknown_failed(desk: Desk) -> None:
    for verb in ("approve", "send", "lose"):
        assert desk.act(verb) == 303
    assert "never sent again by itself" in desk.get(f"{desk.number}/").text
    assert desk.act("send") == 409
    assert desk.act("fail", reason="It came back") == 303
    assert desk.balance == PartnerBalance(available=100_000)


def test_debt_is_shown_and_stops_the_approval(desk: Desk) -> None:
    with desk.app.app_context():
        with desk.merchant.scope():
            take_back(desk.anna, 70_000)
        db.session.commit()
    assert "The partner owes" in desk.get(f"{desk.number}/").text
    assert desk.act("approve") == 409


def test_a_payment_is_recorded_with_the_amount_prefilled(desk: Desk) -> None:
    text = desk.get(f"new?partner={desk.refcode}").text
    assert 'value="400.00"' in text
    form = {"partner": desk.refcode, "method": "bank", "what": "paid"}
    assert desk.post("new", amount="500.00", **form).status_code == 303
    assert desk.balance == PartnerBalance(reserved=60_000, debt=10_000)


def test_a_request_can_be_made_on_a_partners_behalf_once(desk: Desk) -> None:
    form = {"partner": desk.refcode, "method": "bank", "what": "requested", "amount": "1.00"}
    assert desk.post("new", **form).status_code == 409
    desk.act("reject", reason="Other sum")
    assert desk.post("new", **form).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"partner": "nobody"},
        {"amount": "0"},
        {"amount": "x"},
        {"method": "pigeon"},
        {"what": "gift"},
    ],
)
def test_what_cannot_be_recorded_comes_back(desk: Desk, change: dict[str, str]) -> None:
    form = {"partner": desk.refcode, "method": "bank", "what": "paid", "amount": "1.00"}
    answer = desk.post("new", **form | change)
    assert answer.status_code == 422
    assert desk.balance.available == 40_000


@pytest.mark.parametrize(
    ("role", "reads", "pays"),
    [
        ("owner", 200, 303),
        ("accountant", 200, 303),
        ("manager", 200, 403),
        ("support", 200, 403),
        ("developer", 403, 403),
    ],
)
def test_only_the_money_desk_decides(desk: Desk, role: str, reads: int, pays: int) -> None:
    desk.sign_in(role)
    card = desk.get(f"{desk.number}/")
    assert card.status_code == reads
    assert ACCOUNT not in card.text
    opened = desk.post(f"{desk.number}/open")
    assert opened.status_code == (200 if pays == 303 else 403)
    assert (ACCOUNT in opened.text) is (pays == 303)
    assert desk.act("approve") == pays


def test_another_shops_desk_finds_nothing(desk: Desk, world: World) -> None:  # noqa: F811
    sign_in(desk.client, world.kniga.staff["owner"])
    assert desk.client.get(world.kniga.office(f"payouts/{desk.number}/")).status_code == 404
    assert desk.client.post(world.kniga.office(f"payouts/{desk.number}/approve")).status_code == 404
    assert desk.client.post(world.kniga.office(f"payouts/{desk.number}/open")).status_code == 404
    assert desk.number not in desk.client.get(world.kniga.office("payouts/")).text
    assert desk.act("approve") == 404


def test_methods_are_the_merchants_own(desk: Desk) -> None:
    desk.sign_in("owner")
    assert desk.post("methods/", name="Card", hint="Sixteen digits", kind="card").status_code == 303
    assert "Sixteen digits" in desk.get("methods/").text
    with desk.app.app_context(), desk.merchant.scope():
        number = db.session.scalars(
            select(PayoutMethod.id).where(PayoutMethod.code == "card")
        ).one()
    assert desk.post(f"methods/{number}", name="Plastic", hint="", kind="card").status_code == 303
    assert "Plastic" in desk.get("methods/").text
    assert desk.post(f"methods/{number}/retire").status_code == 303
    assert "Plastic" not in desk.get("methods/").text
    assert desk.post(f"methods/{number}/restore").status_code == 303
    assert desk.post("methods/", name=" ").status_code == 422
    assert desk.post("methods/999999", name="x", kind="other").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["%00/", "?q=%00", "?q=%25_", "?days=-1", "new?partner=%00", "methods/9999999999999999999"],
)
def test_odd_addresses_do_no_harm(desk: Desk, path: str) -> None:
    assert desk.get(path).status_code in {200, 400, 404, 405}


def test_a_sixth_method_is_a_conflict(desk: Desk) -> None:
    desk.sign_in("owner")
    for name in ("Card", "Wallet", "Phone", "Cash"):
        assert desk.post("methods/", name=name, kind="other").status_code == 303
    assert desk.post("methods/", name="Pigeon", kind="other").status_code == 409
    assert desk.post("methods/99999999999999999999/retire").status_code == 404


def test_a_payout_above_the_limit_is_approved_by_two(desk: Desk) -> None:
    with desk.app.app_context():
        with desk.merchant.scope():
            change_plan(Plan(), Pays.AVAILABLE, weekend={6, 7}, second_above=50_000)
        db.session.commit()
    page = desk.get(f"{desk.number}/").text
    assert "Two people must approve" in page
    assert "500.00" in page
    answer = desk.post(f"{desk.number}/approve")
    assert "Another person must approve it now" in desk.client.get(answer.location).text
    page = desk.get(f"{desk.number}/").text
    assert "A second person must approve" in page
    assert "Approved by the first of two people" in page
    assert f"{desk.number}/approve" not in page
    assert desk.act("approve") == 403
    assert desk.state == "requested"
    desk.sign_in("owner")
    assert desk.act("approve") == 303
    assert desk.state == "approved"


def test_what_is_on_its_way_is_counted_apart_from_what_is_to_be_paid(desk: Desk) -> None:
    desk.act("approve")
    assert _tiles(desk)["Approved, to be paid"] == ("600.00", "?state=approved")
    desk.act("send")
    tiles = _tiles(desk)
    assert tiles["Approved, to be paid"] == ("0.00", "?state=approved")
    assert tiles["On their way"] == ("600.00", "?state=sending")


def _tiles(desk: Desk) -> dict[str, tuple[str, str]]:
    """The counters above the list: {words: (sum, which payouts they lead to)}."""
    page = lxml.html.document_fromstring(desk.get().text)
    (row,) = page.find_class("stats")
    return {
        link.text_content().strip(): (
            tile.find_class("stat-value")[0].text_content().strip().lstrip("\u20bd"),
            link.get("href").partition("/payouts/")[2],
        )
        for tile in row
        for link in tile.iter("a")
    }
