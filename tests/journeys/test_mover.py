"""A mover in a real browser: a network with a circle is loaded, corrected, brought along, and the sums compared.

A web server runs in its own process; the long work is done here, as the worker does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from app import jobs
from tests.payouts.test_browser import sound
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

    from app.application import App

HEAD = "ID партнёра;Имя;E-mail;Рефкод;Спонсор"
CIRCLE = (
    "1;Анна;anna@example.org;anna;2",
    "2;Борис;boris@example.org;boris;1",
    "3;Вера;vera@example.org;vera;2",
)


def loads(page: Page, folder: Path, name: str, kind: str, *lines: str) -> None:
    """Give a file on the first page, and take the columns as they are guessed."""
    file = folder / name
    file.write_bytes("\r\n".join(lines).encode("cp1251"))
    page.get_by_label("From").select_option(label="RefPRO")
    page.get_by_label("What is in it").select_option(label=kind)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Take it in").click()
    expect(page.get_by_role("heading", name="What the columns mean")).to_be_visible()
    page.get_by_role("button", name="Look at what would come of it").click()
    expect(page.locator("#run")).to_be_visible()


def brings(page: Page, app: App) -> None:
    """Let the look be done, confirm, and let it be carried out."""
    with app.app_context():
        jobs.sweep_runs()
    page.reload()
    page.get_by_role("button", name="Bring it along").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Bring it along").click()
    expect(page.get_by_text("Carrying it out")).to_be_visible()
    with app.app_context():
        jobs.sweep_runs()
    page.reload()
    expect(page.get_by_text("Everything that could be brought along is here")).to_be_visible()


def test_a_network_with_a_circle_is_corrected_and_the_sums_agree(
    app: App,
    lampa: Merchant,  # noqa: F811
    live_server: str,
    quiet_page: Page,
    tmp_path: Path,
) -> None:
    page = quiet_page
    home = f"{live_server}{lampa.office('moving/')}"
    page.goto(home)
    page.get_by_label("E-mail").fill(lampa.staff["owner"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    sound(page, "moving-empty")
    loads(page, tmp_path, "old.csv", "Partners and their network", HEAD, *CIRCLE)
    with app.app_context():
        jobs.sweep_runs()
    page.reload()
    sound(page, "moving-look")
    page.locator("#rows .stats").get_by_role("link").last.click()
    expect(page.get_by_text("These parents form a circle: 1 → 2 → 1")).to_be_visible()
    page.goto(home)
    right = ("1;Анна;anna@example.org;anna;", *CIRCLE[1:])
    loads(page, tmp_path, "right.csv", "Partners and their network", HEAD, *right)
    brings(page, app)
    page.goto(home)
    money = ("partner;balance", "1;1500,50", "3;-20,00")
    loads(page, tmp_path, "money.csv", "Opening balances and debts of partners", *money)
    brings(page, app)
    page.get_by_role("link", name="Control sheet").first.click()
    expect(page.locator("#sheet")).to_contain_text("₽1,480.50")
    sound(page, "moving-control")
