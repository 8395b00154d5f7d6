"""A merchant connects the shop, sees how it stands, and mends it; the shop's screen brings keys once."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from app import crypto, jobs
from app.extensions import db
from app.intake.shops import connections
from app.tenants.models import Connection
from tests.commissions.test_pages import words
from tests.shops.fake_woocommerce import KEY, SECRET
from tests.shops.scene import OURS
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.shops.fake_woocommerce import Answer
    from tests.shops.scene import Desk


@pytest.fixture
def owner(desk: Desk, client: FlaskClient) -> FlaskClient:
    return sign_in(client, desk.lampa.staff["owner"])


def typed(desk: Desk, **said: str) -> dict[str, str]:
    known = {"store": str(desk.lampa.shop_id), "address": desk.shop.url, "how": "keys"}
    return known | {"key": KEY, "key_secret": SECRET} | said


def connect(desk: Desk, owner: FlaskClient, **said: str) -> tuple[int, str]:
    answer = owner.post(desk.lampa.office("connections/new/woocommerce"), data=typed(desk, **said))
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def test_a_shop_is_connected_by_pasted_keys_and_works_from_then_on(
    desk: Desk, owner: FlaskClient
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    status, place = connect(desk, owner, address=f"{desk.shop.url}/wp-admin/index.php")
    assert status == 303
    assert "Being set up" in owner.get(place).text
    with desk.app.app_context():
        jobs.sweep_shops()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    assert desk.partner(number) == "Anna"
    shown = owner.get(place).text
    assert "Works" in shown
    assert "New order" in shown
    assert str(number) in shown
    assert SECRET not in shown
    assert KEY not in shown


def test_the_same_shop_connected_again_gets_new_keys_and_no_second_channel(
    desk: Desk, owner: FlaskClient
) -> None:
    first, again = connect(desk, owner), connect(desk, owner)
    assert first == again
    desk.sweep()
    assert len(desk.shop.hooks) == 8


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ((401, {"code": "woocommerce_rest_cannot_view"}, {}), "does not take this key"),
        ((404, "<html>", {}), "No WooCommerce answers"),
        ((301, "", {"Location": "https://shop.example/"}), "with https://"),
        ((403, "<html>", {}), "firewall"),
        ((503, "<html>", {}), "busy"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(
    desk: Desk, owner: FlaskClient, trouble: Answer, words: str
) -> None:
    desk.shop.troubles = [trouble] * 2
    status, text = connect(desk, owner)
    assert status == 422
    assert words in text
    assert desk.shop.url in text
    assert KEY in text
    assert SECRET not in text  # a secret is never sent back
    assert desk.one("SELECT count(*) FROM connection WHERE kind = 'woocommerce'") == 0


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"address": ""}, "Fill this in."),
        ({"address": "ftp://shop.example"}, "cannot be called"),
        ({"address": "http://10.0.0.7"}, "cannot be called"),
        ({"address": "http://127.0.0.1:1"}, "cannot be called"),
        ({"key": ""}, "Fill this in."),
        ({"key_secret": ""}, "Fill this in."),
        ({"store": "999999"}, ""),
        ({"key": "wrong"}, "does not take this key"),
    ],
)
def test_bad_input_is_refused_in_words(
    desk: Desk, owner: FlaskClient, said: dict[str, str], words: str
) -> None:
    status, text = connect(desk, owner, **said)
    assert status == 422
    assert words in text


def test_a_key_that_was_made_to_read_only_is_said_so_when_the_hooks_are_made(
    desk: Desk, owner: FlaskClient
) -> None:
    _status, place = connect(desk, owner)
    desk.shop.read_only = True
    desk.sweep()
    assert "may only read" in owner.get(place).text
    assert "Needs you" in owner.get(place).text
    desk.shop.read_only = False
    assert owner.post(f"{place}sweep").status_code == 303
    with desk.app.app_context():
        jobs.sweep_shops()
    assert "Works" in owner.get(place).text


def test_a_shop_that_is_away_for_a_moment_alarms_nobody(desk: Desk, owner: FlaskClient) -> None:
    _status, place = connect(desk, owner)
    desk.shop.troubles = [(503, {"code": "busy"}, {})]
    desk.sweep()
    shown = owner.get(place).text
    assert "No answer just now" in shown
    assert "is tried again by itself" in shown
    assert "Needs you" not in shown


def ask(desk: Desk, owner: FlaskClient, **said: str) -> dict[str, list[str]]:
    """Let the owner be sent to the shop's screen; return what it is told."""
    known = desk.app.extensions["partnerka"]
    desk.app.extensions["partnerka"] = replace(known, public_url="https://partnerka.example")
    answer = owner.post(
        desk.lampa.office("connections/new/woocommerce"),
        data=typed(desk, how="screen", key="", key_secret="", **said),
    )
    assert answer.status_code == 303, answer.text
    address = said.get("address", desk.shop.url)
    assert answer.headers["Location"].startswith(f"{address}/wc-auth/v1/authorize?")
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def bring(desk: Desk, token: str, base: str = "https://localhost", **said: object) -> int:
    keys = {"key_id": 1, "user_id": token, "consumer_key": KEY, "consumer_secret": SECRET,
            "key_permissions": "read_write"} | said  # fmt: skip
    return (
        desk.app.test_client()
        .post("/hooks/keys", data=json.dumps(keys), base_url=base, content_type="application/json")
        .status_code
    )


def test_the_shops_own_screen_brings_the_keys_once_and_over_https(
    desk: Desk, owner: FlaskClient
) -> None:
    told = ask(desk, owner)
    assert told["callback_url"] == ["https://partnerka.example/hooks/keys"]
    assert told["scope"] == ["read_write"]
    [token] = told["user_id"]
    assert bring(desk, token, "http://localhost") == 404
    assert bring(desk, token[:-2] + "xx") == 403
    assert bring(desk, token, consumer_key="") == 403
    assert bring(desk, token) == 200
    assert bring(desk, token) == 403  # it is good once
    with desk.app.app_context():
        jobs.sweep_shops()
    assert desk.health()["problem"] is None
    assert len(desk.shop.hooks) == 8


def test_a_token_of_an_asking_that_was_repeated_is_good_no_more(
    desk: Desk, owner: FlaskClient
) -> None:
    [old], [new] = ask(desk, owner)["user_id"], ask(desk, owner)["user_id"]
    assert (bring(desk, old), bring(desk, new)) == (403, 200)


def test_keys_of_one_shop_never_go_to_the_address_of_another(
    desk: Desk, owner: FlaskClient
) -> None:
    connect(desk, owner)
    [token] = ask(desk, owner, address="https://other.example")["user_id"]
    known = "SELECT address FROM connection WHERE kind = 'woocommerce'"
    assert desk.one(known) == desk.shop.url
    assert bring(desk, token) == 200
    assert desk.one(known) == "https://other.example"


def test_known_keys_go_to_their_own_shop_until_another_brings_new_ones(
    desk: Desk, owner: FlaskClient
) -> None:
    connect(desk, owner)
    other = "https://shop.example.net"  # mistyped, or somebody's who would like to have the keys
    [token] = ask(desk, owner, address=other)["user_id"]
    with desk.app.app_context(), desk.lampa.scope():
        assert db.session.scalars(select(Connection.address).where(OURS)).one() == desk.shop.url
    assert bring(desk, token, consumer_key="ck_new") == 200
    with desk.app.app_context(), desk.lampa.scope():
        now = db.session.scalars(select(Connection).where(OURS)).one()
        assert now.address == other
        assert crypto.open_sealed(now.credentials or b"") == f"ck_new\n{SECRET}"


def test_without_https_here_the_shops_screen_is_not_offered_in_vain(
    desk: Desk, owner: FlaskClient
) -> None:
    status, text = connect(desk, owner, how="screen")
    assert status == 422
    assert "paste them instead" in text


@pytest.mark.parametrize("said", [b"", b"[]", b"{", b'{"user_id": 7}', b"\xff"])
def test_what_is_no_answer_of_a_shops_screen_is_refused(desk: Desk, said: bytes) -> None:
    answer = desk.app.test_client().post("/hooks/keys", data=said, content_type="application/json")
    assert answer.status_code in {403, 404}


def test_statuses_and_goods_that_nobody_knows_are_shown_with_their_mending(
    desk: Desk, owner: FlaskClient
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    _status, place = connect(desk, owner)
    desk.sweep()
    desk.shop.place_order(lamp, coupon="ANNA10", status="packing-up")
    held = desk.shop.products.pop(lamp)
    desk.settle()
    shown = owner.get(place).text
    assert "packing-up" in shown
    assert "Widget" in shown
    desk.shop.products[lamp] = held
    assert owner.post(f"{place}goods").status_code == 303
    desk.settle()
    assert "catalogue does not hold" not in owner.get(place).text
    assert desk.one("SELECT name FROM product") == "Lamp"


def test_a_delivery_is_taken_in_again_and_books_nothing_twice(
    desk: Desk, owner: FlaskClient
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    _status, place = connect(desk, owner)
    desk.sweep()
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    before = desk.orders()
    address = re.findall(r'action="([^"]*/parked/\d+/again[^"]*)"', owner.get(place).text)[0]
    answer = owner.post(address)
    assert (answer.status_code, answer.headers["Location"]) == (303, place)
    desk.settle()
    assert desk.orders() == before
    assert len(desk.shop.writes("orders/1")) == 1


def test_the_past_is_asked_for_from_a_day_and_a_day_to_come_is_refused(
    desk: Desk, owner: FlaskClient
) -> None:
    desk.shop.place_order(desk.shop.add_product("Lamp", "100.00"))
    _status, place = connect(desk, owner)
    assert owner.post(f"{place}history", data={"since": "2999-01-01"}).status_code == 422
    assert owner.post(f"{place}history", data={"since": "soon"}).status_code == 422
    assert owner.post(f"{place}history", data={"since": "2026-11-01"}).status_code == 303
    assert owner.post(f"{place}history", data={"since": "2026-11-01"}).status_code == 409
    with desk.app.app_context():
        jobs.work_runs()
    told = words(owner.get(place).text)
    assert "Applied" in told
    assert "Orders since Nov 1, 2026: 1 looked at, 1 of them were news here." in told


def test_what_waits_is_told_of_the_connection_by_which_it_came(
    desk: Desk, owner: FlaskClient
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    _status, place = connect(desk, owner)
    desk.sweep()
    channel = {"shop": str(desk.lampa.shop_id), "secret": ""}
    opened = owner.post(desk.lampa.office("connections/new/tilda/hook"), data=channel)
    other = re.findall(
        r'href="([^"]*/connections/cn_[^"]*)"', owner.get(desk.lampa.office("connections/")).text
    )
    desk.shop.place_order(lamp)
    desk.shop.deliver()
    assert re.search(r"Waits to be booked since \d+ seconds", words(owner.get(place).text))
    told = [words(owner.get(each).text) for each in set(other) - {place}]
    assert opened.status_code == 200
    assert ["Waits to be booked nothing" in each for each in told] == [True]


def test_a_closed_shop_is_forgotten_and_refused(desk: Desk, owner: FlaskClient) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    _status, place = connect(desk, owner)
    desk.sweep()
    assert owner.post(f"{place}close").status_code == 303
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.shop.deliver()
    assert {each["status"] for each in desk.shop.sent} == {404}
    assert owner.get(place).status_code == 404
    assert owner.post(f"{place}sweep").status_code == 404
    assert len(desk.shop.hooks) == 8  # not in the request: the shop may be slow
    desk.shop.troubles = [(503, {"code": "busy"}, {})]
    desk.settle()
    desk.hurry()
    desk.settle()
    assert desk.shop.hooks == {}
    with desk.app.app_context(), desk.lampa.scope():
        assert db.session.scalar(select(Connection.credentials).where(OURS)) is None


def test_another_merchants_connection_and_another_role_see_nothing(
    desk: Desk, owner: FlaskClient, kniga: object, app: object
) -> None:
    _status, place = connect(desk, owner)
    stranger = sign_in(desk.app.test_client(), kniga.staff["owner"])  # type: ignore[attr-defined]
    elsewhere = place.replace(desk.lampa.slug, kniga.slug)  # type: ignore[attr-defined]
    assert stranger.get(elsewhere).status_code == 404
    for act in ("sweep", "goods", "close", "coupons", "history"):
        assert stranger.post(f"{elsewhere}{act}", data={"since": "2026-11-01"}).status_code == 404
    support = sign_in(desk.app.test_client(), desk.lampa.staff["support"])
    assert support.get(place).status_code in {403, 404}


def test_a_tampered_or_unsigned_message_changes_nothing(desk: Desk, owner: FlaskClient) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    connect(desk, owner)
    desk.sweep()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    before, asked = desk.orders(), len(desk.shop.asked)
    sent = desk.shop.sent[-1]
    shop = desk.do(
        lambda: connections.open_shop(
            desk.one("SELECT id FROM connection WHERE kind = 'woocommerce'")
        )
    )
    forged = json.dumps({**desk.shop.orders[number], "status": "cancelled"}).encode()
    for body, headers in (
        (forged, sent["headers"]),
        (forged, {**sent["headers"], "X-WC-Webhook-Signature": ""}),
        (forged, {n: v for n, v in sent["headers"].items() if n != "X-WC-Webhook-Signature"}),
        (b'{"id": %d}' % number, {**sent["headers"], "X-WC-Webhook-Topic": "order.deleted"}),
    ):
        assert desk.take(shop.access.hook, body, headers) == 403
    desk.settle()
    assert (desk.orders(), len(desk.shop.asked)) == (before, asked)
