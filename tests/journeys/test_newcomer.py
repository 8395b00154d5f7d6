"""A newcomer's first hour in a real browser: sign-up, wizard, first steps that turn green, a test sale.

A web server and a worker run in their own processes; the letter comes over SMTP; the shop is a page
of another origin that carries the line, and its server speaks our API with keys a plugin fetched.
"""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
from playwright.sync_api import expect

from app.dev.children import wait_until
from tests.harness.browser import Console
from tests.journeys.test_main_story import PATIENCE, Shop, shop, sound
from tests.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.harness.mailbox import Mailbox

__all__ = ["shop"]


def confirm_link(mailbox: Mailbox, email: str, address: str) -> str:
    """Wait for the letter that confirms the e-mail and return its link, on the test's server."""
    assert wait_until(lambda: bool(mailbox.to(email)), PATIENCE)
    body = mailbox.to(email)[0].get_body(("plain",))
    assert body is not None
    found = re.search(r"/signup/confirm\?token=\S+", body.get_content())
    assert found, body.get_content()
    return address + found[0]


def sign_up(page: Page, address: str, slug: str, mailbox: Mailbox) -> None:
    page.goto(f"{address}/signup")
    sound(page, "signup")
    page.get_by_label("Name").fill("Igla")
    page.get_by_label("Address").fill(slug)
    page.get_by_label("Your e-mail").fill(f"owner@{slug}.example")
    page.get_by_role("button", name="Open the account").click()
    expect(page.locator("main")).to_contain_text("Look into your mailbox")
    sound(page, "signup-done")
    page.goto(confirm_link(mailbox, f"owner@{slug}.example", address))
    assert "token" not in page.url
    sound(page, "signup-confirm")
    page.get_by_role("button", name="Yes, open the account").click()
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    page.wait_for_url(f"**/{slug}/office/")


def walk(page: Page, shop: Shop) -> None:
    """Walk the wizard: leave it after the basics, and go on from there."""
    page.get_by_role("link", name="Go on with the set-up").click()
    sound(page, "wizard-basics")
    page.get_by_label("Domain of your shop").fill(shop.domain)
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_role("link", name="Overview").first.click()
    page.get_by_role("link", name="Go on with the set-up").click()
    expect(page.locator("h1")).to_have_text("Terms")
    page.get_by_label("Level 1").fill("12%")
    sound(page, "wizard-terms")
    page.get_by_role("button", name="Save and go on").click()
    page.get_by_label("Name").fill("Anna")
    sound(page, "wizard-partner")
    page.get_by_role("button", name="Add and go on").click()
    expect(page.locator("h1")).to_have_text("Counter")
    shop.snippet = page.locator("#line code").first.inner_text()
    sound(page, "wizard-snippet")
    page.get_by_role("button", name="Go on").click()
    sound(page, "wizard-shop")


def plug_in(page: Page, address: str) -> dict[str, str]:
    """Draw an installation code and let the plugin fetch the keys; return the headers of its calls."""
    page.get_by_role("link", name="Installation code").click()
    page.get_by_role("button", name="Draw a code").click()
    secret = page.locator("main .notice code").inner_text()
    sound(page, "install-code")
    bearer = {"Authorization": f"Bearer {secret}"}
    made = httpx.post(f"{address}/api/v1/merchants/install", json={}, headers=bearer)
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['api_key']}"}


def is_done(page: Page, step: str) -> None:
    """Wait until a line of the list turns green, without a reload."""
    expect(page.locator(f'[data-step="{step}"].is-done')).to_be_visible()


def test_a_newcomer_comes_from_the_sign_up_to_a_test_sale_that_is_undone(
    browser: Browser, live_server: str, live_worker: None, mailbox: Mailbox, shop: Shop
) -> None:
    slug = f"igla-{secrets.token_hex(3)}"
    desk = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    desk.set_default_timeout(PATIENCE * 1000)
    console = Console(desk)
    sign_up(desk, live_server, slug, mailbox)
    walk(desk, shop)
    keys = plug_in(desk, live_server)

    office = f"{live_server}/{slug}/office/"
    desk.goto(office)
    for step in ("domain", "terms", "partner", "mail"):
        is_done(desk, step)
    sound(desk, "overview-first-steps")
    visitor = browser.new_context().new_page()
    visitor.goto(f"http://{shop.domain}/?ref=anna")
    for step in ("click", "snippet"):
        is_done(desk, step)
    product = {"name": "Needle", "price": "10.00"}
    httpx.put(f"{live_server}/api/v1/products/needle", json=product, headers=keys)
    order = {
        "status": "completed",
        "currency": "RUB",
        "created_at": datetime.now(UTC).isoformat(),
        "lines": [{"id": "1", "product": "needle", "quantity": "1", "price": "10.00"}],
    }
    httpx.put(f"{live_server}/api/v1/orders/1", json=order, headers=keys)
    for step in ("product", "order", "words"):
        is_done(desk, step)
    expect(desk.locator("#steps")).to_contain_text("Everything works")
    sound(desk, "overview-all-done")

    desk.get_by_role("link", name="Test mode").first.click()
    expect(desk.locator(".strip-test")).to_be_visible()
    desk.goto(f"{live_server}/{slug}-test/office/test/sales/")
    sound(desk, "test-sales")
    desk.get_by_role("button", name="Make a test sale").click()
    expect(desk.locator("#steps")).to_contain_text("The partner was paid")
    sound(desk, "test-sale")
    sale = desk.url
    desk.get_by_role("link", name="The partner was paid").click()
    expect(desk.locator("main")).to_contain_text("Paid")
    desk.goto(f"{live_server}/{slug}-test/office/test/clock?amount=3&unit=days")
    sound(desk, "test-clock")
    desk.goto(sale)
    desk.get_by_role("button", name="Undo the test sale").click()
    expect(desk.locator("#steps")).to_contain_text("All of it was undone")
    sound(desk, "test-sale-undone")
    desk.goto(f"{live_server}/{slug}-test/office/test/letters/")
    sound(desk, "test-mailbox")
    desk.goto(f"{live_server}/{slug}-test/office/orders/")
    expect(desk.locator("main")).not_to_contain_text("Test 1")
    assert not console.errors, console.errors
