"""PUT and GET of tills by the shop's own ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.world import Merchant

ADDRESS = "/api/v1/tills/k-1"


def test_a_till_is_made_and_changed_by_its_id(client: FlaskClient, lampa: Merchant) -> None:
    said = {"name": "Hall 1", "kind": "point", "place": "Arbat 1"}
    made = client.put(ADDRESS, json=said, headers=lampa.bearer)
    assert made.status_code == 200, made.text
    assert made.json == {"id": "k-1", "active": True, **said}
    again = client.put(ADDRESS, json=said | {"name": "Hall 3"}, headers=lampa.bearer)
    assert again.json["name"] == "Hall 3"
    assert client.get(ADDRESS, headers=lampa.bearer).json == again.json


def test_bad_tills_are_refused_and_others_are_unknown(
    client: FlaskClient, lampa: Merchant, kniga: Merchant
) -> None:
    for body in ({}, {"name": ""}, {"name": "x" * 101}, {"name": 1}, {"name": "x", "kind": "desk"},
                 {"name": "x", "place": "y" * 201}, {"name": "x\x00"}):  # fmt: skip
        assert client.put(ADDRESS, json=body, headers=lampa.bearer).status_code == 422, body
    assert client.get(ADDRESS, headers=lampa.bearer).status_code == 404
    client.put(ADDRESS, json={"name": "Hall"}, headers=lampa.bearer)
    assert client.get(ADDRESS, headers=kniga.bearer).status_code == 404
