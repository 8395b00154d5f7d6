"""A merchant connects a portal: a webhook's address, then the token of its events, then statuses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.tenants.models import Connection
from tests.shops.bitrix_scene import OURS, PortalDesk, at_portal
from tests.shops.fake_bitrix import CODE, TOKEN
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App


@pytest.fixture
def desk(app: App) -> Iterator[PortalDesk]:
    with at_portal(app) as made:
        yield made


@pytest.fixture
def owner(desk: PortalDesk, client: FlaskClient) -> FlaskClient:
    return sign_in(client, desk.lampa.staff["owner"])


def base(desk: PortalDesk) -> str:
    return desk.lampa.office("connections/")


def found(desk: PortalDesk) -> tuple[str, str]:
    with desk.app.app_context(), desk.lampa.scope():
        row = db.session.execute(select(Connection.public_id, Connection.address).where(OURS)).one()
        return row[0], row[1] or ""


def test_a_webhooks_address_connects_and_its_secret_is_shown_nowhere(
    desk: PortalDesk, owner: FlaskClient
) -> None:
    page = owner.get(f"{base(desk)}new/bitrix").get_data(as_text=True)
    assert "incoming webhook" in page.lower()
    said = {
        "store": str(desk.lampa.shop_id),
        "how": "keys",
        "address": f"{desk.shop.webhook}profile.json",
    }
    answer = owner.post(f"{base(desk)}new/bitrix", data=said, follow_redirects=True)
    assert answer.status_code == 200
    desk.sweep()
    public_id, address = found(desk)
    assert address == desk.shop.url
    for place in ("", f"{public_id}/"):
        shown = owner.get(f"{base(desk)}{place}").get_data(as_text=True)
        assert desk.shop.place in shown
        assert CODE not in shown
    assert "Собран" in owner.get(f"{base(desk)}{public_id}/").get_data(
        as_text=True
    )  # to be confirmed


def test_what_is_no_webhook_and_what_lacks_rights_is_said_at_the_field(
    desk: PortalDesk, owner: FlaskClient
) -> None:
    for address, scopes, words in (
        (desk.shop.url, {"sale", "catalog"}, "paste its whole address"),
        (f"{desk.shop.url}/rest/1/wrongwrong/", {"sale", "catalog"}, "does not take this webhook"),
        (desk.shop.webhook, {"sale"}, "Trade catalog (catalog)"),
    ):
        desk.shop.scopes = scopes
        said = {"store": str(desk.lampa.shop_id), "how": "keys", "address": address}
        answer = owner.post(f"{base(desk)}new/bitrix", data=said)
        assert answer.status_code == 422
        assert words in answer.get_data(as_text=True)


def test_the_token_of_events_is_pasted_later_into_the_same_connection(
    desk: PortalDesk, owner: FlaskClient
) -> None:
    desk.connect(first_token=None)
    said = {"shop": str(desk.lampa.shop_id), "secret": f" {TOKEN} "}
    answer = owner.post(f"{base(desk)}new/bitrix/hook", data=said, follow_redirects=True)
    shown = answer.get_data(as_text=True)
    assert re.search(rf"/hooks/bitrix/{desk.public_id}", shown)
    assert TOKEN not in shown
    number = desk.shop.place_order(coupon="ANNA10")
    desk.settle()
    assert desk.partner(number) == "Anna"
