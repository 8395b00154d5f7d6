"""Terms and groups by API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def test_the_base_terms_are_there_and_can_be_changed(lampa: Shop) -> None:
    listed = lampa.call("GET", "/terms").json
    assert listed is not None
    (base,) = listed["items"]
    assert (base["name"], base["levels"], base["is_base"]) == ("Base terms", ["10%"], True)
    body = {"levels": ["10%", "5%", "50.00"], "hold_days": 0, "base": {"shipping": True}}
    answer = lampa.call("PATCH", f"/terms/{base['id']}", body)
    assert answer.json is not None
    assert (answer.json["version"], answer.json["levels"], answer.json["hold_days"]) == (
        2,
        ["10%", "5%", "50.00"],
        0,
    )
    assert answer.json["base"] == {
        "shipping": True,
        "tax": True,
        "bonus": False,
        "discount": False,
    }


def test_a_second_set_and_a_group_are_made_once(lampa: Shop) -> None:
    for path, body in [
        ("/terms", {"name": "Bloggers", "levels": ["15%"], "text": "Be honest."}),
        ("/groups", {"name": "Gold", "levels": [None, "7%"]}),
    ]:
        answer = lampa.call("POST", path, body)
        assert answer.status_code == 201, answer.json
        assert answer.json is not None
        assert answer.json["levels"] == body["levels"]
        assert lampa.call("POST", path, body).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"name": "X"},
        {"name": "X", "levels": []},
        {"name": "X", "levels": ["10"] * 10},
        {"name": "X", "levels": [None]},
        {"name": "X", "levels": ["1%"], "hold_days": 400},
        {"name": "X", "levels": ["1%"], "hold_days": "14"},
        {"name": "X", "levels": ["1%"], "valid_from": "2026-11-22"},
        {"name": "X", "levels": ["1%"], "base": {"gifts": True}},
        {"levels": ["1%"]},
    ],
)
def test_terms_that_cannot_stand_are_refused(lampa: Shop, body: dict[str, object]) -> None:
    answer = lampa.call("POST", "/terms", body)
    assert answer.status_code == 422, answer.json


def test_terms_of_another_merchant_are_not_there(app: App, lampa: Shop) -> None:
    listed = Shop(app, "Kniga").call("GET", "/terms").json
    assert listed is not None
    path = f"/terms/{listed['items'][0]['id']}"
    assert lampa.call("GET", path).status_code == 404
    assert lampa.call("PATCH", path, {"levels": ["1%"]}).status_code == 404


def test_groups_are_listed_and_changed(lampa: Shop) -> None:
    lampa.call("POST", "/groups", {"name": "Gold", "levels": ["12%"]})
    listed = lampa.call("GET", "/groups").json
    assert listed is not None
    group_id = listed["items"][0]["id"]
    answer = lampa.call("PATCH", f"/groups/{group_id}", {"name": "Silver", "levels": ["11%"]})
    assert answer.json == {
        "id": group_id,
        "name": "Silver",
        "levels": ["11%"],
        "levels_by_buyer": {},
        "terms": None,
        "partners": 0,
    }
    assert lampa.call("PATCH", "/groups/nobody", {"name": "X"}).status_code == 404


def test_terms_may_have_a_term_of_their_own(lampa: Shop) -> None:
    body = {
        "name": "Spring",
        "levels": ["15%"],
        "valid_from": "2026-12-01T00:00:00+03:00",
        "valid_to": "2027-03-01T00:00:00+03:00",
    }
    made = lampa.call("POST", "/terms", body).json
    assert made is not None
    found = lampa.call("GET", f"/terms/{made['id']}").json
    assert found == made
    later = lampa.call("PATCH", f"/terms/{made['id']}", {"valid_to": "2027-04-01T00:00:00+03:00"})
    assert later.json is not None
    assert later.json["version"] == 2
