"""A customer of a WooCommerce shop turns bonuses into a code, and the shop's own cart takes it.

The shop is of another origin; the widget applies the code by the cart interface that WooCommerce has, with
the nonce of its answers. Where the shop refuses, the code stands there to be copied.
"""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from app import clock
from app.extensions import db
from app.tenants.models import Shop
from app.widget import service as widget
from app.widget.rules import signed_token
from tests.carts.shop import GLEB, MAIL, CartDesk, CartShop
from tests.harness import browser as chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from app.application import App
    from tests.shops.fake_woocommerce import Answer

STORE = "/wp-json/wc/store/v1/cart"


class Storefront(CartShop):
    """The shop with a cart's page, and the interface by which its own pages change the cart."""

    page = ""
    price = "1500.00"
    nonce = "first"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.applied: list[str] = []

    def answer(self, talk: Any, body: Any) -> Answer:
        path = urlsplit(talk.path).path
        if path == "/cart":
            code = f"<p id=coupon>{','.join(self.applied)}</p><p id=total>{self.total()}</p>"
            return 200, self.page.replace("{shown}", code), {"Content-Type": "text/html"}
        if not path.startswith(STORE):
            return super().answer(talk, body)
        if talk.command == "POST":
            if talk.headers.get("Nonce") != self.nonce:
                raise_for = {
                    "code": "woocommerce_rest_invalid_nonce",
                    "message": "Nonce is invalid.",
                }
                return 403, raise_for, {}
            self.nonce += "x"
            why = self.lay(path.removeprefix(f"{STORE}/"), body["code"])
            if why:
                message = f"<strong>Coupon</strong> cannot be applied: {why}."
                return 400, {"code": "woocommerce_rest_cart_coupon_error", "message": message}, {}
        coupons = [{"code": code} for code in self.applied]
        return 200, {"coupons": coupons}, {"Nonce": self.nonce}

    def lay(self, what: str, code: str) -> str | None:
        if what == "remove-coupon":
            self.applied.remove(code.lower())
            return None
        why = self.refusal(code, Decimal(self.price), MAIL, len(self.applied))
        if why is None:
            self.applied.append(code.lower())
        return why

    def total(self) -> str:
        found = [self.coupon(code) for code in self.applied]
        off = sum((Decimal(each["amount"]) for each in found if each), Decimal(0))
        return str(Decimal(self.price) - off)


class Desk(CartDesk):
    kind_of_shop = Storefront
    shop: Storefront


@pytest.fixture
def desk(app: App, _sound: None) -> Iterator[Desk]:
    made = Desk(app)
    made.begin()
    yield made
    made.close()


@pytest.fixture
def ours(app: App) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def dress(desk: Desk, ours: str, apply: str = 'data-apply="woocommerce"') -> str:
    """Let the cart's page have the widget; return its address."""
    place = f"localhost:{urlsplit(desk.shop.url).port}"

    def act() -> tuple[str, str]:
        key, secret = widget.make_key(desk.lampa.shop_id)
        shop = db.session.get(Shop, (desk.lampa.id, desk.lampa.shop_id))
        assert shop is not None
        shop.domain = place
        return key.public_id, secret

    key, secret = desk.do(act)
    token = signed_token(key, secret, GLEB, clock.wall() + timedelta(hours=1))
    lines = json.dumps({"lines": [{"id": "1", "quantity": "1", "price": desk.shop.price}]})
    desk.shop.page = (
        '<!doctype html><html lang="en"><head><title>Cart</title><link rel="icon" href="data:,">'
        '<meta name="viewport" content="width=device-width">'
        f'<script async src="{ours}/w/{desk.lampa.slug}.js" data-token="{token}" {apply}></script>'
        "<script>document.addEventListener('partnerka:coupon', e => window.told = e.detail)</script>"
        "</head><body><main><h1>Cart</h1>{shown}"
        f"<div data-partnerka-widget='cart' data-cart='{lines}'></div>"
        '<input type="hidden" name="partnerka_spend"></main></body></html>'
    )
    return f"http://{place}/cart"


def test_bonuses_are_taken_off_in_the_shops_cart_and_the_order_spends_them(
    desk: Desk, ours: str, page: Page
) -> None:
    page.set_viewport_size({"width": 375, "height": 812})
    console = chromium.Console(page)
    page.goto(dress(desk, ours))
    box = page.locator("[data-partnerka-widget=cart]")
    box.get_by_role("radio", name="Pay a part with bonuses").check()
    expect(box.get_by_role("button", name="Get a code for $500.00")).to_be_visible()
    box.get_by_label("How many bonuses to spend").first.fill("200")
    box.get_by_label("How many bonuses to spend").first.press("Enter")
    box.get_by_role("button", name="Get a code for $200.00").click()
    # The shop's page came anew, with the coupon in its own cart.
    expect(page.locator("#total")).to_have_text("1300.00")
    expect(box.get_by_text("It is in the cart.")).to_be_visible()
    expect(box.get_by_text("It takes $200.00 off this cart until")).to_be_visible()
    code = box.locator("code").inner_text()
    assert page.locator("#coupon").inner_text() == code.lower()
    assert page.evaluate("told.code") == code
    assert page.locator("[name=partnerka_spend]").input_value() == "0.00"  # not twice
    assert not chromium.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    # A second window shows the same code.
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("[data-partnerka-widget=cart] code")).to_have_text(code)
    other.close()
    # Taken back it leaves the cart, and the shop has it no more.
    box.get_by_role("button", name="Take it back").click()
    expect(page.locator("#total")).to_have_text("1500.00")
    box.get_by_role("radio", name="Pay a part with bonuses").check()
    expect(box.get_by_role("button", name="Get a code for $500.00")).to_be_visible()
    desk.settle()
    assert desk.shop.coupons == {}
    box.get_by_role("button", name="Get a code for $500.00").click()
    expect(page.locator("#total")).to_have_text("1000.00")
    desk.shop.buy("1500.00", code=page.locator("#coupon").inner_text())
    desk.settle()
    assert desk.balance() == (0, 0, 0)
    assert not console.errors


def test_where_the_shop_takes_no_coupon_the_code_stands_there_with_the_shops_reason(
    desk: Desk, ours: str, page: Page
) -> None:
    place = dress(desk, ours)
    desk.shop.applied = ["own"]  # a coupon of the shop's own lies in the cart
    page.goto(place)
    box = page.locator("[data-partnerka-widget=cart]")
    box.get_by_role("radio", name="Pay a part with bonuses").check()
    box.get_by_role("button", name="Get a code for $500.00").click()
    expect(box.get_by_role("alert")).to_have_text("Coupon cannot be applied: alone.")
    expect(box.locator("code")).to_contain_text("BONUS-")
    expect(box.get_by_role("button", name="Copy")).to_be_visible()
    expect(box.get_by_role("button", name="Apply")).to_be_visible()
    # Without anything to apply it the code alone is there; a smaller cart is told.
    page.goto(dress(desk, ours, ""))
    expect(box.get_by_text("Enter it where the cart asks for a coupon.")).to_be_visible()
    page.evaluate("partnerka.cart([{id: '1', quantity: '1', price: '100.00'}])")
    expect(box.get_by_text("The cart is worth less than the one it was made for.")).to_be_visible()
    assert not chromium.violations(page)


def test_a_shop_that_does_not_answer_is_told_and_the_bonuses_stay(
    desk: Desk, ours: str, page: Page
) -> None:
    page.goto(dress(desk, ours))
    box = page.locator("[data-partnerka-widget=cart]")
    box.get_by_role("radio", name="Pay a part with bonuses").check()
    expect(box.get_by_role("button", name="Get a code for $500.00")).to_be_visible()
    desk.shop.fail_at("/coupons", 1, (503, {"code": "busy"}, {}))
    box.get_by_role("button", name="Get a code for $500.00").click()
    expect(box.get_by_role("alert")).to_have_text(
        "The shop cannot take a code just now. Your bonuses are free again."
    )
    assert desk.balance() == (50_000, 0, 0)
    expect(box.get_by_role("button", name="Get a code for $500.00")).to_be_visible()


def test_the_carts_own_field_for_coupons_takes_the_code(desk: Desk, ours: str, page: Page) -> None:
    """As PrestaShop's themes have it, and WooCommerce's classic cart, whose form has another button first."""
    place = dress(desk, ours, 'data-apply="form"')
    for field, button in (("discount_name", "ok"), ("coupon_code", "apply_coupon")):
        form = (
            f'<form action="/coupon" method="get"><button name="update_cart" value="1">Update</button>'
            f'<input name="{field}" aria-label="Code"><button name="{button}" value="1">Apply</button></form>'
        )
        page.route("**/coupon*", lambda route: route.fulfill(body="Thank you"))
        desk.shop.page = desk.shop.page.replace("{shown}", form + "{shown}")
        page.goto(place)
        box = page.locator("[data-partnerka-widget=cart]")
        box.get_by_role("radio", name="Pay a part with bonuses").check()
        box.get_by_role("button", name="Get a code for $500.00").click()
        expect(page.get_by_text("Thank you")).to_be_visible()
        assert f"{field}=BONUS-" in page.url
        assert ("apply_coupon=1" in page.url) == (button == "apply_coupon")
        desk.shop.page = desk.shop.page.replace(form, "")
        page.goto(place)
        box.get_by_role("button", name="Take it back").click()
        expect(box.get_by_role("radio", name="Pay a part with bonuses")).to_be_visible()
