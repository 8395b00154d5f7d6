"""Partners by API, as API.md says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App

ZERO = {"pending": "0.00", "available": "0.00", "reserved": "0.00", "debt": "0.00"}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def made(shop: Shop, **body: Any) -> dict[str, Any]:
    answer = shop.call("POST", "/partners", body)
    assert answer.status_code == 201, answer.json
    assert answer.json is not None
    found: dict[str, Any] = answer.json
    return found


def test_a_partner_is_made_active_at_once(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    lampa.call("POST", "/groups", {"name": "Gold", "levels": ["12%"]})
    boris = made(
        lampa,
        name="Boris",
        email="boris@example.org",
        refcode="Boris",
        sponsor="ANNA",
        group="Gold",
        terms="Base terms",
        member="77",
        codes=["BORIS10"],
        levels=["10%", None, "50.00"],
    )
    wanted = {
        "refcode": "boris",
        "name": "Boris",
        "email": "boris@example.org",
        "phone": None,
        "site": None,
        "sponsor": "anna",
        "group": "Gold",
        "terms": "Base terms",
        "member": "77",
        "codes": ["BORIS10"],
        "levels": ["10%", None, "50.00"],
        "status": "active",
        "balance": ZERO,
    }
    assert {name: boris[name] for name in wanted} == wanted
    assert lampa.call("GET", "/partners/BORIS").json == boris


def test_what_is_patched_changes_and_the_rest_stays(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    made(lampa, name="Boris", refcode="boris", sponsor="anna", levels=["12%"], codes=["B10"])
    answer = lampa.call(
        "PATCH", "/partners/boris", {"refcode": "borya", "status": "blocked", "sponsor": None}
    )
    assert answer.status_code == 200, answer.json
    assert answer.json is not None
    assert (answer.json["refcode"], answer.json["status"], answer.json["sponsor"]) == (
        "borya",
        "blocked",
        None,
    )
    assert (answer.json["levels"], answer.json["codes"]) == (["12%"], ["B10"])
    assert lampa.call("GET", "/partners/boris").json == answer.json


def test_null_clears_what_may_be_empty(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna", email="a@example.org", codes=["A10"], levels=["1%"])
    nothing = dict.fromkeys(("email", "codes", "levels", "name", "status", "group", "terms"))
    answer = lampa.call("PATCH", "/partners/anna", nothing)
    assert answer.json is not None
    assert (answer.json["email"], answer.json["codes"], answer.json["levels"]) == (None, [], [])
    assert (answer.json["name"], answer.json["status"]) == ("Anna", "active")


def test_the_parent_may_end_on_a_day(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    made(lampa, name="Boris", refcode="boris")
    wish = {"sponsor": "anna", "sponsor_since": "2090-01-01", "sponsor_until": "2090-12-31"}
    assert lampa.call("PATCH", "/partners/boris", wish).status_code == 200
    for day in (20900101, "2090-1-1", "1.1.2090"):
        answer = lampa.call("PATCH", "/partners/boris", {"sponsor_until": day})
        assert answer.status_code == 422, day


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"name": "Anna", "email": "nobody"}, 422),
        ({"name": "Anna", "sponsor": "nobody"}, 422),
        ({"name": "Anna", "group": "nobody"}, 422),
        ({"name": "Anna", "terms": "nobody"}, 422),
        ({"name": "Anna", "levels": ["ten"]}, 422),
        ({"name": "Anna", "refcode": "a b"}, 422),
        ({"name": "Anna", "status": "happy"}, 422),
        ({"name": "Anna", "member": "0"}, 422),
        ({"name": "Anna", "refcode": "TAKEN"}, 409),
        ({"name": "Anna", "codes": ["taken"]}, 409),
        ({"name": "Anna", "email": "taken@example.org"}, 409),
    ],
)
def test_what_cannot_stand_is_refused(lampa: Shop, body: dict[str, object], status: int) -> None:
    made(lampa, name="First", refcode="taken", email="taken@example.org")
    answer = lampa.call("POST", "/partners", body)
    assert answer.status_code == status, answer.json
    listed = lampa.call("GET", "/partners").json
    assert listed is not None
    assert len(listed["items"]) == 1


def test_a_step_that_the_state_does_not_allow_is_a_conflict(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    assert lampa.call("PATCH", "/partners/anna", {"status": "pending"}).status_code == 409
    assert lampa.call("PATCH", "/partners/anna", {"status": "removed"}).status_code == 200
    assert lampa.call("PATCH", "/partners/anna", {"status": "active"}).status_code == 409


def test_a_cycle_is_refused(lampa: Shop) -> None:
    made(lampa, name="Anna", refcode="anna")
    made(lampa, name="Boris", refcode="boris", sponsor="anna")
    assert lampa.call("PATCH", "/partners/anna", {"sponsor": "boris"}).status_code == 422


def test_lists_are_paged_to_the_end(lampa: Shop) -> None:
    for number in range(5):
        made(lampa, name=f"Partner {number}")
    names, cursor = [], ""
    while True:
        found = lampa.call("GET", f"/partners?limit=2{cursor}").json
        assert found is not None
        names += [item["name"] for item in found["items"]]
        if found["next"] is None:
            break
        cursor = f"&cursor={found['next']}"
    assert names == [f"Partner {number}" for number in (4, 3, 2, 1, 0)]
    for wrong in ("limit=0", "limit=201", "limit=x", "limit=00019999999999999999999", "cursor=x"):
        assert lampa.call("GET", f"/partners?{wrong}").status_code == 422


def test_a_partner_of_another_merchant_is_not_there(app: App, lampa: Shop) -> None:
    anna = made(Shop(app, "Kniga"), name="Anna", refcode="anna")
    for said in ("anna", anna["id"]):
        assert lampa.call("GET", f"/partners/{said}").status_code == 404
        assert lampa.call("PATCH", f"/partners/{said}", {"name": "X"}).status_code == 404
