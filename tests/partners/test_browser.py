"""Every page of catalogue, terms and partners in a real browser: no violation, no complaint, no overflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.extensions import db
from app.identity import queries as people
from app.identity import service as identity
from app.programs import queries as programs
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import service as tenants
from tests.harness.browser import violations
from tests.partners.calls import PASSWORD, Shop

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from app.application import App

WIDTHS = (1280, 375)


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    """Lampa with Anna, Boris and Vera, an applicant, a group, two products."""
    shop = Shop(app, "Lampa")
    anna = f"anna@{shop.domain}"
    for name, sponsor in (("Anna", None), ("Boris", "anna"), ("Vera", "boris")):
        body = {"name": name, "sponsor": sponsor, "email": f"{name.lower()}@{shop.domain}"}
        assert shop.call("POST", "/partners", body).status_code == 201
    shop.call("POST", "/groups", {"name": "Gold", "levels": ["12%", None, "50.00"]})
    shop.call("POST", "/partners", {"name": "Gleb", "status": "pending", "email": "g@example.org"})
    home = f"https://{shop.domain}"
    shop.call("PUT", "/categories/lamps", {"name": "Lamps", "levels": ["20%"]})
    for number in (1, 2):
        body = {"name": f"Lamp {number}", "category": "lamps", "url": f"{home}/{number}"}
        shop.call("PUT", f"/products/{number}", body | {"price": "1990.00"})
    with shop.scope():
        tenants.change_settings({"minimum_payout": 100_000})
    with app.app_context(), tenant_scope(PLATFORM):
        person = people.by_email(anna)
        assert person is not None
        identity.change_password(person, PASSWORD)
        db.session.commit()
    return shop


def sign_in(page: Page, server: str, email: str) -> None:
    page.goto(f"{server}/login")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)


def look(page: Page, server: str, path: str) -> None:
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    answer = page.goto(server + path)
    assert answer is not None
    assert answer.status == 200, path
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert not violations(page), f"{path} at {width}"
        over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert over <= 0, f"{path} overflows by {over} at {width}"


def test_the_office_can_be_read_by_everybody(
    lampa: Shop, live_server: str, quiet_page: Page
) -> None:
    sign_in(quiet_page, live_server, lampa.owner)
    with lampa.scope():
        base = programs.base_terms().public_id
        group = programs.all_groups()[0].public_id
    office = f"/{lampa.slug}/office"
    for path in (
        "/partners/",
        "/partners/applications",
        "/partners/new",
        "/partners/network/",
        "/partners/card/boris/sponsor/preview",
        "/partners/card/boris/remove",
        "/partners/network/anna",
        "/partners/card/boris",
        "/partners/card/boris/terms",
        "/partners/card/boris/balance",
        "/partners/card/boris/activity",
        "/terms/",
        f"/terms/{base}",
        "/groups/",
        "/group-rules/",
        "/group-rules/preview",
        f"/group-rules/group/{group}",
        f"/groups/{group}",
        "/products/",
        "/products/new",
        "/categories/",
        "/categories/new",
    ):
        look(quiet_page, live_server, office + path)
    quiet_page.goto(f"{live_server}{office}/products/")
    quiet_page.get_by_role("link", name="Lamp 1").click()
    product = quiet_page.url.removeprefix(live_server).removesuffix("/program")
    for path in ("", "/program", "/activity"):
        look(quiet_page, live_server, product + path)


def test_the_cabinet_and_the_way_in_can_be_read_by_everybody(
    lampa: Shop, live_server: str, quiet_page: Page
) -> None:
    for path in ("/join", "/join?sponsor=anna", "/join/done"):
        look(quiet_page, live_server, f"/{lampa.slug}{path}")
    sign_in(quiet_page, live_server, f"anna@{lampa.domain}")
    for path in ("/", "/products/", "/network", "/settings"):
        look(quiet_page, live_server, f"/{lampa.slug}/cabinet{path}")
