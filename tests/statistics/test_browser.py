"""Statistics, lists and the log in a real browser: no violation, no complaint, no overflow; pictures with tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from tests.harness.browser import violations
from tests.statistics.test_office import shop  # noqa: F401 - the same two partners and three sales
from tests.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.world import Merchant

WIDTHS = (1280, 375)


def sign_in(page: Page, server: str, email: str) -> None:
    page.goto(f"{server}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)


def look(page: Page, address: str) -> None:
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    answer = page.goto(address)
    assert answer is not None
    assert answer.status == 200, address
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not violations(page), f"{address} at {width}"
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{address} overflows by {over} at {width}"


def test_the_office_reads_its_figures(
    shop: Merchant,  # noqa: F811 - the fixture imported above
    live_server: str,
    quiet_page: Page,
) -> None:
    sign_in(quiet_page, live_server, shop.staff["owner"].email)
    for path in ("statistics/?days=30", "statistics/?days=1", "activity", "lists/exports/"):
        look(quiet_page, live_server + shop.office(path))
    quiet_page.goto(live_server + shop.office("statistics/?days=30"))
    picture = quiet_page.locator("#clicks")
    expect(picture.locator("canvas")).to_be_visible()
    picture.get_by_text("Show as a table").press("Enter")  # one key away
    expect(picture.get_by_role("table")).to_be_visible()


def test_a_list_is_narrowed_and_kept_as_a_view(
    shop: Merchant,  # noqa: F811 - the fixture imported above
    live_server: str,
    quiet_page: Page,
) -> None:
    page = quiet_page
    sign_in(page, live_server, shop.staff["owner"].email)
    look(page, live_server + shop.office("partners/?clicks_from=1"))
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.get_by_role("link", name="Boris")).to_be_visible()
    expect(page.get_by_role("link", name="Vera")).to_have_count(0)
    for panel in ("Views", "Columns", "Export"):
        page.locator(".list-bar summary", has_text=panel).click()
        assert not violations(page), panel
    page.locator(".list-bar summary", has_text="Views").click()
    page.get_by_label("Keep what is shown now as").fill("Who has clicks")
    page.get_by_role("button", name="Keep", exact=True).click()
    page.goto(live_server + shop.office("partners/"))
    page.locator(".list-bar summary", has_text="Views").click()
    page.get_by_role("link", name="Who has clicks").click()
    expect(page).to_have_url(live_server + shop.office("partners/?clicks_from=1"))


def test_the_partner_reads_his_own(
    shop: Merchant,  # noqa: F811 - the fixture imported above
    live_server: str,
    quiet_page: Page,
) -> None:
    sign_in(quiet_page, live_server, "b@lampa.example")
    look(quiet_page, live_server + shop.cabinet("statistics/?days=30"))
