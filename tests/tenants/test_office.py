from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
import time_machine
from werkzeug.datastructures import MultiDict

from app import clock
from app.tenants import queries
from tests.world import PASSWORD, Merchant, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App

SETTINGS = ("settings/brand", "settings/shops/", "settings/attribution", "settings/payouts")


@pytest.fixture
def owner(client: FlaskClient, lampa: Merchant) -> FlaskClient:
    return sign_in(client, lampa.staff["owner"])


def test_every_settings_page_opens(owner: FlaskClient, lampa: Merchant) -> None:
    for path in (*SETTINGS, "settings/shops/new", f"settings/shops/{lampa.shop}", "settings/keys/"):
        assert owner.get(lampa.office(path)).status_code == 200, path


def test_roles_see_their_own_part_of_the_settings(app: App, lampa: Merchant) -> None:
    sees = {
        "manager": (200, 403),
        "accountant": (403, 403),
        "support": (403, 403),
        "developer": (403, 200),
    }
    for role, (settings, keys) in sees.items():
        client = sign_in(app.test_client(), lampa.staff[role])
        assert {client.get(lampa.office(path)).status_code for path in SETTINGS} == {settings}, role
        assert client.get(lampa.office("settings/keys/")).status_code == keys, role


def test_the_brand_is_worn_by_every_page_and_by_the_test_twin(
    owner: FlaskClient, lampa: Merchant
) -> None:
    data = {"name": "Lampa & Co", "own_accent": "y", "accent": "#FFCC00"}
    assert owner.post(lampa.office("settings/brand"), data=data).status_code == 303
    for slug in (lampa.slug, f"{lampa.slug}-test"):
        text = owner.get(f"/{slug}/office/settings/brand").text
        assert "Lampa &amp; Co" in text
        assert "/accent/ffcc00.css" in text


def test_a_colour_that_is_none_is_refused(owner: FlaskClient, lampa: Merchant) -> None:
    for wrong in ("red", "#12", "#1f6f5g", "url(x)"):
        data = {"name": "Lampa", "own_accent": "y", "accent": wrong}
        assert owner.post(lampa.office("settings/brand"), data=data).status_code == 422, wrong


def test_a_shop_is_changed_with_its_words(app: App, owner: FlaskClient, lampa: Merchant) -> None:
    data = MultiDict(
        [
            ("name", "Lamps"),
            ("domain", "lamps.example"),
            ("path", "/shop"),
            ("timezone", "Asia/Omsk"),
            ("word", "новый"),
            ("state", "registered"),
            ("word", "оплачен"),
            ("state", "agreed"),
            ("word", ""),
            ("state", "registered"),
        ]
    )
    assert owner.post(lampa.office(f"settings/shops/{lampa.shop}"), data=data).status_code == 303
    with app.app_context(), lampa.scope():
        shop = queries.shop(lampa.shop)
        assert shop is not None
        assert (shop.name, shop.domain, shop.path, shop.timezone) == (
            "Lamps",
            "lamps.example",
            "/shop",
            "Asia/Omsk",
        )
        assert queries.words(shop.id).words == {"новый": "registered", "оплачен": "agreed"}


def test_a_shop_that_cannot_stand_keeps_what_was_typed(owner: FlaskClient, lampa: Merchant) -> None:
    good = {
        "name": "Lamps",
        "domain": "lamps.example",
        "timezone": "UTC",
        "word": "new",
        "state": "registered",
    }
    address = lampa.office(f"settings/shops/{lampa.shop}")
    for wrong in (
        {"domain": "https://x.example"},
        {"path": "/.."},
        {"timezone": "Mars"},
        {"state": "odd"},
    ):
        answer = owner.post(address, data={**good, **wrong})
        assert answer.status_code == 422, wrong
        assert 'value="Lamps"' in answer.text
    assert owner.post(address, data={**good, "word": "a\x00b"}).status_code == 422
    assert owner.post(address, data={**good, "name": "a\x00b"}).status_code == 422


def test_a_second_shop_is_opened(owner: FlaskClient, lampa: Merchant) -> None:
    data = {
        "name": "Shades",
        "domain": "",
        "path": "/",
        "timezone": "UTC",
        "word": "new",
        "state": "registered",
    }
    assert owner.post(lampa.office("settings/shops/new"), data=data).status_code == 303
    assert "Shades" in owner.get(lampa.office("settings/shops/")).text


def test_attribution_and_payout_rules_are_kept(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    data = {
        "window_days": "30",
        "click": "first",
        "conflict": "link",
        "existing": "ignore",
        "foreign_code": "rebind",
        "parameters": "ref, partner",
        "registration": "manual",
    }
    assert owner.post(lampa.office("settings/attribution"), data=data).status_code == 303
    rules = {"hold_days": "7", "minimum_payout": "1,500.50"}
    assert owner.post(lampa.office("settings/payouts"), data=rules).status_code == 303
    with app.app_context(), lampa.scope():
        known = queries.settings()
    assert known["parameters"] == ["ref", "partner"]
    assert (known["window_days"], known["lifetime"], known["registration"]) == (30, False, "manual")
    assert (known["hold_days"], known["minimum_payout"]) == (7, 150050)


def test_settings_that_cannot_stand_are_refused(owner: FlaskClient, lampa: Merchant) -> None:
    good = {"hold_days": "7", "minimum_payout": "0"}
    for wrong in (
        {"hold_days": "-1"},
        {"hold_days": "x"},
        {"minimum_payout": "1e3"},
        {"minimum_payout": "-5"},
    ):
        assert (
            owner.post(lampa.office("settings/payouts"), data={**good, **wrong}).status_code == 422
        ), wrong


def make_key(client: FlaskClient, lampa: Merchant, **more: object) -> str:
    data = {"name": "Shop", "shop": lampa.shop, "scopes": ["orders", "settings"], **more}
    answer = client.post(lampa.office("settings/keys/"), data=data)
    assert answer.status_code == 200, answer.text
    found = re.search(r"<code[^>]*>(sk_[a-z]+_[\w-]{20,})</code>", answer.text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("scopes", "path"),
    [(["settings"], "merchant"), (["orders", "catalog"], "deals"), (["partners"], "partners")],
)
def test_what_a_new_key_is_tried_with_works_as_pasted(
    owner: FlaskClient, lampa: Merchant, scopes: list[str], path: str
) -> None:
    data = {"name": "Shop", "shop": lampa.shop, "scopes": scopes}
    shown = unescape(owner.post(lampa.office("settings/keys/"), data=data).text)
    tried = re.search(r'curl -H "(Authorization): (Bearer [^"]+)" http://[^/]+(/api/v1/\w+)', shown)
    assert tried is not None
    assert tried[3] == f"/api/v1/{path}"
    assert owner.get(tried[3], headers={tried[1]: tried[2]}).status_code == 200


def test_a_key_is_shown_once_works_and_ends(owner: FlaskClient, lampa: Merchant) -> None:
    secret = make_key(owner, lampa)
    text = owner.get(lampa.office("settings/keys/")).text
    assert secret not in text
    assert secret[:12] in text
    call = {"Authorization": f"Bearer {secret}"}
    assert owner.get("/api/v1/merchant", headers=call).status_code == 200
    number = re.search(r"settings/keys/(\d+)/revoke", text)
    assert number is not None
    address = lampa.office(f"settings/keys/{number[1]}/revoke")
    assert owner.post(address).status_code == 303
    assert owner.post(address).status_code == 409
    assert owner.get("/api/v1/merchant", headers=call).status_code == 401


def test_the_password_is_asked_again_before_a_key_is_made(
    owner: FlaskClient, lampa: Merchant
) -> None:
    with time_machine.travel(clock.wall() + timedelta(minutes=11), tick=False):
        data = {"name": "Shop", "shop": lampa.shop, "scopes": ["orders"]}
        answer = owner.post(lampa.office("settings/keys/"), data=data)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/confirm?next=")
        assert owner.post("/confirm", data={"password": "wrong", "next": "/"}).status_code == 422
        there = lampa.office("settings/keys/")
        confirmed = owner.post("/confirm", data={"password": PASSWORD, "next": there})
        assert confirmed.headers["Location"] == there
        make_key(owner, lampa)


def test_another_merchants_keys_and_shops_cannot_be_touched(
    client: FlaskClient, world: World
) -> None:
    sign_in(client, world.lampa.staff["owner"])
    sign_in(client, world.kniga.staff["owner"])
    text = client.get(world.kniga.office("settings/keys/")).text
    theirs = re.search(r"settings/keys/(\d+)/revoke", text)
    assert theirs is not None
    sign_in(client, world.lampa.staff["owner"])
    assert client.post(world.lampa.office(f"settings/keys/{theirs[1]}/revoke")).status_code == 404
    assert client.get(world.lampa.office(f"settings/shops/{world.kniga.shop}")).status_code == 404
    data = {"name": "Shop", "shop": world.kniga.shop, "scopes": ["orders"]}
    assert client.post(world.lampa.office("settings/keys/"), data=data).status_code == 422


def test_a_key_made_in_test_mode_is_a_test_key(
    app: App, owner: FlaskClient, lampa: Merchant
) -> None:
    text = owner.get(f"/{lampa.slug}-test/office/settings/keys/").text
    shop = re.search(r'<option[^>]*value="(sh_\w+)"', text)
    assert shop is not None
    data = {"name": "Try", "shop": shop[1], "scopes": ["read"]}
    answer = owner.post(f"/{lampa.slug}-test/office/settings/keys/", data=data)
    assert "sk_test_" in answer.text
