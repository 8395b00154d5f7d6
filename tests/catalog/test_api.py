"""Products and categories by API: idempotent by content, strict, and each shop's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def test_a_product_is_put_and_read_back(lampa: Shop) -> None:
    lampa.call("PUT", "/categories/lamps", {"name": "Lamps", "levels": ["20%", None, "50.00"]})
    body = {
        "name": "Lamp",
        "category": "lamps",
        "price": "1990.00",
        "url": f"https://{lampa.domain}/lamp",
        "landing_pages": [f"https://{lampa.domain}/sale"],
    }
    answer = lampa.call("PUT", "/products/lamp-1", body)
    assert answer.status_code == 200, answer.json
    wanted: dict[str, object] = body | {
        "id": "lamp-1",
        "takes_part": True,
        "shown": True,
        "brand": None,
        "supplier": None,
        "promo": False,
        "levels": [],
        "cost": None,
        "margin": None,
    }
    assert answer.json == wanted
    assert lampa.call("PUT", "/products/lamp-1", body).json == wanted
    assert lampa.call("GET", "/products/lamp-1").json == wanted
    assert lampa.call("GET", "/categories/lamps").json == {
        "id": "lamps",
        "name": "Lamps",
        "parent": None,
        "url": None,
        "levels": ["20%", None, "50.00"],
        "margin": None,
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("price", 1990.0),
        ("price", "1e3"),
        ("price", "1.001"),
        ("price", "-1.00"),
        ("takes_part", "yes"),
        ("levels", ["ten"]),
        ("levels", ["1%"] * 10),
        ("landing_pages", ["https://evil.example/"]),
        ("url", "lamp"),
        ("name", ""),
    ],
)
def test_what_cannot_stand_is_named_and_nothing_is_written(
    lampa: Shop, field: str, value: object
) -> None:
    answer = lampa.call("PUT", "/products/lamp-1", {"name": "Lamp", field: value})
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["field"].startswith(field)
    assert lampa.call("GET", "/products/lamp-1").status_code == 404


def test_another_shops_products_are_not_there(app: App, lampa: Shop) -> None:
    lampa.call("PUT", "/products/lamp-1", {"name": "Lamp"})
    kniga = Shop(app, "Kniga")
    assert kniga.call("GET", "/products/lamp-1").status_code == 404
    assert kniga.call("GET", "/categories/lamps").status_code == 404
