from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.extensions import db
from app.tenants import queries

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World


def test_a_new_merchant_has_the_promised_settings(client: FlaskClient, lampa: Merchant) -> None:
    answer = client.get("/api/v1/merchant", headers=lampa.bearer)
    assert answer.status_code == 200
    body = answer.get_json()
    assert (body["hold_days"], body["minimum_payout"], body["levels"]) == (14, "0.00", ["10%"])
    assert body["attribution"] == {
        "window_days": 90,
        "click": "last",
        "conflict": "code",
        "lifetime": True,
        "existing": "attract",
        "foreign_code": "order",
        "parameters": ["ref"],
    }
    assert (body["settlement"], body["fee_paid_by"], body["test"]) == ("own", "partner", False)
    assert client.get("/api/v1/merchant", headers=lampa.test_bearer).get_json()["test"] is True


def test_what_is_given_changes_and_the_rest_stays(client: FlaskClient, lampa: Merchant) -> None:
    change = {
        "hold_days": 0,
        "minimum_payout": "1500.50",
        "attribution": {"click": "first", "parameters": ["ref", "partner"]},
        "levels": ["10%", "5%", "50.00"],
    }
    answer = client.patch("/api/v1/merchant", json=change, headers=lampa.bearer)
    assert answer.status_code == 200, answer.text
    body = client.get("/api/v1/merchant", headers=lampa.bearer).get_json()
    assert body == answer.get_json()
    assert (body["hold_days"], body["minimum_payout"], body["levels"]) == (
        0,
        "1500.50",
        ["10%", "5%", "50.00"],
    )
    assert body["attribution"]["click"] == "first"
    assert body["attribution"]["parameters"] == ["ref", "partner"]
    assert body["attribution"]["window_days"] == 90


@pytest.mark.parametrize(
    "change",
    [
        {"hold_days": -1},
        {"hold_days": 1000},
        {"hold_days": "14"},
        {"hold_days": True},
        {"minimum_payout": "-1"},
        {"minimum_payout": "1e3"},
        {"minimum_payout": 100},
        {"minimum_payout": "1.001"},
        {"attribution": {"click": "middle"}},
        {"attribution": {"parameters": []}},
        {"attribution": {"parameters": ["a b"]}},
        {"attribution": {"window_days": 0}},
        {"attribution": {"wrong": 1}},
        {"levels": []},
        {"levels": ["110%"]},
        {"loyalty": "yes"},
        {"currency": "USD"},
        {"name": "a\x00b"},
        {"name": "\ud800"},
    ],
)
def test_what_cannot_stand_is_refused_and_changes_nothing(
    client: FlaskClient, lampa: Merchant, change: dict[str, object]
) -> None:
    before = client.get("/api/v1/merchant", headers=lampa.bearer).get_json()
    answer = client.patch(
        "/api/v1/merchant", json={"fee_paid_by": "merchant", **change}, headers=lampa.bearer
    )
    assert answer.status_code == 422, answer.text
    assert answer.mimetype == "application/problem+json"
    assert client.get("/api/v1/merchant", headers=lampa.bearer).get_json() == before


def test_a_shop_gets_its_domain_folder_zone_and_words(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    change = {
        "domain": "Лампа.РФ",
        "path": "shop/",
        "timezone": "Asia/Omsk",
        "statuses": {"новый": "registered", "оплачен": "agreed"},
    }
    for _ in range(2):
        answer = client.put(f"/api/v1/shops/{lampa.shop}", json=change, headers=lampa.bearer)
        assert answer.status_code == 200, answer.text
    body = client.get(f"/api/v1/shops/{lampa.shop}", headers=lampa.bearer).get_json()
    assert body["domain"] == "xn--80aa5afp.xn--p1ai"
    assert (body["path"], body["timezone"], body["statuses"]) == (
        "/shop",
        "Asia/Omsk",
        change["statuses"],
    )
    with app.app_context(), lampa.scope():
        assert queries.words(lampa.shop_id).version == 2
        db.session.rollback()


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "https://lampa.example"},
        {"domain": "lampa"},
        {"domain": "lampa.example/shop"},
        {"domain": "a b.example"},
        {"domain": "-a.example"},
        {"domain": "x" * 64 + ".example"},
        {"path": "/../etc"},
        {"path": "/a b"},
        {"timezone": "Mars/Phobos"},
        {"statuses": {}},
        {"statuses": {"new": "unknown"}},
        {"statuses": {"": "agreed"}},
    ],
)
def test_a_shop_that_cannot_stand_is_refused(
    client: FlaskClient, lampa: Merchant, change: dict[str, object]
) -> None:
    before = client.get(f"/api/v1/shops/{lampa.shop}", headers=lampa.bearer).get_json()
    answer = client.put(f"/api/v1/shops/{lampa.shop}", json=change, headers=lampa.bearer)
    assert answer.status_code == 422, answer.text
    assert client.get(f"/api/v1/shops/{lampa.shop}", headers=lampa.bearer).get_json() == before


def test_another_merchants_shop_does_not_exist(client: FlaskClient, world: World) -> None:
    for key in (world.kniga.bearer, world.lampa.test_bearer):
        assert client.get(f"/api/v1/shops/{world.lampa.shop}", headers=key).status_code == 404
        assert (
            client.put(f"/api/v1/shops/{world.lampa.shop}", json={}, headers=key).status_code == 404
        )
