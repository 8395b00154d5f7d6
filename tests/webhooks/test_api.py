"""Webhooks set up by programs, and the feed for who would rather ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app import jobs
from app.events.service import drain
from app.extensions import db

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

GOOD = {"url": "https://shop.example/events", "events": ["deal.created"], "note": "The shop"}


def made(client: FlaskClient, merchant: Merchant, **headers: str) -> Any:
    answer = client.post("/api/v1/webhooks", json=GOOD, headers=merchant.bearer | headers)
    assert answer.status_code == 201, answer.json
    return answer.json


def test_an_endpoint_is_set_up_listed_and_taken_away(client: FlaskClient, lampa: Merchant) -> None:
    one = made(client, lampa)
    assert one["secret"].startswith("whsec_")
    assert (one["state"], one["events"]) == ("active", ["deal.created"])
    (listed,) = client.get("/api/v1/webhooks", headers=lampa.bearer).json["items"]
    assert listed == {name: one[name] for name in listed}
    assert "secret" not in listed
    there = f"/api/v1/webhooks/{one['id']}"
    assert client.delete(there, headers=lampa.bearer).status_code == 200
    assert client.delete(there, headers=lampa.bearer).status_code == 404
    assert client.get("/api/v1/webhooks", headers=lampa.bearer).json["items"] == []


def test_said_twice_under_one_key_it_is_one_and_its_secret_lies_sealed(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    key = {"Idempotency-Key": "hook-1"}
    first, second = made(client, lampa, **key), made(client, lampa, **key)
    assert first == second
    assert len(client.get("/api/v1/webhooks", headers=lampa.bearer).json["items"]) == 1

    def kept() -> str:
        return str(
            db.session.scalar(db.text("select string_agg(answer::text, '') from idempotency_key"))
        )

    with app.app_context():
        assert first["secret"] not in jobs.in_transaction(kept, lampa.id)


def test_a_new_secret_is_told_once(client: FlaskClient, lampa: Merchant) -> None:
    one = made(client, lampa)
    answer = client.post(f"/api/v1/webhooks/{one['id']}/rotate", headers=lampa.bearer)
    assert answer.status_code == 200
    assert answer.json["secret"] not in {one["secret"], ""}


def test_another_merchants_endpoint_is_not_there(
    client: FlaskClient, lampa: Merchant, kniga: Merchant
) -> None:
    one = made(client, lampa)
    there = f"/api/v1/webhooks/{one['id']}"
    assert client.delete(there, headers=kniga.bearer).status_code == 404
    assert client.post(f"{there}/rotate", headers=kniga.bearer).status_code == 404
    assert client.get("/api/v1/webhooks", headers=kniga.bearer).json["items"] == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "http://127.0.0.1/"}, "url"),
        ({"url": ""}, "url"),
        ({"url": "https://shop.example/" + "x" * 2000}, "url"),
        ({"url": 7}, "url"),
        ({"events": ["deal.invented"]}, "events"),
        ({"events": "deal.created"}, "events"),
        ({"note": "x" * 201}, "note"),
    ],
)
def test_bad_words_are_refused_by_field(
    client: FlaskClient, lampa: Merchant, change: dict[str, Any], field: str
) -> None:
    answer = client.post("/api/v1/webhooks", json=GOOD | change, headers=lampa.bearer)
    assert answer.status_code == 422
    assert [e["field"].partition(".")[0] for e in answer.json["errors"]] == [field]


def test_the_feed_is_read_to_its_end_without_a_gap(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    for name in ("anna", "boris", "vera"):
        body = {"name": name.title(), "refcode": name}
        client.post("/api/v1/partners", json=body, headers=lampa.bearer)
    with app.app_context():
        jobs.in_transaction(drain, lampa.id)
    seen: list[dict[str, Any]] = []
    after: str | None = "0"
    while after is not None:
        there = f"/api/v1/events?after={after}&limit=2"
        answer = client.get(there, headers=lampa.bearer).json
        seen, after = seen + answer["items"], answer["next"]
    positions = [each["position"] for each in seen]
    assert positions == sorted(set(positions))
    partners = [e["data"]["partner"]["refcode"] for e in seen if e["type"] == "partner.created"]
    assert partners == ["anna", "boris", "vera"]
    end = client.get(f"/api/v1/events?after={positions[-1]}", headers=lampa.bearer).json
    assert end == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=1e3", "limit=0", "limit=201"])
def test_a_place_that_is_none_is_refused(client: FlaskClient, lampa: Merchant, query: str) -> None:
    assert client.get(f"/api/v1/events?{query}", headers=lampa.bearer).status_code == 422
