"""A partner's program reads what the cabinet shows, and never more."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.errors import Conflict
from app.extensions import db
from app.jobs import drain
from app.partner_keys import queries, service
from app.partner_keys.rules import LINKS, MOST, READ
from app.partners import queries as partners
from app.partners import service as people
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import service as tenants

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from app.application import App
    from tests.world import Merchant, World

READS = ("me", "links", "codes", "statistics", "deals", "payouts", "entries", "events")
BUYER = {"id": "77", "email": "gleb@secret.example", "phone": "+79161234567", "name": "Gleb Secret"}


def order(code: str, price: str = "1000.00") -> dict[str, Any]:
    return {
        "number": f"N-{code}",
        "status": "completed",
        "currency": "RUB",
        "created_at": clock.wall().isoformat(),
        "customer": BUYER,
        "lines": [{"id": "1", "quantity": "1", "price": price}],
        "partner_code": code,
    }


@dataclass
class Shop:
    """Lampa with Anna, whose sponsor is Boris, a sale of each, and their keys."""

    client: FlaskClient
    merchant: Merchant
    anna: str
    boris: str

    def ask(self, path: str, key: str = "", **more: Any) -> TestResponse:
        method = more.pop("method", "GET")
        headers = {"Authorization": f"Bearer {key or self.anna}"} | more.pop("headers", {})
        return self.client.open(f"/api/v1/partner/{path}", method=method, headers=headers, **more)

    def items(self, path: str, key: str = "") -> list[dict[str, Any]]:
        answer = self.ask(path, key)
        assert answer.status_code == 200, answer.text
        return list(answer.get_json()["items"])


def furnish(app: App, client: FlaskClient, merchant: Merchant) -> Shop:
    def say(method: str, path: str, body: dict[str, Any]) -> None:
        answer = client.open(f"/api/v1/{path}", method=method, json=body, headers=merchant.bearer)
        assert answer.status_code < 300, answer.text

    say("PATCH", "merchant", {"hold_days": 0, "levels": ["10%", "5%"]})
    say("POST", "partners", {"refcode": "boris", "name": "Boris", "codes": ["BORIS10"]})
    anna = {"refcode": "anna", "name": "Anna", "sponsor": "boris", "codes": ["ANNA10"]}
    say("POST", "partners", anna)
    say("PUT", "orders/A1", order("ANNA10"))
    say("PUT", "orders/B1", order("BORIS10", "700.00"))
    say("POST", "payouts", {"partner": "anna", "amount": "40.00", "method": "bank"})
    with app.app_context():
        with merchant.scope():
            keys = [make(name) for name in ("anna", "boris")]
        db.session.commit()
        drain()
    return Shop(client, merchant, *keys)


def make(refcode: str, *scopes: str, test: bool = False) -> str:
    partner = partners.by_refcode(refcode)
    assert partner is not None
    return service.make(partner, "A tracker", scopes or (READ, LINKS), test=test)[1]


@pytest.fixture
def shop(app: App, client: FlaskClient, lampa: Merchant) -> Shop:
    return furnish(app, client, lampa)


def test_a_partner_reads_the_own_numbers(shop: Shop) -> None:
    me = shop.ask("me").get_json()
    assert me["refcode"] == "anna"
    assert me["merchant"]["currency"] == "RUB"
    assert me["balance"] == {
        "pending": "0.00", "available": "60.00", "reserved": "40.00", "debt": "0.00",
    }  # fmt: skip
    (deal,) = shop.items("deals")
    assert (deal["number"], deal["level"], deal["amount"]) == ("N-ANNA10", 1, "100.00")
    (payout,) = shop.items("payouts")
    assert (payout["state"], payout["amount"]) == ("requested", "40.00")
    assert [entry["amount"] for entry in shop.items("entries")] == ["-40.00", "100.00"]
    assert [code["code"] for code in shop.items("codes")] == ["ANNA10"]
    (link,) = shop.items("links")
    assert link["code"] == "anna"


def test_of_two_partners_each_sees_the_own_share_alone(shop: Shop) -> None:
    seen = {deal["number"]: deal["amount"] for deal in shop.items("deals", shop.boris)}
    assert seen == {"N-ANNA10": "50.00", "N-BORIS10": "70.00"}
    assert "N-BORIS10" not in json.dumps(
        [shop.items(name) for name in READS[1:] if name != "statistics"]
    )


def test_buyers_are_in_no_answer(shop: Shop) -> None:
    said = "".join(shop.ask(path).text for path in READS)
    for word in ("secret", "Gleb", "9161234567", 'A1"'):
        assert word not in said, word


def test_the_feed_tells_what_happened_to_the_partner_and_goes_on_where_it_stopped(
    shop: Shop,
) -> None:
    events = shop.items("events?after=0")
    kinds = [event["type"] for event in events]
    assert {"deal.created", "commission.available", "payout.requested"} <= set(kinds)
    positions = [event["position"] for event in events]
    assert positions == sorted(positions)
    seen: list[int] = []
    following: str | None = "0"
    while following is not None:
        answer = shop.ask(f"events?after={following}&limit=1").get_json()
        seen += [event["position"] for event in answer["items"]]
        following = answer["next"]
    assert seen == positions
    assert shop.items(f"events?after={positions[-1]}") == []
    others = {event["id"] for event in shop.items("events?after=0", shop.boris)}
    assert not others & {event["id"] for event in events}


def test_the_feed_looks_through_a_window_and_says_where_to_go_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [event["id"] for event in shop.items("events?after=0")]
    monkeypatch.setattr("app.partner_keys.queries.WINDOW", 2)
    seen: list[str] = []
    following: str | None = "0"
    while following is not None:
        answer = shop.ask(f"events?after={following}").get_json()
        seen += [event["id"] for event in answer["items"]]
        following = answer["next"]
    assert seen == whole


def test_a_program_makes_links_once_by_its_key(shop: Shop) -> None:
    body = {"label": "In my blog", "code": f"blog{secrets.token_hex(3)}", "sub1": "blog"}
    once = {"Idempotency-Key": secrets.token_hex(8)}
    first = shop.ask("links", method="POST", json=body, headers=once)
    again = shop.ask("links", method="POST", json=body, headers=once)
    assert first.status_code == again.status_code == 201, first.text
    assert first.get_json() == again.get_json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert shop.ask("links", method="POST", json=body).status_code == 409  # the code is taken
    other = shop.ask("links", shop.boris, method="POST", json={"label": "Mine"}, headers=once)
    assert other.status_code == 201, "another key's word is another word"
    foreign = shop.ask("links", method="POST", json={"address": "https://elsewhere.example/"})
    assert foreign.status_code == 422
    assert [e["field"] for e in foreign.get_json()["errors"]] == ["address"]


@pytest.mark.parametrize("by", ["day", "link", "source", "sub1"])
def test_statistics_are_told_by_day_link_and_sub_id(shop: Shop, by: str) -> None:
    answer = shop.ask(f"statistics?by={by}&from=2026-11-01&to=2026-11-30")
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["by"] == by


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("statistics?by=buyer", "by"),
        ("statistics?from=2026-13-01", "from"),
        ("statistics?from=2026-11-02&to=2026-11-01", "to"),
        ("deals?limit=0", "limit"),
        ("deals?cursor=x", "cursor"),
        ("entries?bucket=merchant", "bucket"),
        ("events?after=-1", "after"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_its_name(shop: Shop, query: str, field: str) -> None:
    answer = shop.ask(query)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]


def test_a_key_does_what_its_scopes_say(app: App, shop: Shop) -> None:
    with app.app_context(), shop.merchant.scope():
        reader, maker = make("anna", READ), make("anna", LINKS)
        db.session.commit()
    assert shop.ask("me", reader).status_code == 200
    refused = shop.ask("links", reader, method="POST", json={})
    assert refused.status_code == 403
    assert LINKS in refused.get_json()["detail"]
    assert shop.ask("links", maker, method="POST", json={}).status_code == 201
    for path in READS:
        assert shop.ask(path, maker).status_code == 403, path


def test_a_partners_key_opens_nothing_of_the_merchant_and_the_merchants_nothing_here(
    shop: Shop,
) -> None:
    own = {"Authorization": f"Bearer {shop.anna}"}
    for path in ("merchant", "partners", "partners/anna", "deals", "payouts", "events"):
        assert shop.client.get(f"/api/v1/{path}", headers=own).status_code == 401, path
    asked = {"partner": "anna", "amount": "1.00", "method": "bank"}
    assert shop.client.post("/api/v1/payouts", json=asked, headers=own).status_code == 401
    for path in READS:
        assert shop.ask(path, shop.merchant.api_key).status_code == 401, path
    assert shop.ask("payouts", method="POST", json={"amount": "1.00"}).status_code == 405


def test_a_platforms_key_that_begins_alike_opens_nothing_here_and_a_partners_nothing_there(
    app: App, shop: Shop
) -> None:
    with app.app_context():
        with tenant_scope(PLATFORM):
            platform = tenants.make_key(None, "tests", ["platform"], "platform").secret
        db.session.commit()
    assert platform[:8] == shop.anna[:8] == "pk_live_"
    for path in READS:
        assert shop.ask(path, platform).status_code == 401, path
    assert shop.ask("links", platform, method="POST", json={}).status_code == 401
    body = {"name": "Another", "slug": "another", "email": "owner@another.example"}
    own = {"Authorization": f"Bearer {shop.anna}"}
    made = shop.client.post("/api/v1/merchants", json=body, headers=own)
    assert made.status_code == 401


def test_a_key_is_taken_in_its_header_alone(shop: Shop) -> None:
    for said in ("api_key", "access_token", "key", "token"):
        assert shop.client.get(f"/api/v1/partner/me?{said}={shop.anna}").status_code == 401
    for headers in ({"X-Api-Key": shop.anna}, {"Authorization": f"Basic {shop.anna}"},
                    {"Authorization": f"Bearer {shop.anna} x"}, {"Authorization": shop.anna}):  # fmt: skip
        assert shop.client.get("/api/v1/partner/me", headers=headers).status_code == 401
    shop.client.set_cookie("Authorization", f"Bearer {shop.anna}")
    assert shop.client.get("/api/v1/partner/me").status_code == 401


@pytest.mark.parametrize("query", ["partner=boris", "partner_id=2", "refcode=boris", "merchant=x"])
def test_nothing_in_the_address_makes_it_anothers(shop: Shop, query: str) -> None:
    for path in READS:
        assert shop.ask(f"{path}?{query}").get_json() == shop.ask(path).get_json(), path


def test_a_blocked_partners_key_stops_and_so_does_a_revoked_one(app: App, shop: Shop) -> None:
    with app.app_context(), shop.merchant.scope():
        anna = partners.by_refcode("anna")
        assert anna is not None
        people.act(anna, "block")
        db.session.commit()
    assert {shop.ask(path).status_code for path in READS} == {403}
    with app.app_context(), shop.merchant.scope():
        boris = partners.by_refcode("boris")
        assert boris is not None
        service.revoke(queries.of_partner(boris.id)[0])
        db.session.commit()
    assert {shop.ask(path, shop.boris).status_code for path in READS} == {401}


def test_the_merchant_may_forbid_keys_and_allow_them_again(app: App, shop: Shop) -> None:
    bearer = shop.merchant.bearer
    for on, status in ((False, 403), (True, 200)):
        answer = shop.client.patch("/api/v1/merchant", json={"partner_keys": on}, headers=bearer)
        assert answer.get_json()["partner_keys"] is on
        assert shop.ask("me").status_code == status


def test_two_merchants_and_the_test_twin_know_nothing_of_each_other(
    app: App, client: FlaskClient, world: World
) -> None:
    lampa, kniga = furnish(app, client, world.lampa), furnish(app, client, world.kniga)
    assert lampa.ask("me").get_json()["id"] != kniga.ask("me").get_json()["id"]
    for path in ("deals", "payouts", "entries", "events"):
        ours = {str(item["id"]) for item in lampa.items(path)}
        assert not ours & {str(item["id"]) for item in kniga.items(path)}, path
    body = {"refcode": "anna", "name": "Anna in test mode"}
    client.post("/api/v1/partners", json=body, headers=world.lampa.test_bearer)
    with app.app_context(), tenant_scope(world.lampa.twin_id):
        key = make("anna", test=True)
        db.session.commit()
    assert key.startswith("pk_test_")
    me = lampa.ask("me", key).get_json()
    assert (me["name"], me["merchant"]["test"]) == ("Anna in test mode", True)
    assert me["balance"]["available"] == "0.00"


def test_calls_are_limited_and_counted(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shop.ask("me").headers["RateLimit-Policy"] == '"key";q=150;w=1'
    monkeypatch.setattr("app.site.api.calls.left", lambda *_: -1)
    answer = shop.ask("me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")


def test_a_partner_has_so_many_keys_and_no_more(app: App, shop: Shop) -> None:
    with app.app_context(), shop.merchant.scope():
        for _number in range(MOST - 1):
            make("anna")
        with pytest.raises(Conflict):
            make("anna")
        db.session.rollback()
