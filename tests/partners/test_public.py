"""Anybody may ask to become a partner; nobody learns who is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from app.extensions import db
from app.partners.models import Partner
from app.programs import queries as programs
from app.programs import service as terms
from app.reports.queries import menu
from app.tenants import service as tenants
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

GLEB = {"name": "Gleb", "email": "gleb@example.org", "accepted": "y", "version": "1"}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def partners(shop: Shop) -> int:
    with shop.scope():
        return db.session.scalar(select(func.count()).select_from(Partner)) or 0


def test_the_page_says_what_is_paid(lampa: Shop) -> None:
    with lampa.scope():
        terms.change_terms(programs.base_terms(), levels=["10%", "5%"], text="Be honest.")
    page = lampa.app.test_client().get(f"/{lampa.slug}/join").text
    for words in ("You earn 10%", "You earn 5%", "14 days", "Be honest.", "version 2"):
        assert words in page


def test_a_visitor_registers_under_a_sponsor(lampa: Shop) -> None:
    lampa.call("POST", "/partners", {"name": "Anna", "refcode": "anna"})
    visitor, path = lampa.app.test_client(), f"/{lampa.slug}/join?sponsor=ANNA"
    assert "You were invited by" in visitor.get(path).text
    answer = visitor.post(path, data=GLEB)
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/{lampa.slug}/join/done"
    assert "Look into your mail" in visitor.get(answer.headers["Location"]).text
    found = lampa.call("GET", "/partners/gleb").json
    assert found is not None
    assert (found["sponsor"], found["status"]) == ("anna", "active")


def test_the_answer_is_the_same_for_a_known_email(lampa: Shop) -> None:
    visitor, path = lampa.app.test_client(), f"/{lampa.slug}/join"
    first = visitor.post(path, data=GLEB)
    again = visitor.post(path, data=GLEB | {"name": "Somebody"})
    assert (first.status_code, first.headers["Location"]) == (
        again.status_code,
        again.headers["Location"],
    )
    assert partners(lampa) == 1


def test_a_machine_that_fills_in_everything_gets_nowhere(lampa: Shop) -> None:
    answer = lampa.app.test_client().post(f"/{lampa.slug}/join", data=GLEB | {"company": "Spam"})
    assert answer.status_code == 303
    assert partners(lampa) == 0


@pytest.mark.parametrize(
    ("field", "value"), [("email", "gleb"), ("name", " "), ("accepted", ""), ("phone", "12")]
)
def test_what_is_wrong_is_named_and_what_was_typed_is_kept(
    lampa: Shop, field: str, value: str
) -> None:
    answer = lampa.app.test_client().post(f"/{lampa.slug}/join", data=GLEB | {field: value})
    assert answer.status_code == 422
    assert "gleb" in answer.text
    assert "to correct" in answer.text
    assert partners(lampa) == 0


def test_whoever_read_older_terms_sees_the_new_ones(lampa: Shop) -> None:
    with lampa.scope():
        terms.change_terms(programs.base_terms(), levels=["9%"])
    visitor = lampa.app.test_client()
    answer = visitor.post(f"/{lampa.slug}/join", data=GLEB)
    assert answer.status_code == 409
    assert "You earn 9%" in answer.text
    assert 'value="2"' in answer.text


def test_a_closed_program_says_so(lampa: Shop) -> None:
    with lampa.scope():
        tenants.change_settings({"registration": "closed"})
    visitor, path = lampa.app.test_client(), f"/{lampa.slug}/join"
    assert "Registration is closed" in visitor.get(path).text
    assert visitor.post(path, data=GLEB).status_code == 403
    assert partners(lampa) == 0


def test_an_application_waits_where_the_merchant_approves(lampa: Shop) -> None:
    with lampa.scope():
        tenants.change_settings({"registration": "manual"})
    visitor = lampa.app.test_client()
    answer = visitor.post(f"/{lampa.slug}/join", data=GLEB)
    assert "looks at your application" in visitor.get(answer.headers["Location"]).text
    with lampa.scope():
        assert menu.numbers()["office.partners.applications"] == 1


def test_odd_links_are_no_obstacle(lampa: Shop) -> None:
    visitor = lampa.app.test_client()
    for query in ("sponsor=nobody", "terms=999", "terms=x", "terms=%D9%A3"):
        assert visitor.get(f"/{lampa.slug}/join?{query}").status_code == 200, query
    assert visitor.get("/nobody/join").status_code == 404


def test_the_merchants_bare_address_leads_to_the_registration(
    client: FlaskClient, lampa: Shop
) -> None:
    answer = client.get(f"/{lampa.slug}/")
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"/{lampa.slug}/join")
    assert client.get("/nobody-here/").status_code == 404
