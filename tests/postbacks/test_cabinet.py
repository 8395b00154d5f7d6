"""The cabinet's postbacks: set up, refused, stopped, removed and brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.identity import service as identity
from app.partners import service as partners
from app.postbacks.models import Postback
from app.postbacks.rules import MOST
from tests.harness.browser import violations
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant

ADDRESS = "https://tracker.example/pb?c={sub1}"
GOOD = {"url": ADDRESS, "method": "GET", "states": ["agreed"]}


@pytest.fixture
def anna(app: App, client: FlaskClient, lampa: Merchant) -> str:
    email = f"anna@{lampa.slug}.example"
    with app.app_context():
        with lampa.scope():
            for name, address in (("Anna", email), ("Boris", f"boris@{lampa.slug}.example")):
                partners.create(partners.NewPartner(name=name, refcode=name.lower(), email=address))
                identity.change_password(identity.ensure_person(address, name), PASSWORD)
        db.session.commit()
    sign_in(client, email)
    return email


def postbacks(app: App, merchant: Merchant) -> list[Postback]:
    with app.app_context(), merchant.scope():
        return list(db.session.scalars(select(Postback).order_by(Postback.id)))


def test_a_postback_is_set_up_stopped_removed_and_brought_back(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    assert "No postbacks yet" in client.get(lampa.cabinet("postbacks/")).text
    there = client.post(lampa.cabinet("postbacks/"), data=GOOD).headers["Location"]
    page = client.get(there).text
    assert "https://tracker.example/pb?c={sub1}" in page
    assert "No calls yet" in page
    client.post(f"{there}stop")
    assert "It is not called" in client.get(there).text
    client.post(f"{there}start")
    assert "It is not called" not in client.get(there).text
    client.post(f"{there}remove")
    assert client.get(there).status_code == 404
    client.post(f"{there}restore")
    assert client.get(there).status_code == 200


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"url": ""}, "field"),
        ({"url": "ftp://tracker.example/"}, "cannot be called"),
        ({"url": "http://127.0.0.1/x"}, "cannot be called"),
        ({"url": "http://10.0.0.1/{sub1}"}, "cannot be called"),
        ({"url": "http://tracker.example:8080/"}, "cannot be called"),
        ({"url": "https://user:word@tracker.example/"}, "cannot be called"),
        ({"url": "https://tracker.example/?c={clickid}"}, "There is no {clickid} here."),
        ({"states": []}, "Choose at least one."),
        ({"states": ["paid"]}, "valid choice"),
        ({"method": "PUT"}, "valid choice"),
    ],
)
def test_what_cannot_be_called_is_refused_with_what_was_typed(
    app: App,
    client: FlaskClient,
    lampa: Merchant,
    anna: str,
    change: dict[str, str],
    complaint: str,
) -> None:
    answer = client.post(lampa.cabinet("postbacks/"), data=GOOD | change)
    assert answer.status_code == 422
    assert complaint in answer.text.replace("&#39;", "'")
    assert postbacks(app, lampa) == []


def test_there_are_not_too_many(app: App, client: FlaskClient, lampa: Merchant, anna: str) -> None:
    for _each in range(MOST):
        assert client.post(lampa.cabinet("postbacks/"), data=GOOD).status_code == 303
    assert client.post(lampa.cabinet("postbacks/"), data=GOOD).status_code == 409


def test_one_that_was_removed_does_not_come_back_as_one_too_many(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    there = client.post(lampa.cabinet("postbacks/"), data=GOOD).headers["Location"]
    client.post(f"{there}remove")
    for _n in range(MOST):
        assert client.post(lampa.cabinet("postbacks/"), data=GOOD).status_code == 303
    assert client.post(f"{there}restore").status_code == 409
    assert sum(each.removed_at is None for each in postbacks(app, lampa)) == MOST


def test_another_partners_postback_is_not_there(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    there = client.post(lampa.cabinet("postbacks/"), data=GOOD).headers["Location"]
    client.post("/logout")
    sign_in(client, f"boris@{lampa.slug}.example")
    assert client.get(there).status_code == 404
    for act in ("stop", "start", "remove", "restore", "calls/1/again"):
        assert client.post(there + act).status_code == 404


def test_the_pages_of_postbacks_are_open_to_everybody(
    app: App, quiet_page: Page, live_server: str, lampa: Merchant, anna: str
) -> None:
    quiet_page.goto(f"{live_server}/login?next={lampa.cabinet('postbacks/')}")
    quiet_page.fill("[name=email]", anna)
    quiet_page.fill("[name=password]", PASSWORD)
    quiet_page.click("main [type=submit]")
    quiet_page.fill("[name=url]", ADDRESS)
    for width in (1280, 375):
        quiet_page.set_viewport_size({"width": width, "height": 800})
        assert violations(quiet_page) == []
        assert quiet_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    quiet_page.click("main [type=submit]")
    quiet_page.wait_for_selector("text=No calls yet")
    for width in (1280, 375):
        quiet_page.set_viewport_size({"width": width, "height": 800})
        assert violations(quiet_page) == []
        assert quiet_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
