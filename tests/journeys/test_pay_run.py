"""An accountant's month in a real browser: from the look at everybody to paid by the bank's statement.

A web server runs in its own process; the long work is done here, as the worker does it. The register is
read by a reader of the format's description, and the bank's answer is written by one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app import jobs
from app.extensions import db
from app.ledger.queries import PartnerBalance, partner_balances
from app.partners.models import Partner
from app.payouts import service as payouts
from app.payouts.models import Payout
from app.registers.rules import mark
from app.tenants.service import change_legal
from tests.payouts.setting import by_bank, earn, known_partner
from tests.payouts.test_browser import sound
from tests.registers.bank import Exchange, Payment, onec
from tests.registers.test_rules import PAYER
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from app.application import App

EARNED = 100_000


class Story:
    """Lampa's accountant; Anna and Boris have payment details, Vera has none."""

    def __init__(self, app: App, merchant: Merchant, address: str) -> None:
        self.app, self.merchant, self.address = app, merchant, address
        with app.app_context():
            with merchant.scope():
                change_legal(PAYER)
                self.ids = {name: self._partner(name) for name in ("Anna", "Boris", "Vera")}
            db.session.commit()

    def _partner(self, name: str) -> int:
        made, _refcode = known_partner(name)
        if name != "Vera":
            row = db.session.scalars(select(Partner).where(Partner.id == made)).one()
            payouts.set_details(row, "bank", by_bank(f"{name} Petrova"))
        earn(made, EARNED)
        return made

    def work(self) -> None:
        """Let the worker do what there is to do."""
        with self.app.app_context():
            jobs.sweep_runs()

    def office(self, path: str) -> str:
        """Address of a page of the office."""
        return f"{self.address}{self.merchant.office(path)}"

    def payout_of(self, name: str) -> str:
        """The number of a partner's payout."""
        with self.app.app_context(), self.merchant.scope():
            query = select(Payout.public_id).where(Payout.partner_id == self.ids[name])
            return db.session.scalars(query).one()

    def balance(self, name: str) -> PartnerBalance:
        """How a partner stands."""
        with self.app.app_context(), self.merchant.scope():
            return partner_balances([self.ids[name]])[self.ids[name]]


@pytest.fixture
def story(app: App, lampa: Merchant, live_server: str) -> Story:  # noqa: F811
    return Story(app, lampa, live_server)


def confirm(page: Page, name: str) -> None:
    """Press a button that asks once more, and agree."""
    page.get_by_role("button", name=name, exact=True).first.click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def the_bank_answers(page: Page, story: Story, folder: Path, orders: Exchange) -> None:
    """Anna's money arrives, Boris's comes back; the accountant looks at it, and applies it."""
    answer = onec(
        [
            Payment("1000.00", orders.documents[0]["НазначениеПлатежа"]),
            Payment("1000.00", f"Возврат {mark(story.payout_of('Boris'))}", incoming=True),
            Payment("15.00", "Комиссия банка"),
        ]
    )
    page.goto(story.office("registers/"))
    sound(page, "statements-empty")
    file = folder / "answer.txt"
    file.write_bytes(answer)
    page.get_by_label("Statement of the bank").set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    expect(page.locator("#apply")).to_contain_text("Nothing is marked yet")
    sound(page, "statement-looked")
    page.get_by_role("button", name="Apply 2 lines").click()
    expect(page.locator("#apply")).to_contain_text("Applied")
    sound(page, "statement-applied")


def test_from_the_look_to_paid_by_the_banks_statement(
    quiet_page: Page, story: Story, tmp_path: Path
) -> None:
    page = quiet_page
    page.goto(story.office("pay-runs/"))
    page.get_by_label("E-mail").fill(story.merchant.staff["accountant"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    sound(page, "payruns-empty")
    page.get_by_role("link", name="New pay run").first.click()
    sound(page, "payruns-new")
    page.get_by_role("button", name="Look at everybody").click()
    page.wait_for_url("**/pay-runs/pr_*/")
    story.work()
    page.reload()
    expect(page.locator("#out")).to_contain_text("No payment details")
    sound(page, "payruns-draft")
    page.get_by_role("button", name="Remind 1").click()
    expect(page.locator("#out")).to_contain_text("Reminded")
    confirm(page, "Reserve the money")
    story.work()
    page.reload()
    assert story.balance("Anna") == PartnerBalance(reserved=EARNED)
    sound(page, "payruns-prepared")
    confirm(page, "Approve")
    story.work()
    page.reload()
    run = page.url
    page.get_by_role("link", name="Register for the bank").click()
    sound(page, "registers-new")
    form = page.locator("form", has=page.locator("input[value='1c']"))
    with page.expect_download() as waiting:
        form.get_by_role("button", name="Download").click()
    there = tmp_path / "register.txt"
    waiting.value.save_as(there)
    orders = Exchange.read(there.read_bytes())
    assert {d["Получатель1"] for d in orders.documents} == {"Anna Petrova", "Boris Petrova"}
    assert {d["Сумма"] for d in orders.documents} == {"1000.00"}

    the_bank_answers(page, story, tmp_path, orders)
    page.goto(run)
    expect(page.locator("#run")).to_contain_text("Paid out")
    expect(page.locator("#run")).to_contain_text("Failed or rejected")
    sound(page, "payruns-done")
    page.get_by_role("link", name="Who is in and who is out").click()
    sound(page, "payruns-lines")
    page.goto(story.office("pay-runs/plan"))
    sound(page, "payruns-plan")
    assert story.balance("Anna") == PartnerBalance()
    assert story.balance("Boris") == PartnerBalance(available=EARNED)
    assert story.balance("Vera") == PartnerBalance(available=EARNED)
