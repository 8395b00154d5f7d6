"""Pages of connections: whose they are, who may, and words of a shop that are no markup."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from app.extensions import db
from app.tenants.models import Connection
from tests.shops.scene import OURS
from tests.world import sign_in

if TYPE_CHECKING:
    from tests.shops.scene import Desk
    from tests.world import Merchant

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'
ACTS = ("sweep", "history", "statuses", "pulls", "coupons", "goods", "secret", "close")


def opened(desk: Desk) -> str:
    """Connect the shop and return its page."""
    desk.connect()
    return desk.lampa.office(f"connections/{desk.public_id}/")


@pytest.mark.parametrize("role", ["accountant", "support", "developer", "cashier"])
def test_who_may_not_change_settings_sees_no_connection_and_does_nothing(
    desk: Desk, role: str
) -> None:
    place = opened(desk)
    client = sign_in(desk.app.test_client(), desk.lampa.staff[role])
    for page in ("connections/", "connections/new/woocommerce"):
        assert client.get(desk.lampa.office(page)).status_code in {403, 404}
    assert client.get(place).status_code in {403, 404}
    for act in ACTS:
        said = client.post(f"{place}{act}", data={"since": "2026-11-01", "coupons": "y"})
        assert said.status_code in {403, 404}, act
    _stands(desk)


def test_whoever_is_not_signed_in_or_of_another_merchant_does_nothing(
    desk: Desk, kniga: Merchant
) -> None:
    place = opened(desk)
    nobody = desk.app.test_client()
    stranger = sign_in(desk.app.test_client(), kniga.staff["owner"])
    elsewhere = place.replace(desk.lampa.slug, kniga.slug)
    delivery = desk.one("SELECT coalesce(max(id), 1) FROM inbox")
    for act in ACTS:
        asked = {"since": "2026-11-01", "coupons": "y"}
        assert nobody.post(f"{place}{act}", data=asked).status_code in {302, 303, 401, 403}
        assert stranger.post(f"{place}{act}", data=asked).status_code in {403, 404}
        assert stranger.post(f"{elsewhere}{act}", data=asked).status_code == 404, act
    again = kniga.office(f"connections/parked/{delivery}/again")
    assert stranger.post(again).status_code == 404
    new = kniga.office("connections/new/woocommerce")
    keys = {"store": str(desk.lampa.shop_id), "address": desk.shop.url, "how": "keys",
            "key": "ck_stolen", "key_secret": "cs_stolen"}  # fmt: skip
    assert stranger.post(new, data=keys).status_code in {404, 422}
    _stands(desk)


def _stands(desk: Desk) -> None:
    with desk.app.app_context(), desk.lampa.scope():
        row = db.session.scalars(select(Connection).where(OURS)).one()
        assert (row.disabled_at, row.coupons) == (None, False)


def test_whatever_a_shop_calls_its_things_is_text(desk: Desk) -> None:
    place = opened(desk)
    lamp = desk.shop.add_product(EVIL, "100.00", category=None)
    number = desk.shop.place_order(lamp, coupon="ANNA10", status=EVIL[:60])
    order = desk.shop.orders[number]
    order["number"] = order["line_items"][0]["name"] = EVIL
    order["billing"].update(first_name=EVIL, last_name=EVIL)
    desk.shop.products.pop(lamp)
    desk.settle()
    body = f'{{"id": "{number}", "order": {{"id": "<script>alert(1)</script>"}}'.encode()
    [hook] = [h for h in desk.shop.hooks.values() if h["topic"] == "order.updated"]
    desk.shop.post(hook, body)
    desk.settle()

    def trouble() -> None:
        row = db.session.scalars(select(Connection).where(OURS)).one()
        names = [{"word": EVIL[:60], "name": EVIL, "state": None}]
        row.health = {**row.health, "problem": "busy", "detail": EVIL, "version": EVIL,
                      "title": EVIL, "statuses": names}  # fmt: skip

    desk.do(trouble)
    owner = sign_in(desk.app.test_client(), desk.lampa.staff["owner"])
    shown = 0
    for page in (place, desk.lampa.office("connections/"), desk.lampa.office("orders/"),
                 desk.lampa.office("products/")):  # fmt: skip
        answer = owner.get(page)
        assert answer.status_code == 200, page
        shown += "alert(1)" in answer.text
        assert "<script>alert" not in answer.text, page
        assert not re.search(r"<img[^>]*onerror", answer.text), page
    assert shown >= 2
