"""The floor in a real browser: swaps, keyboard, dialogs, both themes, and life without script."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.harness.browser import violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

WIDTHS = [1280, 375]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_part_is_sound_for_axe_and_fits_its_screen(
    quiet_page: Page, live_server: str, width: int, theme: str
) -> None:
    quiet_page.set_viewport_size({"width": width, "height": 900})
    quiet_page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    quiet_page.goto(f"{live_server}/dev/ui?toast=1")
    expect(quiet_page.locator(".chart-picture canvas")).to_be_visible()
    assert violations(quiet_page) == []
    assert quiet_page.evaluate("document.documentElement.scrollWidth") <= width


def test_sorting_swaps_the_table_alone_and_keeps_the_address_and_the_focus(
    quiet_page: Page, live_server: str
) -> None:
    quiet_page.goto(f"{live_server}/dev/ui")
    quiet_page.evaluate("window.stayed = true")
    head = quiet_page.locator("#sample-table-by-amount")
    head.focus()
    quiet_page.keyboard.press("Enter")
    expect(quiet_page.locator("#sample-table th[aria-sort=descending]")).to_have_text("Amount")
    assert quiet_page.url.endswith("/dev/ui?sort=-amount")
    assert quiet_page.evaluate("window.stayed")
    expect(head).to_be_focused()
    quiet_page.go_back()
    expect(quiet_page.locator("#sample-table th[aria-sort=descending]")).to_have_text("Requested")


def test_typing_narrows_and_clearing_restores(quiet_page: Page, live_server: str) -> None:
    quiet_page.goto(f"{live_server}/dev/ui")
    quiet_page.keyboard.press("/")
    search = quiet_page.get_by_placeholder("Name or number").first
    search.fill("Vera")
    rows = quiet_page.locator("#sample-table tbody tr")
    expect(rows).to_have_count(1)
    expect(search).to_be_focused()
    assert quiet_page.url.endswith("/dev/ui?q=Vera")
    quiet_page.locator("#sample-table").get_by_role("link", name="Clear").click()
    expect(rows).to_have_count(8)
    expect(search).to_have_value("")
    quiet_page.locator("#sample-table-state").select_option("paid")
    expect(rows).to_have_count(1)
    assert quiet_page.url.endswith("/dev/ui?state=paid")
    quiet_page.reload()
    expect(quiet_page.locator("#sample-table-state")).to_have_value("paid")


def test_a_refused_form_is_sent_back_with_its_complaints_in_focus(
    quiet_page: Page, live_server: str
) -> None:
    quiet_page.goto(f"{live_server}/dev/ui")
    quiet_page.get_by_label("Minimum payout").fill("1,5")
    quiet_page.get_by_role("button", name="Save").click()
    summary = quiet_page.locator(".form-errors")
    expect(summary).to_be_focused()
    expect(quiet_page.get_by_label("Minimum payout")).to_have_value("1,5")
    assert violations(quiet_page) == []
    summary.get_by_role("link", name="Minimum payout").click()
    expect(quiet_page.get_by_label("Minimum payout")).to_be_focused()


def test_a_dialog_asks_before_and_escape_leaves(quiet_page: Page, live_server: str) -> None:
    quiet_page.goto(f"{live_server}/dev/ui")
    quiet_page.get_by_role("button", name="Approve", exact=True).first.focus()
    quiet_page.keyboard.press("Space")
    dialog = quiet_page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert violations(quiet_page) == []
    quiet_page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_a_server_out_of_reach_is_told(page: Page, live_server: str) -> None:
    page.goto(f"{live_server}/dev/ui")
    page.route("**/dev/ui?**", lambda route: route.abort())
    page.locator("#sample-table-by-amount").click()
    expect(page.get_by_text("We could not reach the server.")).to_be_visible()


def test_an_error_in_a_swap_stands_beside_the_table_and_not_in_it(
    page: Page, live_server: str
) -> None:
    page.goto(f"{live_server}/dev/ui")
    page.evaluate("document.querySelector('#sample-table-by-amount').setAttribute('hx-get', '/no')")
    page.locator("#sample-table-by-amount").click()
    expect(page.locator("#notice [role=alert]")).to_be_focused()
    expect(page.locator("#sample-table tbody tr")).to_have_count(8)
    assert "/dev/ui" in page.url


def test_language_and_theme_change_at_a_press(quiet_page: Page, live_server: str) -> None:
    quiet_page.goto(f"{live_server}/dev/ui")
    quiet_page.locator("#person summary").click()
    quiet_page.get_by_role("button", name="Dark").click()
    expect(quiet_page.locator("html[data-bs-theme=dark]")).to_be_attached()
    quiet_page.locator("#person summary").click()
    quiet_page.get_by_role("button", name="Русский").click()
    expect(quiet_page.locator("html[lang=ru]")).to_be_attached()


def test_the_menu_is_a_drawer_on_a_phone(quiet_page: Page, live_server: str) -> None:
    quiet_page.set_viewport_size({"width": 375, "height": 800})
    quiet_page.goto(f"{live_server}/dev/ui")
    menu = quiet_page.locator("#menu")
    expect(menu).to_be_hidden()
    quiet_page.get_by_role("button", name="Menu").click()
    expect(menu).to_be_visible()
    assert violations(quiet_page) == []
    quiet_page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_without_script_everything_is_still_there(browser: Browser, live_server: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 375, "height": 800})
    page = context.new_page()
    page.goto(f"{live_server}/dev/ui")
    page.locator("#sample-table-by-amount").click()
    assert page.url.endswith("?sort=-amount")
    page.get_by_placeholder("Name or number").first.fill("Vera")
    page.locator("#sample-table").get_by_role("button", name="Show").click()
    expect(page.locator("#sample-table tbody tr")).to_have_count(1)
    page.get_by_role("button", name="Approve", exact=True).first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.goto(f"{live_server}/dev/ui")
    page.get_by_role("button", name="Menu").click()
    expect(page.locator("#menu")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".form-errors")).to_be_visible()
    context.close()


def test_a_form_sent_by_htmx_is_refused_in_place_and_then_taken(
    quiet_page: Page, live_server: str
) -> None:
    quiet_page.goto(f"{live_server}/dev/ui?size=50")
    quiet_page.evaluate("window.stayed = true")
    form = quiet_page.locator("#note-form")
    form.get_by_role("button", name="Add").click()
    expect(form.get_by_text("Fill this in.").last).to_be_visible()
    assert quiet_page.url.endswith("?size=50")
    form.get_by_label("Note").fill("x")
    form.get_by_role("button", name="Add").click()
    expect(quiet_page.get_by_text("Noted.")).to_be_visible()
    expect(form.get_by_text("Fill this in.")).to_have_count(0)
    expect(quiet_page.locator(".chart-picture canvas")).to_be_visible()
    assert quiet_page.evaluate("window.stayed")
