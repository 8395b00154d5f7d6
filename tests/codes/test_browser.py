"""The partner's codes in a browser."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from app.codes import service
from app.codes.rules import Conditions
from app.extensions import db
from app.identity import service as identity
from app.partners import service as partners
from tests.harness.browser import violations
from tests.world import PASSWORD, make_merchant

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from app.application import App


def test_the_partners_codes_are_sound_at_both_widths_and_in_russian(
    app: App, live_server: str, quiet_page: Page
) -> None:
    with app.app_context():
        made = make_merchant("Lampa")
        email = f"anna@{made.slug}.example"
        with made.scope():
            anna = partners.create(partners.NewPartner(name="Anna", email=email, locale="ru"))
            service.create(anna, service.NewCode(code="PODCAST", conditions=Conditions(limit=100)))
            gives = service.NewCode(code="OLD-26", gives="10% off", conditions=Conditions(off=True))
            service.create(anna, gives)
            identity.change_password(identity.ensure_person(email, "Anna"), PASSWORD)
        db.session.commit()
    page = quiet_page
    page.goto(f"{live_server}/login")
    page.locator("#email").fill(email)
    page.locator("#password").fill(PASSWORD)
    page.locator("form button[type=submit]").first.click()
    page.wait_for_url("**/cabinet/**")
    page.goto(f"{live_server}{made.cabinet('codes/')}")
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert "PODCAST" in page.inner_text("main")
        if os.environ.get("PICTURES"):
            page.screenshot(path=f"{os.environ['PICTURES']}/cabinet-{width}.png", full_page=True)
