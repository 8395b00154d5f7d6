"""The cabinet's products: what a sale of each pays this partner now."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from tests.partners.calls import Shop
from tests.partners.test_cabinet import path, signed_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

LEVELS = {"lamp": ["15%"], "bulb": None, "hook": ["50.00"], "shade": None}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    """Lampa, whose base terms pay 10%; a category of hers pays 7%."""
    shop = Shop(app, "Lampa")
    shop.call("PUT", "/categories/shades", {"name": "Shades", "levels": ["7%"]})
    for product, levels in LEVELS.items():
        body: dict[str, Any] = {"name": product.title(), "price": "1000.00"}
        if levels:
            body["levels"] = levels
        if product == "shade":
            body["category"] = "shades"
        assert shop.call("PUT", f"/products/{product}", body).status_code in {200, 201}
    return shop


def paid(anna: FlaskClient, lampa: Shop) -> dict[str, str]:
    """Return what the page says that each product pays."""
    page = anna.get(path(lampa, "products/")).text
    rows = re.findall(r"<tr\b.*?</tr>", page.partition("<tbody")[2], re.DOTALL)
    cells = [re.findall(r"<t[dh]\b.*?</t[dh]>", row, re.DOTALL) for row in rows]
    plain = [[" ".join(re.sub(r"<[^>]+>", " ", c).split()) for c in row] for row in cells]
    return {row[0]: row[2] for row in plain}


def would_pay(lampa: Shop, product: str) -> str:
    """Return what the simulator says that a sale of one pays."""
    line = {"id": "1", "product": product, "quantity": "1", "price": "1000.00"}
    answer = lampa.call("POST", "/simulate", {"partner_code": "anna", "lines": [line]})
    assert answer.status_code == 200, answer.text
    return str(answer.json["deal"]["commission"])


def test_each_product_shows_what_a_sale_pays_now(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    found = paid(anna, lampa)
    assert (found["Lamp"], found["Bulb"], found["Shade"]) == ("15%", "10%", "7%")
    assert found["Hook"].endswith("50.00 a piece")
    sums = [would_pay(lampa, product) for product in LEVELS]
    assert sums == ["150.00", "100.00", "50.00", "70.00"]


def test_a_campaign_is_in_the_rate_with_its_name_and_end(lampa: Shop) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna")
    ends = (clock.now() + timedelta(days=3)).isoformat()
    body = {"name": "Autumn", "levels": ["20%"], "products": ["lamp"], "to": ends}
    assert lampa.call("POST", "/campaigns", body).status_code == 201
    shades = {"name": "Shade weeks", "levels": ["25.00"], "categories": ["shades"]}
    stopping = lampa.call("POST", "/campaigns", shades).json
    coming = {"name": "Winter", "levels": ["40%"],
              "from": (clock.now() + timedelta(days=1)).isoformat()}  # fmt: skip
    lampa.call("POST", "/campaigns", coming)
    found = paid(anna, lampa)
    assert re.fullmatch(r"20% Campaign “Autumn”\. Until .+\.", found["Lamp"])
    assert found["Shade"].endswith("an order Campaign “Shade weeks”. Until the shop ends it.")
    assert found["Bulb"] == "10%"
    assert (would_pay(lampa, "lamp"), would_pay(lampa, "shade")) == ("200.00", "25.00")
    lampa.call("POST", f"/campaigns/{stopping['id']}/stop")
    assert paid(anna, lampa)["Shade"] == "7%"


def test_the_partners_own_rate_stands_above_all_and_promotional_goods_earn_nothing(
    lampa: Shop,
) -> None:
    anna = signed_in(lampa, "Anna", refcode="anna", levels=["30%"])
    lampa.call("POST", "/campaigns", {"name": "Autumn", "levels": ["20%"]})
    assert set(paid(anna, lampa).values()) == {"30%"}
    lampa.call("PATCH", "/merchant", {"promotional": False})
    lampa.call("PUT", "/products/lamp", {"name": "Lamp", "price": "1000.00", "promo": True})
    assert paid(anna, lampa)["Lamp"] == "Promotional goods earn nothing."
    assert paid(anna, lampa)["Bulb"] == "30%"
