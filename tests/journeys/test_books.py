"""The books in a real browser: a month is closed, acts go out, a receipt frees a payout that was kept back.

A web server and a worker run in their own processes; files are opened by an independent reader.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect
from sqlalchemy import select

from app import clock
from app.extensions import db
from app.identity import service as identity
from app.papers import service as papers
from app.papers.queries import last_month
from app.papers.rules import Kind, Need
from app.partners.models import Partner
from app.payouts import service as payouts
from app.tenants.models import Tenant
from app.web.filters import month_text
from tests.harness.browser import Console, violations
from tests.payouts.setting import earn, known_partner
from tests.world import PASSWORD, make_merchant

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App
    from app.statements.rules import Span
    from tests.world import Merchant

PATIENCE = 180_000
WIDTHS = (1280, 375)


class Books:
    """Lampa in its second year: Anna, self-employed, and Boris earned in the last month."""

    def __init__(self, app: App, address: str, browser: Browser) -> None:
        self.app, self.address, self.browser = app, address, browser
        self.consoles: list[Console] = []
        with app.app_context():
            self.merchant: Merchant = make_merchant("Lampa")
            found = db.session.scalars(select(Tenant).where(Tenant.id == self.merchant.id)).one()
            with self.merchant.scope():
                # A month may be closed when it is over for a day.
                with clock.moved_to(clock.wall() - timedelta(days=2)):
                    self.month: Span = last_month()
                found.created_at = datetime(self.month.first.year - 1, 1, 1, tzinfo=UTC)
                self.email = f"anna@{self.merchant.slug}.example"
                papers.set_needs(
                    "self_employed", {**dict.fromkeys(Kind, Need.OFF), Kind.RECEIPT: Need.BLOCK}
                )
                papers.set_rate("self_employed", "6")
                for name, sum_ in (("Anna", 90_000), ("Boris", 10_000)):
                    who, _code = known_partner(name)
                    with clock.moved_to(self.month.starts):
                        earn(who, sum_)
                    if name == "Anna":
                        self._let_in(who)
            db.session.commit()

    def _let_in(self, who: int) -> None:
        card = db.session.scalars(select(Partner).where(Partner.id == who)).one()
        person = identity.ensure_person(self.email, "Anna")
        identity.join(person, self.merchant.id, "partner", who)
        identity.change_password(person, PASSWORD)
        card.person_id, card.email, card.tax_status = person.id, self.email, "self_employed"
        made = payouts.request_for(who, 50_000, "bank", "person:1")
        payouts.approve(made.id, "person:1")
        self.payout = made.public_id

    def sit_down(self, email: str) -> Page:
        page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE)
        self.consoles.append(Console(page))
        page.goto(f"{self.address}/login")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        return page

    def office(self, path: str) -> str:
        return f"{self.address}{self.merchant.office(path)}"


@pytest.fixture
def books(app: App, live_server: str, live_worker: None, browser: Browser) -> Books:
    return Books(app, live_server, browser)


def sound(page: Page, name: str) -> None:
    """Fits its screen at both widths, and axe has nothing to say."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], f"{name} at {width}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_month_is_closed_acts_go_out_and_a_receipt_frees_the_payout(books: Books) -> None:
    desk = books.sit_down(books.merchant.staff["accountant"].email)
    with books.app.app_context():
        month = month_text(books.month.first)
    close_the_month(books, desk, month)
    whole = issue_to_all(books, desk)
    names = sorted(whole.namelist())
    assert [name.rpartition(".")[2] for name in names] == ["html", "xlsx"] * 4
    act = next(name for name in names if name.startswith("act-") and name.endswith(".xlsx"))
    sheet = load_workbook(io.BytesIO(whole.read(act))).active
    figures = [
        c.value for row in sheet.iter_rows() for c in row if isinstance(c.value, int | float)
    ]
    assert figures.count(900) >= 2  # the line, and the sum of the act
    kept_back(books, desk)
    anna_adds_the_receipt(books)
    desk.goto(books.office(f"payouts/{books.payout}/"))
    desk.get_by_role("button", name="Mark as paid").first.click()
    desk.get_by_role("dialog").get_by_role("button", name="Mark as paid").click()
    expect(desk.get_by_text("Marked as paid.")).to_be_visible()
    desk.goto(books.office("papers/withheld"))
    expect(desk.get_by_text("30.00").first).to_be_visible()
    sound(desk, "withheld")
    assert [error for console in books.consoles for error in console.errors] == []


def close_the_month(books: Books, desk: Page, month: str) -> None:
    desk.goto(books.office("months/"))
    sound(desk, "months")
    desk.get_by_role("link", name=month).click()
    expect(desk.get_by_text("Partners with earnings and without an act")).to_be_visible()
    sound(desk, "month")
    desk.get_by_role("button", name="Close the month").first.click()
    desk.get_by_role("dialog").get_by_role("button", name="Close the month").click()
    expect(desk.get_by_text("Closed").first).to_be_visible()


def issue_to_all(books: Books, desk: Page) -> zipfile.ZipFile:
    desk.goto(books.office("documents/new"))
    sound(desk, "documents-new")
    desk.get_by_label("Statement").check()
    desk.get_by_label("From the day").fill(books.month.first.isoformat())
    desk.get_by_label("To the day").fill(books.month.last.isoformat())
    desk.get_by_role("button", name="Issue").click()
    expect(desk.get_by_text("4 documents are issued.")).to_be_visible()
    desk.get_by_role("link", name="Show the documents").click()
    sound(desk, "documents")
    desk.get_by_role("button", name="Download all as a zip").click()
    ready = desk.get_by_role("link", name="Download (ZIP)")
    expect(ready).to_be_visible()
    with desk.expect_download() as coming:
        ready.click()
    return zipfile.ZipFile(io.BytesIO(Path(coming.value.path()).read_bytes()))


def kept_back(books: Books, desk: Page) -> None:
    desk.goto(books.office(f"payouts/{books.payout}/"))
    expect(desk.get_by_text("It cannot be paid yet")).to_be_visible()
    sound(desk, "payout-kept-back")
    desk.get_by_role("button", name="Mark as paid").first.click()
    # The browser tells of every answer that is not 200, a moment later.
    with (
        desk.expect_console_message(lambda told: "409" in told.text),
        desk.expect_response(lambda r: r.request.method == "POST") as answer,
    ):
        desk.get_by_role("dialog").get_by_role("button", name="Mark as paid").click()
    assert answer.value.status == 409
    (told,) = books.consoles[0].errors
    assert "409" in told
    books.consoles[0].errors.clear()


def anna_adds_the_receipt(books: Books) -> None:
    anna = books.sit_down(books.email)
    anna.goto(f"{books.address}{books.merchant.cabinet('documents/')}")
    expect(anna.get_by_role("heading", name="A receipt is wanted from you")).to_be_visible()
    sound(anna, "cabinet-documents")
    anna.get_by_role("link", name="Add the receipt").click()
    sound(anna, "cabinet-receipt")
    anna.get_by_label("Link").fill("https://lknpd.nalog.ru/api/v1/receipt/1/20abc/print")
    anna.get_by_role("button", name="Add").click()
    expect(anna.get_by_text("Thank you: the receipt is there")).to_be_visible()
    anna.get_by_role("link", name="Act A-").click()
    sound(anna, "cabinet-act")
    anna.goto(f"{books.address}{books.merchant.cabinet('payouts/')}{books.payout}/")
    expect(anna.get_by_text("Tax withheld")).to_be_visible()
    anna.goto(f"{books.address}{books.merchant.cabinet('account/statement/')}")
    sound(anna, "cabinet-statement")
