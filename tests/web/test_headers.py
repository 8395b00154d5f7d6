"""Headers on every answer, the second layer against forged requests, and the request's id."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from flask import Flask, request

from app.config import Config
from app.extensions import csrf
from app.web import headers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

CONFIG = Config(
    env="production", trusted_hosts=("shop.example",), proxy_hops=1, content_host="files.example"
)


@pytest.fixture
def guarded() -> Iterator[Flask]:
    """A small app behind one proxy, in production, with one view that is exempt from the token."""
    app = Flask("guarded")
    app.secret_key = "x" * 32
    app.config["WTF_CSRF_ENABLED"] = False
    csrf.init_app(app)
    headers.init_app(app, CONFIG)

    @app.route("/act", methods=["GET", "POST", "DELETE"])
    def act() -> str:
        return f"{request.remote_addr} {request.scheme} {request.host}"

    @app.post("/hook")
    def hook() -> dict[str, bool]:
        return {"ok": True}

    csrf.exempt(hook)
    yield app
    csrf._exempt_views.discard(f"{hook.__module__}.{hook.__name__}")


SITE = "https://shop.example/act"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://shop.example"}, 403),
        ({"Origin": "https://shop.example"}, 200),
        ({"Origin": "http://shop.example"}, 403),
        ({"Origin": "https://shop.example.evil.example"}, 403),
        ({"Origin": "https://shop.example:8443"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_a_request_from_another_site_changes_nothing(
    guarded: Flask, method: str, sent: dict[str, str], status: int
) -> None:
    assert guarded.test_client().open(SITE, method=method, headers=sent).status_code == status


def test_reading_and_signed_calls_may_come_from_anywhere(guarded: Flask) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    client = guarded.test_client()
    assert client.get(SITE, headers=foreign).status_code == 200
    assert client.post("https://shop.example/hook", headers=foreign).status_code == 200


def test_only_trusted_hosts_are_served(guarded: Flask) -> None:
    assert guarded.test_client().get("https://evil.example/act").status_code == 400


def test_exactly_one_proxy_is_believed(guarded: Flask) -> None:
    sent = {"X-Forwarded-For": "6.6.6.6, 7.7.7.7", "X-Forwarded-Proto": "https"}
    answer = guarded.test_client().get("http://shop.example/act", headers=sent)
    assert answer.text == "7.7.7.7 https shop.example"


def test_production_promises_https_and_names_the_content_host(guarded: Flask) -> None:
    answer = guarded.test_client().get(SITE)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert (
        "img-src 'self' data: https://files.example;" in answer.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("address", ["/dev/ui", "/nothing", "/api/v1/nothing"])
def test_every_answer_has_the_security_headers(client: FlaskClient, address: str) -> None:
    sent = client.get(address).headers
    policy = dict(part.split(" ", 1) for part in sent["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in sent["Content-Security-Policy"]
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert sent["Cache-Control"] == "no-store"
    assert sent["Content-Type"].lower().endswith("charset=utf-8")
    assert "Strict-Transport-Security" not in sent


def test_a_view_may_set_a_header_itself(client: FlaskClient) -> None:
    answer = client.get("/accent/17664f.css")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_a_request_keeps_a_sound_id_and_gets_one_otherwise(client: FlaskClient) -> None:
    def sent(value: str) -> str:
        return client.get("/nothing", headers={"X-Request-ID": value}).headers["X-Request-ID"]

    assert sent("0123456789abcdef") == "0123456789abcdef"
    assert len(sent("short")) == 24
    assert sent("with spaces and more") != "with spaces and more"


def test_static_files_may_be_kept_for_good(client: FlaskClient) -> None:
    address = client.get("/dev/ui").text.split('rel="stylesheet" href="')[1].split('"')[0]
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_whom_to_tell_of_a_hole_is_at_the_usual_address(client: FlaskClient) -> None:
    answer = client.get("/.well-known/security.txt")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "Contact: mailto:no-reply@localhost\n" in answer.text


def test_the_policy_without_a_content_host_names_ourselves_only() -> None:
    assert "https://" not in headers.policy()
    assert "https://" in headers.policy(replace(CONFIG).content_host)
