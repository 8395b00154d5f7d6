"""What is asked of a shop, how often, and what comes of it when the shop is busy, away or changed meanwhile."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, text

from app import clock, jobs
from app.extensions import db
from app.intake import service as intake
from app.intake.models import ShopErrand
from app.intake.shops import connections, history
from app.orders import service as orders
from app.orders.rules import PartnerData
from app.runs import queries as runs
from app.runs import service as run_service
from app.tenants.models import Connection
from tests.shops.scene import OURS

if TYPE_CHECKING:
    from tests.shops.fake_woocommerce import Answer
    from tests.shops.scene import Desk


def test_hooks_are_made_once_and_mended_and_never_doubled(desk: Desk) -> None:
    desk.connect()
    topics = sorted(h["topic"] for h in desk.shop.hooks.values())
    assert topics == sorted(
        ["order.created", "order.updated", "order.deleted", "order.restored",
         "product.created", "product.updated", "customer.created", "customer.updated"]
    )  # fmt: skip
    first = next(iter(desk.shop.hooks.values()))
    desk.shop.hooks[9_000] = {**first, "id": 9_000}  # a double, of whoever made it
    del desk.shop.hooks[max(number for number in desk.shop.hooks if number < 9_000)]
    desk.sweep()
    desk.sweep()
    assert sorted(h["topic"] for h in desk.shop.hooks.values()) == topics
    assert first["id"] in desk.shop.hooks


def test_a_hook_with_another_secret_is_mended_when_the_shop_switched_it_off(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    [hook] = [h for h in desk.shop.hooks.values() if h["topic"] == "order.updated"]
    hook["secret"] = "somebody changed it"
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    for _ in range(7):
        desk.shop.touch(number)
        desk.shop.deliver()
    assert hook["status"] == "disabled"
    desk.sweep()
    desk.shop.wait()
    desk.shop.change(number, "completed")
    desk.settle()
    assert desk.shop.sent[-1]["status"] == 200
    assert desk.orders()[str(number)][0] == "completed"


def test_more_orders_than_a_page_of_one_second_are_all_found(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.lose = True
    for _ in range(230):
        desk.shop.place_order(lamp)
    second = desk.shop.now()
    for order in desk.shop.orders.values():
        order["date_modified_gmt"] = order["date_created_gmt"] = second
    desk.sweep()
    assert len(desk.orders()) == 230
    desk.sweep()
    assert desk.one("SELECT count(*) FROM inbox WHERE topic = 'order.listed'") == 230


def test_a_sweep_that_is_cut_goes_on_behind_what_it_took(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.lose = True
    for _ in range(120):
        desk.shop.place_order(lamp)
        desk.shop.wait(1)
    desk.shop.fail_at("modified_after", 2, (503, {"code": "busy"}, {"Retry-After": "600"}))
    desk.sweep()
    assert len(desk.orders()) == 100
    said = desk.health()
    assert (said["problem"], said["failed"]) == ("busy", 1)
    wait = desk.one("SELECT due_at FROM connection WHERE kind = 'woocommerce'") - clock.wall()
    assert timedelta(minutes=9) < wait <= timedelta(minutes=10)  # as long as it asked for
    desk.sweep()
    assert len(desk.orders()) == 120
    assert desk.health()["problem"] is None


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        ((401, {"code": "woocommerce_rest_cannot_view"}, {}), "keys"),
        ((403, "<html>Forbidden by a firewall</html>", {}), "blocked"),
        ((404, "<html>Not found</html>", {}), "not_a_shop"),
        ((404, {"code": "rest_no_route"}, {}), "not_a_shop"),
        ((301, "", {"Location": "https://shop.example/"}), "https"),
        ((302, "", {"Location": "http://elsewhere.example/"}), "moved"),
        ((429, {"code": "slow_down"}, {"Retry-After": "30"}), "busy"),
        ((500, {"code": "internal_server_error"}, {}), "busy"),
        ((500, "<html>PHP Fatal error</html>", {}), "failing"),
        ((200, "<html>Coming soon</html>", {}), "not_a_shop"),
    ],
)
def test_each_trouble_has_its_name_and_words(desk: Desk, trouble: Answer, code: str) -> None:
    desk.connect()
    # A page that is not there is looked for in the other form of addresses, too.
    desk.shop.troubles = [trouble] * (2 if trouble[:2] == (404, "<html>Not found</html>") else 1)
    desk.sweep()
    said = desk.health()
    assert said["problem"] == code
    with desk.app.app_context(), desk.app.test_request_context():
        assert len(connections.words_of(code)) > 20
    desk.sweep()
    assert desk.health()["problem"] is None


def test_a_busy_shop_is_left_alone_and_its_errands_are_carried_out_later(desk: Desk) -> None:
    desk.connect()
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.shop.place_order(lamp, coupon="ANNA10")
    desk.shop.troubles = [(429, {"code": "slow_down"}, {"Retry-After": "300"})]
    desk.settle()
    with desk.app.app_context(), desk.lampa.scope():
        waiting = db.session.scalars(select(ShopErrand).where(ShopErrand.state == "due")).all()
        assert sorted(each.kind for each in waiting) == ["card", "fetch"]
        # The whole shop is let be, not only what it refused.
        assert all(each.due_at - clock.wall() > timedelta(minutes=4) for each in waiting)
    assert desk.shop.writes("orders/") == []
    desk.hurry()
    desk.settle()
    assert len(desk.shop.writes("orders/")) == 1


def test_a_write_whose_answer_is_lost_is_neither_repeated_nor_taken_for_staffs_word(
    desk: Desk,
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.shop.swallow = 1
    desk.settle()
    assert desk.shop.card(number)["partner_promo_code"] == "ANNA10"
    desk.shop.wait()
    desk.shop.touch(number)
    desk.settle()
    assert desk.one("SELECT folded->'snapshot'->'partner_data' FROM orders") is None
    desk.hurry()
    desk.settle()
    assert len(desk.shop.writes("orders/")) == 1
    assert desk.one("SELECT own->0->>'sure' FROM shop_card") is not None


def test_what_staff_typed_stays_their_word_and_what_they_take_away_is_gone(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    desk.shop.wait()
    desk.shop.type_on_card(number, "partner_promo_code", "BORIS5")
    desk.settle()
    for status in ("on-hold", "processing", "completed"):
        desk.shop.wait()
        desk.shop.change(number, status)
        desk.settle()
        assert desk.partner(number) == "Boris"
    desk.shop.wait()
    desk.shop.type_on_card(number, "partner_promo_code", "")
    desk.settle()
    assert desk.partner(number) == "Anna"  # her coupon is on the order still
    assert desk.shop.card(number)["partner_promo_code"] == "ANNA10"


def test_what_staff_say_here_is_written_there_and_comes_back_as_nobodys_word(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()

    def say() -> None:
        order = orders.find(desk.lampa.shop_id, str(number))
        intake.say(order.id, PartnerData(promo_code="BORIS5"), "Olga")

    desk.do(say)
    desk.settle()
    assert desk.shop.card(number)["partner_name"] == "Boris"
    desk.shop.wait()
    desk.shop.touch(number)
    desk.settle()
    assert desk.partner(number) == "Boris"
    assert desk.one("SELECT folded->'snapshot'->'partner_data' FROM orders") is None
    assert len(desk.shop.writes("orders/")) == 2


def test_a_body_that_is_not_whole_is_asked_for(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.shop.waiting.clear()
    [hook] = [h for h in desk.shop.hooks.values() if h["topic"] == "order.updated"]
    desk.shop.post(hook, json.dumps({"id": number, "status": "processing"}).encode())
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert ("order.fetched", "done") in desk.inbox()


def test_a_deletion_holds_by_its_own_word_where_the_shop_cannot_be_asked_for_two_days(
    desk: Desk,
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    number = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.settle()
    desk.shop.wait()
    desk.shop.trash(number)
    desk.shop.troubles = [(503, {"code": "down"}, {})] * 12
    for _ in range(12):
        desk.settle()
        desk.hurry()
    desk.settle()
    assert desk.orders()[str(number)][0] == "cancelled"


def test_history_is_taken_in_from_a_day_on_with_progress_and_taken_up_after_a_failure(
    desk: Desk,
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    for day in range(250):
        number = desk.shop.place_order(lamp, coupon="ANNA10", status="completed")
        past = datetime(2026, 3, 1, 12, tzinfo=UTC) + timedelta(days=day)
        order = desk.shop.orders[number]
        order["date_created_gmt"] = order["date_modified_gmt"] = f"{past:%Y-%m-%dT%H:%M:%S}"
    desk.connect()
    assert desk.orders() == {}  # the sweep looks forward
    run_id = desk.do(lambda: history.start(desk.id, datetime(2026, 4, 1, tzinfo=UTC)).id)
    desk.shop.fail_at("offset=", 3, (503, {"code": "busy"}, {}))
    with desk.app.app_context():
        jobs.work_runs()
        with desk.lampa.scope():
            run = runs.latest(history.KIND, connection=desk.id)
            assert run is not None
            assert (run.id, run.state) == (run_id, "failed")
            assert run.problem
            done, total = run.done, run.total
    assert (done, total) == (0, 219) or 0 < done < total == 219

    def resume() -> None:
        found = runs.latest(history.KIND, connection=desk.id)
        assert found is not None
        run_service.resume(found, history.KINDS)

    desk.do(resume)
    with desk.app.app_context():
        jobs.work_runs()
        jobs.drain_inbox()
    with desk.app.app_context(), desk.lampa.scope():
        run = runs.latest(history.KIND, connection=desk.id)
        assert run is not None
        assert (run.state, run.done) == ("done", 219)
    assert len(desk.orders()) == 219


def test_keys_that_cannot_be_opened_are_said_so(desk: Desk) -> None:
    desk.connect()
    broken = text("UPDATE connection SET credentials = 'x' WHERE kind = 'woocommerce'")
    desk.do(lambda: db.session.execute(broken))
    desk.sweep()
    assert desk.health()["problem"] == "sealed"
    with desk.app.app_context(), desk.lampa.scope():
        due_at = db.session.scalar(select(Connection.due_at).where(OURS))
        assert due_at is not None
        assert due_at > clock.wall()


def test_a_shop_that_has_not_worked_for_an_hour_is_told_of_once(desk: Desk) -> None:
    desk.connect()
    count = "SELECT count(*) FROM event WHERE type = 'connection.failing'"
    desk.shop.troubles = [(401, {"code": "woocommerce_rest_cannot_view"}, {})]
    desk.sweep()
    assert desk.one(count) == 0, "it may pass"

    def hour() -> None:
        row = db.session.scalars(select(Connection).where(OURS)).one()
        row.health = {**row.health, "since": (clock.wall() - timedelta(hours=1)).isoformat()}

    desk.do(hour)
    for _time in range(2):
        desk.shop.troubles = [(401, {"code": "woocommerce_rest_cannot_view"}, {})]
        desk.sweep()
    assert desk.one(count) == 1
    desk.sweep()
    assert desk.health()["problem"] is None


def test_a_shops_clock_that_ran_hours_ahead_and_was_set_right_hides_no_order(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.shop.wait(5 * 3600)
    first = desk.shop.place_order(lamp, coupon="ANNA10")
    desk.sweep()
    desk.shop.wait(60 - 5 * 3600)
    second = desk.shop.place_order(lamp, coupon="BORIS5")
    desk.shop.waiting.clear()  # nothing is told of it
    desk.sweep()
    desk.settle()
    assert (desk.partner(first), desk.partner(second)) == ("Anna", "Boris")
