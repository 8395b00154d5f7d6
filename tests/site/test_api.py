from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from app.extensions import db
from app.site import limits
from app.tenancy import PLATFORM, tenant_scope
from app.tenants import queries, service

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant, World


@pytest.fixture
def platform_key(app: App) -> dict[str, str]:
    with app.app_context(), tenant_scope(PLATFORM):
        made = service.make_key(None, "tests", ["platform"], "platform")
        db.session.commit()
    return {"Authorization": f"Bearer {made.secret}"}


def application(**more: str) -> dict[str, str]:
    return {
        "name": "Nitka",
        "slug": f"nitka-{secrets.token_hex(4)}",
        "email": "owner@nitka.example",
        "currency": "RUB",
        "locale": "ru",
        "timezone": "Europe/Moscow",
        "site": "https://nitka.example/",
        **more,
    }


def test_a_key_is_needed_and_must_be_known(client: FlaskClient, lampa: Merchant) -> None:
    for word in ("", "Bearer sk_live_nobody", lampa.api_key, "Basic YTpi", "Bearer", "Bearer кот"):
        headers = {"Authorization": word} if word else {}
        answer = client.get("/api/v1/merchant", headers=headers)
        assert answer.status_code == 401, headers
        assert answer.mimetype == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_key_is_refused_at_once(app: App, client: FlaskClient, lampa: Merchant) -> None:
    assert client.get("/api/v1/merchant", headers=lampa.bearer).status_code == 200
    with app.app_context(), lampa.scope():
        service.revoke_key(queries.keys()[0].id)
        db.session.commit()
    assert client.get("/api/v1/merchant", headers=lampa.bearer).status_code == 401


def test_a_key_does_what_its_scopes_say(app: App, client: FlaskClient, lampa: Merchant) -> None:
    with app.app_context(), lampa.scope():
        orders = service.make_key(lampa.shop_id, "orders", ["orders"], "live").secret
        reader = service.make_key(lampa.shop_id, "reader", ["read"], "live").secret
        db.session.commit()
    assert (
        client.get("/api/v1/merchant", headers={"Authorization": f"Bearer {orders}"}).status_code
        == 403
    )
    reads = {"Authorization": f"Bearer {reader}"}
    assert client.get("/api/v1/merchant", headers=reads).status_code == 200
    assert client.patch("/api/v1/merchant", json={"hold_days": 1}, headers=reads).status_code == 403
    assert (
        client.post("/api/v1/merchants", json=application(), headers=lampa.bearer).status_code
        == 403
    )


def test_use_of_a_key_is_written_down(app: App, client: FlaskClient, lampa: Merchant) -> None:
    client.get("/api/v1/merchant", headers=lampa.bearer)
    with app.app_context(), lampa.scope():
        assert queries.keys()[0].last_used_at is not None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"hold_days": NaN}', 422),
        (b'{"hold_days": Infinity}', 422),
        (b'{"hold_days": 1e400}', 422),
        (b'{"hold_days": 1, "hold_days": 2}', 400),
        (b"[]", 422),
        (b"null", 422),
        (b'"text"', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "\\u0000"}', 422),
        (b'{"name": "\x00"}', 400),
        (b"\xef\xbb\xbf{}", 400),
        (b'{"name": "\xff"}', 400),
        (b'{"name": ', 400),
        (b"[" * 200_000, 400),
        (b'{"a":' * 60 + b"1" + b"}" * 60, 400),
        (b'{"hold_days": ' + b"9" * 5000 + b"}", 422),
    ],
)
def test_json_that_is_none_is_refused_and_never_breaks_us(
    client: FlaskClient, lampa: Merchant, body: bytes, status: int
) -> None:
    answer = client.patch(
        "/api/v1/merchant", data=body, content_type="application/json", headers=lampa.bearer
    )
    assert answer.status_code == status, answer.text
    assert answer.mimetype == "application/problem+json"


def test_another_content_type_and_a_large_body_are_refused(
    client: FlaskClient, lampa: Merchant
) -> None:
    answer = client.patch("/api/v1/merchant", data={"hold_days": "1"}, headers=lampa.bearer)
    assert answer.status_code == 415
    large = b'{"name": "' + b"x" * 2**20 + b'"}'
    answer = client.patch(
        "/api/v1/merchant", data=large, content_type="application/json", headers=lampa.bearer
    )
    assert answer.status_code == 413
    assert client.get("/api/v1/shops/a%00b", headers=lampa.bearer).status_code == 400


def test_the_platform_opens_an_account_and_its_keys_work(
    client: FlaskClient, platform_key: dict[str, str]
) -> None:
    answer = client.post("/api/v1/merchants", json=application(), headers=platform_key)
    assert answer.status_code == 201, answer.text
    body = answer.get_json()
    assert body["office_url"].endswith(f"/{body['merchant']['slug']}/office/")
    assert body["webhook_secret"].startswith("whsec_")
    hook = body["hook_url"].partition("/hooks/")[2]
    unsigned = client.post(f"/hooks/{hook}", json={"type": "order.saved", "data": {}})
    assert unsigned.status_code == 403  # it is there, and believes nobody without the secret
    assert body["shop"]["domain"] == "nitka.example"
    for name in ("api_key", "test_api_key"):
        headers = {"Authorization": f"Bearer {body[name]}"}
        merchant = client.get("/api/v1/merchant", headers=headers).get_json()
        assert merchant["test"] is (name == "test_api_key")


@pytest.mark.parametrize(
    "wrong",
    [
        {"slug": "a"},
        {"slug": "Nitka"},
        {"slug": "nitka-test"},
        {"slug": "api"},
        {"email": "nobody"},
        {"currency": "XXY"},
        {"currency": "rub"},
        {"timezone": "Mars"},
        {"locale": "xx"},
        {"site": "not a site"},
        {"name": ""},
    ],
)
def test_an_account_that_cannot_be_opened_is_refused(
    client: FlaskClient, platform_key: dict[str, str], wrong: dict[str, str]
) -> None:
    answer = client.post("/api/v1/merchants", json=application(**wrong), headers=platform_key)
    assert answer.status_code == 422, answer.text
    assert [error["field"] for error in answer.get_json()["errors"]] == list(wrong)


def test_a_taken_address_is_a_conflict(
    client: FlaskClient, platform_key: dict[str, str], lampa: Merchant
) -> None:
    body = application(slug=lampa.slug)
    assert client.post("/api/v1/merchants", json=body, headers=platform_key).status_code == 409


def test_a_post_said_twice_is_done_once(client: FlaskClient, platform_key: dict[str, str]) -> None:
    headers = {**platform_key, "Idempotency-Key": secrets.token_hex(8)}
    body = application()
    first = client.post("/api/v1/merchants", json=body, headers=headers)
    second = client.post("/api/v1/merchants", json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.get_json() == second.get_json()
    other = client.post("/api/v1/merchants", json={**body, "name": "Other"}, headers=headers)
    assert other.status_code == 422


def test_a_refused_post_may_be_corrected_under_its_key(
    client: FlaskClient, platform_key: dict[str, str]
) -> None:
    headers = {**platform_key, "Idempotency-Key": secrets.token_hex(8)}
    assert (
        client.post("/api/v1/merchants", json=application(slug="a"), headers=headers).status_code
        == 422
    )
    assert client.post("/api/v1/merchants", json=application(), headers=headers).status_code == 201


def test_twenty_at_once_with_one_key_are_done_once(
    app: App, client: FlaskClient, platform_key: dict[str, str]
) -> None:
    headers = {**platform_key, "Idempotency-Key": secrets.token_hex(8)}
    body = application()

    def call(_number: int) -> int:
        return app.test_client().post("/api/v1/merchants", json=body, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, range(20)))
    assert set(answers) <= {201, 409}
    assert 201 in answers
    with app.app_context():
        count = text("SELECT count(*) FROM tenant WHERE slug = :slug")
        assert db.session.scalar(count, {"slug": body["slug"]}) == 1


def test_a_key_makes_a_hundred_calls_a_second_and_not_any_number(
    client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = 1_800_000_000.0
    monkeypatch.setattr("app.site.limits.time.time", lambda: second)
    counter = limits.Calls()
    assert not any(counter.too_many(-lampa.id) for _ in range(100))
    assert any(counter.too_many(-lampa.id) for _ in range(100))
    second += 1
    assert not counter.too_many(-lampa.id)


def test_too_many_calls_are_told_when_to_come_back(
    client: FlaskClient, lampa: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.site.api.calls.left", lambda *_: -1)
    answer = client.get("/api/v1/merchant", headers=lampa.bearer)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["RateLimit"] == '"key";r=0;t=1'


def test_each_answer_says_how_many_calls_are_left(client: FlaskClient, lampa: Merchant) -> None:
    for path, status in (("merchant", 200), ("partners/nobody", 404), ("nothing", 404)):
        answer = client.get(f"/api/v1/{path}", headers=lampa.bearer)
        assert answer.status_code == status
        if path != "nothing":  # no call of ours: nothing was counted
            assert answer.headers["RateLimit-Policy"] == '"key";q=150;w=1'
            assert answer.headers["RateLimit"].startswith('"key";r=14')


def test_live_and_test_keys_lead_to_two_tenants(client: FlaskClient, world: World) -> None:
    client.patch("/api/v1/merchant", json={"hold_days": 3}, headers=world.lampa.test_bearer)
    assert client.get("/api/v1/merchant", headers=world.lampa.bearer).get_json()["hold_days"] == 14
    assert (
        client.get("/api/v1/merchant", headers=world.lampa.test_bearer).get_json()["hold_days"] == 3
    )
