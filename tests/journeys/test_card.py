"""A customer's phone: signed in by a code, the card at the till, and the card without a network."""

from __future__ import annotations

import base64
import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect

from app import jobs
from app.bonuses import service as bonuses
from app.bonuses.rules import Grant
from tests.cards.setting import Till
from tests.cards.test_rules import read_back
from tests.harness import browser as chromium
from tests.harness.peer import Peer
from tests.harness.qr import read_svg
from tests.sms.scene import open_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def till(app: App, lampa: Merchant, _sound: None) -> Iterator[Till]:
    peer = Peer()
    before = open_to(app, peer.place)
    with app.app_context():
        yield Till(app, lampa, peer)
    app.extensions["partnerka"] = before
    peer.close()


def test_the_card_opens_on_the_phone_and_stays_there_without_a_network(
    till: Till, live_server: str, context: BrowserContext
) -> None:
    member = till.customer()
    gift = Grant(member_id=member, amount=50_000, reference="gift", kind="hand")
    jobs.in_transaction(lambda: bonuses.grant([gift]), till.merchant.id)
    page = context.new_page()
    page.set_viewport_size({"width": 375, "height": 812})
    console = chromium.Console(page)
    page.goto(f"{live_server}{till.at()}")
    page.get_by_label("Phone").fill("8 916 123-45-67")
    page.get_by_role("button", name="Send me a code").click()
    page.get_by_label("Code from the SMS").fill(till.code())
    page.get_by_role("button", name="Open my card").click()
    expect(page.get_by_text("500.00").first).to_be_visible()
    number = page.locator(".loyalty-number").inner_text()
    assert read_back(_widths(page.locator(".loyalty-bars").inner_html()))[0] == number
    source = page.locator(".loyalty-square").get_attribute("src") or ""
    assert read_svg(base64.b64decode(source.partition(",")[2]).decode()) == number
    assert not chromium.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()  # now the worker sees it
    expect(page.locator(".loyalty-number")).to_have_text(number)
    assert not console.errors
    context.set_offline(True)
    page.goto(f"{live_server}{till.at()}")
    expect(page.locator(".loyalty-number")).to_have_text(number)
    expect(page.get_by_text("As of")).to_be_visible()
    context.set_offline(False)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    context.set_offline(True)
    with pytest.raises(Error, match="ERR_"):
        page.goto(f"{live_server}{till.at()}")


def _widths(svg: str) -> tuple[int, ...]:
    """Return the widths of bars and of the spaces between them, from the picture."""
    drawn = re.findall(r'<rect x="(\d+)" y="4" width="(\d+)"', svg)
    bars = [(int(place), int(width)) for place, width in drawn]
    found: list[int] = []
    for (place, width), (after, _next) in pairwise(bars):
        found += [width, after - place - width]
    return (*found, bars[-1][1])
