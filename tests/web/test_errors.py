"""Errors as pages, as fragments, and as problem documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from apiflask.exceptions import HTTPError
from flask import Flask, abort, make_response
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.config import Config
from app.errors import Conflict, DomainError, FieldError, Forbidden, NotFound, Retry
from app.extensions import babel, csrf
from app.web import assets, context, errors, filters, headers, log, preferences
from app.web.locale import select_locale, select_timezone

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

PART = {"HX-Request": "true", "HX-Request-Type": "partial"}


def _broken(*, gone: bool) -> DBAPIError:
    return DBAPIError("SELECT secret", {}, Exception("inside"), connection_invalidated=gone)


RAISED: dict[str, Any] = {
    "domain": DomainError(
        "too_small", "The sum is too small.", FieldError("amount", "At least 100.")
    ),
    "conflict": Conflict("stale", "This was paid already."),
    "missing": NotFound(),
    "forbidden": Forbidden("role", "Not for accountants."),
    "retry": Retry(),
    "down": OperationalError("SELECT secret", {}, Exception("connection refused")),
    "pool": PoolTimeout(),
    "cut": _broken(gone=True),
    "statement": _broken(gone=False),
    "unique": IntegrityError("INSERT secret", {}, Exception("uq")),
    "taken": IntegrityError("INSERT secret", {}, UniqueViolation("uq")),
    "bug": RuntimeError("secret"),
    "schema": HTTPError(
        422, "Validation error", {"json": {"lines.0.price": ["Not a number."], "x": {"y": ["Z"]}}}
    ),
}


@pytest.fixture(scope="module")
def failing() -> FlaskClient:
    """A small app whose views fail in each way; it has no database at all."""
    app = Flask(
        "failing", template_folder=str(assets.STATIC.parent / "templates"), static_folder=None
    )
    app.secret_key = "x" * 32
    app.extensions["partnerka"] = config = Config(env="test")
    csrf.init_app(app)
    babel.init_app(app, locale_selector=select_locale, timezone_selector=select_timezone)
    log.init_app(app, config)
    assets.init_app(app)
    headers.init_app(app, config)
    errors.init_app(app)
    filters.init_app(app)
    context.init_app(app)
    app.register_blueprint(preferences.blueprint)

    @app.get("/<way>")
    @app.get("/api/<way>")
    def fail(way: str) -> str:
        if way.isdecimal():
            abort(int(way))
        if way == "own":
            abort(make_response("own answer", 418))
        raise RAISED[way]

    @app.post("/form")
    def form() -> str:
        return "sent"

    @app.context_processor
    def who() -> dict[
        str, Any
    ]:  # asks the database, as Flask-Login's does: error pages must not call it
        raise RAISED["down"]

    return app.test_client()


STATUSES = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 500, 503]


@pytest.mark.parametrize("status", STATUSES)
def test_every_error_page_says_what_to_do_next(failing: FlaskClient, status: int) -> None:
    answer = failing.get(f"/{status}")
    assert answer.status_code == status
    assert str(errors.WORDS[status].title) in answer.text
    assert str(errors.WORDS[status].advice) in answer.text.replace("&#39;", "'")
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("status", STATUSES)
def test_htmx_gets_a_fragment_beside_the_content_and_not_in_it(
    failing: FlaskClient, status: int
) -> None:
    answer = failing.get(f"/{status}", headers=PART)
    assert answer.status_code == status
    assert answer.headers["HX-Retarget"] == "#notice"
    assert answer.headers["HX-Reswap"] == "innerHTML"
    assert "<html" not in answer.text
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize("status", STATUSES)
def test_programs_get_problem_documents(failing: FlaskClient, status: int) -> None:
    answer = failing.get(f"/api/{status}")
    body = answer.get_json()
    assert answer.status_code == body["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert set(body) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert body["request_id"] == answer.headers["X-Request-ID"]


def test_a_refusal_of_the_domain_names_its_code_and_fields(failing: FlaskClient) -> None:
    body = failing.get("/api/domain").get_json()
    assert body["type"] == "urn:partnerka:problem:too_small"
    assert body["detail"] == "The sum is too small."
    assert body["errors"] == [{"field": "amount", "message": "At least 100."}]
    told = failing.get("/domain")
    assert told.status_code == 422
    assert "The sum is too small." in told.text
    assert "At least 100." in told.text


@pytest.mark.parametrize(
    ("way", "status"), [("conflict", 409), ("taken", 409), ("missing", 404), ("forbidden", 403)]
)
def test_kinds_of_refusal_have_their_status(failing: FlaskClient, way: str, status: int) -> None:
    assert failing.get(f"/{way}").status_code == failing.get(f"/api/{way}").status_code == status


def test_what_is_missing_is_said_once_in_the_words_of_the_page(failing: FlaskClient) -> None:
    assert failing.get("/api/missing").get_json()["detail"] == NotFound.bare
    assert NotFound.bare not in failing.get("/missing").text


def test_complaints_of_a_schema_come_with_their_path(failing: FlaskClient) -> None:
    body = failing.get("/api/schema").get_json()
    assert body["errors"] == [
        {"field": "lines.0.price", "message": "Not a number."},
        {"field": "x.y", "message": "Z"},
    ]


@pytest.mark.parametrize("way", ["down", "pool", "cut", "retry"])
def test_a_database_away_is_a_pause(failing: FlaskClient, way: str) -> None:
    for address in (f"/{way}", f"/api/{way}"):
        answer = failing.get(address)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"


@pytest.mark.parametrize("way", ["bug", "statement", "unique"])
def test_a_fault_of_ours_shows_nothing_of_its_inside(failing: FlaskClient, way: str) -> None:
    for address in (f"/{way}", f"/api/{way}"):
        answer = failing.get(address)
        assert answer.status_code == 500
        assert "secret" not in answer.text
        assert "Traceback" not in answer.text
        assert answer.headers["X-Request-ID"] in answer.text


def test_an_answer_that_the_view_made_is_left_alone(failing: FlaskClient) -> None:
    assert failing.get("/own").text == "own answer"


def test_a_wrong_method_still_names_the_right_ones(failing: FlaskClient) -> None:
    answer = failing.delete("/form")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_form_without_its_token_is_told_so(failing: FlaskClient) -> None:
    answer = failing.post("/form")
    assert answer.status_code == 400
    assert "stood open for too long" in answer.text


def test_the_reader_is_told_in_her_language(client: FlaskClient) -> None:
    answer = client.get("/nothing", headers={"Accept-Language": "ru,en;q=0.5"})
    assert '<html lang="ru" dir="ltr">' in answer.text
    client.set_cookie("locale", "en")
    assert '<html lang="en"' in client.get("/nothing", headers={"Accept-Language": "ru"}).text
    client.set_cookie("locale", "xx")
    assert '<html lang="ru"' in client.get("/nothing", headers={"Accept-Language": "ru"}).text


def test_a_session_that_is_over_leads_to_the_sign_in_and_back(app: App) -> None:
    with app.test_request_context("/lampa/office/orders/?sort=-sum"):
        plain = errors.sign_in_again()
    with app.test_request_context("/lampa/office/orders/", headers=PART):
        swapped = errors.sign_in_again()
    with app.test_request_context("/api/v1/orders/1"):
        told = errors.sign_in_again()
    assert plain.status_code == 303
    assert plain.headers["Location"] == "/login?next=/lampa/office/orders/?sort%3D-sum"
    assert (swapped.status_code, swapped.headers["HX-Redirect"]) == (401, "/login")
    assert told.content_type == errors.PROBLEM


def test_nobody_is_sent_to_a_sign_in_that_nobody_offers(failing: FlaskClient) -> None:
    assert "Please sign in" in failing.get("/401").text
