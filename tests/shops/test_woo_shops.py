"""Shops that are set up otherwise than most: where WordPress lies, what stands before it, what a key may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from app import jobs
from app.intake.shops import FETCHED, Access, Nothing, OrderSaid, ShopError, woocommerce
from app.intake.shops.woocommerce import client
from tests.shops.fake_woocommerce import KEY, SECRET
from tests.world import sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask.testing import FlaskClient

    from tests.shops.fake_woocommerce import Answer
    from tests.shops.scene import Desk


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    client._TAKEN.clear()
    yield
    client._TAKEN.clear()


@pytest.fixture
def owner(desk: Desk, client: FlaskClient) -> FlaskClient:
    return sign_in(client, desk.lampa.staff["owner"])


def connect(desk: Desk, owner: FlaskClient, address: str) -> tuple[int, str]:
    said = {"store": str(desk.lampa.shop_id), "address": address, "how": "keys"}
    said |= {"key": KEY, "key_secret": SECRET}
    answer = owner.post(desk.lampa.office("connections/new/woocommerce"), data=said)
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def ask(desk: Desk, **said: Any) -> Any:
    access = Access(desk.shop.url + desk.shop.folder, KEY, SECRET, currency="USD")
    with desk.app.app_context():
        return client.call(access, "GET", "orders", said or None).said


@pytest.mark.parametrize("folder", ["", "/store"])
@pytest.mark.parametrize("plain", [False, True])
def test_a_shop_works_in_a_folder_and_with_plain_permalinks(
    desk: Desk, owner: FlaskClient, folder: str, plain: bool
) -> None:
    desk.shop.folder, desk.shop.plain = folder, plain
    lamp = desk.shop.add_product("Lamp", "100.00")
    status, place = connect(desk, owner, f"{desk.shop.url}{folder}//")
    assert status == 303, place
    with desk.app.app_context():
        jobs.sweep_shops()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert desk.shop.card(number)["partner_name"] == "Anna"
    assert "Works" in owner.get(place).text


def test_a_key_that_may_only_read_is_said_so_at_once(desk: Desk, owner: FlaskClient) -> None:
    desk.shop.read_only = True
    status, text = connect(desk, owner, desk.shop.url)
    assert (status, "may only read" in text) == (422, True)


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ((403, {"code": "woocommerce_rest_cannot_view"}, {}), "rights"),
        ((401, {"code": "woocommerce_rest_authentication_error"}, {}), "keys"),
        ((401, {"code": "rest_not_logged_in"}, {}), "blocked"),
        ((403, {"code": "rest_cannot_access"}, {}), "blocked"),
        ((401, "<html>This stage is behind a password</html>", {}), "blocked"),
        ((403, "<html>Attention Required! | Cloudflare</html>", {}), "blocked"),
        ((503, "<html>Briefly unavailable for scheduled maintenance</html>", {}), "busy"),
        ((521, "<html>Web server is down</html>", {}), "failing"),
        ((400, {"code": "woocommerce_rest_shop_order_invalid_id"}, {}), "gone"),
        ((400, {"code": "rest_invalid_param"}, {}), "refused"),
    ],
)
def test_what_stands_before_a_shop_is_told_from_the_shop(
    desk: Desk, trouble: Answer, code: str
) -> None:
    desk.shop.troubles = [trouble]
    with pytest.raises(ShopError) as caught:
        ask(desk)
    assert caught.value.code == code


NOTICE = "<br />\n<b>Warning</b>:  Undefined array key 0 in <b>/srv/x[1].php</b> on line <b>7</b><br />\n"


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ('\ufeff[{"id": 1}]', True),
        (NOTICE + '[{"id": 1}]', True),
        ("Notice: a[0] is {none} in /srv/x.php\n" + '[{"id": 1}]', True),
        ('[{"id": 1}]\n' + NOTICE, True),
        ('[{"id": 1}]<!-- cached by a plugin {1} -->', True),
        ('[{"id": 1}, {"id": 2}', False),  # cut: half a page is none
        ('[{"id": 1}, {"id": 2, "name": ">{}', False),
        ("<html><script>{}</script></html>", False),
        ("", False),
    ],
)
def test_what_php_says_around_an_answer_is_passed_over(desk: Desk, body: str, read: bool) -> None:
    desk.shop.troubles = [(200, body, {"Content-Type": "application/json"})]
    if read:
        assert ask(desk) == [{"id": 1}]
        return
    with pytest.raises(ShopError) as caught:
        ask(desk)
    assert caught.value.code == "not_a_shop"


def test_a_shop_that_moved_on_its_own_machine_is_connected_where_it_now_is(
    desk: Desk, owner: FlaskClient
) -> None:
    desk.shop.folder = "/store"
    there = f"{desk.shop.url}/store/wp-json/wc/v3/orders?per_page=1"
    desk.shop.troubles = [(301, "", {"Location": there})]
    assert connect(desk, owner, desk.shop.url)[0] == 303
    assert desk.one("SELECT address FROM connection WHERE kind = 'woocommerce'") == (
        f"{desk.shop.url}/store"
    )


def test_a_connected_shop_that_moved_is_followed_with_every_call(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.moves_to = "/store"
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    desk.sweep()
    assert desk.shop.card(number)["partner_name"] == "Anna"
    assert desk.health()["problem"] is None


def test_states_that_a_plugin_added_are_asked_about_when_the_shop_is_connected(
    desk: Desk, owner: FlaskClient
) -> None:
    desk.shop.words["packed"] = "Packed &amp; waiting"
    _status, place = connect(desk, owner, desk.shop.url)
    said = desk.health()["statuses"]
    assert said == [{"word": "packed", "name": "Packed & waiting", "state": None}]
    assert "Packed &amp; waiting" in owner.get(place).text


def test_an_order_that_a_plugin_broke_hides_no_other(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.lose = True
    broken = desk.shop.place_order(lamp)
    desk.shop.orders[broken]["line_items"] = None
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    desk.sweep()
    assert set(desk.orders()) == {str(number)}
    assert desk.health()["problem"] is None


def order(desk: Desk, **said: Any) -> dict[str, Any]:
    number = desk.shop.place_order(desk.shop.add_product("Lamp", "100.00"), "90.00", "9.00")
    return {**desk.shop.orders[number], **said}


def read(
    said: dict[str, Any], refunds: list[Any] | None = None, currency: str = "USD"
) -> OrderSaid:
    body = json.dumps({"order": said, "refunds": refunds or []}).encode()
    found = woocommerce.parse(FETCHED, body, currency)
    assert isinstance(found, OrderSaid)
    return found


def test_a_fee_below_nothing_is_a_discount_and_no_commission_is_due_on_it(desk: Desk) -> None:
    said = order(desk, fee_lines=[{"total": "-18.00", "total_tax": "-1.80"}])
    [first] = said["line_items"]
    second = {**first, "id": 7, "total": "10.00", "total_tax": "1.00"}
    free = {**first, "id": 8, "total": "0.00", "total_tax": "0.00"}
    said["line_items"] = [first, second, free]
    snapshot = read(said).snapshot
    # 19.80 of 110.00: 18% of each line, and of the tax in it.
    assert [(line.amount, line.tax) for line in snapshot.lines] == [(8118, 738), (902, 82), (0, 0)]
    assert snapshot.fees == 0


def test_a_discount_beside_a_larger_fee_takes_nothing_from_the_goods(desk: Desk) -> None:
    fees = [{"total": "-5.00", "total_tax": "0"}, {"total": "8.00", "total_tax": "0"}]
    snapshot = read(order(desk, fee_lines=fees)).snapshot
    assert ([line.amount for line in snapshot.lines], snapshot.fees) == ([9900], 300)


def test_several_ways_of_shipping_are_added_and_a_money_without_decimals_is_read(
    desk: Desk,
) -> None:
    ships = [{"total": "500", "total_tax": "50"}, {"total": "300", "total_tax": "0"}]
    said = order(desk, currency="JPY", shipping_lines=ships)
    said["line_items"][0] |= {"subtotal": "1000", "total": "1000", "total_tax": "100"}
    snapshot = read(said, currency="JPY").snapshot
    assert (snapshot.shipping, [line.amount for line in snapshot.lines]) == (850, [1100])


@pytest.mark.parametrize("topic", ["order.updated", "product.updated", "customer.updated"])
def test_a_delivery_whose_thing_was_deleted_before_it_left_is_nothing(topic: str) -> None:
    body = {"code": "woocommerce_rest_shop_order_invalid_id", "data": {"status": 404}}
    assert woocommerce.parse(topic, json.dumps(body).encode(), "USD") == Nothing()


def test_who_runs_the_shop_is_no_customer_and_a_wholesaler_is(desk: Desk) -> None:
    desk.shop.register("boss@example.test", role="administrator")
    desk.shop.register("buyer@example.test", role="wholesale_customer")
    desk.connect()
    desk.settle()
    assert desk.one("SELECT string_agg(email, ',') FROM member") == "buyer@example.test"


def test_names_are_read_as_people_see_them(desk: Desk) -> None:
    desk.shop.add_category("Lamps &amp; Light")
    lamp = desk.shop.add_product("Rose &#8211; Lamp", "100.00", "Lamps &amp; Light")
    desk.connect()
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    assert desk.one("SELECT name FROM product") == "Rose – Lamp"
    assert desk.one("SELECT name FROM category") == "Lamps & Light"
