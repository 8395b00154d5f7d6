"""The money desk's pages of pay runs: who may what, what is shown, and files that an independent reader opens."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import lxml.html
import openpyxl
import pytest
from sqlalchemy import select

from app import jobs
from app.events.models import Event
from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payruns import queries, service
from app.payruns.models import PayDay, PayPlan, PayRun
from tests.payouts.setting import by_bank, earn, known_partner
from tests.world import Merchant, lampa, sign_in, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App

FORMULA = "=HYPERLINK(1)"


class Desk:
    """Lampa's money desk: the accountant, signed in; Anna and Boris have earned, Boris without details."""

    def __init__(self, app: App, client: FlaskClient, merchant: Merchant) -> None:
        self.app, self.client, self.merchant = app, client, merchant
        with app.app_context():
            with merchant.scope():
                self.anna = self._partner("Anna", details=True)
                self.boris = self._partner(FORMULA, details=False)
            db.session.commit()
        sign_in(client, merchant.staff["accountant"])

    def _partner(self, name: str, *, details: bool) -> int:
        made, _refcode = known_partner(name if name.isalpha() else "Boris")
        row = db.session.scalars(select(Partner).where(Partner.id == made)).one()
        row.name = name
        if details:
            payouts.set_details(row, "bank", by_bank("Anna Petrova"))
        earn(made, 100_000)
        return made

    def get(self, path: str = "") -> TestResponse:
        """Open a page below pay runs."""
        return self.client.get(self.merchant.office(f"pay-runs/{path}"))

    def post(self, path: str, **data: str) -> TestResponse:
        """Send a form below pay runs; what follows from it is done."""
        answer = self.client.post(self.merchant.office(f"pay-runs/{path}"), data=data)
        with self.app.app_context():
            jobs.sweep_runs()
        return answer

    def make(self) -> str:
        """Begin a run of what is available; return its id."""
        answer = self.post("new", pays="available", on_day=self.today, method="")
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"].rstrip("/").rpartition("/")[2]

    @property
    def today(self) -> str:
        """Today at the merchant's."""
        page = self.get("new").text
        return page.partition('name="on_day"')[2].partition('value="')[2].partition('"')[0]

    def row(self) -> PayRun:
        """The newest run as it stands."""
        with self.app.app_context(), self.merchant.scope():
            return db.session.scalars(select(PayRun).order_by(PayRun.id.desc()).limit(1)).one()

    def balance(self, partner_id: int) -> PartnerBalance:
        """How a partner stands."""
        with self.app.app_context(), self.merchant.scope():
            return partner_balances([partner_id])[partner_id]


@pytest.fixture
def desk(app: App, client: FlaskClient, lampa: Merchant) -> Desk:  # noqa: F811
    return Desk(app, client, lampa)


def test_from_the_look_to_the_last_payment(desk: Desk) -> None:
    number = desk.make()
    page = desk.get(f"{number}/").text
    assert "Reserve the money" in page
    assert "No payment details" in page
    assert desk.balance(desk.anna) == PartnerBalance(available=100_000)
    for act, state, word in (
        ("prepare", "prepared", "To be approved"),
        ("approve", "approved", "Mark all as paid"),
        ("pay", "done", "Paid out"),
    ):
        assert desk.post(f"{number}/{act}").status_code == 303
        assert desk.row().state == state
        assert word in desk.get(f"{number}/").text
    assert desk.balance(desk.anna) == PartnerBalance()
    assert desk.balance(desk.boris) == PartnerBalance(available=100_000)
    assert desk.post(f"{number}/pay").status_code == 409


def test_the_bar_of_steps_says_what_is_to_be_done_next(desk: Desk) -> None:
    number, seen = desk.make(), []
    for act in ("prepare", "approve", "pay", None):
        (step,) = _page(desk, number).xpath("//ol[contains(@class,'run-steps')]/li[@aria-current]")
        seen.append((step.text_content().strip(), step.get("class")))
        if act:
            desk.post(f"{number}/{act}")
    assert seen == [(w, "is-now") for w in ("Look", "Approve", "Pay", "Done")]


def _page(desk: Desk, number: str) -> lxml.html.HtmlElement:
    return lxml.html.document_fromstring(desk.get(f"{number}/").text)


def test_those_without_details_are_reminded_with_one_press(desk: Desk) -> None:
    number = desk.make()
    assert "Remind 1" in desk.get(f"{number}/").text
    assert desk.post(f"{number}/remind").status_code == 303
    page = desk.get(f"{number}/").text
    assert "Remind 1" not in page
    assert "Reminded" in page
    with desk.app.app_context(), desk.merchant.scope():
        query = select(Event).where(Event.type == "pay_run.details_missing")
        assert db.session.scalars(query).one().facts["partner_id"] == desk.boris


def test_the_lines_are_filtered_and_exported_as_shown(desk: Desk) -> None:
    number = desk.make()
    shown = desk.get(f"{number}/lines/?who=out").text
    assert "No payment details" in shown
    assert "Anna" not in shown
    rows = list(csv.reader(io.StringIO(desk.get(f"{number}/lines.csv").data.decode("utf-8-sig"))))
    assert [row[0] for row in rows] == ["Partner", "Anna", f"'{FORMULA}"]
    book = openpyxl.load_workbook(io.BytesIO(desk.get(f"{number}/lines.xlsx?who=out").data))
    sheet = book.worksheets[0]
    assert sheet["A2"].value == FORMULA
    assert sheet["A2"].data_type == "s"
    assert sheet.max_row == 2
    assert desk.get(f"{number}/lines.exe").status_code == 404


def test_above_the_limit_the_same_person_finds_no_button_and_is_refused(desk: Desk) -> None:
    saved = desk.post(
        "plan", every="never", day="1", weekday="1", shift="before", pays="available",
        weekend="7", second_above="999.99",
    )  # fmt: skip
    assert saved.status_code == 303
    number = desk.make()
    desk.post(f"{number}/prepare")
    page = desk.get(f"{number}/").text
    assert "A second person must approve" in page
    assert f"{number}/approve" not in page
    assert desk.post(f"{number}/approve").status_code == 403
    sign_in(desk.client, desk.merchant.staff["owner"])
    assert f"{number}/approve" in desk.get(f"{number}/").text
    assert desk.post(f"{number}/approve").status_code == 303
    assert desk.row().state == "approved"


def test_what_the_schedule_prepared_is_approved_by_two_one_after_the_other(desk: Desk) -> None:
    saved = desk.post(
        "plan", every="never", day="1", weekday="1", shift="before", pays="available",
        weekend="7", second_above="999.99",
    )  # fmt: skip
    assert saved.status_code == 303
    number = desk.make()
    with desk.app.app_context():
        with desk.merchant.scope("system"):
            run = queries.find(number)
            assert run is not None
            service.prepare(run)
        db.session.commit()
        jobs.sweep_runs()
    assert "Two people must approve" in desk.get(f"{number}/").text
    assert desk.post(f"{number}/approve").status_code == 303
    page = desk.get(f"{number}/").text
    assert "Another person must approve it now." in page
    assert "you approved it first" in page
    assert "First approval" in page
    assert f"{number}/approve" not in page
    assert desk.post(f"{number}/approve").status_code == 403
    sign_in(desk.client, desk.merchant.staff["owner"])
    assert f"{number}/approve" in desk.get(f"{number}/").text
    assert desk.post(f"{number}/approve").status_code == 303
    assert desk.row().state == "approved"


def test_who_is_bound_by_the_limit_does_not_take_it_away(desk: Desk) -> None:
    plan = {"every": "never", "day": "1", "weekday": "1", "shift": "before", "pays": "available"}
    plan["weekend"] = "7"
    assert desk.post("plan", **plan, second_above="999.99").status_code == 303
    number = desk.make()
    desk.post(f"{number}/prepare")
    for above in ("", "1000000.00"):
        answer = desk.post("plan", **plan, second_above=above)
        assert (answer.status_code, "Only the owner" in answer.text) == (422, True)
    assert desk.post(f"{number}/approve").status_code == 403
    assert desk.post("plan", **plan, second_above="500.00").status_code == 303
    sign_in(desk.client, desk.merchant.staff["owner"])
    assert desk.post("plan", **plan, second_above="").status_code == 303


def test_a_second_run_waits_for_the_first_and_cancelling_lets_it_through(desk: Desk) -> None:
    number = desk.make()
    again = desk.post("new", pays="available", on_day=desk.today, method="")
    assert again.status_code == 409
    assert "being made" in again.text
    assert desk.post(f"{number}/cancel").status_code == 303
    assert desk.row().state == "cancelled"
    desk.make()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("on_day", "2999-01-01"),
        ("on_day", "yesterday"),
        ("pays", "everything"),
        ("method", "12"),
        ("method", "\x00"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(desk: Desk, field: str, value: str) -> None:
    data = {"pays": "available", "on_day": desk.today, "method": "", field: value}
    assert desk.post("new", **data).status_code == 422


def test_who_may_look_and_who_may_not(desk: Desk) -> None:
    number = desk.make()
    expected = {"owner": 200, "manager": 200, "accountant": 200, "developer": 403, "support": 200}
    for role, status in expected.items():
        sign_in(desk.client, desk.merchant.staff[role])
        assert desk.get(f"{number}/").status_code == status, role


def test_a_year_of_days_and_each_can_be_turned_over(desk: Desk) -> None:
    assert "January 2027" in desk.get("plan?year=2027").text
    assert desk.post("day", day="2027-01-04").status_code == 303
    said = desk.post("days", first="2027-01-05", last="2027-01-08", works="no", name="New Year")
    assert said.status_code == 303
    with desk.app.app_context(), desk.merchant.scope():
        days = db.session.scalars(select(PayDay).order_by(PayDay.day)).all()
        assert [(d.day.day, d.works, d.name) for d in days] == [
            (4, False, ""),
            *((n, False, "New Year") for n in range(5, 9)),
        ]
    desk.post("day", day="2027-01-04")
    with desk.app.app_context(), desk.merchant.scope():
        assert len(db.session.scalars(select(PayDay)).all()) == 4
    assert "New Year" in desk.get("plan?year=2027").text
    for day in ("nonsense", "0001-01-01", ""):
        assert desk.post("day", day=day).status_code == 303
    assert desk.post("days", first="2027-01-05", last="2027-01-04", works="no").status_code == 422
    assert desk.post("days", first="2027-01-05", last="2028-01-04", works="no").status_code == 422
    for year in ("9999", "-1", "\u0661\u0661\u0661\u0661", "x"):
        assert desk.get(f"plan?year={year}").status_code == 200


def test_a_schedule_is_kept_and_tells_its_next_days(desk: Desk) -> None:
    said = {"weekday": "5", "shift": "after", "pays": "both", "weekend": "7", "second_above": ""}
    assert desk.post("plan", every="week", day="10", **said).status_code == 303
    with desk.app.app_context(), desk.merchant.scope():
        plan = db.session.scalars(select(PayPlan)).one()
        assert (plan.every, plan.day, plan.weekend, plan.second_above) == ("week", 5, "7", None)
    assert "The next run prepares itself on" in desk.get().text
    assert desk.post("plan", every="month", day="32", **said).status_code == 422
    assert desk.post("plan", every="month", day="31", **said).status_code == 303
