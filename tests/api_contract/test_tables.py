"""What holds for every call, asked of every call: keys, scopes, the test twin, methods, idempotency, limits."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from app.extensions import db
from app.site import access
from app.site.document import endpoints, operations
from app.tenants import service as tenants
from app.tenants.rules import SCOPES
from tests.api_contract.story import API, Story, tell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant

Call = tuple[str, str, str, dict[str, Any]]  # method, path, what it requires, the operation
PROBLEM = "application/problem+json"


@pytest.fixture
def story(app: App, client: FlaskClient, lampa: Merchant) -> Story:
    return tell(app, client, lampa)


def calls(app: App, client: FlaskClient) -> Iterator[Call]:
    spec = client.get(f"{API}/openapi.json").get_json()
    with app.test_request_context():
        known = endpoints()
        for method, path, operation in operations(spec):
            yield method, path, access.permission_of(known[method, path]) or "", operation


def address(story: Story, path: str) -> str:
    """The path with ids of things that are there."""
    noun = path.removeprefix(f"{API}/").partition("/")[0]
    for (of, name), value in story.ids.items():
        if of == noun:
            path = path.replace(f"{{{name}}}", value)
    return path.replace("{code}", "ANNA20")


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def body_of(story: Story, method: str, path: str) -> dict[str, Any]:
    said = story.told[f"{method.upper()} {path}"].get("body")
    return {} if said is None else {"json": said}


def test_no_call_is_open_without_a_key(app: App, client: FlaskClient, story: Story) -> None:
    for method, path, _needed, _operation in calls(app, client):
        for headers in ({}, bearer("sk_live_nobody"), bearer("pk_live_nobody"), bearer("")):
            answer = client.open(
                address(story, path), method=method, headers=headers, **body_of(story, method, path)
            )
            # An installation code that does not hold is refused by the call itself.
            codes = {401, 422, 429} if path.endswith("/install") else {401}
            assert answer.status_code in codes, (method, path, headers)
            assert answer.mimetype == PROBLEM


def test_a_key_without_the_scope_is_told_which_one_it_lacks(
    app: App, client: FlaskClient, lampa: Merchant, story: Story
) -> None:
    with app.app_context(), lampa.scope():
        keys = {
            scope: tenants.make_key(lampa.shop_id, scope, [scope], "live").secret
            for scope in SCOPES
        }
        db.session.commit()
    asked = 0
    for method, path, needed, operation in calls(app, client):
        if needed in access.SCHEMES:
            continue
        opening = {scope for each in operation["security"] for scope in each["key"]}
        assert needed in opening
        for scope, secret in keys.items():
            if scope in opening:
                continue
            answer = client.open(
                address(story, path),
                method=method,
                headers=bearer(secret),
                **body_of(story, method, path),
            )
            assert answer.status_code == 403, (method, path, scope)
            assert needed in answer.get_json()["detail"]
            assert answer.get_json()["type"] == "urn:partnerka:problem:scope"
            asked += 1
    assert asked > 250


def test_each_scope_opens_what_the_document_says(
    app: App, client: FlaskClient, lampa: Merchant, story: Story
) -> None:
    with app.app_context(), lampa.scope():
        keys = {
            scope: tenants.make_key(lampa.shop_id, scope, [scope], "live").secret
            for scope in SCOPES
        }
        db.session.commit()
    for method, path, needed, operation in calls(app, client):
        if method != "get" or needed in access.SCHEMES:
            continue
        for each in operation["security"]:
            answer = client.get(address(story, path), headers=bearer(keys[each["key"][0]]))
            assert answer.status_code == 200, (path, each, answer.text)


def test_what_is_there_live_is_not_there_in_test_mode(
    app: App, client: FlaskClient, lampa: Merchant, story: Story
) -> None:
    for method, path, needed, _operation in calls(app, client):
        if "{" not in path or needed in access.SCHEMES or method == "put":
            continue
        answer = client.open(
            address(story, path),
            method=method,
            headers=lampa.test_bearer,
            **body_of(story, method, path),
        )
        if path.endswith("/codes/{code}") and method == "get":
            assert answer.get_json()["reason"] == "unknown"
        else:
            assert answer.status_code == 404, (method, path, answer.text)


def test_what_a_test_key_writes_is_not_there_live(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    test = Story(client, lampa.test_bearer)
    test.say("POST partners", {"refcode": "tina", "name": "Tina", "codes": ["TINA10"]})
    test.say("PUT members/{external_id}", {"name": "Tester"}, external_id="t-77")
    test.say("PUT products/{external_id}", {"name": "Test lamp"}, external_id="t-lamp")
    test.say("PUT tills/{external_id}", {"name": "Test till"}, external_id="t-1")
    test.say("POST webhooks", {"url": "https://shop.example/test"})
    for path in ("partners/tina", "members/t-77", "products/t-lamp", "tills/t-1"):
        assert client.get(f"{API}/{path}", headers=lampa.bearer).status_code == 404, path
    assert client.get(f"{API}/webhooks", headers=lampa.bearer).get_json()["items"] == []
    assert client.get(f"{API}/codes/TINA10", headers=lampa.bearer).get_json()["valid"] is False


def test_methods_that_nothing_answers_are_told_those_that_something_does(
    app: App, client: FlaskClient, lampa: Merchant, story: Story
) -> None:
    offered: dict[str, set[str]] = {}
    for method, path, _needed, _operation in calls(app, client):
        offered.setdefault(path, set()).add(method.upper())
    for path, methods in offered.items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = client.open(address(story, path), method=method, headers=lampa.bearer)
            assert answer.status_code == 405, (method, path)
            assert answer.mimetype == PROBLEM
            allowed = set(answer.headers["Allow"].split(", ")) - {"HEAD", "OPTIONS"}
            assert allowed == methods, path
        if "GET" in methods:
            head = client.head(address(story, path), headers=lampa.bearer)
            assert head.data == b"", path


def test_no_header_or_field_makes_one_method_another(
    client: FlaskClient, lampa: Merchant, story: Story
) -> None:
    for name in ("X-HTTP-Method-Override", "X-Method-Override", "X-HTTP-Method"):
        headers = {**lampa.bearer, name: "DELETE"}
        assert client.get(f"{API}/orders/A1001?_method=DELETE", headers=headers).status_code == 200
    answer = client.get(f"{API}/orders/A1001", headers=lampa.bearer)
    assert answer.get_json()["state"] == "completed"


# POSTs that change nothing the second time, or make something anew: each with a key is done once.
REPEATED: dict[str, dict[str, Any]] = {
    "terms": {"name": "Once", "levels": ["1%"]},
    "groups": {"name": "Once"},
    "campaigns": {"name": "Once", "levels": ["1%"]},
    "partners": {"name": "Once"},
    "partners/anna/adjustments": {"amount": "5.00", "reason": "Once"},
    "partners/anna/conversions": {"amount": "5.00"},
    "codes": {"partner": "anna"},
    "coupons": {"codes": ["ONCE-1"]},
    "clicks": {"ref": "anna"},
    "bonuses": {"member": "77", "amount": "5.00", "reason": "Once"},
    "holds": {"member": "77", "spend": "5.00"},
    "quotes": {"lines": [{"id": "1", "quantity": "1", "price": "5.00"}]},
    "simulate": {"lines": [{"id": "1", "quantity": "1", "price": "5.00"}]},
    "members/77/events": {"id": "once", "type": "subscribed"},
    "payouts": {"partner": "boris", "amount": "100.00"},
    "webhooks": {"url": "https://shop.example/once"},
}


@pytest.mark.parametrize("path", REPEATED)
def test_a_post_with_a_key_is_done_once(
    client: FlaskClient, lampa: Merchant, story: Story, path: str
) -> None:
    if path == "payouts":
        client.post(
            f"{API}/partners/boris/adjustments",
            json={"amount": "500.00", "reason": "To be paid"},
            headers=lampa.bearer,
        )
    body, headers = REPEATED[path], {**lampa.bearer, "Idempotency-Key": secrets.token_hex(8)}
    first = client.post(f"{API}/{path}", json=body, headers=headers)
    assert first.status_code < 300, first.text
    again = client.post(f"{API}/{path}", json=body, headers=headers)
    assert (again.status_code, again.get_json()) == (first.status_code, first.get_json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    other = client.post(f"{API}/{path}", json={**body, "note": "x"}, headers=headers)
    assert other.status_code == 422
    assert other.get_json()["type"] == "urn:partnerka:problem:idempotency_key"


def test_every_post_that_takes_a_key_refuses_one_that_is_none(
    app: App, client: FlaskClient, story: Story, lampa: Merchant
) -> None:
    for method, path, needed, operation in calls(app, client):
        names = {each["name"] for each in operation.get("parameters", ())}
        if "Idempotency-Key" not in names or needed == access.PLATFORM_SCOPE:
            continue
        own = bearer(story.partner_key) if needed in access.PARTNER_SCOPES else lampa.bearer
        for key in ("", "x" * 256):
            answer = client.open(
                address(story, path),
                method=method,
                headers={**own, "Idempotency-Key": key},
                **body_of(story, method, path),
            )
            assert answer.status_code == 422, (path, key, answer.text)
            assert answer.get_json()["type"] == "urn:partnerka:problem:idempotency_key"


# What is no JSON is a file where one is taken: then it is this file that cannot be read.
OTHER_KINDS = {
    False: [(b"a=1", "application/x-www-form-urlencoded", 415)],
    True: [(b"a=1", "application/x-www-form-urlencoded", 422)],
}


def test_a_body_that_is_too_large_or_no_json_is_refused_everywhere(
    app: App, client: FlaskClient, story: Story, lampa: Merchant
) -> None:
    for method, path, needed, operation in calls(app, client):
        if "requestBody" not in operation or needed in access.SCHEMES:
            continue
        for data, kind, status in (
            (b'{"a": "' + b"x" * 2**20 + b'"}', "application/json", 413),
            (b'{"a": NaN}', "application/json", 422),
            (b'{"a": 1, "a": 2}', "application/json", 400),
            *OTHER_KINDS[path.endswith("/catalog/feed")],
            (b'{"\\ud800": 1}', "application/json", 422),
        ):
            answer = client.open(
                address(story, path),
                method=method,
                data=data,
                content_type=kind,
                headers=lampa.bearer,
            )
            assert answer.status_code == status, (method, path, data[:20], answer.text)
            assert answer.mimetype == PROBLEM
