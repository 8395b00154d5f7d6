"""The network by API: a level at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app import jobs
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def made(shop: Shop, name: str, sponsor: str | None = None, **body: object) -> None:
    answer = shop.call("POST", "/partners", {"name": name, "sponsor": sponsor, **body})
    assert answer.status_code == 201, answer.json


def test_those_below_are_listed_with_their_branches(lampa: Shop) -> None:
    made(lampa, "Anna")
    made(lampa, "Boris", "anna", sponsor_until="2090-12-31")
    made(lampa, "Vera", "boris")
    before = lampa.call("GET", "/partners/anna/network").json
    assert before is not None
    assert (before["counted_at"], before["items"][0]["whole"]) == (None, None)
    with lampa.app.app_context():
        jobs.refresh_networks()
    answer = lampa.call("GET", "/partners/ANNA/network").json
    assert answer is not None
    (boris,) = answer["items"]
    wanted = {
        "refcode": "boris",
        "name": "Boris",
        "status": "active",
        "until": "2090-12-31",
        "direct": 1,
        "whole": 1,
        "depth": 1,
        "turnover_30": "0.00",
        "commission": "0.00",
    }
    assert {name: boris[name] for name in wanted} == wanted
    assert answer["next"] is None
    assert answer["counted_at"] is not None


def test_a_long_line_is_read_to_its_end(lampa: Shop) -> None:
    made(lampa, "Anna")
    for number in range(5):
        made(lampa, f"Child {number}", "anna")
    names, cursor = [], ""
    while True:
        found = lampa.call("GET", f"/partners/anna/network?limit=2{cursor}").json
        assert found is not None
        names += [item["name"] for item in found["items"]]
        if found["next"] is None:
            break
        cursor = f"&cursor={found['next']}"
    assert names == [f"Child {number}" for number in range(5)]


@pytest.mark.parametrize(
    "wrong", ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=" + "9" * 30]
)
def test_what_cannot_be_read_is_refused(lampa: Shop, wrong: str) -> None:
    made(lampa, "Anna")
    assert lampa.call("GET", f"/partners/anna/network?{wrong}").status_code == 422


def test_nobody_elses_network_is_there(app: App, lampa: Shop) -> None:
    made(Shop(app, "Kniga"), "Anna")
    assert lampa.call("GET", "/partners/anna/network").status_code == 404
