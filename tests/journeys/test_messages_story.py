"""The manager invites three, one joins, a blogger gets his page, and the manager mails a segment.

A web server and a worker run in their own processes; letters go over SMTP.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from app.dev.children import wait_until
from tests.harness.browser import Console, violations
from tests.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

PATIENCE = 180.0
WIDTHS = (1280, 375)


class Story:
    """The merchant, the browsers, and the letters."""

    def __init__(
        self, merchant: Merchant, address: str, browser: Browser, mailbox: Mailbox
    ) -> None:
        self.merchant, self.address = merchant, address
        self.browser, self.mailbox = browser, mailbox
        self.consoles: list[Console] = []

    def sit_down(self) -> Page:
        page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        self.consoles.append(Console(page))
        return page

    def letter(self, to: str, words: str) -> Any:
        """Wait for a letter with these words in its subject."""

        def found() -> list[Any]:
            return [each for each in self.mailbox.to(to) if words in str(each["Subject"])]

        assert wait_until(lambda: found() != [], PATIENCE), f"no letter to {to}"
        return found()[0]

    def link_in(self, letter: Any, kind: str) -> str:
        """Return an address in a letter, on this test's server."""
        text = letter.get_body(("plain",)).get_content()
        path = re.search(rf"https?://[^/\s]+(/\S*{kind}\S*)", text)
        assert path, text
        return self.address + path[1]

    def look(self, page: Page) -> None:
        """See that a page is sound at both widths."""
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert not violations(page), page.url
            over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
            assert over <= 0, page.url
        page.set_viewport_size({"width": 1280, "height": 900})


@pytest.fixture
def story(
    lampa: Merchant, live_server: str, live_worker: None, browser: Browser, mailbox: Mailbox
) -> Story:
    return Story(lampa, live_server, browser, mailbox)


def test_three_are_invited_one_joins_and_the_segment_is_mailed(story: Story) -> None:
    manager = signed_in(story)
    invite(story, manager)
    join(story)
    expect_joined(story, manager)
    blogger(story, manager)
    mail(story, manager)
    assert [error for each in story.consoles for error in each.errors] == []


def signed_in(story: Story) -> Page:
    page = story.sit_down()
    page.goto(f"{story.address}/login")
    page.get_by_label("E-mail").fill(story.merchant.staff["manager"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/office/"))
    return page


def invite(story: Story, manager: Page) -> None:
    slug = story.merchant.slug
    manager.goto(f"{story.address}{story.merchant.office('invitations/new')}")
    lines = f"anna@{slug}.example, Anna, , , , ANNA10\nboris@{slug}.example\nnonsense\nvera@{slug}.example"
    manager.get_by_label("E-mail, name, group, terms, sponsor, code").fill(lines)
    story.look(manager)
    manager.get_by_role("button", name="Invite").click()
    expect(manager.get_by_role("heading", name="1 line was left out")).to_be_visible()
    expect(manager.get_by_text("This is not an e-mail address.")).to_be_visible()
    story.look(manager)


def join(story: Story) -> None:
    slug = story.merchant.slug
    letter = story.letter(f"anna@{slug}.example", "invites you")
    guest = story.sit_down()
    guest.goto(story.link_in(letter, "/invited/"))
    expect(guest.get_by_text("ANNA10")).to_be_visible()
    story.look(guest)
    guest.get_by_label("Your name").fill("Anna Guest")
    guest.get_by_label("I accept the terms").check()
    guest.get_by_role("button", name="Join").click()
    guest.get_by_label("New password", exact=True).fill("a lamp for every guest")
    guest.get_by_role("button", name=re.compile("password", re.IGNORECASE)).click()
    guest.goto(f"{story.address}{story.merchant.cabinet()}")
    if "/login" in guest.url:
        guest.get_by_label("E-mail").fill(f"anna@{slug}.example")
        guest.get_by_label("Password").fill("a lamp for every guest")
        guest.get_by_role("button", name="Sign in").click()
    expect(guest.get_by_text("ANNA10").first).to_be_visible()


def expect_joined(story: Story, manager: Page) -> None:
    story.letter(f"vera@{story.merchant.slug}.example", "invites you")
    manager.goto(f"{story.address}{story.merchant.office('invitations/')}")
    row = manager.get_by_role("row", name=re.compile(f"anna@{story.merchant.slug}"))
    expect(row.get_by_text("Joined")).to_be_visible()
    other = manager.get_by_role("row", name=re.compile(f"vera@{story.merchant.slug}"))
    other.get_by_role("button", name="Withdraw").click()
    expect(other.get_by_text("Withdrawn")).to_be_visible()
    story.look(manager)


def blogger(story: Story, manager: Page) -> None:
    manager.goto(f"{story.address}{story.merchant.office('partners/new')}")
    manager.get_by_label("Name", exact=True).fill("Gleb Blogger")
    manager.get_by_label("Promo codes").fill("GLEB10")
    manager.get_by_role("button", name="Save").or_(
        manager.get_by_role("button", name="Create")
    ).first.click()
    manager.get_by_role("link", name="Without an account").click()
    manager.get_by_role("button", name="Make the page").click()
    address = manager.locator(".code-line code").inner_text()
    stranger = story.sit_down()
    there = story.address + address[address.index(f"/{story.merchant.slug}/sales/") :]
    stranger.goto(there)
    expect(stranger.get_by_text("GLEB10")).to_be_visible()
    story.look(stranger)
    manager.get_by_role("button", name="Close the page").click()
    expect(manager.get_by_role("button", name="Make the page")).to_be_visible()
    answer = stranger.goto(there)
    assert answer is not None
    assert answer.status == 404
    story.consoles.pop()  # the browser itself writes of a 404


def mail(story: Story, manager: Page) -> None:
    manager.goto(f"{story.address}{story.merchant.office('mailings/new')}")
    manager.get_by_label("Sales").select_option("none")
    manager.get_by_label("Subject (English)").fill("News for {name}")
    manager.get_by_label("Text (English)").fill("Your code is {refcode}: {link}")
    manager.get_by_role("button", name="Save and look at it").click()
    expect(manager.get_by_text("News for Anna Guest")).to_be_visible()
    story.look(manager)
    manager.get_by_role("button", name="Send a copy to me").click()
    story.letter(story.merchant.staff["manager"].email, "News for Anna Guest")
    manager.get_by_role("button", name="Send", exact=True).click()
    letter = story.letter(f"anna@{story.merchant.slug}.example", "News for Anna Guest")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    expect(manager.get_by_role("group", name="Progress")).to_contain_text("1 of 1")
    manager.get_by_role("link", name="Letter by letter").click()
    expect(manager.get_by_role("row", name=re.compile("anna@")).get_by_text("Sent")).to_be_visible()
    story.look(manager)
