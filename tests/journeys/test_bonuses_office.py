"""A manager's day with bonuses in a real browser: the program said, many given a present, and it taken back.

A web server runs in its own process; the long work is done here, as the worker does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app import clock, jobs
from app.bonuses import queries
from app.extensions import db
from app.members.service import Contact, resolve
from tests.payouts.test_browser import sound
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from app.application import App


class Story:
    """Lampa's manager, and the customers 77 and 78."""

    def __init__(self, app: App, merchant: Merchant, address: str) -> None:
        self.app, self.merchant, self.address = app, merchant, address
        with app.app_context():
            with merchant.scope():
                self.ids = [self._customer(number) for number in ("77", "78")]
            db.session.commit()

    def _customer(self, number: str) -> int:
        contact = Contact(
            self.merchant.shop_id, number, None, None, f"N{number}", None, clock.now()
        )
        [found] = resolve([contact])
        assert found.member_id is not None
        return found.member_id

    def work(self) -> None:
        """Let the worker do what there is to do."""
        with self.app.app_context():
            jobs.sweep_runs()

    def office(self, path: str) -> str:
        """Address of a page of the office's bonuses."""
        return f"{self.address}{self.merchant.office('bonuses/' + path)}"

    def has(self) -> list[int]:
        """What the two customers can spend."""
        with self.app.app_context(), self.merchant.scope():
            found = queries.balances(self.ids)
            return [found[each].available for each in self.ids]


@pytest.fixture
def story(app: App, lampa: Merchant, live_server: str) -> Story:  # noqa: F811
    return Story(app, lampa, live_server)


def the_program_is_said(page: Page, story: Story) -> None:
    """The manager signs in, reads what the settings mean, and saves them."""
    page.goto(story.office("program"))
    page.get_by_label("E-mail").fill(story.merchant.staff["manager"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    sound(page, "bonus-program")
    page.get_by_label("Of an order bonuses may pay, percent").fill("10")
    expect(page.locator("#example")).to_contain_text("₽200.00")
    page.get_by_label("Bonuses lapse after, days").fill("0")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".form-errors")).to_be_visible()
    page.get_by_label("Bonuses lapse after, days").fill("90")
    page.get_by_label("Bonuses for customers are on").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#example")).to_contain_text("They lapse 90 days later.")


def a_present_for_two(page: Page, story: Story, folder: Path) -> None:
    """A list is uploaded, looked at, and booked."""
    page.goto(story.office(""))
    sound(page, "bonus-balances-empty")
    page.get_by_role("link", name="Accrue to many").first.click()
    file = folder / "customers.csv"
    file.write_text("id;sum\n77;\n78;150\nghost;1\n")
    page.get_by_label("Or a file").set_input_files(file)
    page.get_by_label("Bonuses for each").fill("100")
    page.get_by_label("Reason; the customer reads it").fill("A present")
    sound(page, "bonus-mass-new")
    page.get_by_role("button", name="Look at it").click()
    page.wait_for_url("**/mass/rn_*")
    story.work()
    page.reload()
    expect(page.locator("#look")).to_contain_text("Unknown: ghost")
    sound(page, "bonus-mass-looked")
    page.get_by_role("button", name="Accrue", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Accrue", exact=True).click()
    story.work()
    page.reload()
    expect(page.locator("#run")).to_contain_text("Booked for 2 customers")
    sound(page, "bonus-mass-done")


def it_is_taken_back(page: Page, story: Story) -> None:
    """What was booked is seen, and taken back."""
    page.goto(story.office(""))
    expect(page.locator("#bonus-balances-table")).to_contain_text("N78")
    sound(page, "bonus-balances")
    page.get_by_role("link", name="N78").click()
    sound(page, "bonus-account")
    page.goto(story.office("transactions"))
    sound(page, "bonus-transactions")
    page.goto(story.office("mass"))
    page.get_by_role("link", name="Accrual to many").click()
    page.get_by_role("button", name="Take it back", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Take it back", exact=True).click()
    expect(page.locator("#run")).to_contain_text("What it takes back")
    story.work()
    page.reload()
    expect(page.locator("#run")).to_contain_text("Taken back from 2 customers")
    sound(page, "bonus-mass-undone")


def test_the_program_is_said_and_many_get_a_present_that_is_taken_back(
    quiet_page: Page, story: Story, tmp_path: Path
) -> None:
    the_program_is_said(quiet_page, story)
    a_present_for_two(quiet_page, story, tmp_path)
    assert story.has() == [10_000, 15_000]
    it_is_taken_back(quiet_page, story)
    assert story.has() == [0, 0]
