"""A fraudster in a real browser: held, refused with a word, disputed, answered, blocked, let in again.

Web server and worker run in their own processes, letters go over SMTP, the shop speaks our API.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.dev.children import wait_until
from tests.harness.browser import Console, violations
from tests.partners.calls import PASSWORD
from tests.trust.test_office import Lampa

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.harness.mailbox import Mailbox

PATIENCE = 180.0  # seconds: a worker beside other tests may be late
WIDTHS = (1280, 375)


class Desk:
    """A browser of somebody who has signed in; its console must stay silent."""

    def __init__(self, browser: Browser, server: str, shop: Lampa, email: str) -> None:
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


def told(mailbox: Mailbox, to: str, words: str) -> bool:
    """Wait until a letter with these words reached somebody."""
    return wait_until(
        lambda: any(words in str(letter["Subject"]) for letter in mailbox.to(to)), PATIENCE
    )


@pytest.mark.usefixtures("live_worker")
def test_a_fraudster_is_held_refused_answered_and_blocked(
    app: App, browser: Browser, live_server: str, mailbox: Mailbox
) -> None:
    lampa = Lampa(app)
    staff = Desk(browser, live_server, lampa, lampa.owner)
    switch_signs_on(staff, lampa)
    cheat(lampa)
    refuse(staff, lampa)
    assert told(mailbox, lampa.owner, "A deal waits on the fraud desk")
    assert told(mailbox, lampa.anna, "was refused")
    anna = Desk(browser, live_server, lampa, lampa.anna)
    miss_a_sale(anna, lampa)
    assert told(mailbox, lampa.owner, "Anna misses the sale B1")
    answer(staff, lampa)
    assert told(mailbox, lampa.anna, "Decided: the sale B1")
    block_and_lift(staff, lampa)
    assert told(mailbox, lampa.anna, "is blocked")
    assert told(mailbox, lampa.anna, "is open again")
    assert (staff.console.errors, anna.console.errors) == ([], [])


def switch_signs_on(staff: Desk, lampa: Lampa) -> None:
    staff.go(lampa.office("policy"))
    for sign in ("Same mailbox", "Orders and cancels"):
        staff.page.get_by_label(sign).check()
    staff.look()
    staff.press("Save")
    staff.sees("It holds for orders from now on.")


def cheat(lampa: Lampa) -> None:
    """Anna orders from her own mailbox under another name; Gleb orders and cancels twice, then buys."""
    own = {"id": "5", "email": f"anna+shop@{lampa.domain}"}
    assert lampa.order("S1", partner_code="ANNA10", customer=own)["deal"]["review"] == "held"
    gleb = {"id": "6", "email": "gleb@example.org", "name": "Gleb"}
    for number in ("L1", "L2"):
        lampa.order(number, partner_code="ANNA10", customer=gleb, status="cancelled")
    assert lampa.order("L3", partner_code="ANNA10", customer=gleb)["deal"]["review"] == "held"
    honest = lampa.order("H1", partner_code="ANNA10")
    assert honest["deal"]["review"] is None
    lampa.order("B1")


def refuse(staff: Desk, lampa: Lampa) -> None:
    staff.go(lampa.office(""))
    expect(staff.page.locator(".side-count").first).to_have_text("2")
    staff.look()
    staff.page.get_by_role("link", name="L3").click()
    staff.sees("L1, L2")
    staff.look()
    staff.go(lampa.office(""))
    for number in ("S1", "L3"):
        staff.page.get_by_label(f"Choose the order {number}").check()
    staff.page.get_by_label("Word to the partner").fill("These are your own orders.")
    staff.press("Refuse")
    staff.sees("2 deals are refused.")
    told = lampa.call("GET", "/partners/anna").get_json()["balance"]
    assert (told["pending"], told["debt"]) == ("100.00", "0.00"), "the honest sale stands"
    staff.go(lampa.office("decided"))
    staff.look()


def miss_a_sale(anna: Desk, lampa: Lampa) -> None:
    anna.go(lampa.cabinet("missing/"))
    anna.look()
    anna.page.get_by_label("Order's number").fill("S1")
    anna.press("Ask")
    anna.sees("The merchant has refused this sale")
    anna.page.get_by_role("link", name="Open the sale").click()
    anna.sees(re.compile("These are your own orders"))
    anna.go(lampa.cabinet("missing/"))
    anna.page.get_by_label("Order's number").fill("B1")
    anna.press("Ask")
    anna.sees("Nothing of yours is on an order with this number")
    anna.look()
    anna.page.get_by_label("What happened").fill("He bought by my post.")
    anna.press("Send the question")
    anna.sees("You get a letter as soon as somebody answers.")
    anna.look()


def answer(staff: Desk, lampa: Lampa) -> None:
    staff.go(lampa.office("disputes/"))
    staff.look()
    staff.page.get_by_role("link", name="B1").click()
    staff.sees("He bought by my post.")
    staff.look()
    staff.page.get_by_role("link", name="Count it for the partner").click()
    staff.sees("As it would be")
    staff.look()
    staff.press("Count it")
    staff.sees("The sale is counted for the partner.")
    assert lampa.call("GET", "/orders/B1").get_json()["deal"]["refcode"] == "anna"
    staff.page.get_by_role("button", name="Take the decision back").click()
    staff.sees("Open again.")
    assert lampa.call("GET", "/orders/B1").get_json()["deal"] is None
    staff.page.locator("#close-text").fill("He came by himself.")
    staff.press("Decline")
    staff.sees("Declined. The partner gets your word by letter.")


def block_and_lift(staff: Desk, lampa: Lampa) -> None:
    staff.go(f"/{lampa.slug}/office/partners/card/anna")
    staff.page.get_by_role("link", name="Block").click()
    staff.page.get_by_role("textbox", name="Reason").fill("Own orders")
    staff.page.get_by_label("Write to the partner, with this reason").check()
    staff.page.get_by_label("Lead nowhere").check()
    staff.press("Show it in figures")
    staff.sees("Press Block to do it.")
    staff.look()
    staff.press("Block")
    staff.sees("This partner is blocked")
    staff.look()
    staff.page.locator("main").get_by_role("button", name="Unblock").first.click()
    staff.page.get_by_role("dialog").get_by_role("button", name="Unblock").click()
    staff.sees("Unblocked: everything is as before.")
    assert lampa.call("GET", "/partners/anna").get_json()["status"] == "active"
