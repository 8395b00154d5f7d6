"""The preview of the widget's look, in the office."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.harness import browser as chromium
from tests.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.world import Merchant


@pytest.mark.parametrize("width", [375, 1280])
def test_the_preview_shows_what_is_chosen_before_it_is_saved(
    live_server: str, lampa: Merchant, quiet_page: Page, width: int
) -> None:
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live_server}/login")
    page.get_by_label("E-mail").fill(lampa.staff["owner"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.locator("main").get_by_role("button", name="Sign in").click()
    page.goto(f"{live_server}{lampa.office('in-the-shop/look')}")
    shown = page.locator("#look-preview")
    cart = shown.locator("[data-kind=cart]")
    expect(cart.get_by_text("Your bonuses")).to_be_visible()
    page.get_by_label("Title").fill("Lamp points <b>")
    expect(cart.get_by_text("Lamp points <b>")).to_be_visible()
    expect(cart.get_by_text("Waiting")).to_be_visible()
    page.get_by_label("Bonuses that still wait").uncheck()
    expect(cart.get_by_text("Waiting")).not_to_be_visible()
    button = cart.get_by_role("button", name="Use all")
    page.get_by_label("Buttons and marks").fill("#880044")
    expect(cart.get_by_role("button", name="Use all")).to_have_css(
        "background-color", "rgb(136, 0, 68)"
    )
    assert button.count() == 1
    expect(shown.get_by_text("hard to read")).not_to_be_visible()
    page.locator("#look").get_by_label("Text").first.fill("#eeeeee")
    expect(shown.get_by_text("hard to read")).to_be_visible()
    phone = shown.locator(".look-stage").bounding_box()
    shown.get_by_role("button", name="Desktop").click()
    desk = shown.locator(".look-stage").bounding_box()
    assert phone is not None
    assert desk is not None
    assert phone["width"] <= 375
    assert desk["width"] >= phone["width"]
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.reload()
    expect(cart.get_by_text("Your bonuses")).to_be_visible()  # nothing was saved
    page.locator("#look").get_by_role("link", name="Русский").click()
    expect(cart.get_by_text("Копить бонусы")).to_be_visible()
    assert not chromium.violations(page)
