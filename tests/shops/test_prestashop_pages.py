"""A merchant connects a PrestaShop, confirms its states, and is told which rights its key lacks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.shops.fake_prestashop import DELIVERED, KEY
from tests.shops.presta_scene import PrestaDesk, at_shop
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from app.application import App
    from tests.shops.fake_webservice import Answer


@pytest.fixture
def desk(app: App) -> Iterator[PrestaDesk]:
    with at_shop(app, "1.6") as made:
        yield made


@pytest.fixture
def owner(desk: PrestaDesk, client: FlaskClient) -> FlaskClient:
    return sign_in(client, desk.lampa.staff["owner"])


def connect(desk: PrestaDesk, owner: FlaskClient, **said: str) -> tuple[int, str]:
    known = {"store": str(desk.lampa.shop_id), "address": desk.shop.url, "how": "keys", "key": KEY}
    path = desk.lampa.office("connections/new/prestashop")
    answer = owner.post(path, data=known | said)
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def test_a_prestashop_is_connected_by_its_key_and_its_states_are_confirmed(
    desk: PrestaDesk, owner: FlaskClient
) -> None:
    assert "Webservice key" in owner.get(desk.lampa.office("connections/new/prestashop")).text
    status, place = connect(desk, owner, address=f"{desk.shop.url}/api/")
    assert status == 303
    shown = owner.get(place).text
    assert "not confirmed" in shown
    assert "Awaiting bank wire payment" in shown
    assert KEY not in shown
    words = re.findall(r'name="word" value="(\d+)"', shown)
    proposed = re.findall(r'<option value="(\w+)" selected>', shown)
    assert len(words) == len(proposed) == 7
    answer = owner.post(
        f"{place.partition('?')[0].rstrip('/')}/statuses", data={"word": words, "state": proposed}
    )
    assert answer.status_code == 303
    assert "not confirmed" not in owner.get(place).text
    desk.shop.wait()
    number = desk.sell("ANNA10", state=DELIVERED)
    desk.settle()
    assert desk.orders()[str(number)] == ("completed", 9000, [(900, 0)])
    assert "Works" in owner.get(place).text


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ((401, "", {}), "does not take this key"),
        ((404, "<html>", {}), "No PrestaShop answers"),
        (
            (503, {"errors": [{"code": 22, "message": "off"}]}, {}),
            "webservice of the shop is switched off",
        ),
        ((403, "<html>", {}), "pass /api/"),
        ((429, "", {}), "busy"),
        ((200, "<html>Hello</html>", {}), "No PrestaShop answers"),
    ],
)
def test_what_is_wrong_is_said_in_the_shops_own_words(
    desk: PrestaDesk, owner: FlaskClient, trouble: Answer, words: str
) -> None:
    desk.shop.troubles = [trouble]
    status, text = connect(desk, owner)
    assert status == 422
    assert words in text
    assert desk.shop.url in text
    assert desk.one("SELECT count(*) FROM connection WHERE kind = 'prestashop'") == 0


def test_rights_that_are_needed_are_named_at_the_key(desk: PrestaDesk, owner: FlaskClient) -> None:
    del desk.shop.rights["order_slip"]
    del desk.shop.rights["customers"]
    status, text = connect(desk, owner)
    assert status == 422
    assert "(order_slip, customers)" in text


def test_rights_that_would_be_useful_are_named_on_the_page(
    desk: PrestaDesk, owner: FlaskClient
) -> None:
    desk.shop.rights["customer_messages"] = {"GET"}
    _status, place = connect(desk, owner)
    shown = owner.get(place).text
    assert "The key may do less than we could use" in shown
    assert "customer_messages (POST, PUT)" in shown
    desk.shop.rights["customer_messages"] = {"GET", "POST", "PUT"}
    connect(desk, owner)
    assert "The key may do less" not in owner.get(place).text
