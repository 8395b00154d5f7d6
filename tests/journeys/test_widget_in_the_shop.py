"""A shop of another origin, on a phone, in a browser that gives no cookie to third parties.

The customer sees the bonuses, decides to spend, the most follows the cart, the order is booked; the cabinet
opens inside the shop's account and shows both its pages.
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from app import clock
from app.extensions import db
from app.partners import queries as partners
from app.widget import service as widget
from app.widget.rules import signed_token
from tests.checkout.shop import GLEB, balance, credit, member, open_account
from tests.harness import browser as chromium
from tests.world import make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from flask.testing import FlaskClient
    from playwright.sync_api import BrowserType, Page, ViewportSize

    from app.application import App
    from tests.world import Merchant

PHONE: ViewportSize = {"width": 375, "height": 812}
THIRD = "third=1"
SET = f"document.cookie = '{THIRD}; SameSite=None; Secure; path=/', document.cookie"
LINES = [{"id": "1", "quantity": "1", "price": "990.00"}]


class Shop(ThreadingHTTPServer):
    """Pages on localhost, where our server is on 127.0.0.1: another site to a browser."""

    pages: dict[str, str]
    tokens: list[str]
    orders: list[str]
    policy = ""

    @property
    def place(self) -> str:
        return f"localhost:{self.server_port}"


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Shop)
        path = urlsplit(self.path).path
        if path == "/token":
            return self._say("text/plain", self.server.tokens.pop(0) if self.server.tokens else "")
        return self._say("text/html", self.server.pages.get(path, ""))

    def do_POST(self) -> None:
        assert isinstance(self.server, Shop)
        size = int(self.headers.get("Content-Length", "0"))
        said = parse_qs(self.rfile.read(size).decode())
        self.server.orders.append(said["partnerka_spend"][0])
        self._say("text/html", "Thank you")

    def _say(self, kind: str, text: str) -> None:
        assert isinstance(self.server, Shop)
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        if self.server.policy:
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = Shop(("127.0.0.1", 0), Pages)
    server.pages, server.tokens, server.orders = {}, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def lampa(app: App, shop: Shop, _sound: None) -> Merchant:
    with app.app_context():
        made = make_merchant("Lampa", site=shop.place)
        db.session.commit()
    return made


@pytest.fixture
def page(
    browser_type: BrowserType, browser_type_launch_args: dict[str, Any], tmp_path: Any
) -> Iterator[Page]:
    """A phone's browser that blocks third parties' cookies: the setting itself, not a promise."""
    profile = tmp_path / "profile"
    (profile / "Default").mkdir(parents=True)
    wanted = {"profile": {"block_third_party_cookies": True, "cookie_controls_mode": 1}}
    (profile / "Default" / "Preferences").write_text(json.dumps(wanted))
    options = browser_type_launch_args | {"headless": True}
    context = browser_type.launch_persistent_context(
        profile, viewport=PHONE, locale="en-GB", **options
    )
    context.set_default_timeout(180_000)
    yield context.new_page()
    context.close()


def html(head: str, body: str, lang: str = "en") -> str:
    look = "<style>body{margin:12px;font-family:sans-serif}</style>"
    return (
        f'<!doctype html><html lang="{lang}"><head><title>Shop</title>'
        f'<meta name="viewport" content="width=device-width">{look}{head}</head>'
        f"<body><main><h1>Shop</h1>{body}</main></body></html>"
    )


class Signing:
    """The shop's server: a secret, and tokens of it."""

    def __init__(self, app: App, lampa: Merchant) -> None:
        with app.app_context(), lampa.scope():
            key, self.secret = widget.make_key(lampa.shop_id)
            self.key = key.public_id
            db.session.commit()

    def token(self, until: datetime) -> str:
        return signed_token(self.key, self.secret, GLEB, until)


def cart(live: str, lampa: Merchant, tag: str, lang: str = "en") -> str:
    lines = json.dumps({"lines": LINES})
    return html(
        f'<script async src="{live}/w/{lampa.slug}.js" {tag}></script>'
        "<script>document.addEventListener('partnerka:spend', e => window.told = e.detail)</script>",
        f"<div data-partnerka-widget='cart' data-cart='{lines}'></div>"
        '<form method="post" action="/order"><input type="hidden" name="partnerka_spend">'
        "<button>Order</button></form>",
        lang,
    )


def test_a_customer_spends_bonuses_in_the_cart_of_a_shop_on_a_phone(
    app: App, client: FlaskClient, live_server: str, shop: Shop, lampa: Merchant, page: Page
) -> None:

    gleb = open_account(app, lampa, 50_000)
    token = Signing(app, lampa).token(clock.wall() + timedelta(hours=1))
    shop.policy = (
        f"default-src 'none'; script-src 'unsafe-inline' {live_server}; connect-src {live_server};"
        " style-src 'unsafe-inline'; form-action 'self'"
    )
    shop.pages["/cart"] = cart(live_server, lampa, f'data-token="{token}"')
    console = chromium.Console(page)
    page.goto(f"http://{shop.place}/cart")
    box = page.locator("[data-partnerka-widget=cart]")
    expect(box.get_by_text("500", exact=True)).to_be_visible()
    expect(box.get_by_text("To pay: ₽990.00")).to_be_visible()
    assert page.evaluate("partnerka.spend()") == "0.00"
    # By keyboard alone: to the choice, one step down, and the most is chosen.
    box.get_by_role("radio", name="Save up bonuses").focus()
    page.keyboard.press("ArrowDown")
    expect(box.get_by_role("radio", name="Pay a part with bonuses")).to_be_checked()
    expect(box.get_by_text("To pay: ₽490.00")).to_be_visible()
    assert page.evaluate("told.spend") == "500.00"
    assert not chromium.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    # The most follows the cart, down and up again.
    cheap = json.dumps([{"id": "1", "quantity": "1", "price": "300.00"}])
    page.evaluate(f"partnerka.cart({cheap})")
    expect(box.get_by_text("up to 299.99")).to_be_visible()  # a kopeck stays to be paid
    expect(box.get_by_label("How many bonuses to spend").first).to_have_value("299.99")
    page.evaluate(f"partnerka.cart({json.dumps(LINES)})")
    expect(box.get_by_text("up to 500")).to_be_visible()
    assert page.evaluate("told.spend") == "500.00"
    # Too much, nonsense, and a sum as people write it.
    field = box.get_by_label("How many bonuses to spend").first
    field.fill("700")
    field.press("Enter")
    expect(box.get_by_role("alert")).to_have_text(
        "At most 500 can be spent here, so that much is spent."
    )
    field.fill("many")
    field.press("Enter")
    expect(box.get_by_role("alert")).to_have_text("Write a number such as 150.")
    field.fill("200,50")
    field.press("Enter")
    expect(box.get_by_text("To pay: ₽789.50")).to_be_visible()
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    assert shop.orders == ["200.50"]
    said = {
        "status": "paid", "currency": "RUB", "created_at": clock.now().isoformat(),
        "customer": {"id": GLEB}, "lines": LINES, "bonus": {"spend": shop.orders[0]},
    }  # fmt: skip
    told = client.put("/api/v1/orders/W1", json=said, headers=lampa.bearer).get_json()
    assert told["bonus"]["spent"] == "200.50"
    assert balance(app, lampa, gleb).available == 29_950
    page.goto(f"http://{shop.place}/cart")
    expect(box.get_by_text("299.5", exact=True)).to_be_visible()
    assert not page.context.cookies()
    assert not console.errors


def test_the_profile_speaks_russian_and_an_old_page_fetches_a_new_token(
    app: App, live_server: str, shop: Shop, lampa: Merchant, page: Page
) -> None:

    open_account(app, lampa, 123_450)
    signing = Signing(app, lampa)
    shop.tokens = [
        signing.token(clock.wall() - timedelta(hours=1)),
        signing.token(clock.wall() + timedelta(hours=1)),
    ]
    shop.pages["/me"] = html(
        f'<script async src="{live_server}/w/{lampa.slug}.js" data-token-url="/token"></script>',
        '<div style="width:220px"><div data-partnerka-widget="profile"></div></div>',
        "ru",
    )
    page.goto(f"http://{shop.place}/me")
    box = page.locator("[data-partnerka-widget]")
    # The first token that the shop gave was over; what the page fetched anew at the next question holds.
    expect(box.get_by_role("alert")).to_have_text(
        "Страница открыта слишком давно. Обновите её, чтобы увидеть бонусы."
    )
    page.evaluate("partnerka.cart([])")
    expect(box.get_by_text("1 234,5", exact=True).first).to_be_visible()
    expect(box.get_by_text("Начислено")).to_be_visible()
    expect(box.get_by_text("+1 234,5")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert not chromium.violations(page)


def test_a_shopper_is_told_what_is_the_matter_and_can_order_all_the_same(
    app: App, live_server: str, shop: Shop, lampa: Merchant, page: Page
) -> None:
    open_account(app, lampa, 50_000)
    shop.pages["/guest"] = cart(live_server, lampa, "")
    shop.pages["/forged"] = cart(live_server, lampa, 'data-token="pw1.forged"')
    page.goto(f"http://{shop.place}/guest")
    box = page.locator("[data-partnerka-widget]")
    expect(box.get_by_text("Sign in to see and spend your bonuses.")).to_be_visible()
    page.goto(f"http://{shop.place}/forged")
    expect(box.get_by_role("alert")).to_contain_text("Reload it")
    assert "500" not in box.inner_text()
    page.route("**/wallet", lambda route: route.abort())
    page.evaluate("partnerka.customer('pw1.x')")
    expect(box.get_by_role("alert")).to_have_text(
        "Your bonuses cannot be shown just now. You can order without them."
    )
    expect(box.get_by_role("button", name="Try again")).to_be_visible()
    page.get_by_role("button", name="Order").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    assert shop.orders == ["0.00"]


def test_the_cabinet_opens_inside_the_shops_account_and_shows_both_pages(
    app: App, client: FlaskClient, live_server: str, shop: Shop, lampa: Merchant, page: Page
) -> None:
    with app.app_context(), lampa.scope():
        credit(member(lampa), 10_000)
        db.session.commit()
    body = {"refcode": "anna", "name": "Anna"}
    assert client.post("/api/v1/partners", json=body, headers=lampa.bearer).status_code == 201
    sold = {
        "status": "paid", "currency": "RUB", "created_at": "2026-11-22T09:58:00+03:00",
        "lines": [{"id": "1", "quantity": "1", "price": "2000.00"}], "ref": "anna",
    }  # fmt: skip
    client.put("/api/v1/orders/F1", json=sold, headers=lampa.bearer)
    told = client.post("/api/v1/partners/anna/session", headers=lampa.bearer).get_json()
    source = live_server + told["frame_url"].removeprefix("http://localhost")
    shop.pages["/account"] = html(
        f'<script async src="{live_server}/w/{lampa.slug}.js"></script>',
        f'<iframe data-partnerka-cabinet title="Partner program" src="{source}"'
        ' allow="clipboard-write" style="width:100%;border:0;height:200px"></iframe>',
    )
    console = chromium.Console(page)
    page.goto(f"http://{shop.place}/account")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Hello, Anna")).to_be_visible()
    expect(frame.get_by_text("/r/").first).to_be_visible()
    inside = next(f for f in page.frames if "/inside/" in f.url)
    assert "cp_" not in inside.url  # the used link does not stay in the address
    assert THIRD not in inside.evaluate(SET)  # the browser truly takes none here ...
    assert inside.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.wait_for_function("document.querySelector('iframe').clientHeight > 300")
    # A sum of the home page leads to the account, narrowed to it, inside the frame.
    frame.get_by_role("link", name="On hold").click()
    expect(frame.get_by_role("heading", name="Account").first).to_be_visible()
    expect(frame.get_by_text("F1")).to_be_visible()
    # What the table itself leads to stays inside, too.
    frame.get_by_role("link", name="When").first.click()
    expect(frame.get_by_role("heading", name="Account").first).to_be_visible()
    expect(frame.get_by_text("F1")).to_be_visible()
    frame.get_by_role("button", name="Partner's cabinet").click()
    expect(frame.get_by_role("heading", name="Hello, Anna")).to_be_visible()
    frame.get_by_role("button", name="Internal account").click()
    expect(frame.get_by_role("heading", name="Account").first).to_be_visible()
    assert not page.context.cookies()
    # All else opens in a window of its own, without a password.
    with page.context.expect_page() as opened:
        frame.get_by_role("button", name="Open in its own window").click()
    window = opened.value
    expect(window.get_by_role("heading", name="Hello, Anna")).to_be_visible()
    assert urlsplit(window.url).path == lampa.cabinet()
    assert THIRD in window.evaluate(SET)  # ... and takes the same one where the page is its own
    window.close()
    assert not console.errors
    # The link is spent: loaded again by itself, the frame shows nothing of Anna's.
    page.reload()
    expect(frame.get_by_text("This link holds no more")).to_be_visible()
    with app.app_context(), lampa.scope():
        assert partners.by_refcode("anna") is not None


def test_a_page_of_somebody_else_shows_neither_the_cabinet_nor_the_bonuses(
    app: App, client: FlaskClient, live_server: str, shop: Shop, lampa: Merchant, page: Page
) -> None:

    open_account(app, lampa, 50_000)
    token = Signing(app, lampa).token(clock.wall() + timedelta(hours=1))
    body = {"refcode": "anna", "name": "Anna"}
    client.post("/api/v1/partners", json=body, headers=lampa.bearer)
    told = client.post("/api/v1/partners/anna/session", headers=lampa.bearer).get_json()
    source = live_server + told["frame_url"].removeprefix("http://localhost")
    thief = Shop(("127.0.0.1", 0), Pages)
    thief.pages, thief.tokens, thief.orders = {}, [], []
    threading.Thread(target=thief.serve_forever, daemon=True).start()
    thief.pages["/"] = cart(live_server, lampa, f'data-token="{token}"').replace(
        "</main>", f'<iframe src="{source}"></iframe></main>'
    )
    page.goto(f"http://{thief.place}/")
    box = page.locator("[data-partnerka-widget]")
    expect(box.get_by_role("alert")).to_be_visible()
    assert "500" not in box.inner_text()
    assert all("Anna" not in frame.content() for frame in page.frames)
    thief.shutdown()
    thief.server_close()
