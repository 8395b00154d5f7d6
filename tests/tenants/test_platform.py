from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from tests.world import PASSWORD, World, sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from app.application import App


def test_the_operator_sees_merchants_and_opens_one(client: FlaskClient, world: World) -> None:
    sign_in(client, world.operator)
    text = client.get("/platform/?q=" + world.lampa.slug).text
    assert world.lampa.slug in text
    assert f"{world.lampa.slug}-test" not in text
    slug = f"igla-{secrets.token_hex(4)}"
    data = {
        "name": "Igla",
        "slug": slug,
        "email": f"owner@{slug}.example",
        "currency": "RUB",
        "locale": "ru",
        "timezone": "Europe/Moscow",
    }
    assert client.get("/platform/merchants/new").status_code == 200
    assert client.post("/platform/merchants/new", data=data).status_code == 303
    assert client.post("/platform/merchants/new", data=data).status_code == 422
    assert slug in client.get("/platform/").text


def test_nobody_else_learns_of_the_platforms_door(client: FlaskClient, world: World) -> None:
    assert client.get("/platform/").status_code == 303
    sign_in(client, world.lampa.staff["owner"])
    assert client.get("/platform/").status_code == 404


def test_an_operator_is_a_stranger_at_a_merchants(client: FlaskClient, world: World) -> None:
    sign_in(client, world.operator)
    assert client.get(world.lampa.office("settings/brand")).status_code == 404


def test_the_command_makes_an_operator_with_a_link_for_one_use(
    app: App, client: FlaskClient
) -> None:
    email = f"boss-{secrets.token_hex(4)}@partnerka.example"
    printed = app.test_cli_runner().invoke(args=["create-operator", email]).output.strip()
    found = re.fullmatch(r"http://localhost(/password\?\S+)", printed)
    assert found is not None, printed
    client.get(found[1])
    assert client.post("/password", data={"password": PASSWORD}).headers["Location"] == "/platform/"
    again = app.test_client()
    again.get(found[1])
    assert again.get("/password").status_code == 410
    assert app.test_cli_runner().invoke(args=["create-operator", "nobody"]).exit_code == 1


def test_the_command_makes_a_platform_key(app: App, client: FlaskClient) -> None:
    key = app.test_cli_runner().invoke(args=["create-platform-key", "shop builder"]).output.strip()
    headers = {"Authorization": f"Bearer {key}"}
    assert client.post("/api/v1/merchants", json={}, headers=headers).status_code == 422
    assert client.get("/api/v1/merchant", headers=headers).status_code == 403
