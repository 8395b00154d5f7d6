"""The office tries a draft before it publishes it, and sees the last look on the rule's page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import clock, jobs
from tests.backtests.test_service import NOW, bought
from tests.world import Merchant, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App

PRESENT = {"c.kind": "group", "c.mode": "all", "act": "save", "e.0.do": "earn.fixed"}


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> Iterator[FlaskClient]:
    with clock.moved_to(NOW):
        client.patch("/api/v1/merchant", json={"loyalty": True}, headers=lampa.bearer)
        body = {"name": "Gleb <b>"}
        client.put("/api/v1/members/77", json=body, headers=lampa.bearer)
        yield sign_in(client, lampa.staff["owner"])


def drafted(
    owner: FlaskClient, lampa: Merchant, trigger: str = "order.paid", points: str = "5"
) -> str:
    """Make a draft by the constructor's form; return its page."""
    profile = {"order.paid": "order"}.get(trigger, "referrer_achievement")
    said = {**PRESENT, "trigger": trigger, "name": "Mine", "e.0.points": points}
    answer = owner.post(lampa.office(f"bonus-rules/new?profile={profile}"), data=said)
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_the_rules_page_offers_the_look_and_shows_the_last_one(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    bought(owner, lampa, "A1", "77")
    rule = drafted(owner, lampa)
    assert "Try on the last 90 days" in owner.get(rule).text
    assert "Not tried yet" in owner.get(f"{rule}/backtest").text
    assert owner.post(f"{rule}/backtest").status_code == 303
    waiting = owner.get(f"{rule}/backtest").text
    assert "every 2s" in waiting
    with app.app_context():
        jobs.sweep_runs()
    shown = owner.get(f"{rule}/backtest").text
    assert "every 2s" not in shown
    for told in ("Mine", "this draft", "Gleb &lt;b&gt;", "5.00", "38.00", "43.00", "data-chart"):
        assert told in shown, told
    assert "43.00" in owner.get(rule).text, "the last look, before publishing"
    body = {**PRESENT, "trigger": "order.paid", "name": "Mine", "e.0.points": "6"}
    owner.post(f"{rule}/edit", data=body)
    assert "The draft was changed since" in owner.get(f"{rule}/backtest").text
    assert "The draft was changed since" in owner.get(rule).text


def test_an_empty_shop_is_told_so_kindly(app: App, owner: FlaskClient, lampa: Merchant) -> None:
    rule = drafted(owner, lampa)
    owner.post(f"{rule}/backtest")
    with app.app_context():
        jobs.sweep_runs()
    assert "Nothing happened in these 90 days" in owner.get(f"{rule}/backtest").text


def test_what_cannot_be_told_anew_is_not_offered(owner: FlaskClient, lampa: Merchant) -> None:
    rule = drafted(owner, lampa, "referral.metric_crossed")
    assert "Try on the last 90 days" not in owner.get(rule).text
    assert "cannot be tried on what was" in owner.get(f"{rule}/backtest").text
    assert owner.post(f"{rule}/backtest").status_code == 409


def test_support_looks_and_does_not_begin_and_others_see_nothing(
    client: FlaskClient, owner: FlaskClient, lampa: Merchant, kniga: Merchant
) -> None:
    rule = drafted(owner, lampa)
    support = sign_in(client, lampa.staff["support"])
    assert support.get(f"{rule}/backtest").status_code == 200
    assert support.post(f"{rule}/backtest").status_code == 403
    other = sign_in(client, kniga.staff["owner"])
    there = rule.replace(lampa.slug, kniga.slug)
    assert other.get(f"{there}/backtest").status_code == 404
    assert other.post(f"{there}/backtest").status_code == 404
