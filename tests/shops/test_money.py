"""What people do to orders in a shop, and what becomes of the money; the invariants are asked after each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from app.commissions.queries import booked
from app.extensions import db
from app.intake.shops import connections
from app.orders.models import Order
from app.partners.service import NewPartner, create
from app.tenants.models import Connection
from tests.shops.fake_woocommerce import KEY, SECRET
from tests.shops.scene import KIND, OURS
from tests.world import make_merchant

if TYPE_CHECKING:
    from tests.shops.scene import Desk

SOLD = ("completed", 10000, [(1000, 0)])


def sold(desk: Desk, code: str = "ANNA10", **more: Any) -> int:
    lamp = desk.shop.add_product("Lamp", "100.00")
    number = desk.shop.place_order(lamp, coupon=code, status="completed", **more)
    desk.settle()
    desk.shop.wait()
    return number


def earned(desk: Desk, who: str = "Anna") -> int:
    balance = desk.balances()[who]
    return int(balance.pending + balance.available)


def test_a_state_that_goes_back_and_forth_pays_once(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    for status in ("processing", "cancelled", "completed", "on-hold", "completed") * 2:
        desk.shop.change(number, status)
        desk.settle()
        desk.shop.wait()
        assert earned(desk) == (1000 if status in {"processing", "completed"} else 0)
    assert desk.orders() == {str(number): SOLD}


def test_an_order_that_was_refunded_in_part_and_then_deleted_pays_nothing(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    desk.shop.refund(number, "40.00", ("40.00", "0.00"))
    desk.settle()
    assert earned(desk) == 600
    desk.shop.wait()
    desk.shop.trash(number)
    desk.settle()
    assert (earned(desk), desk.orders()[str(number)][0]) == (0, "cancelled")
    desk.shop.wait()
    desk.shop.restore(number)
    desk.settle()
    assert desk.orders() == {str(number): ("completed", 6000, [(600, 0)])}


def test_an_order_in_another_currency_is_shown_and_books_nothing(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    desk.shop.orders[number]["currency"] = "EUR"
    desk.shop.change(number, "completed")
    desk.settle()
    desk.shop.currency = "EUR"
    other = sold(desk)
    assert str(other) not in desk.orders()
    assert desk.orders() == {str(number): SOLD}
    assert any(state == "parked" for _topic, state in desk.inbox())


def test_an_order_that_costs_nothing_pays_nothing_and_hides_no_other(desk: Desk) -> None:
    desk.connect()
    free = sold(desk, total="0.00")
    paid = sold(desk)
    assert desk.orders()[str(free)][:2] == ("completed", 0)
    assert (desk.orders()[str(paid)], earned(desk)) == (SOLD, 1000)


def test_a_coupon_that_is_taken_off_after_payment_takes_its_commission_along(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    desk.shop.orders[number]["coupon_lines"] = []
    desk.shop.touch(number)
    desk.settle()
    assert earned(desk) == 0
    desk.shop.wait()
    desk.shop.apply_coupon(number, "BORIS5")
    desk.settle()
    assert (earned(desk), earned(desk, "Boris")) == (0, 1000)


def test_an_order_that_is_changed_after_completion_pays_for_what_it_is_now(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    for total in ("150.00", "30.00", "100.00"):
        order = desk.shop.orders[number]
        order["total"] = total
        order["line_items"][0].update(subtotal=total, total=total)
        desk.shop.touch(number)
        desk.settle()
        desk.shop.wait()
        assert earned(desk) == round(float(total) * 10)
    assert desk.orders() == {str(number): SOLD}


def test_an_order_told_by_two_channels_is_one_order(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    order = desk.shop.orders[number]
    line = order["line_items"][0]
    said = {
        "status": "completed", "currency": "USD", "coupons": ["ANNA10"],
        "created_at": f"{order['date_created_gmt']}Z", "updated_at": f"{order['date_modified_gmt']}Z",
        "lines": [{"id": str(line["id"]), "product": str(line["product_id"]), "quantity": "1",
                   "amount": "100.00"}],
    }  # fmt: skip
    client, place = desk.app.test_client(), f"/api/v1/orders/{number}"
    for _again in range(2):
        answer = client.put(place, json=said, headers=desk.lampa.bearer)
        assert answer.status_code in {200, 201}, answer.text
        desk.settle()
        assert desk.orders() == {str(number): SOLD}
    desk.shop.change(number, "cancelled")
    desk.settle()
    assert earned(desk) == 0


def test_a_shop_that_two_merchants_connected_pays_each_ones_own_partners(desk: Desk) -> None:
    desk.connect()
    with desk.app.app_context():
        other = make_merchant("Kniga", currency="USD")
        with other.scope():
            vera = create(NewPartner(name="Vera", refcode="vera", codes=["ANNA10"]))
            connections.with_keys(other.shop_id, KIND, connections.Keys(desk.shop.url, KEY, SECRET))
            assert vera.id
        db.session.commit()
    desk.sweep()
    number = sold(desk)
    desk.sweep()
    desk.settle()
    assert desk.orders() == {str(number): SOLD}
    with desk.app.app_context(), other.scope():
        order = db.session.scalars(select(Order)).one()
        assert (order.external_id, sorted(booked([order.id]).values())) == (
            str(number),
            [(1000, 0)],
        )


def test_a_shop_closed_and_connected_again_doubles_nothing(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    row = select(Connection).where(OURS, Connection.disabled_at.is_(None))
    desk.do(lambda: connections.close(db.session.scalars(row).one()))
    desk.settle()
    desk.shop.change(number, "cancelled")
    desk.shop.wait()
    desk.shop.change(number, "completed")
    keys = connections.Keys(desk.shop.url, KEY, SECRET)
    desk.do(lambda: connections.with_keys(desk.lampa.shop_id, KIND, keys))
    desk.sweep()
    desk.shop.wait()
    desk.shop.touch(number)
    desk.settle()
    assert (desk.orders(), earned(desk)) == ({str(number): SOLD}, 1000)
    assert len({json.dumps(h["topic"]) for h in desk.shop.hooks.values()}) == len(desk.shop.hooks)


def test_a_number_that_a_restored_shop_gives_to_another_order_is_that_order_from_then_on(
    desk: Desk,
) -> None:
    desk.connect()
    desk.shop.number = 5000
    number = sold(desk)
    assert desk.partner(number) == "Anna"
    del desk.shop.orders[number]
    desk.shop.number = 5000
    desk.shop.wait(60)
    assert sold(desk, "BORIS5") == number
    assert desk.partner(number) == "Boris"
    assert (earned(desk), earned(desk, "Boris")) == (0, 1000)


def test_each_change_is_written_once_however_often_it_is_told(desk: Desk) -> None:
    desk.connect()
    number = sold(desk)
    topics = ("order.updated", "order.created", "order.updated")

    def again() -> int:
        for topic in topics:
            desk.shop.tell(topic, number)
            desk.shop.deliver()
            desk.shop.tell(topic, number)
            desk.settle()
        desk.sweep()
        desk.settle()
        return len(desk.shop.writes("orders/"))

    assert again() == 1
    desk.shop.wait()
    desk.shop.refund(number, "40.00", ("40.00", "0.00"))
    desk.settle()
    assert again() == 2
    desk.shop.wait()
    desk.shop.change(number, "cancelled")
    desk.settle()
    assert again() == 3
    assert desk.orders() == {str(number): ("cancelled", 6000, [])}
