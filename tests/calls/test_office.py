"""The developers' page: examples run as pasted, calls are kept masked, and sent again in test mode."""

from __future__ import annotations

import html
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from app import jobs
from app.calls import service
from app.calls.models import ApiCall
from app.calls.service import recorder
from app.extensions import db
from app.intake.shops import signed
from app.orders.models import Order
from app.tenancy import tenant_scope
from tests.world import World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from playwright.sync_api import Page

    from app.application import App
    from tests.world import Merchant

ORDER: dict[str, Any] = {
    "status": "paid",
    "currency": "RUB",
    "created_at": "2026-11-22T10:00:00+03:00",
    "customer": {"id": "c-1", "email": "gleb@example.org", "name": "Gleb"},
    "lines": [{"id": "1", "quantity": "1", "price": "100.00"}],
}


@pytest.fixture
def developer(app: App, world: World) -> FlaskClient:
    return sign_in(app.test_client(), world.lampa.staff["developer"])


def kept(app: App, merchant: Merchant) -> list[ApiCall]:
    """Let what was called be written down, and return it, newest first."""
    while recorder.hand_on():
        pass
    with app.app_context():
        jobs.keep_calls()
        with tenant_scope(merchant.id):
            query = select(ApiCall).order_by(ApiCall.id.desc())
            found = list(db.session.scalars(query))
            db.session.expunge_all()
    return found


def test_a_call_is_kept_with_its_answer_and_reason_and_without_people(
    app: App, client: FlaskClient, world: World, developer: FlaskClient
) -> None:
    there = "/api/v1/orders/dev-1"
    assert client.put(there, json=ORDER, headers=world.lampa.bearer).status_code == 200
    wrong = ORDER | {"lines": "none"}
    assert client.put(there, json=wrong, headers=world.lampa.bearer).status_code == 422
    refused, done = kept(app, world.lampa)
    assert (done.method, done.path, done.status, done.reason) == ("PUT", there, 200, "")
    assert refused.status == 422
    assert refused.reason
    assert "gleb@example.org" not in done.body + done.answer
    page = developer.get(world.lampa.office("developers/?state=refused")).text
    assert f"calls/{refused.id}/" in page
    assert f"calls/{done.id}/" not in page
    assert f"calls/{done.id}/" in developer.get(world.lampa.office("developers/?q=dev-1")).text
    shown = developer.get(world.lampa.office(f"developers/calls/{refused.id}/")).text
    assert refused.reason in shown
    assert "hidden.example" in shown
    neighbour = sign_in(app.test_client(), world.kniga.staff["developer"])
    assert neighbour.get(world.kniga.office(f"developers/calls/{done.id}/")).status_code == 404


def test_odd_and_large_bodies_are_kept_as_far_as_they_can_be(
    app: App, client: FlaskClient, world: World
) -> None:
    there, key = "/api/v1/orders/odd", world.lampa.bearer | {"Content-Type": "application/json"}
    client.put(there, data=b'{"a": "\\ud800 \\u0000"}', headers=key)
    client.put(there, data=b'{"a": "' + b"x" * 20_000 + b'"}', headers=key)
    client.put(there, data=b"\xff\x00", headers=key)
    client.put(there, data=b"x" * 5_000_000, headers=key)
    found = kept(app, world.lampa)
    assert len(found) == 4
    assert found[2].body == "[20009 bytes]"


def test_of_a_body_that_breaks_off_nothing_of_a_person_is_kept(
    app: App, client: FlaskClient, world: World, developer: FlaskClient
) -> None:
    body = '{"customer": {"name": "Gleb", "phone": "+79161234567"}, "password": "hush",}'
    key = world.lampa.bearer | {"Content-Type": "application/json"}
    assert client.put("/api/v1/orders/dev-9", data=body, headers=key).status_code == 400
    [call] = kept(app, world.lampa)
    assert call.body == f"[{len(body)} characters, no JSON]"
    again = f"developers/calls/{call.id}/again"
    assert developer.post(world.lampa.office(again)).status_code == 404


def test_without_a_key_nothing_is_kept(app: App, client: FlaskClient, world: World) -> None:
    assert client.get("/api/v1/merchant").status_code == 401
    assert kept(app, world.lampa) == []


def test_a_call_is_sent_again_in_test_mode_alone(
    app: App, client: FlaskClient, world: World, developer: FlaskClient
) -> None:
    client.put("/api/v1/orders/dev-2", json=ORDER, headers=world.lampa.bearer)
    [call] = kept(app, world.lampa)
    with app.app_context(), tenant_scope(world.lampa.id):
        before = db.session.scalar(select(func.max(Order.changed_at)))
    answer = developer.post(world.lampa.office(f"developers/calls/{call.id}/again"))
    assert answer.status_code == 200
    assert "Sent again in test mode: 200" in answer.text
    with app.app_context():
        with tenant_scope(world.lampa.twin_id):
            assert db.session.scalars(select(Order.external_id)).all() == ["dev-2"]
        with tenant_scope(world.lampa.id):
            assert db.session.scalar(select(func.max(Order.changed_at))) == before
    assert len(kept(app, world.lampa)) == 1  # what the office sends is no call of a key


def test_nobody_can_say_from_outside_that_a_call_is_sent_again(client: FlaskClient) -> None:
    headers = {"partnerka.again": "1", "X-Partnerka-Again": "1"}
    assert client.get("/api/v1/merchant", headers=headers).status_code == 401


def test_of_each_key_the_last_calls_stay(
    app: App, world: World, monkeypatch: pytest.MonkeyPatch, client: FlaskClient
) -> None:
    monkeypatch.setattr(service, "MOST", 3)
    for number in range(5):
        client.get(f"/api/v1/orders/none-{number}", headers=world.lampa.bearer)
    client.get("/api/v1/merchant", headers=world.kniga.bearer)
    found = [call.path.rpartition("-")[2] for call in kept(app, world.lampa)]
    assert found == ["4", "3", "2"]
    assert len(kept(app, world.kniga)) == 1


def test_old_calls_are_forgotten(app: App, world: World, client: FlaskClient) -> None:
    client.get("/api/v1/merchant", headers=world.lampa.bearer)
    [call] = kept(app, world.lampa)
    with app.app_context(), tenant_scope(world.lampa.id):
        row = db.session.scalars(select(ApiCall).where(ApiCall.id == call.id)).one()
        row.at = row.at.replace(year=2025)
        db.session.flush()
        service.prune()
        db.session.commit()
    assert kept(app, world.lampa) == []


def test_only_who_keeps_the_keys_sees_it(app: App, world: World) -> None:
    manager = sign_in(app.test_client(), world.lampa.staff["manager"])
    assert manager.get(world.lampa.office("developers/")).status_code == 403


def test_the_examples_work_as_pasted(live_server: str, world: World, quiet_page: Page) -> None:
    page = quiet_page
    page.goto(f"{live_server}/login")
    page.get_by_label("E-mail").fill(world.lampa.staff["developer"].email)
    page.get_by_label("Password", exact=True).fill("a green lamp on the desk")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/login" not in url)
    page.goto(f"{live_server}{world.lampa.office('developers/')}")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_text("These work as they stand").wait_for()
    lines = page.locator("#examples code").all_inner_texts()
    assert len(lines) == 12
    for line in lines:
        ran = subprocess.run(  # noqa: S602 - pasted into a shell, as people do
            line + " -w '\\n%{http_code}'", shell=True, capture_output=True, text=True, check=True, timeout=60
        )  # fmt: skip
        code = ran.stdout.rsplit("\n", 1)[-1]
        assert code in {"200", "201"}, (line, ran.stdout)
    page.get_by_role("link", name="Calls in test mode").click()
    page.get_by_text("Test mode: nothing here is real").wait_for()
    assert page.url.endswith("/office/developers/")
    page.set_viewport_size({"width": 375, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_html_of_an_example_is_the_line_itself(world: World, developer: FlaskClient) -> None:
    text = developer.get(world.lampa.office("developers/")).text
    shown = [html.unescape(e) for e in re.findall(r"<code tabindex=\"0\">(.*?)</code>", text)]
    assert any(line.startswith("curl -sS -X PUT") for line in shown)


def test_the_channel_is_named_as_it_stands_under_connections(
    app: App, developer: FlaskClient, world: World
) -> None:
    index = html.unescape(developer.get(world.lampa.office("developers/")).text)
    with app.test_request_context():
        assert str(signed.hints["name"]) in index


def test_programs_to_paste_are_given_as_files(developer: FlaskClient, world: World) -> None:
    index = developer.get(world.lampa.office("developers/")).text
    found = re.findall(r'href="([^"]*/developers/examples/[^"]+)"', index)
    assert len(found) == 12
    for each in found:
        told = developer.get(html.unescape(each))
        assert (told.status_code, told.mimetype) == (200, "text/plain")
        assert "whsec_" in told.text or "SECRET" in told.text or "KEY" in told.text
    assert f"/postback/{world.lampa.slug}" in index
    for odd in ("order.json", "..%2F..%2Fapi.md", "nobody.py"):
        assert developer.get(world.lampa.office(f"developers/examples/{odd}")).status_code == 404
