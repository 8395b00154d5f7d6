"""New words over older orders in a real browser: looked at, stopped by nobody, applied, and seen to move."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from app import clock
from app.extensions import db
from app.partners.service import NewPartner, create
from app.programs import queries as programs
from app.programs import service as terms
from tests.harness.browser import violations
from tests.world import PASSWORD, Merchant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from app.application import App

WIDTHS = (1280, 375)


def sell(app: App, shop: Merchant, many: int = 6) -> None:
    """Let the shop tell of sales by Vera's code."""
    for number in range(many):
        body = {
            "status": "paid",
            "currency": "RUB",
            "created_at": clock.wall().isoformat(),
            "partner_code": "VERA10",
            "customer": {"id": f"c{number}"},
            "lines": [{"id": "1", "quantity": "1", "price": "1000.00"}],
        }
        path = f"/api/v1/orders/A{number}"
        answer = app.test_client().put(path, json=body, headers=shop.bearer)
        assert answer.status_code < 300, answer.text


def sound(page: Page, name: str) -> None:
    """At both widths: no violation, nothing beyond the edge; a picture for who asks for pictures."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not violations(page), name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        if "PICTURES" in os.environ:
            path = Path(os.environ["PICTURES"]) / f"reruns-{name}-{width}.png"
            page.screenshot(path=path, full_page=True)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


@pytest.mark.usefixtures("live_worker")
def test_old_deals_get_todays_rates_while_somebody_watches(
    app: App, lampa: Merchant, live_server: str, quiet_page: Page
) -> None:
    with app.app_context():
        with lampa.scope():
            create(NewPartner(name="Vera", email=f"vera@{lampa.slug}.example", codes=["VERA10"]))
        db.session.commit()
    sell(app, lampa)
    with app.app_context():
        with lampa.scope():
            terms.change_terms(programs.base_terms(), levels=["12%"])
        db.session.commit()
    page, office = quiet_page, f"{live_server}{lampa.office()}"
    page.goto(f"{office}recalculations/new")
    page.get_by_label("E-mail").fill(lampa.staff["owner"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("Deals made since").fill(clock.today("Europe/Moscow").isoformat())
    sound(page, "new")
    page.get_by_role("button", name="Look at the differences").click()
    # The page asks again by itself until the look is over.
    expect(page.get_by_text("Nothing is changed yet.")).to_be_visible()
    sound(page, "looked")
    page.get_by_role("link", name="Partner by partner").click()
    expect(page.get_by_role("rowheader", name="Vera")).to_be_visible()
    sound(page, "partners")
    page.get_by_role("link", name="Orders", exact=True).last.click()
    sound(page, "orders")
    page.go_back()
    page.go_back()
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_text("6 orders were changed.")).to_be_visible()
    sound(page, "applied")
    page.goto(f"{office}terms/")
    sound(page, "terms")
    page.get_by_role("link", name="New draft").click()
    page.get_by_label("Level 1").fill("15%")
    sound(page, "draft")
    page.get_by_role("button", name="Save the draft").click()
    page.get_by_role("button", name="Try on the last 90 days").click()
    expect(page.get_by_text("Commission by the draft")).to_be_visible()
    expect(page.get_by_text("1 partner gets more, 0 get less.")).to_be_visible()
    sound(page, "tried")
