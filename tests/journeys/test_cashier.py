"""A cashier's shift on a phone: a customer found, bonuses spent, a partner's code, and a receipt taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.harness.browser import violations
from tests.tills.test_desk import Desk
from tests.world import PASSWORD

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant


def looked_at(page: Page) -> None:
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_shift_at_the_till(
    app: App, client: FlaskClient, quiet_page: Page, live_server: str, lampa: Merchant
) -> None:
    desk, page = Desk(app, lampa, client), quiet_page
    client.post(
        "/api/v1/partners",
        json={"name": "Anna", "refcode": "anna", "codes": ["ANNA10"]},
        headers=lampa.bearer,
    )
    page.set_viewport_size({"width": 375, "height": 812})
    page.goto(f"{live_server}/login?next={desk.at()}")
    page.fill("[name=email]", lampa.staff["cashier"].email)
    page.fill("[name=password]", PASSWORD)
    page.click("main [type=submit]")

    page.get_by_label("Phone, card or scan").fill("8 916 123-45-67")
    page.keyboard.press("Enter")
    expect(page.locator("#customer").get_by_text("500.00")).to_be_visible()
    looked_at(page)

    page.get_by_label("Sum of the receipt").fill("300.00")
    page.get_by_label("Spend bonuses").check()
    page.get_by_role("button", name="Reckon").click()
    expect(page.locator("#receipt").get_by_text("299.99").first).to_be_visible()
    looked_at(page)
    page.get_by_role("button", name="Take the receipt").click()
    expect(page.get_by_text("200.01").first).to_be_visible()
    looked_at(page)
    assert desk.has() == 20_001

    page.goto(f"{live_server}{desk.at()}")
    page.get_by_label("Phone, card or scan").fill("5555")
    page.get_by_role("button", name="Find").click()
    page.get_by_label("Sum of the receipt").fill("1000")
    page.get_by_label("Partner's code").fill("anna10")
    page.get_by_role("button", name="Take the receipt").click()
    page.wait_for_url("**/till/receipts/**")
    sold = client.get("/api/v1/deals", headers=lampa.bearer).json["items"]
    assert [deal["commission"] for deal in sold if deal["promo_code"] == "ANNA10"] == ["100.00"]

    page.goto(f"{live_server}{desk.at()}")
    today = page.locator("#today").get_by_role("link")
    expect(today).to_have_count(2)
    today.last.click()
    page.get_by_role("button", name="Cancel the receipt").click()
    page.get_by_role("button", name="Cancel the receipt").last.click()
    expect(page.get_by_text("Cancelled").first).to_be_visible()
    looked_at(page)
    assert desk.has() == 50_000, "what was spent is back"
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Till", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name="All partners")).to_have_count(0)
