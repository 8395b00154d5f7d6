"""A shop's goods, customers and reviews are taken in, and what its page of thanks proves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from app.bonuses.queries import balance
from app.catalog.models import Category, Product
from app.extensions import db
from app.intake.shops import pulling
from app.members.models import Member
from app.profiles import service as profiles
from app.tenants import service as tenants
from app.tenants.models import Connection
from tests.shops.scene import OURS
from tests.world import sign_in

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.shops.scene import Desk

LONG_AGO = "2025-03-01T10:00:00"


def people(desk: Desk) -> dict[str, Member]:
    with desk.app.app_context(), desk.lampa.scope():
        return {m.email or m.key: m for m in db.session.scalars(select(Member))}


def later(desk: Desk) -> None:
    """Let the hour pass after which the shop is looked through again."""

    def hurry() -> None:
        row = db.session.scalars(select(Connection).where(OURS)).one()
        row.pulled = {what: {**said, "again_at": None} for what, said in row.pulled.items()}

    desk.do(hurry)
    desk.sweep()
    desk.settle()


def loyalty(desk: Desk, *kinds: str) -> None:
    def switch() -> None:
        tenants.change_settings({"loyalty": True})
        for kind in kinds:
            profiles.switch(kind, on=True)

    desk.do(switch)


def bonuses(desk: Desk, email: str) -> int:
    found = people(desk)[email].id
    with desk.app.app_context(), desk.lampa.scope():
        held = balance(found)
        return held.available + held.pending


def test_a_catalogue_of_many_pages_is_taken_in_with_its_categories_and_then_what_changed(
    desk: Desk,
) -> None:
    light = desk.shop.add_category("Light")
    desk.shop.add_category("Lamps", parent=light)
    numbers = [desk.shop.add_product(f"Lamp {n}", "10.00", "Lamps") for n in range(230)]
    desk.connect()
    with desk.app.app_context(), desk.lampa.scope():
        held = {p.external_id: p for p in db.session.scalars(select(Product))}
        lamps = db.session.scalars(select(Category).where(Category.name == "Lamps")).one()
        assert set(held) == {str(n) for n in numbers}
        assert {p.category_id for p in held.values()} == {lamps.id}
        assert lamps.parent_id is not None
        [goods, *_rest] = pulling.progress(
            db.session.scalars(select(Connection).where(OURS)).one(), ("goods",)
        )
        assert (goods.taken, goods.total, goods.whole) == (230, 230, True)
    desk.shop.wait(3_600)
    desk.shop.products[numbers[7]] |= {"price": "12.00", "date_modified_gmt": desk.shop.now()}
    later(desk)
    asked = len(desk.shop.asked)
    later(desk)
    with desk.app.app_context(), desk.lampa.scope():
        price = select(Product.price).where(Product.external_id == str(numbers[7]))
        assert db.session.scalar(price) == 1200
    assert sum(1 for _m, path, _b in desk.shop.asked[asked:] if path == "products") == 1


def test_customers_are_known_before_they_order_and_only_new_ones_are_welcomed(desk: Desk) -> None:
    loyalty(desk, "registration")
    for n in range(120):
        desk.shop.register(f"old{n}@example.org", LONG_AGO)
    desk.connect()
    assert len(people(desk)) == 120
    assert bonuses(desk, "old7@example.org") == 0, "nobody is welcomed to where he has long been"
    desk.shop.wait(60)
    number = desk.shop.register("vera@example.org")
    desk.settle()
    vera = people(desk)["vera@example.org"]
    assert (vera.key, vera.name, vera.phone) == (f"id:{number}", "Vera Ivanova", "+12135550111")
    assert bonuses(desk, "vera@example.org") == 10_000
    desk.shop.change_customer(number, first_name="Vera Petrovna")
    later(desk)
    assert people(desk)["vera@example.org"].name == "Vera Petrovna Ivanova"
    assert bonuses(desk, "vera@example.org") == 10_000, "once"


def test_a_customer_whom_no_hook_told_of_is_found_by_asking(desk: Desk) -> None:
    desk.shop.register("old@example.org", LONG_AGO)
    desk.connect()
    desk.shop.lose = True
    desk.shop.register("vera@example.org")
    later(desk)
    assert set(people(desk)) == {"old@example.org", "vera@example.org"}


def test_a_review_of_today_counts_once_and_one_of_last_year_does_not(desk: Desk) -> None:
    loyalty(desk, "review")
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.shop.register("vera@example.org", LONG_AGO)
    desk.shop.review(lamp, "vera@example.org", LONG_AGO)
    desk.connect()
    assert desk.one("SELECT count(*) FROM member_event") == 0
    desk.shop.wait(60)
    number = desk.shop.review(lamp, "Vera@Example.org ")
    desk.shop.review(lamp, "nobody@example.org")
    later(desk)
    later(desk)
    assert desk.one("SELECT count(*) FROM member_event WHERE type = 'review.published'") == 1
    gave = bonuses(desk, "vera@example.org")
    assert gave > 0
    desk.shop.written[number]["rating"] = 1  # changed afterwards: it counts as it was first
    later(desk)
    assert bonuses(desk, "vera@example.org") == gave


def test_what_the_merchant_does_not_want_is_not_asked_for_and_its_hooks_go(
    desk: Desk, client: FlaskClient
) -> None:
    owner = sign_in(client, desk.lampa.staff["owner"])
    desk.shop.register("old@example.org", LONG_AGO)
    desk.connect(sweep=False)
    place = desk.lampa.office(f"connections/{desk.public_id}/")
    assert owner.post(f"{place}pulls", data={"what": ["goods"]}).status_code == 303
    desk.sweep()
    assert people(desk) == {}
    assert not [h for h in desk.shop.hooks.values() if h["topic"].startswith("customer.")]
    assert owner.post(f"{place}pulls", data={"what": ["goods", "people"]}).status_code == 303
    desk.sweep()
    assert set(people(desk)) == {"old@example.org"}
    assert len([h for h in desk.shop.hooks.values() if h["topic"].startswith("customer.")]) == 2
    assert "1 taken in" in owner.get(place).text


@pytest.mark.parametrize("said", [{"id": "x"}, {"date_created_gmt": "soon"}, {"billing": 7}])
def test_one_customer_whom_a_plugin_spoilt_keeps_out_nobody_else(
    desk: Desk, said: dict[str, Any]
) -> None:
    desk.shop.register("bad@example.org", "2024-01-01T00:00:00")
    next(iter(desk.shop.customers.values())).update(said)
    desk.shop.register("vera@example.org", LONG_AGO)
    desk.connect()
    assert set(people(desk)) == {"vera@example.org"}
    assert desk.health()["problem"] is None


def test_keys_that_may_not_see_customers_keep_out_neither_goods_nor_orders(desk: Desk) -> None:
    desk.shop.add_product("Lamp", "100.00")
    desk.shop.fail_at("customers", 1, (403, {"code": "woocommerce_rest_cannot_view"}, {}))
    desk.connect()
    with desk.app.app_context(), desk.lampa.scope():
        row = db.session.scalars(select(Connection).where(OURS)).one()
        assert row.pulled["people"]["problem"] == "rights"
        assert row.pulled["goods"]["whole"]
    assert desk.health()["problem"] is None


# --- the page that thanks for an order


def thanks(desk: Desk, order: object, key: str, click: str) -> int:
    said = {"order": str(order), "key": key, "click": click}
    there = f"/t/{desk.lampa.slug}/order"
    return desk.app.test_client().post(there, data=said).status_code


def test_a_visitors_page_of_thanks_gives_the_order_to_who_brought_him(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp)
    desk.settle()
    assert desk.partner(number) is None
    assert thanks(desk, number, f"wc_order_{number}", "ref:anna") == 204
    desk.settle()
    assert desk.partner(number) == "Anna"
    desk.shop.change(number, "completed")
    desk.settle()
    assert desk.partner(number) == "Anna", "later messages without it take it from nobody"
    assert thanks(desk, number, f"wc_order_{number}", "ref:anna") == 204
    desk.settle()
    assert len(desk.shop.writes("orders/")) <= 2


def test_a_word_before_the_order_was_heard_of_is_proved_all_the_same(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.lose = True
    number = desk.shop.place_order(lamp)
    thanks(desk, number, f"wc_order_{number}", "ref:boris")
    desk.settle()
    assert desk.partner(number) == "Boris"


@pytest.mark.parametrize(
    ("key", "click"),
    [("wc_order_1", "ref:anna"), ("", "ref:anna"), ("k" * 201, "x"), ("wc_é", "ref:anna")],
)
def test_a_strangers_word_gives_nothing_to_anybody(desk: Desk, key: str, click: str) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp)
    desk.settle()
    assert thanks(desk, number, key, click) == 204
    assert thanks(desk, number, f"wc_order_{number}", "ref:boris") == 204
    assert thanks(desk, number, key, click) == 204
    desk.settle()
    assert desk.partner(number) == "Boris", "and takes the place of no visitor's"


def test_strangers_fill_no_queue(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.intake.shops.thanks.MOST_WAITING", 5)
    desk.connect()
    for n in range(12):
        assert thanks(desk, n, f"wc_order_{n}", "ref:anna") == 204
    assert desk.one("SELECT count(*) FROM shop_errand WHERE kind = 'thanks'") == 5
    desk.settle()
    assert thanks(desk, 99, "wc_order_99", "ref:anna") == 204
    assert desk.one("SELECT count(*) FROM shop_errand WHERE kind = 'thanks'") == 6
