"""The office's webhooks: set up, tried, stopped, told again, removed and brought back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app import jobs
from app.events.service import drain
from app.extensions import db
from app.webhooks import service
from app.webhooks.models import WebhookDelivery
from tests.harness.browser import violations
from tests.world import PASSWORD, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant

GOOD = {"url": "https://shop.example/events", "what": "chosen", "orders": ["deal.created"]}


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    sign_in(client, lampa.staff["owner"].email)
    return client


def set_up(owner: FlaskClient, lampa: Merchant) -> str:
    """Set up an endpoint; return its address in the office."""
    answer = owner.post(lampa.office("webhooks/"), data=GOOD)
    assert re.search(r"whsec_[A-Za-z0-9+/=]+", answer.text)
    assert "no-store" in answer.headers["Cache-Control"]
    found = re.search(r"webhooks/(wh_[a-z0-9]+)/", answer.text)
    assert found is not None
    return lampa.office(f"webhooks/{found[1]}/")


def told(app: App, merchant: Merchant, status: int) -> None:
    """Let everything that waits be answered so."""

    def all_of_it() -> None:
        service.promise(drain())
        for one in db.session.scalars(select(WebhookDelivery.id)).all():
            call = service.take(one)
            if call is not None:
                service.settle(call, service.Ended(status, None, 12, status == 410))

    with app.app_context():
        jobs.in_transaction(all_of_it, merchant.id)


def test_a_secret_is_told_once_and_a_trial_stands_in_the_log(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    assert "No webhooks yet" in owner.get(lampa.office("webhooks/")).text
    there = set_up(owner, lampa)
    assert "whsec_" not in owner.get(there).text
    owner.post(f"{there}try")
    told(app, lampa, 204)
    page = owner.get(there).text
    assert "Webhook tried" in page
    (message,) = re.findall(r'href="([^"]+/messages/\d+/)"', page)
    shown = owner.get(message).text
    assert "webhook.tried" in shown
    assert "204" in shown
    assert "taken: 1" in owner.get(lampa.office("webhooks/")).text


def test_a_stopped_one_is_told_nothing_and_gets_afterwards_what_it_missed(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    there = set_up(owner, lampa)
    owner.post(f"{there}stop")
    assert "It is told nothing" in owner.get(there).text
    assert owner.post(f"{there}try").status_code == 409
    owner.post(f"{there}start")
    assert "It is told nothing" not in owner.get(there).text
    again = owner.post(f"{there}again", data={"since": "2026-01-01", "which": "missed"})
    assert again.status_code == 303
    assert owner.post(f"{there}again", data={"since": "x", "which": "missed"}).status_code == 422


def test_each_label_of_the_page_ticks_what_stands_beside_it(
    owner: FlaskClient, lampa: Merchant
) -> None:
    """Two forms stand on it; with one id in both a click in the lower one changes the upper."""
    ids = re.findall(r'\sid="([^"]+)"', owner.get(set_up(owner, lampa)).text)
    assert not [each for each in ids if ids.count(each) > 1 and each != "csrf_token"]


def test_a_message_that_was_taken_is_no_money_that_was_taken(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    """In Russian these are two words, and so are a message that waits and a request that does."""
    there = set_up(owner, lampa)
    owner.post("/account", data={"name": "Olga", "locale": "ru"})
    page = owner.get(there).text
    assert "Принято" in page
    assert "Ждут" in page
    assert "Списано" not in page
    assert "Ждёт решения" not in page


def test_one_message_is_sent_once_more(app: App, owner: FlaskClient, lampa: Merchant) -> None:
    there = set_up(owner, lampa)
    owner.post(f"{there}try")
    told(app, lampa, 410)
    page = owner.get(there).text
    assert "The server answered 410" in page
    (message,) = re.findall(r'href="([^"]+/messages/\d+/)"', page)
    owner.post(f"{there}start")
    assert owner.post(f"{message}again").status_code == 303
    told(app, lampa, 200)
    assert "Taken" in owner.get(message).text
    assert owner.get(f"{there}messages/0/").status_code == 404
    assert owner.get(f"{there}messages/x/").status_code == 404


def test_removed_it_is_gone_and_can_be_brought_back(owner: FlaskClient, lampa: Merchant) -> None:
    there = set_up(owner, lampa)
    owner.post(f"{there}remove")
    assert owner.get(there).status_code == 404
    owner.post(f"{there}restore")
    assert owner.get(there).status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"url": "http://10.0.0.1/"},
            "This address cannot be called: it is to be https, on the public internet",
        ),
        ({"url": ""}, "Fill this in"),
        ({"orders": []}, "Tick at least one."),
        ({"orders": ["deal.invented"]}, ""),
        ({"note": "x" * 201}, ""),
    ],
)
def test_bad_input_is_said_at_its_field_and_kept(
    owner: FlaskClient, lampa: Merchant, change: dict[str, Any], words: str
) -> None:
    answer = owner.post(lampa.office("webhooks/"), data=GOOD | {"note": "Kept"} | change)
    assert answer.status_code == 422
    assert words in answer.text
    assert "whsec_" not in answer.text.replace("whsec_, decoded", "")
    if "note" not in change:
        assert "Kept" in answer.text


def test_other_events_are_chosen_later(owner: FlaskClient, lampa: Merchant) -> None:
    there = set_up(owner, lampa)
    change = {"what": "chosen", "money": ["payout.paid"], "note": "Books"}
    assert owner.post(there, data=change).status_code == 303
    page = owner.get(there).text
    assert re.search(r'<input[^>]*checked[^>]*value="payout.paid"', page)
    assert not re.search(r'<input[^>]*checked[^>]*value="deal.created"', page)
    assert "Books" in page


def test_staff_without_keys_see_none_of_it(client: FlaskClient, lampa: Merchant) -> None:
    sign_in(client, lampa.staff["support"].email)
    assert client.get(lampa.office("webhooks/")).status_code == 403


def test_in_the_browser_a_webhook_is_set_up_by_hand(
    quiet_page: Page, live_server: str, lampa: Merchant
) -> None:
    quiet_page.goto(f"{live_server}/login?next={lampa.office('webhooks/')}")
    quiet_page.fill("[name=email]", lampa.staff["owner"].email)
    quiet_page.fill("[name=password]", PASSWORD)
    quiet_page.click("main [type=submit]")
    quiet_page.get_by_label("Address").fill("https://shop.example/hook")
    quiet_page.get_by_label("What is ticked").check()
    quiet_page.get_by_text("Choose events").click()
    quiet_page.get_by_label("Sale counted for a partner").check()
    looked_at(quiet_page)
    quiet_page.get_by_role("button", name="Set up").click()
    quiet_page.get_by_text("Copy it now").wait_for()
    looked_at(quiet_page)
    quiet_page.get_by_role("link", name="To the webhook").click()
    quiet_page.get_by_role("button", name="Send a trial message").click()
    quiet_page.get_by_text("A trial message is on its way").wait_for()
    looked_at(quiet_page)


def looked_at(page: Page) -> None:
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 800})
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
