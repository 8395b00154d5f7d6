"""The pages of sites: for the partner, and for the merchant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.identity import service as identity
from app.partners import service as partners
from app.verified_sites import service
from app.verified_sites.models import VerifiedSite
from app.verified_sites.probe import Seen
from app.verified_sites.rules import MOST_SITES, How
from tests.harness.browser import violations
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> str:
    email = f"anna@{lampa.slug}.example"
    with app.app_context():
        with lampa.scope():
            partners.create(partners.NewPartner(name="Anna", refcode="anna", email=email))
            identity.change_password(identity.ensure_person(email, "Anna"), PASSWORD)
        db.session.commit()
    return email


def site(app: App, merchant: Merchant) -> VerifiedSite:
    with app.app_context(), merchant.scope():
        return db.session.scalars(select(VerifiedSite)).one()


def prove(app: App, merchant: Merchant) -> None:
    with app.app_context():
        with merchant.scope():
            one = db.session.scalars(select(VerifiedSite)).one()
            service.look_soon(one)
            assert service.take(one.id)
            service.settle(one.id, Seen(How.META))
        db.session.commit()


def test_a_site_is_named_proved_and_taken_out_with_a_way_back(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    sign_in(client, anna)
    assert "No sites yet" in client.get(lampa.cabinet("sites/")).text
    answer = client.post(lampa.cabinet("sites/"), data={"site": "https://Blog.example/x"})
    assert answer.status_code == 303
    one = site(app, lampa)
    text = client.get(answer.headers["Location"]).text
    for said in (one.token, f"partnerka-{one.token}.txt", "_partnerka.blog.example"):
        assert said in text
    answer = client.post(lampa.cabinet(f"sites/{one.public_id}/check"))
    assert 'hx-trigger="every 2s"' in client.get(answer.headers["Location"]).text
    prove(app, lampa)
    text = client.get(lampa.cabinet(f"sites/{one.public_id}/")).text
    assert "This site is yours" in text
    assert "by a tag of the first page" in text
    assert "every 2s" not in text
    client.post(lampa.cabinet(f"sites/{one.public_id}/withdraw"))
    assert "No sites yet" in client.get(lampa.cabinet("sites/")).text
    client.post(lampa.cabinet(f"sites/{one.public_id}/restore"))
    assert site(app, lampa).state == "waiting"


def test_sites_that_were_taken_out_do_not_come_back_as_too_many(
    client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    sign_in(client, anna)
    said = {"site": "blog-0.example"}
    first = client.post(lampa.cabinet("sites/"), data=said).headers["Location"]
    client.post(f"{first}withdraw")
    for n in range(1, MOST_SITES + 1):
        said = {"site": f"blog-{n}.example"}
        assert client.post(lampa.cabinet("sites/"), data=said).status_code == 303
    assert client.post(f"{first}restore").status_code == 409
    assert client.post(lampa.cabinet("sites/"), data={"site": "blog-0.example"}).status_code == 409


@pytest.mark.parametrize("typed", ["", "127.0.0.1", "ftp://blog.example", "\x00", "x" * 301])
def test_what_is_no_site_is_refused_with_what_was_typed(
    client: FlaskClient, lampa: Merchant, anna: str, typed: str
) -> None:
    sign_in(client, anna)
    answer = client.post(lampa.cabinet("sites/"), data={"site": typed})
    assert answer.status_code == 422
    if typed.isprintable():
        assert f'value="{typed}"' in answer.text


def test_the_merchant_sees_all_sites_and_may_take_one_out(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    sign_in(client, anna)
    client.post(lampa.cabinet("sites/"), data={"site": "blog.example"})
    prove(app, lampa)
    one = site(app, lampa)
    client.post("/logout")
    sign_in(client, lampa.staff["support"])
    assert "blog.example" in client.get(lampa.office("sites/?q=blog")).text
    assert client.post(lampa.office(f"sites/{one.public_id}/withdraw")).status_code == 403
    client.post("/logout")
    sign_in(client, lampa.staff["manager"])
    assert client.post(lampa.office(f"sites/{one.public_id}/withdraw")).status_code == 303
    assert site(app, lampa).state == "withdrawn"


def test_the_pages_of_sites_are_open_to_everybody(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant, anna: str
) -> None:
    quiet_page.goto(f"{live_server}/login?next={lampa.cabinet('sites/')}")
    quiet_page.fill("[name=email]", anna)
    quiet_page.fill("[name=password]", PASSWORD)
    quiet_page.click("main [type=submit]")
    quiet_page.fill("[name=site]", "blog.example")
    assert violations(quiet_page) == []
    quiet_page.click("text=Go on")
    quiet_page.wait_for_selector("text=Prove it in one of three ways")
    for width in (1280, 375):
        quiet_page.set_viewport_size({"width": width, "height": 800})
        assert violations(quiet_page) == []
        assert quiet_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
