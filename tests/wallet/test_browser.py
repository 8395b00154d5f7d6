"""Details and payment in a real browser: slips are told at their fields; the accountant pays by the wallet's button."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.identity import service as identity
from tests.harness.browser import violations
from tests.harness.qr import read_svg
from tests.payouts.setting import ACCOUNT, BANK, earn, fill_details, known_partner
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App

INN = "500100732259"


class Story:
    """Anna of Lampa has 1000.00 and no details yet; where everybody goes."""

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

    def enter(self, page: Page, email: str, path: str) -> None:
        page.goto(f"{self.address}/login")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(lambda url: "/login" not in url)
        page.goto(f"{self.address}{path}")


@pytest.fixture
def story(app: App, lampa: Merchant, live_server: str) -> Story:  # noqa: F811
    return Story(app, lampa, live_server)


def fits(page: Page) -> None:
    """Nothing wrong for those who cannot see, and nothing wider than a phone."""
    assert violations(page) == []
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_partner_fills_in_the_details_with_mistakes_and_then_rightly(
    quiet_page: Page, story: Story
) -> None:
    page = quiet_page
    story.enter(page, story.email, story.merchant.cabinet("payouts/details"))
    expect(page.get_by_label("KPP")).to_be_hidden()
    page.get_by_label("A company").check()
    expect(page.get_by_label("KPP")).to_be_visible()
    page.get_by_label("Self-employed").check()
    expect(page.get_by_label("KPP")).to_be_hidden()
    fill_details(page)
    page.get_by_label("INN").fill("5001 0073 2258")
    page.get_by_label("Account number").fill(ACCOUNT[:-1] + "3")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#inn-error")).to_contain_text("The end of an INN checks the rest")
    expect(page.locator("#account-error")).to_contain_text("does not belong to this BIK")
    expect(page.get_by_label("INN")).to_have_value("5001 0073 2258")
    expect(page.get_by_label("Self-employed")).to_be_checked()
    fits(page)
    page.get_by_label("INN").fill(INN)
    page.get_by_label("Account number").fill(ACCOUNT)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Amount")).to_have_value("1,000.00")
    page.goto(story.address + story.merchant.cabinet("payouts/details"))
    page.get_by_label("Full name").fill("Anna Sidorova")
    page.get_by_role("button", name="Save").click()
    page.goto(story.address + story.merchant.cabinet("payouts/details"))
    fits(page)
    page.get_by_role("button", name="Take the change back").click()
    expect(page.get_by_label("Full name")).to_have_value("Anna Petrova")


def test_the_accountant_pays_by_the_wallet_button_with_a_qr(
    quiet_page: Page, browser: Browser, story: Story
) -> None:
    partner = quiet_page
    story.enter(partner, story.email, story.merchant.cabinet("payouts/details"))
    fill_details(partner)
    partner.get_by_role("button", name="Save").click()

    desk = browser.new_page(viewport={"width": 1280, "height": 900})
    accountant = story.merchant.staff["accountant"].email
    story.enter(desk, accountant, story.merchant.office("wallet/"))
    fits(desk)
    desk.get_by_role("button", name="Pay Anna").click()
    dialog = desk.get_by_role("dialog")
    expect(dialog.get_by_label("Amount")).to_have_value("1,000.00")
    expect(dialog).not_to_contain_text(ACCOUNT)
    dialog.get_by_label("Amount").fill("1,200.50")
    dialog.get_by_role("button", name="Show details and QR").click()
    expect(dialog).to_contain_text(ACCOUNT)
    fits(desk)
    picture = dialog.locator(".transfer-qr svg").evaluate("e => e.outerHTML")
    said = dict(f.split("=", 1) for f in read_svg(picture).split("|")[1:])
    assert (said["PersonalAcc"], said["BIC"], said["Sum"]) == (ACCOUNT, BANK["bik"], "120050")
    dialog.get_by_role("button", name="Record the payment").click()
    expect(dialog).to_contain_text("say that the rest is an advance")
    dialog.get_by_label("Yes, pay the rest as an advance").check()
    dialog.get_by_role("button", name="Record the payment").click()
    expect(desk.locator(".state").filter(has_text="Paid").first).to_be_visible()
    desk.get_by_role("button", name="Show details and QR").click()
    expect(desk.locator("main")).to_contain_text(ACCOUNT)
    desk.goto(story.address + story.merchant.office("statistics/payouts/"))
    expect(desk.locator("main")).to_contain_text(re.compile(r"1,200\.50"))
    fits(desk)
    desk.close()

    partner.goto(story.address + story.merchant.cabinet("payouts/"))
    expect(partner.locator("#payouts-table .state")).to_have_text("Paid")
    expect(partner.locator("main")).to_contain_text("There is a debt of")


def test_the_wallet_pays_without_script(browser: Browser, story: Story) -> None:
    page = browser.new_context(
        java_script_enabled=False, viewport={"width": 375, "height": 800}
    ).new_page()
    owner = story.merchant.staff["owner"].email
    story.enter(page, owner, story.merchant.office("wallet/"))
    page.locator(f"a[href$='wallet/{story.refcode}/']").last.click()
    page.get_by_label("Amount").fill("250")
    page.get_by_role("button", name="Record the payment").click()
    expect(page.locator(".state").filter(has_text="Paid").first).to_be_visible()
    page.context.close()
