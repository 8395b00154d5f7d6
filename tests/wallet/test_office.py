"""The list of what is owed to whom, and the wallet from which a partner is paid."""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app import clock
from app.events.models import Event
from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.papers import service as papers
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.requisites.rules import Card, Details, Kind, Payee
from app.wallet import queries
from tests.harness.qr import read_svg
from tests.payouts.setting import ACCOUNT, by_bank, earn, known_partner, take_back
from tests.world import PASSWORD, Merchant, World, kniga, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App


class Desk:
    """Lampa's accountant; Anna has 1000.00 and details, Boris 500.00 and none, Vera nothing."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        self.ids: dict[str, int] = {}
        self.codes: dict[str, str] = {}

        def begin() -> None:
            for name, sum_ in (("Anna", 100_000), ("Boris", 50_000), ("Vera", 0)):
                self.ids[name], self.codes[name] = known_partner(name)
                if sum_:
                    earn(self.ids[name], sum_)
            payouts.set_details(self.partner("Anna"), "bank", by_bank("Anna Petrova"))

        self.do(begin)
        sign_in(client, merchant.staff["accountant"])

    def do(self, act: Callable[[], object]) -> None:
        with self.app.app_context():
            with self.merchant.scope():
                act()
            db.session.commit()

    def partner(self, name: str) -> Partner:
        return db.session.scalars(select(Partner).where(Partner.id == self.ids[name])).one()

    def get(self, path: str = "") -> str:
        answer = self.client.get(self.merchant.office(f"wallet/{path}"))
        assert answer.status_code == 200, answer.text
        return answer.text

    def rows(self, query: str = "") -> list[str]:
        """Return the names that the list shows, in its order."""
        found = re.findall(r'rowheader"[^>]*>.*?</th>', self.get(query), re.DOTALL)
        return [re.sub(r"<[^>]+>", "", each.partition(">")[2]).strip() for each in found]

    def post(self, name: str, act: str = "", **said: object) -> TestResponse:
        path = f"wallet/{self.codes[name]}/{act}"
        form = {"method": "bank", "seen": self.seen(name), **said}
        return self.client.post(self.merchant.office(path), data=form)

    def seen(self, name: str) -> str:
        found = re.search(r'name="seen" value="(\d+)"', self.get(f"{self.codes[name]}/"))
        assert found is not None
        return found[1]

    def money(self, name: str) -> PartnerBalance:
        with self.app.app_context(), self.merchant.scope():
            return partner_balances([self.ids[name]])[self.ids[name]]

    def paid(self) -> list[tuple[int, str, str | None]]:
        with self.app.app_context(), self.merchant.scope():
            found = db.session.scalars(select(Payout).order_by(Payout.id))
            return [(p.amount, p.state, p.reason) for p in found]


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def test_the_list_says_what_each_earned_was_paid_and_is_owed(desk: Desk) -> None:
    desk.post("Anna", amount="400.00")
    text = desk.get()
    line = next(r for r in re.findall(r"<tr role.*?</tr>", text, re.DOTALL) if "Anna" in r)
    sums = [
        re.sub(r"<[^>]+>|\s", "", each).replace("\u00a0", "")
        for each in re.findall(
            r'data-label="(?:Accrued|Paid out|Owed now|On hold)">(.*?)</td>', line
        )
    ]
    assert [re.sub(r"[^\d.]", "", each) for each in sums] == ["1000.00", "400.00", "600.00", "0.00"]
    assert "•••• 4312" in line
    assert ACCOUNT not in text
    assert desk.rows() == ["Anna", "Boris", "Vera"]
    assert desk.rows("?sort=owed") == ["Vera", "Boris", "Anna"]


def test_it_is_narrowed_by_money_details_and_method(desk: Desk) -> None:
    desk.do(lambda: take_back(desk.ids["Boris"], 60_000))
    assert desk.rows("?owed=free") == ["Anna"]
    assert desk.rows("?owed=debt") == ["Boris"]
    assert desk.rows("?owed=ready") == ["Anna"]
    assert sorted(desk.rows("?details=details_none")) == ["Boris", "Vera"]
    assert desk.rows("?method=bank") == ["Anna"]
    assert desk.rows("?tax=person") == ["Anna"]
    assert desk.rows("?tax=company") == []
    assert desk.rows("?q=bor") == ["Boris"]
    desk.do(
        lambda: payouts.set_details(
            desk.partner("Anna"), "bank", by_bank("Eve", "40817810800000009999")
        )
    )
    assert desk.rows("?owed=ready") == []
    assert desk.rows("?details=details_cooling") == ["Anna"]
    desk.do(lambda: payouts.disown_change(desk.ids["Anna"], None))
    assert desk.rows("?details=details_frozen") == ["Anna"]


def test_what_the_filter_shows_is_exported_masked(desk: Desk) -> None:
    said = {"list": "wallet", "query": "owed=free", "format": "xlsx"}
    answer = desk.client.post(desk.merchant.office("lists/export"), data=said)
    assert answer.status_code == 200
    sheet = load_workbook(BytesIO(answer.data)).active
    lines = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [line[0] for line in lines] == ["Anna", "Boris"]
    assert 1000 in lines[0]
    assert ACCOUNT not in str(lines)
    said["list"] = "partners"
    assert desk.client.post(desk.merchant.office("lists/export"), data=said).status_code == 403


def test_the_amount_is_prefilled_with_what_is_owed(desk: Desk) -> None:
    text = desk.get(f"{desk.codes['Anna']}/")
    assert re.search(r'name="amount"[^>]*value="1,?000.00"', text)
    fragment = desk.client.get(
        desk.merchant.office(f"wallet/{desk.codes['Anna']}/"),
        headers={"HX-Request": "true", "HX-Request-Type": "partial"},
    ).text
    assert "<html" not in fragment
    assert 'id="wallet-pay"' in fragment


def test_less_all_or_more_can_be_paid_and_more_is_said_to_be_an_advance(desk: Desk) -> None:
    assert desk.post("Anna", amount="400.00", reason="September").status_code == 303
    assert desk.money("Anna") == PartnerBalance(available=60_000)
    asked = desk.post("Anna", amount="700.00")
    assert asked.status_code == 422
    assert "100.00 of this is an advance" in html.unescape(asked.text).replace("RUB\u00a0", "")
    assert desk.money("Anna") == PartnerBalance(available=60_000)
    assert desk.post("Anna", amount="700.00", advance="y").status_code == 303
    assert desk.money("Anna") == PartnerBalance(debt=10_000)
    assert desk.paid() == [(40_000, "paid", "September"), (70_000, "paid", None)]


def test_the_same_form_sent_twice_pays_once(desk: Desk) -> None:
    seen = desk.seen("Anna")
    assert desk.post("Anna", amount="100.00", seen=seen).status_code == 303
    again = desk.post("Anna", amount="100.00", seen=seen)
    assert again.status_code == 409
    assert "A payout was made since" in again.text
    assert len(desk.paid()) == 1


@pytest.mark.parametrize("amount", ["", "0", "-5", "1e9", "x", "\x00", "99999999999999999999"])
def test_a_sum_that_is_none_pays_nothing(desk: Desk, amount: str) -> None:
    assert desk.post("Anna", amount=amount, advance="y").status_code == 422
    assert desk.post("Anna", amount="1.00", method="pigeon").status_code == 422
    assert desk.post("Anna", amount="1.00", seen="x").status_code == 409
    assert desk.paid() == []


def test_opening_the_details_shows_the_qr_and_is_recorded(desk: Desk) -> None:
    answer = desk.post("Anna", "open", amount="600.50")
    assert answer.status_code == 200
    assert ACCOUNT in answer.text
    svg = re.search(
        r"<svg xmlns.*?</svg>", answer.text[answer.text.index("transfer-qr") :], re.DOTALL
    )
    assert svg is not None
    said = dict(f.split("=", 1) for f in read_svg(svg[0]).split("|")[1:])
    assert said["Name"] == "Anna Petrova"
    assert (said["PersonalAcc"], said["Sum"]) == (ACCOUNT, "60050")
    assert desk.codes["Anna"] in said["Purpose"]
    with desk.app.app_context(), desk.merchant.scope():
        event = db.session.scalars(select(Event).where(Event.type == "partner.details_shown")).one()
        assert event.facts["partner_id"] == desk.ids["Anna"]
        assert event.actor == f"person:{desk.merchant.staff['accountant'].id}"
    assert desk.paid() == []
    assert desk.post("Boris", "open", amount="1.00").status_code == 422


def test_the_details_are_opened_only_with_the_password_given_lately(desk: Desk) -> None:
    made: list[str] = []
    desk.do(lambda: made.append(payouts.request_for(desk.ids["Anna"], 100, "bank", "x").public_id))

    def an_hour_passes() -> None:
        db.session.execute(
            db.text("UPDATE session SET authenticated_at = authenticated_at - interval '1 hour'")
        )

    desk.do(an_hour_passes)
    asked = desk.post("Anna", "open", amount="600.00")
    other = desk.client.post(desk.merchant.office(f"payouts/{made[0]}/open"))
    for answer in (asked, other):
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/confirm?next=")
        assert ACCOUNT not in answer.text
    desk.do(nobody_looked)
    desk.client.post("/confirm", data={"password": PASSWORD, "next": "/"})
    assert ACCOUNT in desk.post("Anna", "open", amount="600.00").text
    assert ACCOUNT in desk.client.post(desk.merchant.office(f"payouts/{made[0]}/open")).text


def nobody_looked() -> None:
    assert not db.session.scalars(select(Event).where(Event.type == "partner.details_shown")).all()


def test_the_qr_asks_for_what_is_left_after_the_tax(desk: Desk) -> None:
    desk.do(lambda: papers.set_rate("person", "13"))
    answer = desk.post("Anna", "open", amount="600.00")
    found = re.search(
        r"<svg xmlns.*?</svg>", answer.text[answer.text.index("transfer-qr") :], re.DOTALL
    )
    assert found is not None
    said = dict(f.split("=", 1) for f in read_svg(found[0]).split("|")[1:])
    assert said["Sum"] == "52200"
    assert "Tax withheld" in answer.text
    assert desk.post("Anna", amount="600.00").status_code == 303

    def left() -> None:
        assert db.session.scalars(select(Payout)).one().net == 52_200

    desk.do(left)


def test_a_card_has_buttons_to_copy_and_no_qr(desk: Desk) -> None:
    def by_card() -> None:
        payouts.create_method("Card", kind=Kind.CARD)
        payouts.set_details(
            desk.partner("Boris"), "card", Details(Payee("Boris"), Card("4111111111111111"))
        )

    desk.do(by_card)
    text = desk.post("Boris", "open", amount="5.00", method="card").text
    assert 'data-copy="4111111111111111"' in text
    assert "transfer-qr" not in text


@pytest.mark.parametrize(
    ("role", "reads", "pays"),
    [("owner", 200, 303), ("manager", 200, 403), ("support", 200, 403), ("developer", 403, 403)],
)
def test_who_reads_and_who_pays(desk: Desk, role: str, reads: int, pays: int) -> None:
    seen = desk.seen("Anna")
    sign_in(desk.client, desk.merchant.staff[role])
    for path in ("", f"{desk.codes['Anna']}/"):
        answer = desk.client.get(desk.merchant.office(f"wallet/{path}"))
        assert answer.status_code == reads
        assert ACCOUNT not in answer.text
    for act in ("", "open", "allow"):
        path = desk.merchant.office(f"wallet/{desk.codes['Anna']}/{act}")
        said = {"amount": "1.00", "method": "bank", "seen": seen}
        wanted = pays if act != "open" or pays == 403 else 200
        if not (act == "open" and pays == 303):
            assert desk.client.post(path, data=said).status_code == wanted


def test_another_shops_partner_is_not_there(desk: Desk, world: World) -> None:  # noqa: F811
    sign_in(desk.client, world.kniga.staff["owner"])
    for act in ("", "open", "allow"):
        path = world.kniga.office(f"wallet/{desk.codes['Anna']}/{act}")
        assert desk.client.post(path, data={"amount": "1"}).status_code == 404
    assert "Anna" not in desk.client.get(world.kniga.office("wallet/")).text


def test_the_freeze_is_lifted_at_the_desk(desk: Desk) -> None:
    desk.do(lambda: payouts.disown_change(desk.ids["Anna"], None))
    assert "Allow changes again" in desk.get(f"{desk.codes['Anna']}/")
    assert desk.post("Anna", "allow").status_code == 303
    assert "Allow changes again" not in desk.get(f"{desk.codes['Anna']}/")


def test_statistics_tell_months_methods_and_how_long_it_took(desk: Desk) -> None:
    def history() -> None:
        now = clock.now()
        for days, amount in ((1, 10_000), (3, 20_000), (8, 30_000)):
            with clock.moved_to(now - timedelta(days=days)):
                asked = payouts.request(desk.ids["Anna"], amount, "bank", "partner:1")
            payouts.approve(asked.id, "person:1")
            payouts.pay(asked.id, "person:1")
        payouts.record_paid(desk.ids["Boris"], 5_000, "bank", "person:1")

    with desk.app.app_context():
        with desk.merchant.scope():
            desk.partner("Anna").details_usable_at = clock.now() - timedelta(days=30)
        db.session.commit()
    desk.do(history)
    page = desk.client.get(desk.merchant.office("statistics/payouts/"))
    assert page.status_code == 200
    assert "650.00" in page.text
    file = desk.client.get(desk.merchant.office("statistics/payouts/file?format=xlsx&what=methods"))
    sheet = load_workbook(BytesIO(file.data)).active
    (line,) = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [float(x) for x in line[1:]] == [4, 650, 162.5, 3]
    assert (
        len(desk.client.get(desk.merchant.office("statistics/payouts/file")).text.split("\n")) >= 13
    )
    for odd in ("?months=x", "?months=60", "?months=999999999999"):
        assert desk.client.get(desk.merchant.office(f"statistics/payouts/{odd}")).status_code == 200
    assert (
        desk.client.get(desk.merchant.office("statistics/payouts/file?what=x")).status_code == 404
    )


def test_a_month_of_the_statistics_begins_on_the_merchants_clock(desk: Desk) -> None:
    def pay() -> None:
        with clock.moved_to(datetime(2026, 10, 31, 21, 30, tzinfo=UTC)):  # past midnight in Moscow
            payouts.record_paid(desk.ids["Boris"], 5_000, "bank", "person:1")
        found = queries.paid_since(datetime(2026, 9, 1, tzinfo=UTC), "Europe/Moscow")
        assert [each.month for each in found if each.month] == [date(2026, 11, 1)]

    desk.do(pay)


def test_statistics_of_nothing_say_so(desk: Desk) -> None:
    page = desk.client.get(desk.merchant.office("statistics/payouts/"))
    assert "Nothing was paid in this time" in page.text
