"""The page of the discount in the cart: what stands in its way, a trial, codes of the shop's own."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from app.carts import queries, service
from app.carts.models import CartCoupon
from app.checkout.service.bounding import unbound
from tests.carts.shop import GLEB, CartDesk, cart
from tests.carts.test_service import coupon, take
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

FORM = {"on": "y", "minutes": "30", "whole": "y"}


@pytest.fixture
def owner(desk: CartDesk, client: FlaskClient) -> FlaskClient:
    return sign_in(client, desk.lampa.staff["owner"])


def page(desk: CartDesk, owner: FlaskClient) -> str:
    answer = owner.get(desk.lampa.office("cart-discount/"))
    assert answer.status_code == 200
    return unescape(answer.text)


def do(desk: CartDesk, owner: FlaskClient, path: str, **said: str) -> Any:
    return owner.post(desk.lampa.office(f"cart-discount/{path}"), data=said)


def test_it_is_switched_on_with_its_minutes_and_nonsense_is_refused(
    desk: CartDesk, owner: FlaskClient
) -> None:
    assert do(desk, owner, "", **FORM).status_code == 303
    with desk.app.app_context(), desk.lampa.scope():
        assert queries.settings() == queries.Settings(True, 30, alone=False, whole=True)
    for minutes in ("", "4", "121", "many", "-5"):
        refused = do(desk, owner, "", **{**FORM, "minutes": minutes})
        assert refused.status_code == 422, minutes
    with desk.app.app_context(), desk.lampa.scope():
        assert queries.settings().minutes == 30


def test_the_label_of_the_codes_belongs_to_their_field(desk: CartDesk, owner: FlaskClient) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page(desk, owner))
    assert "codes" in ids
    assert not [each for each in ids if ids.count(each) > 1 and each != "csrf_token"]


def test_a_trial_finds_what_stands_in_the_way_with_its_mending(
    desk: CartDesk, owner: FlaskClient
) -> None:
    assert "No trial yet" in page(desk, owner)
    assert do(desk, owner, f"{desk.public_id}/try").status_code == 303
    assert "A code was made in the shop and deleted again" in page(desk, owner)
    assert desk.shop.coupons == {}
    desk.shop.options["woocommerce_enable_coupons"] = "no"
    do(desk, owner, f"{desk.public_id}/try")
    shown = page(desk, owner)
    assert "Coupons are switched off in the shop" in shown
    assert "Enable coupons: tick it and save" in shown
    desk.shop.read_only = True
    do(desk, owner, f"{desk.public_id}/try")
    assert "This key may only read." in page(desk, owner)
    desk.shop.troubles = [(503, {"code": "busy"}, {})]
    assert do(desk, owner, f"{desk.public_id}/try").status_code == 303
    assert do(desk, owner, "cn_0000000000000000/try").status_code == 404


def test_the_latest_codes_tell_what_became_of_them(desk: CartDesk, owner: FlaskClient) -> None:
    assert "No codes yet" in page(desk, owner)
    row = take(desk, 150_000)
    assert row.code in page(desk, owner)
    number = desk.shop.buy("1500.00", code=row.code, off="350.00")
    desk.settle()
    shown = page(desk, owner)
    assert f"order {number}" in shown
    assert "the shop took off more than was held" in shown
    desk.shop.troubles = [(503, {"code": "busy"}, {})]
    take(desk, 150_000)
    assert "The shop was busy; the customer was told." in page(desk, owner)


def own(desk: CartDesk, spend: int) -> CartCoupon:
    said = cart(150_000, spend=spend)
    number = desk.do(lambda: service.begin(desk.lampa.shop_id, None, said, unbound).id)
    return coupon(desk, number)


def bring(desk: CartDesk, owner: FlaskClient, amount: str, *codes: str) -> Any:
    said = {"shop": shop_name(desk), "amount": amount, "codes": "\r\n".join(codes)}
    return do(desk, owner, "codes", **said)


def shop_name(desk: CartDesk) -> str:
    return str(desk.one("SELECT public_id FROM shop"))


def order(desk: CartDesk, client: FlaskClient, name: str, code: str, off: str) -> Any:
    body = {
        "status": "paid", "currency": "USD", "created_at": "2026-11-30T12:00:00+03:00",
        "customer": {"id": GLEB}, "coupons": [code],
        "lines": [{"id": "1", "quantity": "1", "price": "1500.00", "discount": off}],
    }  # fmt: skip
    return client.put(f"/api/v1/orders/{name}", json=body, headers=desk.lampa.bearer).get_json()


def test_codes_that_the_shop_made_are_handed_out_the_dearest_that_fits(
    desk: CartDesk, owner: FlaskClient, client: FlaskClient
) -> None:
    assert bring(desk, owner, "100.00", "B100-1", "b100-1", "B100-2").status_code == 303
    assert bring(desk, owner, "200.00", "B200-1").status_code == 303
    for amount, code in (("", "X"), ("0", "X"), ("10.00", ""), ("10.00", "two words")):
        assert bring(desk, owner, amount, code).status_code == 422, (amount, code)
    shown = page(desk, owner)
    assert "2 of 2 left" in shown
    assert "No order with such a code has come yet" in shown
    first = own(desk, 25_000)
    assert (first.code, first.amount) == ("B200-1", 20_000)
    assert desk.balance() == (30_000, 20_000, 0)
    told = order(desk, client, "B1", "b200-1", "200.00")
    assert told["bonus"]["spent"] == "200.00"
    assert desk.balance() == (30_000, 0, 0)
    assert "had just its sum off" in page(desk, owner)
    second = own(desk, 25_000)
    assert second.code == "B100-1"
    order(desk, client, "B2", "B100-1", "50.00")
    assert desk.balance() == (25_000, 0, 0)
    assert "had another sum off" in page(desk, owner)
    assert do(desk, owner, f"codes/{shop_name(desk)}/drop").status_code == 303
    assert "B100-2" not in page(desk, owner)


def test_a_code_of_the_shops_own_stays_his_and_costs_its_bonuses_whenever_it_is_used(
    desk: CartDesk, owner: FlaskClient, client: FlaskClient
) -> None:
    bring(desk, owner, "200.00", "B200-1", "B200-2")
    first = own(desk, 20_000)
    desk.do(lambda: service.close(first.id, "let_go"))
    assert desk.balance() == (50_000, 0, 0)
    assert own(desk, 20_000).code == "B200-1"  # nobody else's ever
    again = desk.coupons()[0]
    desk.do(lambda: service.close(again.id, "let_go"))
    order(desk, client, "B1", "B200-1", "200.00")
    assert desk.balance() == (30_000, 0, 0)
    assert coupon(desk, again.id).odd == "late"
    assert own(desk, 20_000).code == "B200-2"
