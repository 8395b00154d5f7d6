"""A merchant in a real browser who runs beside his former service: compared order by order, then live.

A web server runs in its own process; the long work is done here, as the worker does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playwright.sync_api import expect

from app import jobs
from app.extensions import db
from app.partners.service import NewPartner, create
from tests.journeys.test_mover import brings
from tests.orders.test_api import put, said
from tests.payouts.test_browser import sound
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App


def loads(page: Page, folder: Path, kind: str, *lines: str) -> None:
    file = folder / "old.csv"
    file.write_bytes("\r\n".join(lines).encode())
    page.get_by_label("From").select_option(label="Another system")
    page.get_by_label("What is in it").select_option(label=kind)
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Take it in").click()
    page.get_by_role("button", name="Look at what would come of it").click()
    expect(page.locator("#run")).to_be_visible()


def test_a_shadow_month_is_compared_and_goes_live(
    app: App,
    client: FlaskClient,
    lampa: Merchant,  # noqa: F811
    live_server: str,
    quiet_page: Page,
    tmp_path: Path,
) -> None:
    with app.app_context(), lampa.scope():
        create(NewPartner(name="Anna", refcode="anna", codes=["ANNA10"]))
        db.session.commit()
    page = quiet_page
    home, moving = (f"{live_server}{lampa.office(path)}" for path in ("shadow/", "moving/"))
    page.goto(home)
    page.get_by_label("E-mail").fill(lampa.staff["owner"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    sound(page, "shadow-begin")
    page.get_by_label("The former service").select_option(label="Another system")
    page.get_by_role("button", name="Begin the shadow month").click()
    banner = page.get_by_text("Shadow month: everything is computed beside the former service")
    expect(banner).to_be_visible()
    for number in ("A-1", "A-2"):
        put(client, lampa, said(number=number, coupons=[]), number)
    page.goto(moving)
    expect(banner).to_be_visible()
    kind = "What the former service accrued, order by order, to compare"
    loads(page, tmp_path, kind, "order;partner;amount;rate;day",
          "A-1;anna;190.00;10%;22.11.2026", "A-2;anna;95.00;5%;22.11.2026")  # fmt: skip
    brings(page, app)
    page.goto(moving)
    loads(
        page, tmp_path, "Opening balances and debts of partners", "partner;balance", "anna;500.00"
    )
    brings(page, app)
    page.goto(home)
    page.get_by_role("button", name="Compare").click()
    with app.app_context():
        jobs.sweep_runs()
    page.reload()
    sound(page, "shadow-compared")
    page.locator("#reasons").get_by_role("link", name="Another rate").click()
    expect(page.locator("#differences")).to_contain_text("A-2")
    page.locator("#differences").get_by_role("link", name="Why").click()
    expect(page.get_by_role("heading", name="A-2").first).to_be_visible()
    page.goto(home)
    page.get_by_role("button", name="Go live").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Go live").click()
    expect(page.get_by_text("What was computed in the shadow is taken back;")).to_be_visible()
    with app.app_context():
        jobs.sweep_runs()
    page.reload()
    expect(page.get_by_text("Live since")).to_be_visible()
    expect(banner).to_have_count(0)
    sound(page, "shadow-live")
