"""Materials read by programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.creatives.rules import Kind
from tests.creatives.shop import make

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App
    from tests.world import Merchant


def test_a_shop_reads_materials_page_by_page_in_the_partners_order(
    app: App, client: FlaskClient, lampa: Merchant
) -> None:
    made = [
        make(app, lampa, Kind.TEXT, name=f"T{n}", body="{link}", position=n % 2) for n in range(5)
    ]
    make(app, lampa, Kind.TEXT, name="off", body="x", shown=False)
    names, cursor = [], None
    while True:
        more = f"&cursor={cursor}" if cursor else ""
        answer = client.get(f"/api/v1/creatives?limit=2{more}", headers=lampa.bearer)
        assert answer.status_code == 200
        names += [item["name"] for item in answer.get_json()["items"]]
        cursor = answer.get_json()["next"]
        if cursor is None:
            break
    assert names == ["T0", "T2", "T4", "T1", "T3"]
    assert {item["link"] for item in answer.get_json()["items"]} == {None}
    assert made[0].public_id.startswith("cr_")


def test_with_a_partner_named_his_link_is_inside(
    app: App, client: FlaskClient, lampa: Merchant, anna: str
) -> None:
    make(app, lampa)
    (item,) = client.get("/api/v1/creatives?kind=banner", headers=lampa.bearer).get_json()["items"]
    assert item["code"] is None
    assert item["file"].endswith(".png")
    for _ in range(2):
        answer = client.get("/api/v1/creatives?partner=ANNA", headers=lampa.bearer)
        (own,) = answer.get_json()["items"]
        assert own["link"].startswith(f"http://localhost/r/{lampa.slug}/")
        assert f'<a href="{own["link"]}"' in own["code"]
        assert own["file"] in own["code"]
        assert (own["width"], own["height"]) == (300, 250)
    assert client.get("/api/v1/creatives?kind=text", headers=lampa.bearer).get_json()["items"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("partner=nobody", 404),
        ("partner=" + "x" * 300, 404),
        ("kind=flash", 422),
        ("limit=0", 422),
        ("limit=201", 422),
        ("limit=x", 422),
        ("cursor=1", 422),
        ("cursor=a-b", 422),
        ("cursor=1-9999999999999999999", 422),
    ],
)
def test_what_cannot_be_asked_is_refused(
    client: FlaskClient, lampa: Merchant, query: str, status: int
) -> None:
    answer = client.get(f"/api/v1/creatives?{query}", headers=lampa.bearer)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
