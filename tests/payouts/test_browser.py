"""A payout in a real browser: asked for on a phone without script, decided at the desk by keyboard."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.identity import service as identity
from tests.harness.browser import violations
from tests.payouts.setting import earn, fill_details, known_partner
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App

WIDTHS = [1280, 375]


class Story:
    """Anna of Lampa has 1000.00; where everybody goes."""

    def __init__(self, app: App, merchant: Merchant, address: str) -> None:
        self.merchant, self.address = merchant, address
        self.email = f"anna@{merchant.slug}.example"
        with app.app_context():
            with merchant.scope():
                self.anna, self.refcode = known_partner("Anna")
                person = identity.ensure_person(self.email, "Anna Petrova")
                identity.change_password(person, PASSWORD)
                identity.join(person, merchant.id, "partner", self.anna)
                earn(self.anna, 100_000)
            db.session.commit()

    def enter(self, page: Page, email: str, address: str) -> None:
        """Sign in, on the way to a page."""
        page.goto(address)
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()

    def cabinet(self, path: str = "payouts/") -> str:
        """Address of a page of the cabinet."""
        return f"{self.address}{self.merchant.cabinet(path)}"

    def office(self, path: str = "payouts/") -> str:
        """Address of a page of the office."""
        return f"{self.address}{self.merchant.office(path)}"


@pytest.fixture
def story(app: App, lampa: Merchant, live_server: str) -> Story:  # noqa: F811
    return Story(app, lampa, live_server)


def sound(page: Page, name: str) -> None:
    """Fits its screen at both widths, and axe has nothing to say."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        folder = os.environ.get("PICTURES")
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_from_the_partners_wish_to_the_merchants_word(
    quiet_page: Page, browser: Browser, story: Story
) -> None:
    page = quiet_page
    story.enter(page, story.email, story.cabinet())
    sound(page, "cabinet-no-details")
    page.get_by_role("link", name="Fill in").click()
    fill_details(page)
    sound(page, "cabinet-details")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Amount")).to_have_value("1,000.00")
    sound(page, "cabinet-ask")
    page.get_by_label("Amount").fill("1,000.01")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator(".form-errors")).to_be_visible()
    page.get_by_label("Amount").fill("600")
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_role("button", name="Take the request back")).to_be_visible()
    sound(page, "cabinet-asked")

    desk = browser.new_context().new_page()
    story.enter(desk, story.merchant.staff["accountant"].email, story.office())
    sound(desk, "office-list")
    desk.get_by_role("link", name="Anna").click()
    sound(desk, "office-card")
    desk.get_by_role("button", name="Approve").focus()
    desk.keyboard.press("Enter")
    dialog = desk.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert violations(desk) == []
    dialog.get_by_role("button", name="Approve").click()
    desk.get_by_role("button", name="Mark as paid").click()
    desk.get_by_role("dialog").get_by_role("button", name="Mark as paid").click()
    expect(desk.locator(".state").filter(has_text="Paid").first).to_be_visible()
    sound(desk, "office-paid")
    desk.goto(story.office(f"payouts/new?partner={story.refcode}"))
    sound(desk, "office-record")
    desk.close()

    page.goto(story.cabinet())
    expect(page.locator("#payouts-table .state")).to_have_text("Paid")
    sound(page, "cabinet-paid")
    page.locator("#payouts-table tbody").get_by_role("link").click()
    expect(page.get_by_role("heading", name="History")).to_be_visible()
    sound(page, "cabinet-payout")
    page.goto(story.cabinet("account/"))
    sound(page, "cabinet-account")


def test_the_cabinet_does_it_all_without_script(browser: Browser, story: Story) -> None:
    page = browser.new_context(
        java_script_enabled=False, viewport={"width": 375, "height": 800}
    ).new_page()
    story.enter(page, story.email, story.cabinet("payouts/details"))
    fill_details(page)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Ask for it").click()
    expect(page.get_by_role("button", name="Take the request back")).to_be_visible()
    page.locator("#payouts-table").get_by_role("link", name="Amount").click()
    expect(page.locator("#payouts-table tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Take the request back").click()
    expect(page.locator("#payouts-table .state")).to_have_text("Cancelled")
    expect(page.get_by_label("Amount")).to_have_value("1,000.00")
    page.context.close()


def test_the_methods_page_is_sound(quiet_page: Page, story: Story) -> None:
    story.enter(quiet_page, story.merchant.staff["owner"].email, story.office("payouts/methods/"))
    sound(quiet_page, "office-methods")
    quiet_page.locator("form[action$='/methods/']").get_by_label("Name").fill("Card")
    quiet_page.get_by_role("button", name="Add").click()
    expect(quiet_page.get_by_text("Code for programs: card")).to_be_visible()
