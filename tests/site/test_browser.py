"""Signing in and the settings in a real browser: sound for axe, fits a phone, works without script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.identity import service
from tests.harness.browser import violations
from tests.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.world import Merchant, World

WIDTHS = [1280, 375]
SETTINGS = (
    "team/",
    "settings/brand",
    "settings/shops/",
    "settings/shops/new",
    "settings/attribution",
    "settings/payouts",
    "settings/earning",
    "settings/caps",
    "terms/",
    "terms/new",
    "groups/new",
    "campaigns/",
    "campaigns/new",
    "settings/keys/",
)


def come_in(page: Page, server: str, email: str) -> None:
    page.goto(f"{server}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)


def look(page: Page, address: str, width: int) -> None:
    page.goto(address)
    assert violations(page) == [], address
    assert page.evaluate("document.documentElement.scrollWidth") <= width, address


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_for_everybody_are_sound(quiet_page: Page, live_server: str, width: int) -> None:
    quiet_page.set_viewport_size({"width": width, "height": 900})
    for path in ("/login", "/forgot", "/signup", "/signup/done"):
        look(quiet_page, live_server + path, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_settings_are_sound(
    quiet_page: Page, live_server: str, world: World, width: int
) -> None:
    quiet_page.set_viewport_size({"width": width, "height": 900})
    come_in(quiet_page, live_server, world.lampa.staff["owner"].email)
    for path in (*SETTINGS, f"settings/shops/{world.lampa.shop}"):
        look(quiet_page, live_server + world.lampa.office(path), width)
    for path in ("/account", "/places", "/confirm"):
        look(quiet_page, live_server + path, width)
    quiet_page.context.clear_cookies()
    come_in(quiet_page, live_server, world.operator.email)
    for path in ("/platform/", "/platform/merchants/new"):
        look(quiet_page, live_server + path, width)


def test_a_key_is_made_and_revoked(quiet_page: Page, live_server: str, lampa: Merchant) -> None:
    come_in(quiet_page, live_server, lampa.staff["owner"].email)
    quiet_page.goto(live_server + lampa.office("settings/keys/"))
    quiet_page.get_by_label("Name").fill("Shop program")
    quiet_page.get_by_role("button", name="Create the key").click()
    expect(quiet_page.locator(".code-line code").first).to_contain_text("sk_live_")
    assert violations(quiet_page) == []
    quiet_page.get_by_role("link", name="API keys").first.click()
    line = quiet_page.locator("li", has_text="Shop program")
    line.get_by_role("button", name="Revoke").click()
    quiet_page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(quiet_page.locator("li", has_text="Shop program")).to_contain_text("Revoked")


def test_a_password_is_set_and_people_come_in_without_script(
    browser: Browser, app: App, live_server: str, lampa: Merchant
) -> None:
    owner = lampa.staff["owner"]
    with app.app_context():
        link = service.password_link(owner.id, "reset").removeprefix("http://localhost")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(live_server + link)
    assert "token" not in page.url
    page.get_by_label("New password").fill("short")
    page.get_by_role("button", name="Save the password").click()
    expect(page.locator(".field-error")).to_be_visible()
    page.get_by_label("New password").fill("nine lamps over a table")
    page.get_by_role("button", name="Save the password").click()
    page.wait_for_url("**/office/**")
    page.goto(live_server + lampa.office("settings/payouts"))
    page.get_by_label("Hold, days").fill("21")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Hold, days")).to_have_value("21")
    context.close()
