"""The landing script in a real browser, on pages of another origin that know nothing of us."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from app import egress
from app.attribution.models import Click
from app.attribution.queries import Bound, bound_to, read_clicks
from app.dev.children import wait_until
from app.extensions import db
from app.links import service as links
from app.members.models import Member
from app.partners import queries as partners_queries
from app.partners import service as partners
from app.verified_sites import service as verified_sites
from app.verified_sites.probe import Seen
from app.verified_sites.rules import How
from tests.world import make_merchant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant

LEAD = (
    '<form data-partner-lead action="/thanks"><input type="email" name="mail">'
    '<input name="name"><button>Subscribe</button></form>'
)
FORM = (
    '<form action="/thanks"><input type="hidden" name="partnerka_click"><button>Buy</button></form>'
)


class Shop(ThreadingHTTPServer):
    """A shop on localhost, where our server is on 127.0.0.1: two sites to a browser."""

    tag = ""

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_port}"


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Shop)
        path = urlsplit(self.path).path
        framed = f'<iframe src="/page{self.path.removeprefix("/frame")}"></iframe>'
        form = LEAD if path == "/subscribe" else FORM
        body = framed if path == "/frame" else self.server.tag + form
        self.send_response(200 if path != "/favicon.ico" else 204)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        if path != "/favicon.ico":
            self.wfile.write(f"<!doctype html><title>Shop</title>{body}".encode())

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Blog(ThreadingHTTPServer):
    """A site of somebody's with a plain link to the shop."""

    shop = ""


class Blogger(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Blog)
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        link = f'<a href="{self.server.shop}/lamps">A lamp I like</a>'
        self.wfile.write(f"<!doctype html><title>Blog</title>{link}".encode())

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


@pytest.fixture
def merchant(app: App, live_server: str, shop: Shop) -> Merchant:
    """Lampa's shop is that server, its pages carry the script, and Anna is a partner."""
    with app.app_context():
        made = make_merchant("Lampa", site=f"localhost:{shop.server_port}")
        with made.scope():
            for name in ("Anna", "Boris"):
                links.ensure_default(
                    partners.create(partners.NewPartner(name=name, refcode=name.lower()))
                )
        db.session.commit()
    shop.tag = f'<script async src="{live_server}/t/{made.slug}.js"></script>'
    return made


def clicks_of(app: App, merchant: Merchant) -> list[str]:
    with app.app_context(), merchant.scope():
        return list(db.session.scalars(select(Click.kind).order_by(Click.at)))


def is_proof(app: App, merchant: Merchant, token: str) -> bool:
    with app.app_context(), merchant.scope():
        return token in read_clicks([token])


def binding_of(app: App, merchant: Merchant, email: str) -> Bound | None:
    with app.app_context(), merchant.scope():
        member = db.session.scalar(select(Member.id).where(Member.email == email))
        return bound_to(member) if member else None


def value(page: Page) -> str:
    page.wait_for_function("window.partnerka")
    return str(page.evaluate("partnerka.click()"))


def token(page: Page) -> str:
    page.wait_for_function("window.partnerka && /^ck_/.test(partnerka.click())")
    return value(page)


def cookie(page: Page) -> str | None:
    found = [c["value"] for c in page.context.cookies() if c["name"] == "partnerka_click"]
    return found[0] if found else None


@contextmanager
def blocked(page: Page) -> Iterator[None]:
    page.route("**/hit?*", lambda route: route.abort())
    yield
    page.unroute("**/hit?*")


def test_after_our_link_the_shops_own_cookie_and_form_carry_the_click(
    app: App, quiet_page: Page, live_server: str, merchant: Merchant, shop: Shop
) -> None:
    quiet_page.goto(f"{live_server}/r/{merchant.slug}/anna")
    assert quiet_page.url.startswith(f"{shop.url}/?ref=anna&click=ck_")
    held = token(quiet_page)
    assert cookie(quiet_page) == held
    assert quiet_page.input_value("[name=partnerka_click]") == held
    assert is_proof(app, merchant, held)
    assert clicks_of(app, merchant) == ["redirect"]
    quiet_page.goto(f"{shop.url}/another")
    assert value(quiet_page) == held


def test_a_code_in_the_address_is_counted_once_though_the_page_is_shown_again(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    quiet_page.goto(f"{shop.url}/?ref=Anna")
    held = token(quiet_page)
    assert is_proof(app, merchant, held)
    quiet_page.reload()
    assert value(quiet_page) == held
    quiet_page.goto(f"{shop.url}/next")
    quiet_page.go_back()
    assert value(quiet_page) == held
    assert clicks_of(app, merchant) == ["script"]


def test_the_last_partner_counts_unless_the_merchant_wants_the_first(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    quiet_page.goto(f"{shop.url}/?ref=anna")
    first = token(quiet_page)
    quiet_page.goto(f"{shop.url}/?ref=boris")
    quiet_page.wait_for_function(
        f"/^ck_/.test(partnerka.click()) && partnerka.click() != '{first}'"
    )
    assert clicks_of(app, merchant) == ["script", "script"]


def test_where_the_beacon_is_blocked_the_code_is_the_evidence(
    app: App, page: Page, merchant: Merchant, shop: Shop
) -> None:
    with blocked(page):
        page.goto(f"{shop.url}/?ref=anna")
        assert value(page) == "ref:anna"
        assert page.input_value("[name=partnerka_click]") == "ref:anna"
    assert clicks_of(app, merchant) == []


def test_without_consent_nothing_is_stored_or_sent_and_with_it_both_are(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    shop.tag = shop.tag.replace("async", 'async data-consent="wait"')
    quiet_page.goto(f"{shop.url}/?ref=anna")
    assert value(quiet_page) == "ref:anna"
    assert cookie(quiet_page) is None
    assert clicks_of(app, merchant) == []
    quiet_page.evaluate("partnerka.consent(true)")
    held = token(quiet_page)
    assert cookie(quiet_page) == held
    assert clicks_of(app, merchant) == ["script"]
    quiet_page.evaluate("partnerka.consent(false)")
    assert cookie(quiet_page) is None
    assert value(quiet_page) == ""


def test_a_page_inside_another_page_counts_for_nobody(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    quiet_page.goto(f"{shop.url}/frame?ref=anna")
    frame = quiet_page.frames[1]
    frame.wait_for_function("window.partnerka")
    assert frame.evaluate("partnerka.click()") == ""
    assert cookie(quiet_page) is None
    assert clicks_of(app, merchant) == []


def test_a_page_without_a_code_leaves_no_trace(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    quiet_page.goto(f"{shop.url}/?other=1")
    assert value(quiet_page) == ""
    assert cookie(quiet_page) is None
    assert clicks_of(app, merchant) == []


def test_a_visitor_from_a_partners_proved_site_is_his_and_no_link_is_needed(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    blog = Blog(("127.0.0.1", 0), Blogger)
    threading.Thread(target=blog.serve_forever, daemon=True).start()
    blog.shop = shop.url
    place = f"127.0.0.1:{blog.server_port}"
    with app.app_context():
        with merchant.scope():
            anna = partners_queries.by_refcode("anna")
            assert anna is not None
            way = egress.Client(allowed=lambda: [place])
            site = verified_sites.name(anna, place, client=way)
            verified_sites.look_soon(site)
            assert verified_sites.take(site.id)
            verified_sites.settle(site.id, Seen(How.FILE))
        db.session.commit()
    quiet_page.goto(f"http://{place}/")
    quiet_page.click("text=A lamp I like")
    held = token(quiet_page)
    assert cookie(quiet_page) == held
    assert clicks_of(app, merchant) == ["site"]
    with app.app_context(), merchant.scope():
        assert read_clicks([held])[held].by_site
    quiet_page.goto(f"{shop.url}/?ref=boris")
    quiet_page.wait_for_function(f"/^ck_/.test(partnerka.click()) && partnerka.click() != '{held}'")
    assert clicks_of(app, merchant) == ["site", "script"]
    blog.shutdown()
    blog.server_close()


def test_a_visitor_from_any_other_site_leaves_no_trace(
    app: App, quiet_page: Page, merchant: Merchant, shop: Shop
) -> None:
    blog = Blog(("127.0.0.1", 0), Blogger)
    threading.Thread(target=blog.serve_forever, daemon=True).start()
    blog.shop = shop.url
    quiet_page.goto(f"http://127.0.0.1:{blog.server_port}/")
    quiet_page.click("text=A lamp I like")
    assert value(quiet_page) == ""
    assert cookie(quiet_page) is None
    assert clicks_of(app, merchant) == []
    blog.shutdown()
    blog.server_close()


def test_a_marked_form_fixes_the_contact_to_the_partner_before_any_order(
    app: App, page: Page, shop: Shop, merchant: Merchant, client: FlaskClient
) -> None:
    page.goto(f"{shop.url}/subscribe?ref=anna")
    token(page)
    page.wait_for_function("document.querySelector('script[src$=\"lead.js\"]')")
    page.wait_for_load_state("networkidle")
    page.locator("[name=mail]").fill("Gleb@Example.org")
    page.locator("[name=name]").fill("Gleb")
    page.get_by_role("button", name="Subscribe").click()
    page.wait_for_url("**/thanks*")
    assert wait_until(lambda: binding_of(app, merchant, "gleb@example.org") is not None, 180.0)
    bound = binding_of(app, merchant, "gleb@example.org")
    assert bound is not None
    assert (bound.refcode, bound.how, bound.until) == ("anna", "subscribed", None)
    order = {
        "status": "paid",
        "currency": "RUB",
        "created_at": f"{datetime.now(UTC) + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}",
        "customer": {"id": "77", "email": "gleb@example.org"},
        "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
    }
    said = client.put("/api/v1/orders/A1", json=order, headers=merchant.bearer).get_json()
    assert said["deal"]["partner"]["refcode"] == "anna"
