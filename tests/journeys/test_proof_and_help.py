"""In a real browser: a partner's verifiable file is checked by a stranger, and help is asked for and comes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app.extensions import db
from app.identity import service as identity
from tests.harness.browser import Console, violations
from tests.proofs.setting import committed, furnish
from tests.world import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from app.application import App
    from tests.world import Merchant, World

WIDTHS = (1280, 375)


class Seats:
    """Browsers of several people; each console must stay silent."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser, self.address = browser, address
        self.consoles: list[Console] = []

    def sit_down(self, email: str | None = None) -> Page:
        context = self.browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        self.consoles.append(Console(page))
        if email is not None:
            page.goto(f"{self.address}/login")
            page.get_by_label("E-mail").fill(email)
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(lambda url: "/login" not in url)
        return page


@pytest.fixture
def seats(browser: Browser, live_server: str) -> Iterator[Seats]:
    made = Seats(browser, live_server)
    yield made
    assert not [error for console in made.consoles for error in console.errors]


def fits(page: Page) -> None:
    """The page is whole on a desk and on a phone, for everybody."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, (page.url, width, wide)
        assert violations(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})


def join(app: App, merchant: Merchant, number: int) -> str:
    email = f"anna@{merchant.slug}.example"

    def act() -> None:
        person = identity.ensure_person(email, "Anna")
        identity.change_password(person, PASSWORD)
        identity.join(person, merchant.id, "partner", number)
        db.session.flush()

    committed(app, merchant, act)
    return email


def test_a_partners_file_is_checked_by_a_stranger_and_a_changed_digit_is_found(
    app: App, lampa: Merchant, seats: Seats, tmp_path: Path
) -> None:
    anna = seats.sit_down(join(app, lampa, furnish(app, lampa)[0]))
    anna.goto(f"{seats.address}{lampa.cabinet('account/')}")
    anna.get_by_role("link", name="Verifiable file").first.click()
    expect(anna.get_by_role("heading", name="Verifiable file", level=1)).to_be_visible()
    fits(anna)
    with anna.expect_download() as coming:
        anna.get_by_role("button", name="Verifiable file (JSON)").click()
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    coming.value.save_as(good)

    stranger = seats.sit_down()
    stranger.goto(f"{seats.address}/{lampa.slug}/proof")
    fits(stranger)
    stranger.get_by_label("Statement file").set_input_files(good)
    stranger.get_by_role("button", name="Check the file").click()
    expect(stranger.get_by_role("heading", level=1)).to_have_text(
        "Every line stands as it was sealed"
    )
    fits(stranger)

    bad.write_text(good.read_text("utf-8").replace("17000", "17001"), "utf-8")
    assert json.loads(bad.read_text("utf-8")) != json.loads(good.read_text("utf-8"))
    stranger.goto(f"{seats.address}/{lampa.slug}/proof")
    stranger.get_by_label("Statement file").set_input_files(bad)
    stranger.get_by_role("button", name="Check the file").click()
    expect(stranger.get_by_text("Line 1 is not as it was sealed.")).to_be_visible()
    fits(stranger)


def test_help_is_asked_for_from_a_page_and_the_operator_answers(world: World, seats: Seats) -> None:
    lampa = world.lampa
    olga = seats.sit_down(lampa.staff["accountant"].email)
    olga.goto(f"{seats.address}{lampa.office('payouts/')}")
    olga.locator("header.top").get_by_role("link", name="Help").click()
    expect(olga.get_by_text(lampa.office("payouts/"))).to_be_visible()
    fits(olga)
    olga.get_by_label("Your words").fill("Where do I find the register?")
    olga.get_by_role("button", name="Send").click()
    expect(olga.get_by_text("Where do I find the register?")).to_be_visible()
    fits(olga)

    operator = seats.sit_down(world.operator.email)
    operator.goto(f"{seats.address}/platform/help/?q={lampa.slug}")
    fits(operator)
    operator.get_by_role("link", name="The accountant").click()
    expect(operator.get_by_text("Where do I find the register?")).to_be_visible()
    fits(operator)
    operator.get_by_label("Your words").fill("On the page of the run.")
    operator.get_by_role("button", name="Send").click()
    expect(operator.get_by_text("Answered").first).to_be_visible()

    olga.goto(f"{seats.address}{lampa.office('help/')}")
    expect(olga.get_by_text("New", exact=True)).to_be_visible()
    fits(olga)
    olga.get_by_role("table").get_by_role("link").first.click()
    expect(olga.get_by_text("On the page of the run.")).to_be_visible()
