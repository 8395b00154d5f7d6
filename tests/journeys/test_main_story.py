"""The main job in a real browser: a sale through a partner's link becomes money the partner is paid.

A web server and a worker run in their own processes; letters go over SMTP; the shop is a page of
another origin that knows nothing of us but our snippet, and its server speaks our API.
"""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from app import jobs
from app.dev.children import wait_until
from app.extensions import db
from app.tenants.models import Tenant
from tests.harness.browser import Console, violations
from tests.payouts.setting import fill_details
from tests.world import PASSWORD, make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.harness.mailbox import Mailbox
    from tests.world import Merchant

WIDTHS = (1280, 375)
PATIENCE = 180.0


class Shop(ThreadingHTTPServer):
    """Lampa's own site: every page carries what the merchant pasted, and an order form."""

    snippet = ""

    @property
    def domain(self) -> str:
        return f"localhost:{self.server_port}"


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Shop)
        form = '<form action="/thanks"><input type="hidden" name="partnerka_click"><button>Buy</button></form>'
        page = f"<!doctype html><html lang=en><title>Lampa</title>{self.server.snippet}<h1>Lamp</h1>{form}"
        self.send_response(204 if self.path == "/favicon.ico" else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if self.path != "/favicon.ico":
            self.wfile.write(page.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop(("127.0.0.1", 0), Pages)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


class Story:
    """Who takes part, and the browsers they sit at."""

    def __init__(
        self, app: App, merchant: Merchant, address: str, browser: Browser, mailbox: Mailbox
    ) -> None:
        self.app, self.merchant, self.address = app, merchant, address
        self.browser, self.mailbox = browser, mailbox
        self.consoles: list[Console] = []
        self.ordered_at = ""

    def sit_down(self) -> Page:
        """Open a browser of one's own, whose console must stay silent."""
        page = self.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(PATIENCE * 1000)
        self.consoles.append(Console(page))
        return page

    def office(self, path: str = "") -> str:
        return f"{self.address}{self.merchant.office(path)}"

    def cabinet(self, path: str = "") -> str:
        return f"{self.address}{self.merchant.cabinet(path)}"

    def link_in_letter(self, to: str, subject: str) -> str:
        """Wait for a letter and return the address in it that sets a password."""
        assert wait_until(lambda: self._letters(to, subject) != [], PATIENCE), f"no letter to {to}"
        letter = self._letters(to, subject)[0]
        body = letter.get_body(("plain",))
        assert body is not None
        found = re.search(r"https?://\S*/password\S*", body.get_content())
        assert found, body.get_content()
        # The worker's letters name the installation's public address; here it is the test's server.
        return self.address + found[0][found[0].index("/password") :]

    def told(self, to: str, words: str) -> bool:
        """Wait until a letter with these words reached somebody."""
        return wait_until(lambda: self._letters(to, words) != [], PATIENCE)

    def _letters(self, to: str, words: str) -> list[Any]:
        return [
            letter
            for letter in self.mailbox.to(to)
            if words.lower() in str(letter["Subject"]).lower()
            or words.lower() in letter.get_body(("plain",)).get_content().lower()
        ]

    def says(self, status: str, version: int, click: str, **more: Any) -> dict[str, Any]:
        """Let the shop's server say how order A-1 stands; return our answer."""
        now = datetime.now(UTC)
        body = {
            "number": "A-1",
            "status": status,
            "version": version,
            "created_at": now.isoformat() if version == 1 else self.ordered_at,
            "currency": "RUB",
            "customer": {"id": "77", "email": "gleb@example.org", "name": "Gleb"},
            "lines": [
                {
                    "id": "1",
                    "product": "lamp-1",
                    "name": "Lamp",
                    "quantity": "2",
                    "price": "1000.00",
                }
            ],
            "click": click,
            **more,
        }
        self.ordered_at = body["created_at"]
        answer = httpx.put(
            f"{self.address}/api/v1/orders/A1",
            json=body,
            headers=self.merchant.bearer,
            timeout=PATIENCE,
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def days_pass(self, days: int) -> None:
        """Move the merchant's clock, as a test twin's is moved, and let the worker's sweep run."""
        with self.app.app_context():
            db.session.execute(
                update(Tenant)
                .where(Tenant.id == self.merchant.id)
                .values(clock_offset=timedelta(days=days))
            )
            db.session.commit()
            jobs.mature()


@pytest.fixture
def story(
    app: App, live_server: str, live_worker: None, browser: Browser, mailbox: Mailbox
) -> Iterator[Story]:
    with app.app_context():
        merchant = make_merchant("Lampa", site="lampa.invalid")
        db.session.commit()
    told = Story(app, merchant, live_server, browser, mailbox)
    yield told
    for console in told.consoles:
        assert console.errors == []


def sound(page: Page, name: str) -> None:
    """Fits its screen at both widths, and axe has nothing to say."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], f"{name} at {width}"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width}"
        folder = os.environ.get("PICTURES")
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def sign_in(page: Page, address: str, email: str) -> None:
    page.goto(address)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def set_up(story: Story, desk: Page, shop: Shop) -> None:
    """The merchant names the domain, sets three levels, adds two products, copies the snippet."""
    sign_in(desk, story.office("settings/shops/"), story.merchant.staff["owner"].email)
    desk.locator("main").get_by_role("link", name="Lampa").click()
    desk.get_by_label("Domain").fill(shop.domain)
    desk.get_by_role("button", name="Save").click()
    desk.goto(story.office("terms/"))
    desk.locator("main").get_by_role("link", name="Edit").first.click()
    for level, rate in enumerate(("10%", "5%", "1%"), start=1):
        desk.get_by_label(f"Level {level}").fill(rate)
    sound(desk, "office-terms")
    desk.get_by_role("button", name="Save").click()
    for number in (1, 2):
        desk.goto(story.office("products/new"))
        desk.get_by_label("Id in the shop").fill(f"lamp-{number}")
        desk.get_by_label("Name").fill(f"Lamp {number}")
        desk.locator("#price").fill("1,000.00")
        desk.get_by_label("Address in the shop").fill(f"http://{shop.domain}/lamp-{number}")
        desk.get_by_role("button", name="Save").click()
    desk.goto(story.office("counters/"))
    sound(desk, "office-snippet")
    shop.snippet = desk.locator("#line code").first.inner_text()
    assert shop.snippet.startswith("<script")


def join(story: Story, name: str, sponsor: str | None) -> tuple[Page, str]:
    """Register as a partner, follow the letter, set a password and stand in the cabinet."""
    page = story.sit_down()
    email = f"{name.lower()}@{story.merchant.slug}.example"
    query = f"?sponsor={sponsor}" if sponsor else ""
    page.goto(f"{story.address}/{story.merchant.slug}/join{query}")
    page.get_by_label("Your name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("I accept the terms").check()
    if sponsor is None:
        sound(page, "join")
    page.get_by_role("button", name="Register").click()
    page.goto(story.link_in_letter(email, "password"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Save the password").click()
    if "/login" in page.url:
        sign_in(page, story.cabinet(), email)
    page.goto(story.cabinet())
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page, email


def buy(story: Story, link: str, shop: Shop) -> str:
    """Follow the link as a buyer, land on the shop's page, buy; return what the form carried."""
    buyer = story.sit_down()
    buyer.goto(link)
    assert buyer.url.startswith(f"http://{shop.domain}/lamp-1")
    field = buyer.locator("input[name=partnerka_click]")
    expect(field).to_have_value(re.compile(r"^ck_"))
    click = field.input_value()
    buyer.get_by_role("button", name="Buy").click()
    assert f"partnerka_click={click}" in buyer.url
    return click


def test_a_sale_through_a_partners_link_becomes_money_the_partner_is_paid(  # noqa: PLR0915 - one story
    story: Story, shop: Shop
) -> None:
    desk = story.sit_down()
    set_up(story, desk, shop)
    anna, _ = join(story, "Anna", None)
    boris, _ = join(story, "Boris", "anna")
    vera, vera_email = join(story, "Vera", "boris")
    sound(vera, "cabinet-home")

    vera.goto(story.cabinet("links/"))
    vera.get_by_label("Or a product").select_option(label="Lamp 1")
    vera.get_by_role("button", name="Make the link").click()
    expect(vera.locator("#share img, #share svg").first).to_be_visible()
    sound(vera, "cabinet-link")
    link = vera.locator("#share code").first.inner_text()

    click = buy(story, link, shop)
    assert story.says("new", 1, click)["deal"]["partner"]["name"] == "Vera"
    paid = story.says("paid", 2, click)
    assert [s["amount"] for s in paid["deal"]["shares"]] == ["200.00", "100.00", "20.00"]

    desk.goto(story.office("orders/"))
    row = desk.locator("#orders-table tbody tr").first
    expect(row).to_contain_text("★")
    sound(desk, "office-orders")
    row.get_by_role("link", name="A-1").click()
    sound(desk, "office-order")
    expect(desk.locator("#claims")).to_contain_text("Click on a partner's link")

    for page, amount in ((vera, "200.00"), (boris, "100.00"), (anna, "20.00")):
        page.goto(story.cabinet("sales/"))
        line = page.locator("#sales-table tbody tr").first
        expect(line).to_contain_text(amount)
        expect(line).to_contain_text("On hold")
    sound(anna, "cabinet-sales")
    vera.locator("#sales-table tbody").get_by_role("link").first.click()
    expect(vera.locator("main")).to_contain_text("Why this sum")
    expect(vera.locator("main")).to_contain_text("10%")
    sound(vera, "cabinet-sale")

    story.says("completed", 3, click, completed_at=datetime.now(UTC).isoformat())
    story.days_pass(15)
    vera.goto(story.cabinet("sales/"))
    expect(vera.locator("#sales-table tbody tr").first).to_contain_text("Available")

    vera.goto(story.cabinet("payouts/details"))
    fill_details(vera, "Vera Ivanova")
    vera.get_by_role("button", name="Save").click()
    vera.goto(story.cabinet("payouts/"))
    expect(vera.get_by_label("Amount")).to_have_value("200.00")
    vera.get_by_role("button", name="Ask for it").click()
    assert story.told(story.merchant.staff["owner"].email, "200.00")

    desk.goto(story.office("payouts/"))
    desk.locator("#payouts-table tbody").get_by_role("link").first.click()
    for act in ("Approve", "Mark as paid"):
        desk.get_by_role("button", name=act).click()
        desk.get_by_role("dialog").get_by_role("button", name=act).click()
    expect(desk.locator(".state").filter(has_text="Paid").first).to_be_visible()
    assert story.told(vera_email, "paid")
    vera.goto(story.cabinet("payouts/"))
    expect(vera.locator("#payouts-table tbody tr").first).to_contain_text("Paid")

    half = story.says(
        "completed",
        4,
        click,
        refunds=[{"id": "r1", "lines": [{"line": "1", "quantity": "1", "amount": "1000.00"}]}],
    )
    assert half["deal"]["commission"] == "160.00"
    vera.goto(story.cabinet("sales/"))
    expect(vera.locator(".stats")).to_contain_text("Debt")
    expect(vera.locator(".stats")).to_contain_text("100.00")
    boris.goto(story.cabinet("sales/"))
    expect(boris.locator("#sales-table tbody tr").first).to_contain_text("50.00")
