"""The pages of a running campaign, for everybody: no axe violation, nothing wider than the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import clock
from app.extensions import db
from app.partners.service import NewPartner, create
from app.programs import queries
from app.programs import service as terms
from tests.harness.browser import violations
from tests.world import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant


@pytest.mark.parametrize("width", [1280, 375])
def test_a_campaign_and_a_set_of_terms_can_be_read_by_everybody(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant, width: int
) -> None:
    with app.app_context():
        with lampa.scope():
            made = terms.create_campaign(name="Autumn", levels=["20%"], ends_at=None)
            over = terms.create_campaign(name="Spring", levels=["20%"], starts_at=clock.now())
            terms.stop_campaign(over)
            terms.create_terms(name="Bloggers", levels=["15%"], levels_by_buyer={"opt": ["5%"]})
            group = terms.create_group("Gold", ["12%"])
            partner = create(NewPartner(name="Anna", group_id=group.id))
            base = queries.base_terms().public_id
            ids = made.public_id, over.public_id, partner.refcode
        db.session.commit()
    paths = (f"campaigns/{ids[0]}", f"campaigns/{ids[1]}", "campaigns/", "terms/", f"terms/{base}")
    page = quiet_page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{live_server}/login")
    page.get_by_label("E-mail").fill(lampa.staff["owner"].email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)
    for path in (*paths, "groups/", f"partners/card/{ids[2]}/terms"):
        page.goto(live_server + lampa.office(path))
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
