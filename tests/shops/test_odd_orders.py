"""A shop that shows one order which cannot be read: it is set aside and shown, and stops none of the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from app.intake.shops.connections import Keys
from tests.shops.bitrix_scene import PortalDesk, at_portal
from tests.shops.fake_rest import RestDesk, at_rest_desk
from tests.shops.test_ecwid import CLIENT, STORE, TOKEN, FakeEcwid
from tests.shops.test_insales import KEY, PASSWORD, FakeInsales

if TYPE_CHECKING:
    from app.application import App
    from tests.shops.scene import Desk


@pytest.fixture
def portal(app: App) -> Iterator[PortalDesk]:
    with at_portal(app) as made:
        yield made


@pytest.fixture
def insales(app: App) -> Iterator[RestDesk]:
    with at_rest_desk(app, "insales", FakeInsales, Keys("", KEY, PASSWORD)) as made:
        yield made


@pytest.fixture
def ecwid(app: App) -> Iterator[RestDesk]:
    with at_rest_desk(app, "ecwid", FakeEcwid, Keys("", STORE, TOKEN)) as made:
        made.shop.hook = f"/hooks/ecwid/nobody?key={CLIENT}"
        yield made


@pytest.mark.parametrize(
    ("field", "odd"),
    [("date_created_gmt", None), ("date_modified_gmt", "yesterday"), ("line_items", None),
     ("line_items", [7]), ("refunds", 5)],
)  # fmt: skip
def test_woocommerce_one_order_that_cannot_be_read_stops_no_sweep(
    desk: Desk, field: str, odd: Any
) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    numbers = [desk.shop.place_order(lamp, coupon="ANNA10") for _ in range(3)]
    desk.shop.waiting.clear()  # nothing is told: the sweep is to find them
    desk.shop.orders[numbers[1]][field] = odd
    if field == "date_modified_gmt":
        desk.shop.orders[numbers[1]][field] = desk.shop.orders[numbers[0]][field] + " or so"
    desk.sweep()
    desk.settle()
    assert sorted(desk.orders()) == sorted(str(n) for n in numbers if n != numbers[1])
    assert ("order.fetched", "parked") in desk.inbox(), "somebody is shown it"
    assert desk.health()["problem"] is None
    later = desk.shop.place_order(lamp, coupon="BORIS5")
    desk.shop.waiting.clear()
    desk.sweep()
    desk.settle()
    assert desk.partner(later) == "Boris"


def test_insales_one_order_that_cannot_be_read_stops_no_sweep(insales: RestDesk) -> None:
    insales.connect()
    odd, good = insales.shop.place_order(code=5), insales.shop.place_order(code=5)
    insales.shop.orders[odd]["order_lines"] = None
    insales.shop.waiting.clear()
    insales.sweep()
    assert sorted(insales.orders()) == [str(good)]
    assert [state for _topic, state, _problem in insales.inbox()].count("parked") == 1
    assert insales.health()["problem"] is None


def test_ecwid_one_order_that_cannot_be_read_stops_no_sweep(ecwid: RestDesk) -> None:
    ecwid.connect()
    odd, good = ecwid.shop.place_order(code="ANNA10"), ecwid.shop.place_order(code="ANNA10")
    ecwid.shop.orders[odd]["items"] = 7
    ecwid.shop.waiting.clear()
    ecwid.sweep()
    assert sorted(ecwid.orders()) == [good]
    assert [state for _topic, state, _problem in ecwid.inbox()].count("parked") == 1
    assert ecwid.health()["problem"] is None


def test_bitrix_one_order_that_cannot_be_read_stops_no_sweep(portal: PortalDesk) -> None:
    portal.connect()
    odd, good = portal.shop.place_order(coupon="ANNA10"), portal.shop.place_order(coupon="ANNA10")
    portal.shop.order(odd)["payments"] = 7
    portal.shop.waiting.clear()
    portal.sweep()
    portal.settle()
    assert sorted(portal.orders()) == [str(good)]


def test_an_answer_that_nobody_foresaw_is_the_shops_trouble_and_told(
    ecwid: RestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep that fails is tried again, and the merchant's page says that something is wrong."""
    ecwid.connect()
    ecwid.shop.place_order(code="ANNA10")
    ecwid.sweep()
    whole = ecwid.shop.answer

    def strange(method: str, path: str, query: dict[str, str], body: Any) -> Any:
        if "ids" in query:
            return 200, {"items": [{}]}, {}
        return whole(method, path, query, body)

    monkeypatch.setattr(ecwid.shop, "answer", strange)
    ecwid.sweep()
    assert ecwid.health()["problem"] == "not_a_shop"
    monkeypatch.undo()
    ecwid.sweep()
    assert ecwid.health()["problem"] is None
    assert len(ecwid.orders()) == 1
