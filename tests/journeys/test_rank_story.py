"""A rank in a real browser: reached with the order itself, told of before it is lost, lost at the review; test clock.

And a maker who sees what was sold of his goods, asks for his share, and is paid by the one desk.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from playwright.sync_api import expect
from sqlalchemy import select

from app import clock, jobs
from app.bonuses import service as wallet
from app.extensions import db
from app.members.models import Member
from app.partners.models import Partner
from app.payouts import service as payouts
from app.profiles import service as profiles
from app.ranks.service import Rights, hold_rights
from app.tenants import service as tenants
from app.tenants.queries import tenant as tenant_of
from app.twin.service.clock import move
from tests.commissions.test_pages import Place
from tests.earnings.test_orders import ORDER
from tests.harness.browser import Console, violations
from tests.payouts.setting import by_bank
from tests.world import PASSWORD, Merchant, lampa, world  # noqa: F401 - fixtures

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Browser, Page

    from app.application import App

WIDTHS = (1280, 375)


def enter(browser: Browser, server: str, email: str, path: str) -> Page:
    """Open a browser of somebody; its console must stay silent."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{server}{path}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)
    page.goto(f"{server}{path}")
    return page


def look(page: Page) -> None:
    """The page as it stands has no barrier and nothing that sticks out, wide or narrow."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == [], (page.url, width)
        out = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert out <= 0, (page.url, width, out)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})


def said(number: str, price: str, who: str, at: str, **line: Any) -> dict[str, Any]:
    lines = [
        {"id": "1", "product": "lamp", "name": "Lamp", "quantity": "1", "price": price, **line}
    ]
    times = {"created_at": at, "updated_at": at, "paid_at": at}
    return (
        ORDER | times | {"bonus": None, "customer": {"id": who}, "lines": lines, "number": number}
    )


def link(app: App, shop: Merchant, refcode: str, number: str) -> int:
    with app.app_context(), shop.scope():
        member = db.session.scalars(select(Member).where(Member.key == f"id:{number}")).one()
        partner = db.session.scalars(select(Partner).where(Partner.refcode == refcode)).one()
        partner.member_id = member.id
        db.session.commit()
        return member.id


def later(app: App, shop: Merchant, days: int) -> None:
    """Move the clock of test mode, and let the schedule do what it does each minute."""
    with app.app_context(), shop.scope():
        tenant = tenant_of(shop.id)
        assert tenant is not None
        move(tenant, timedelta(days=days))
        db.session.commit()
    with app.app_context():
        jobs.rank()


def test_a_customer_rises_with_the_order_is_warned_and_falls_at_the_review(
    app: App,
    client: FlaskClient,
    browser: Browser,
    live_server: str,
    lampa: Merchant,  # noqa: F811
) -> None:
    twin = replace(lampa, id=lampa.twin_id, slug=f"{lampa.slug}-test", api_key=lampa.test_api_key)
    client.patch("/api/v1/merchant", json={"loyalty": True}, headers=twin.bearer)
    client.put("/api/v1/members/77", json={"name": "Boris"}, headers=twin.bearer)
    desk = enter(browser, live_server, lampa.staff["owner"].email, twin.office("ranks/"))
    console = Console(desk)
    desk.locator("#name-ranks").fill("Silver")
    desk.get_by_role("button", name="Add a rank").click()
    desk.get_by_role("link", name="Silver").click()
    desk.locator("#days").fill("30")
    desk.locator("#sum").fill("1000")
    desk.get_by_role("button", name="Look who would have it").click()
    expect(desk.get_by_text("Nothing is saved yet.")).to_be_visible()
    look(desk)
    desk.locator("#asks").get_by_role("button", name="Save").click()
    desk.get_by_label("Customers rise and fall by their results").check()
    desk.get_by_label("Warned so many days before a fall").fill("7")
    desk.locator("#plan").get_by_role("button", name="Save").click()
    expect(desk.get_by_text("goods for ₽1,000.00 in the last 30 days")).to_be_visible()
    look(desk)

    place = Place(app, client, twin).open()
    number = link(app, twin, "boris", "77")
    mine = enter(browser, live_server, place.mail("boris"), twin.cabinet("bonuses/"))
    expect(mine.get_by_text("No rank yet.")).to_be_visible()
    now = clock.wall().isoformat()
    client.put("/api/v1/orders/A", json=said("A", "1200.00", "77", now), headers=twin.bearer)
    mine.reload()
    expect(mine.locator("#rank").get_by_text("Silver")).to_be_visible()
    expect(mine.get_by_text("Holds until")).to_be_visible()
    look(mine)
    later(app, twin, 23)
    mine.reload()
    expect(mine.get_by_text("The rank Silver holds until")).to_be_visible()
    expect(mine.get_by_text("goods for ₽1,000.00").first).to_be_visible()
    look(mine)
    later(app, twin, 8)
    mine.reload()
    expect(mine.get_by_text("No rank yet.")).to_be_visible()
    desk.goto(f"{live_server}{twin.office(f'customers/{number}')}")
    desk.get_by_text("How it came about").first.click()
    expect(desk.get_by_text("Fallen: goods for ₽1,000.00 short")).to_be_visible()
    assert not console.errors


def test_a_maker_sees_his_sales_and_is_paid_his_share_by_the_desk(
    app: App,
    client: FlaskClient,
    browser: Browser,
    live_server: str,
    lampa: Merchant,  # noqa: F811
) -> None:
    place = Place(app, client, lampa).open()
    client.put("/api/v1/members/maker", json={"name": "Boris"}, headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        tenants.change_settings({"loyalty": True})
        wallet.change_program({"withdrawable": True})
        profiles.switch("order", on=False)
        profiles.switch("owner", on=True)
        db.session.commit()
    member = link(app, lampa, "boris", "maker")
    with app.app_context(), lampa.scope():
        hold_rights(Rights(of="brand", word="Acme", share=Decimal(50), member_id=member))
        boris = db.session.scalars(select(Partner).where(Partner.refcode == "boris")).one()
        payouts.set_details(boris, "bank", by_bank("Boris"))
        db.session.commit()
    now = clock.wall().isoformat()
    order = said("A", "100000.00", "77", now, brand="acme")
    assert client.put("/api/v1/orders/A", json=order, headers=lampa.bearer).status_code == 200
    mine = enter(browser, live_server, place.mail("boris"), lampa.cabinet("rights/"))
    expect(mine.get_by_text("₽100,000.00").first).to_be_visible()
    mine.get_by_text("Why this sum").click()
    expect(mine.get_by_text("Brand “Acme”, 50% of them")).to_be_visible()
    look(mine)
    mine.get_by_role("link", name="Ask for a payout").click()
    mine.get_by_label("Amount").fill("500")
    mine.get_by_role("button", name="Ask for it").click()
    expect(mine.get_by_text("Waiting for a decision").first).to_be_visible()
    desk = enter(
        browser, live_server, lampa.staff["accountant"].email, lampa.office("withdrawals/")
    )
    desk.get_by_role("link", name="Boris").click()
    desk.get_by_role("button", name="Approve").click()
    desk.get_by_role("link", name="Open the payout").click()
    desk.get_by_role("button", name="Mark as paid").click()
    desk.get_by_role("dialog").get_by_role("button", name="Mark as paid").click()
    expect(desk.get_by_text("Paid").first).to_be_visible()
    mine.goto(f"{live_server}{lampa.cabinet('bonuses/withdrawals/')}")
    expect(mine.get_by_text("Paid").first).to_be_visible()
