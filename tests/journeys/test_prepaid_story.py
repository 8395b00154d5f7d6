"""A prepaid balance in a real browser: an invoice, the operator's word, the queue paid in order, the money sent.

Web server and worker run in their own processes and letters go over SMTP: nobody here calls a service.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.dev.children import wait_until
from tests.harness.browser import Console, violations
from tests.settlement.scene import Scene
from tests.world import PASSWORD, World

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.harness.mailbox import Mailbox

PATIENCE = 180.0
WIDTHS = (1280, 375)


class Desk:
    """A browser of somebody who has signed in; its console must stay silent."""

    def __init__(self, browser: Browser, server: str, email: str) -> None:
        self.page: Page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.console, self.server = Console(self.page), server
        self.go("/login")
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda address: "/login" not in address)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.server}{path}")

    def look(self) -> None:
        """The page as it stands has no barrier and nothing that sticks out, wide or narrow."""
        for width in WIDTHS:
            self.page.set_viewport_size({"width": width, "height": 900})
            assert violations(self.page) == [], (self.page.url, width)
            out = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert out <= 0, (self.page.url, width, out)
        self.page.set_viewport_size({"width": WIDTHS[0], "height": 900})

    def press(self, name: str) -> None:
        self.page.locator("main").get_by_role("button", name=name, exact=True).click()

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def waits_for(self, path: str, words: str) -> None:
        """Look again and again, as people do, until the page says it."""

        def seen() -> bool:
            self.go(path)
            return self.page.get_by_text(words).count() > 0

        assert wait_until(seen, PATIENCE), words


@pytest.mark.usefixtures("live_worker")
def test_a_top_up_pays_the_queue_in_order_and_the_partner_sees_each_step(
    app: App, browser: Browser, live_server: str, mailbox: Mailbox, world: World
) -> None:
    scene = Scene(app, world)
    shop, anna = world.lampa, Desk(browser, live_server, scene.email)
    accountant = Desk(browser, live_server, shop.staff["accountant"].email)
    operator = Desk(browser, live_server, world.operator.email)

    anna.go(shop.cabinet("payouts/"))
    anna.sees("You are number 1 in the queue")
    anna.sees("It waits for the shop to top up its balance.")
    anna.look()

    number = ask_for_a_top_up(accountant, shop.office())
    confirm(operator, number)
    assert told(mailbox, shop.staff["accountant"].email, "has come in")

    anna.waits_for(shop.cabinet("payouts/"), "Your payout")
    anna.sees("Fee of the platform")
    accountant.go(shop.office("settlement/"))
    accountant.sees("Boris")  # what came suffices for the first alone
    accountant.sees("Waits for a top-up")
    accountant.look()

    send(operator)
    assert told(mailbox, scene.email, "We paid you")
    anna.go(shop.cabinet("payouts/"))
    anna.page.locator("#payouts-table tbody a").first.click()
    for words in ("Approved", "Sent", "Paid"):
        anna.sees(words)
    anna.look()
    accountant.go(shop.office("balance/"))
    accountant.sees("For a payout")
    accountant.look()
    assert [desk.console.errors for desk in (anna, accountant, operator)] == [[], [], []]


def ask_for_a_top_up(desk: Desk, office: str) -> str:
    """Make an invoice over 1,200.00 and return its number."""
    desk.go(f"{office}balance/")
    desk.page.get_by_label("Sum", exact=True).fill("1200")
    desk.press("Make an invoice")
    desk.sees("The invoice is made.")
    desk.look()
    found = re.search(r"\d+", desk.page.get_by_role("heading", level=1).inner_text())
    assert found is not None
    return found[0]


def confirm(desk: Desk, number: str) -> None:
    """The money is on the platform's account."""
    desk.go(f"/platform/topups/?q={number}")
    desk.look()
    desk.page.get_by_role("link", name=f"№ {number}").click()
    desk.page.get_by_label("Number of the payment").fill("bank 17")
    desk.look()
    desk.press("Confirm")
    desk.sees("Confirmed; the balance has grown.")


def send(desk: Desk) -> None:
    """Send what is funded, and say that it arrived."""
    desk.go("/platform/payouts/?state=approved&sort=-requested")
    desk.look()
    desk.page.get_by_role("link", name="Anna").first.click()
    desk.sees("40817810700000000001")
    desk.look()
    desk.press("It is sent")
    desk.sees("Noted: sent.")
    desk.page.locator("main").get_by_role("button", name="Mark as paid", exact=True).first.click()
    desk.page.locator("dialog[open]").get_by_role("button", name="Mark as paid").click()
    desk.sees("Marked as paid.")


def told(mailbox: Mailbox, to: str, words: str) -> bool:
    """Wait until a letter with these words reached somebody."""
    return wait_until(
        lambda: any(words in str(letter["Subject"]) for letter in mailbox.to(to)), PATIENCE
    )
