"""What earns, and caps: in the office and by API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from app.programs import service as programs
from app.programs.queries import base_terms
from app.tenants import queries
from tests.partners.calls import Shop

if TYPE_CHECKING:
    from app.application import App

DEFAULT_CAPS = {"order": None, "customer": None, "partner": None, "month": None, "over": "rest"}


@pytest.fixture
def lampa(app: App, _sound: None) -> Shop:
    return Shop(app, "Lampa")


def settings(shop: Shop) -> dict[str, Any]:
    with shop.scope():
        return queries.settings()


def test_what_earns_is_set_on_its_page(lampa: Shop) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/settings/earning"
    page = browser.get(path).text
    assert "Promotional goods earn" in page
    form = {
        "allowed_coupons": "FIRST\r\nWelcome, FIRST",
        "first_orders": "3",
        "cashback": "y",
        "compression": "y",
    }
    assert browser.post(path, data=form).status_code == 303
    known = settings(lampa)
    assert known["allowed_coupons"] == ["FIRST", "Welcome"]
    names = ("promotional", "foreign_coupons", "first_orders", "cashback", "compression")
    assert [known[name] for name in names] == [False, False, 3, True, True]
    assert "FIRST\nWelcome" in browser.get(path).text.replace("\r", "")


def test_cashback_without_any_rate_is_warned_of_and_the_join_page_tells_the_rate(
    lampa: Shop,
) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/settings/earning"
    join = f"/{lampa.slug}/join"
    assert "no terms have a rate for it" not in browser.get(path).text
    assert browser.post(path, data={"promotional": "y", "cashback": "y"}).status_code == 303
    page = browser.get(path).text
    assert "Cashback is on, but no terms have a rate for it" in page
    assert "Base terms</a>" in page
    assert "Your own purchases earn you" not in browser.get(join).text
    with lampa.scope():
        programs.create_terms(name="Wholesale", levels=["10%"], cashback_rate="3%")
    page = browser.get(path).text
    assert "Some terms have no cashback rate" in page
    assert "Wholesale</a>" not in page
    with lampa.scope():
        programs.change_terms(base_terms(), cashback_rate="4%")
    assert "cashback rate" not in browser.get(path).text
    assert "Your own purchases earn you 4%." in browser.get(join).text


@pytest.mark.parametrize(
    ("wrong", "typed"),
    [
        ({"first_orders": "0"}, 'value="0"'),
        ({"first_orders": "many"}, 'value="many"'),
        ({"allowed_coupons": "x" * 129}, "At most 200 coupons"),
    ],
)
def test_what_was_typed_wrongly_stays(lampa: Shop, wrong: dict[str, str], typed: str) -> None:
    answer = lampa.signed_in().post(f"/{lampa.slug}/office/settings/earning", data=wrong)
    assert answer.status_code == 422
    assert typed in answer.text
    assert settings(lampa)["promotional"] is True


def test_caps_are_set_and_lifted_on_their_page(lampa: Shop) -> None:
    browser, path = lampa.signed_in(), f"/{lampa.slug}/office/settings/caps"
    form = {"cap_partner": "10000", "cap_month": "50,000.50", "over_cap": "nothing"}
    assert browser.post(path, data=form).status_code == 303
    known = settings(lampa)
    assert (known["cap_partner"], known["cap_month"], known["over_cap"]) == (
        1000000,
        5000050,
        "nothing",
    )
    assert known["cap_order"] is None
    assert browser.post(path, data={"over_cap": "rest"}).status_code == 303
    assert settings(lampa)["cap_partner"] is None
    wrong = browser.post(path, data={"over_cap": "rest", "cap_order": "much"})
    assert wrong.status_code == 422
    assert 'value="much"' in wrong.text


def test_the_api_has_every_new_setting(lampa: Shop) -> None:
    found = lampa.call("GET", "/merchant").json
    assert found is not None
    assert found["caps"] == DEFAULT_CAPS
    assert (found["promotional"], found["foreign_coupons"]) == (True, True)
    assert (found["allowed_coupons"], found["first_orders"]) == ([], None)
    body: dict[str, Any] = {
        "cashback": True,
        "compression": True,
        "promotional": False,
        "foreign_coupons": False,
        "allowed_coupons": ["FIRST"],
        "first_orders": 2,
        "caps": {"partner": "10000.00", "over": "nothing"},
    }
    changed = lampa.call("PATCH", "/merchant", body).json
    assert changed is not None
    assert {name: changed[name] for name in body if name != "caps"} == {
        name: value for name, value in body.items() if name != "caps"
    }
    assert changed["caps"] == DEFAULT_CAPS | {"partner": "10000.00", "over": "nothing"}
    lifted = lampa.call("PATCH", "/merchant", {"first_orders": None, "caps": {"partner": None}})
    assert lifted.json is not None
    assert lifted.json["first_orders"] is None
    assert lifted.json["caps"] == DEFAULT_CAPS | {"over": "nothing"}


@pytest.mark.parametrize(
    "body",
    [
        {"first_orders": 0},
        {"first_orders": "3"},
        {"allowed_coupons": [""]},
        {"allowed_coupons": "FIRST"},
        {"caps": {"partner": "much"}},
        {"caps": {"partner": "-1.00"}},
        {"caps": {"partner": 10000}},
        {"caps": {"over": "double"}},
        {"caps": {"year": "1.00"}},
        {"cashback": "yes"},
        {"promotional": 1},
    ],
)
def test_what_cannot_stand_is_refused_with_its_field(lampa: Shop, body: dict[str, Any]) -> None:
    answer = lampa.call("PATCH", "/merchant", body)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["field"].startswith(next(iter(body)))
    with lampa.scope():
        assert queries.settings()["first_orders"] is None
