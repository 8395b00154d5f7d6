"""A blogger who has a code only: no cabinet, no link; a listener types the code, orders, and the deal stands.

In a browser: the shop is a page of another origin with our field in it, its server speaks our API.
"""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.partners import service as partners
from tests.harness.browser import Console, violations
from tests.world import PASSWORD, make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.world import Merchant

WIDTHS = (1280, 375)


class Pages(BaseHTTPRequestHandler):
    """Every page of the shop has the field."""

    def do_GET(self) -> None:
        assert isinstance(self.server, Shop)
        body = f"<h1>Lamp</h1><div data-partner-code></div>{self.server.tag}"
        page = f"<!doctype html><html lang=en><title>Lampa</title><main>{body}</main></html>"
        self.send_response(204 if self.path == "/favicon.ico" else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if self.path != "/favicon.ico":
            self.wfile.write(page.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Shop(ThreadingHTTPServer):
    """Lampa's own site."""

    tag = ""


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def lampa(app: App, live_server: str, shop: Shop) -> Merchant:
    """Lampa knows Anna by her name; she has neither e-mail nor cabinet."""
    with app.app_context():
        made = make_merchant("Lampa", site=f"localhost:{shop.server_port}")
        with made.scope():
            partners.create(partners.NewPartner(name="Anna", refcode="anna"))
        db.session.commit()
    shop.tag = f'<script async src="{live_server}/t/{made.slug}/code.js"></script>'
    return made


def put(live_server: str, merchant: Merchant, number: str, **said: Any) -> Any:
    body = {
        "status": "paid",
        "currency": "RUB",
        "created_at": datetime.now(UTC).isoformat(),
        "lines": [{"id": "1", "name": "Lamp", "quantity": "1", "price": "1000.00"}],
        **said,
    }
    answer = httpx.put(f"{live_server}/api/v1/orders/{number}", json=body, headers=merchant.bearer)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sound(page: Page, name: str) -> None:
    """No violation and no sideways scrolling at both widths."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], (name, width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        if os.environ.get("PICTURES"):
            page.screenshot(path=f"{os.environ['PICTURES']}/{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def sit_down(browser: Browser) -> tuple[Page, Console]:
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    return page, Console(page)


def sign_in(page: Page, live_server: str, merchant: Merchant) -> None:
    page.goto(f"{live_server}/login")
    page.get_by_label("E-mail").fill(merchant.staff["manager"].email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/office/"))


def make_code(page: Page, live_server: str, merchant: Merchant) -> str:
    """The manager gives Anna a code made by the pattern, and new customers a coupon; returns the code."""
    page.goto(f"{live_server}{merchant.office('coupons/')}")
    page.get_by_label("Give a coupon to customers whom a partner brought").check()
    page.get_by_label("Worth").fill("10%")
    page.locator("#offer").get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    sound(page, "coupons")
    page.goto(f"{live_server}{merchant.office('codes/')}")
    page.get_by_role("link", name="New code").first.click()
    page.get_by_label("Partner").fill("anna")
    page.get_by_label("Orders, at most").fill("2")
    page.get_by_label("What the buyer gets").fill("10% off the first order")
    sound(page, "new code")
    page.get_by_role("button", name="Create").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text(re.compile("^ANNA-[0-9]{2}$"))
    sound(page, "code")
    code = heading.inner_text()
    for path, name in (
        ("codes/", "codes"),
        ("codes/pattern", "pattern"),
        ("counters/", "counters"),
    ):
        page.goto(f"{live_server}{merchant.office(path)}")
        sound(page, name)
    return code


def test_a_listener_types_the_bloggers_code_orders_and_the_deal_stands(
    live_server: str, lampa: Merchant, browser: Browser, shop: Shop
) -> None:
    staff, staff_console = sit_down(browser)
    sign_in(staff, live_server, lampa)
    code = make_code(staff, live_server, lampa)

    listener, console = sit_down(browser)
    listener.goto(f"{live_server}/{lampa.slug}/code")
    sound(listener, "I have a code")
    listener.get_by_label("Code", exact=True).fill(code.lower())
    listener.get_by_label("E-mail or phone").fill("gleb@example.org")
    listener.keyboard.press("Tab")
    listener.keyboard.press("Space")
    listener.get_by_role("button", name="Remember my code").click()
    expect(listener.get_by_text("A coupon for your first order")).to_be_visible()
    coupon = listener.locator(".code-line code").inner_text()
    sound(listener, "coupon")

    said = put(live_server, lampa, "A1", customer={"email": "gleb@example.org"}, coupons=[coupon])
    assert said["deal"]["partner"]["name"] == "Anna"
    assert (said["deal"]["promo_code"], said["deal"]["commission"]) == (coupon, "100.00")
    again = put(live_server, lampa, "A2", customer={"email": "gleb@example.org"})
    assert again["deal"]["partner"]["name"] == "Anna", "bound before any order"

    dina, dinas_console = sit_down(browser)
    dina.goto(f"http://localhost:{shop.server_port}/")
    dina.get_by_label("I have a code").fill(code)
    dina.get_by_label("E-mail or phone").fill("dina@example.org")
    dina.get_by_label("The shop may keep this to remember my code").check()
    dina.get_by_role("button", name="Remember my code").click()
    expect(dina.get_by_role("status")).to_contain_text("Thank you, noted.")
    expect(dina.locator(".partner-code-coupon")).to_have_text(re.compile("^FIRST-"))
    assert dina.context.cookies() == []
    third = put(live_server, lampa, "A3", customer={"email": "dina@example.org"})
    assert third["deal"]["partner"]["name"] == "Anna"

    by_phone(staff, live_server, lampa, code)
    for each in (staff_console, console, dinas_console):
        assert not each.errors, each.errors


def by_phone(page: Page, live_server: str, merchant: Merchant, code: str) -> None:
    """A third listener calls: staff enter the order, name the code, and see whose it is."""
    page.goto(f"{live_server}{merchant.office('orders/')}")
    page.get_by_role("link", name="New order").click()
    sound(page, "new order")
    page.get_by_label("Invite code").fill(code)
    page.get_by_label("Status").select_option("paid")
    page.locator("#name").fill("Zoya")
    page.get_by_label("Phone").fill("+79161234567")
    page.get_by_label("Product").first.fill("Lamp on the phone")
    page.get_by_label("Price").first.fill("500")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The order is there.")).to_be_visible()
    expect(page.locator("#partner-data")).to_contain_text("Anna")
    expect(page.locator("#commission")).to_contain_text("50.00")
    page.locator("#partner-data summary").click()
    sound(page, "order")
    page.locator("#partner-data").get_by_label("Promo code").fill("")
    page.locator("#partner-data").get_by_role("button", name="Save").click()
    expect(page.locator("#partner-data")).to_contain_text("No partner")
