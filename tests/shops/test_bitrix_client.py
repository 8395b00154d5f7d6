"""How a portal is called: its address in two parts, its errors, its limits, its pages; and what is set up there."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app import clock
from app.errors import DomainError
from app.intake.shops import Access, ShopError, bitrix, connections
from app.intake.shops.bitrix import client, properties
from app.intake.shops.bitrix.pace import BURST, Pace
from app.intake.shops.bitrix.standing import zone_of
from tests.shops.bitrix_scene import KIND, PortalDesk, at_portal
from tests.shops.fake_bitrix import CODE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


@pytest.fixture
def desk(app: App) -> Iterator[PortalDesk]:
    with at_portal(app) as made:
        yield made


@pytest.mark.parametrize(
    "pasted",
    [
        "https://shop.example/rest/1/x7k2abc9def0ghij/",
        "  https://shop.example/rest/1/x7k2abc9def0ghij ",
        "https://shop.example/rest/1/x7k2abc9def0ghij/profile.json?a=1",
        "https://shop.example/rest/1/x7k2abc9def0ghij/crm.lead.list.json",
        "shop.example/rest/1/x7k2abc9def0ghij",
        "«https://shop.example/rest/1/x7k2abc9def0ghij/»",
    ],
)
def test_b20_an_address_is_read_tolerantly_and_cut_from_its_secret(pasted: str) -> None:
    assert client.split_hook(pasted) == ("https://shop.example", f"1/{CODE}")
    assert client.split_hook("https://s.example/shop/rest/12/abcdef1/") == (
        "https://s.example/shop",
        "12/abcdef1",
    )


@pytest.mark.parametrize(
    "pasted",
    ["https://shop.example/", "https://shop.example/rest/", f"https://shop.example/rest/{CODE}/",
     f"https://shop.example/{CODE}", "https://u:p@shop.example/rest/1/abcdef1/", "rest/1/abcdef1"],
)  # fmt: skip
def test_b20_what_is_no_webhook_is_told_so_and_no_secret_is_kept_as_an_address(pasted: str) -> None:
    assert client.split_hook(pasted) is None
    address, key, _secret = bitrix.read_address(pasted, "", "")
    assert (key, CODE in address) == ("", False)
    with pytest.raises(ShopError, match="keys"):
        client.call(Access(address, key, ""), "scope")


def test_b20_the_secret_is_in_no_words_and_no_row(desk: PortalDesk) -> None:
    desk.connect()
    desk.shop.troubles = [
        (400, {"error": 0, "error_description": f"bad {CODE} at /rest/1/{CODE}/"})
    ]
    with pytest.raises(ShopError) as refused:
        desk.ask(lambda access: client.call(access, "sale.order.list"))
    assert CODE not in str(refused.value)
    seen = desk.one(
        "SELECT coalesce(address, '') || health::text || cursor::text FROM connection WHERE kind = 'bitrix'"
    )
    assert CODE not in seen
    assert CODE not in desk.one("SELECT coalesce(string_agg(facts::text, ''), '') FROM event")


@pytest.mark.parametrize(
    ("status", "said", "code", "later"),
    [
        (400, {"error": 200540400001, "error_description": "order is not exists"}, "gone", False),
        (400, {"error": "201240400001", "error_description": "x"}, "gone", False),
        (400, {"error": 200040300010, "error_description": "Access Denied"}, "rights", False),
        (
            400,
            {"error": 100, "error_description": "Could not find value for parameter {id}"},
            "refused",
            False,
        ),
        (400, {"error": 0, "error_description": "error"}, "refused", False),
        (200, {"error": 0, "error_description": "error"}, "refused", False),
        (400, {"error": 0, "error_description": "product does not exist."}, "gone", False),
        (403, {"error": "insufficient_scope"}, "rights", False),
        (403, {"error": "ACCESS_DENIED"}, "blocked", False),
        (401, {"error": "expired_token"}, "keys", False),
        (401, {"error": "NO_AUTH_FOUND"}, "keys", False),
        (404, {"error": "ERROR_METHOD_NOT_FOUND"}, "not_a_shop", False),
        (503, {"error": "QUERY_LIMIT_EXCEEDED"}, "busy", True),
        (429, {"error": "OPERATION_TIME_LIMIT"}, "busy", True),
        (503, {"error": "OVERLOAD_LIMIT"}, "busy", True),
        (500, {"error": "INTERNAL_SERVER_ERROR"}, "failing", True),
        (400, {"error": "INVALID_REQUEST", "error_description": "Https required"}, "https", False),
        (404, "<html>", "not_a_shop", False),
        (403, "<html>", "blocked", True),
        (502, "<html>", "busy", True),
        (200, "[]", "not_a_shop", False),
    ],
)
def test_b6_every_error_has_its_reason(
    desk: PortalDesk, status: int, said: Any, code: str, later: bool
) -> None:
    desk.connect(sweep=False)
    desk.shop.troubles = [(status, said)]
    with pytest.raises(ShopError) as refused:
        desk.ask(lambda access: client.call(access, "sale.order.list"))
    assert (refused.value.code, refused.value.later) == (code, later)


def test_b7_a_full_bucket_is_waited_for_and_nothing_is_lost(desk: PortalDesk) -> None:
    desk.connect()
    number = desk.shop.place_order(coupon="ANNA10")
    desk.shop.room = 0
    desk.settle()
    assert desk.orders() == {}
    assert desk.one("SELECT problem FROM shop_errand WHERE kind = 'fetch'").startswith("busy")
    asked = len(desk.shop.asked)
    desk.settle()
    assert len(desk.shop.asked) == asked  # left alone
    desk.shop.room = None
    desk.hurry()
    desk.settle()
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert len(desk.shop.writes()) == 1


def test_b7_a_method_whose_time_is_used_up_rests_until_the_portal_said(desk: PortalDesk) -> None:
    desk.connect()
    desk.shop.cost = 500.0
    desk.ask(lambda access: client.call(access, "sale.order.get", {"id": desk.shop.place_order()}))
    asked = len(desk.shop.asked)
    with pytest.raises(ShopError) as refused:
        desk.ask(lambda access: client.call(access, "sale.order.get", {"id": 1}))
    assert (refused.value.code, refused.value.later) == ("busy", True)
    assert timedelta(minutes=4) < (refused.value.wait or timedelta(0)) <= timedelta(minutes=5)
    assert len(desk.shop.asked) == asked  # not even asked
    desk.ask(lambda access: client.call(access, "sale.status.list"))  # others go on


def test_b7_a_cloud_portals_bucket_is_one_for_all_and_a_sites_own_server_has_none() -> None:
    slept: list[float] = []
    now = [100.0]
    pace = Pace(sleep=slept.append, now=lambda: now[0])
    for _call in range(BURST):
        pace.before("lampa.bitrix24.ru", "1/a", "sale.order.list")
    assert slept == []
    pace.before("lampa.bitrix24.ru", "2/b", "sale.order.get")  # another webhook of the same portal
    assert slept == [0.5]
    pace.before("kniga.bitrix24.ru", "1/a", "sale.order.list")
    for _call in range(BURST * 2):
        pace.before("shop.example", "1/a", "sale.order.list")
    assert slept == [0.5]
    now[0] += BURST  # it leaks
    pace.before("lampa.bitrix24.ru", "1/a", "sale.order.list")
    assert slept == [0.5]


def test_b8_pages_of_fifty_are_all_read_and_by_few_requests(desk: PortalDesk) -> None:
    desk.connect(events=False)
    desk.shop.wait()
    numbers = [desk.shop.place_order() for _ in range(120)]  # of one second or two
    desk.shop.requests.clear()
    desk.sweep()
    desk.settle()
    assert sorted(desk.orders()) == sorted(str(number) for number in numbers)
    assert len(desk.shop.requests) < 40  # and not one for each order


def test_b8_orders_of_the_past_are_taken_in_page_after_page(desk: PortalDesk) -> None:
    desk.connect(sweep=False)
    numbers = {desk.shop.place_order() for _ in range(70)}
    since = clock.wall() - timedelta(days=1)
    first = desk.ask(lambda access: bitrix.history(access, since, 0))
    second = desk.ask(lambda access: bitrix.history(access, since, first.cursor["offset"]))
    assert (len(first.orders), first.more, first.total) == (50, True, 70)
    assert (len(second.orders), second.more) == (20, False)
    assert {int(each.external_id) for each in [*first.orders, *second.orders]} == numbers


def test_b9_the_portal_is_asked_in_its_own_time(desk: PortalDesk) -> None:
    assert zone_of("2026-11-30T22:00:00+03:00") == "Europe/Moscow"
    assert zone_of("2026-11-30T22:00:00+00:00") == "UTC"
    assert zone_of("2026-11-30T22:00:00-05:00") == "Etc/GMT+5"
    assert zone_of("nonsense") is None
    desk.connect()
    assert desk.health()["zone"] == "Europe/Moscow"
    [said] = [
        each
        for name, each in desk.shop.asked
        if name == "sale.order.list" and ">=dateUpdate" in str(each)
    ]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+03:00", said["filter"][">=dateUpdate"])


def ours(desk: PortalDesk) -> list[dict[str, Any]]:
    return [
        each for each in desk.shop.properties.values() if each["xmlId"].startswith("partnerka_")
    ]


def test_b17_a_group_and_six_properties_for_each_type_of_payer_once(desk: PortalDesk) -> None:
    desk.connect()
    assert len(ours(desk)) == 12
    groups = [each for each in desk.shop.groups.values() if each["name"] == properties.GROUP]
    assert len(groups) == 2
    assert {each["propsGroupId"] for each in ours(desk)} == {each["id"] for each in groups}
    assert all((each["util"], each["type"]) == ("Y", "STRING") for each in ours(desk))
    desk.sweep()
    assert (len(ours(desk)), len(desk.shop.groups)) == (12, 4)


def test_b17_renamed_ones_stay_deleted_ones_come_again_and_new_payers_get_theirs(
    desk: PortalDesk,
) -> None:
    desk.connect()
    mine = ours(desk)
    mine[0]["name"] = "Вознаграждение блогера"
    for group in desk.shop.groups.values():
        if group["name"] == properties.GROUP:
            group["name"] = "Блогеры"
    del desk.shop.properties[mine[1]["id"]]
    desk.shop.add_type("Индивидуальный предприниматель")
    desk.sweep()
    assert len(ours(desk)) == 18
    assert mine[0]["name"] == "Вознаграждение блогера"
    again = [each for each in ours(desk) if each["xmlId"] == mine[1]["xmlId"]]
    assert mine[0]["propsGroupId"] in {each["propsGroupId"] for each in again}
    assert (
        len([g for g in desk.shop.groups.values() if g["name"] == properties.GROUP]) == 1
    )  # the new payer's


def test_b17_two_that_set_up_at_once_leave_no_doubles(desk: PortalDesk) -> None:
    desk.connect(sweep=False)
    other = list(desk.shop.types)

    def too() -> None:
        for each in other:
            desk.shop.add_property(each, min(desk.shop.groups), "X", xmlId="partnerka_terms")

    desk.shop.meanwhile = [("after", "sale.propertygroup.list", too)]
    done = desk.ask(bitrix.ensure_setup)
    assert (done.made, done.removed, len(ours(desk))) == (12, 2, 12)


def test_b17_an_order_of_a_payer_that_came_meanwhile_gets_its_fields(desk: PortalDesk) -> None:
    desk.connect()
    kind = desk.shop.add_type("Самозанятый")
    number = desk.shop.place_order(person_type=kind, coupon="ANNA10")
    desk.settle()
    assert desk.shop.card(number)["partner"] == "Anna"
    assert len(desk.shop.writes()) == 1


def test_connecting_says_what_is_missing(desk: PortalDesk) -> None:
    with desk.app.app_context():
        keys = connections.read_keys(KIND, desk.shop.webhook)
    for scopes, word in (({"catalog"}, "sale"), ({"sale"}, "catalog")):
        desk.shop.scopes = scopes
        with (
            desk.app.app_context(),
            desk.app.test_request_context(),
            pytest.raises(DomainError, match=word),
        ):
            connections.try_keys(KIND, keys)
    wrong = dataclasses.replace(keys, key="1/wrongwrong")
    with desk.app.test_request_context(), pytest.raises(DomainError, match="webhook"):
        connections.try_keys(KIND, wrong)


def test_statuses_come_with_names_and_proposals_for_the_merchant(desk: PortalDesk) -> None:
    desk.connect()
    found = {each["word"]: (each["name"], each["state"]) for each in desk.health()["statuses"]}
    assert found["A"] == ("Собран", "")
    assert found["F"] == ("Выполнен", "completed")
    assert found["canceled"][1] == "cancelled"
    assert "DN" not in found  # a status of deliveries


def test_b19_orders_are_there_also_where_a_list_of_numbers_is_taken_for_one(
    desk: PortalDesk,
) -> None:
    desk.connect()
    numbers = [desk.shop.place_order() for _ in range(30)]
    gone = desk.shop.place_order()
    desk.shop.delete(gone)
    asked = [*map(str, numbers), str(gone)]
    for older in (False, True):
        desk.shop.old = older
        before = len(desk.shop.requests)
        found = desk.ask(lambda access: bitrix.existing(access, asked))
        assert found == set(map(str, numbers))
        assert len(desk.shop.requests) - before <= 3
