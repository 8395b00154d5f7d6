"""How a PrestaShop is asked: pages, times, what is gone, rights that are missing, faults."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from app.intake.shops import CouponWanted, ShopError
from app.intake.shops import prestashop as presta
from tests.shops.fake_prestashop import DELIVERED, PAID
from tests.shops.fake_webservice import HOME
from tests.shops.prestas import access, snapshot

if TYPE_CHECKING:
    from tests.shops.fake_prestashop import FakePrestaShop


def trouble(shop: FakePrestaShop, *answers: tuple[int, Any, dict[str, str]]) -> ShopError:
    shop.troubles = list(answers)
    with pytest.raises(ShopError) as caught:
        presta.fetch(access(shop), "6")
    return caught.value


def followed(shop: FakePrestaShop, cursor: Any) -> tuple[list[int], Any]:
    """Ask page after page; return the numbers of what came, and where it ended."""
    seen: list[int] = []
    more = True
    while more:
        page = presta.changed_since(access(shop), cursor)
        seen += [int(each.external_id) for each in page.orders]
        cursor, more = page.cursor, page.more
        assert len(seen) < 60
    return seen, cursor


class TestAsking:
    def test_p1_changes_are_found_page_by_page_and_none_twice(
        self, shop: FakePrestaShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.intake.shops.prestashop.asking.PER_PAGE", 3)
        begun = presta.beginning(datetime.now(UTC) - timedelta(minutes=1), "Europe/Paris")
        numbers = []
        for _second in range(2):
            numbers += [shop.place_order((1, "100.000000", 1)) for _ in range(5)]  # of one second
            shop.wait()
        seen, cursor = followed(shop, begun["orders"])
        assert sorted(set(seen)) == numbers
        last = shop.place_order((1, "100.000000", 1))
        seen, _cursor = followed(shop, cursor)
        assert last in seen
        assert numbers[0] not in seen

    def test_p5_a_slip_is_found_by_its_own_date(self, shop: FakePrestaShop) -> None:
        number = shop.place_order((1, "100.000000", 1), state=DELIVERED)
        shop.wait(60)
        begun = presta.beginning(datetime.now(UTC) + shop.moved, "Europe/Paris")
        shop.wait()
        shop.give_back(number, "20.000000")
        assert not presta.changed_since(access(shop), begun["orders"]).orders
        [found] = presta.changed_since(access(shop), begun["order_slip"]).orders
        assert found.external_id == str(number)
        assert found.fingerprint[2] != ()

    def test_dates_are_asked_for_with_date_1(self, shop: FakePrestaShop) -> None:
        begun = presta.beginning(datetime.now(UTC), "Europe/Paris")
        for name in presta.streams:
            presta.changed_since(access(shop), begun[name])
        asked = [query for _name, query in shop.queries if "sort" in query]
        assert len(asked) == 3
        assert all(query["date"] == "1" and query["limit"] == "0,100" for query in asked)

    def test_p2_without_a_zone_the_beginning_is_before_now_by_any_clock(self) -> None:
        at = datetime(2026, 11, 22, 12, tzinfo=UTC)
        assert presta.beginning(at, "")["orders"]["since"] == "2026-11-21T12:00:00"
        assert presta.beginning(at, "America/New_York")["orders"]["since"] == "2026-11-22T07:00:00"

    def test_p2_the_hour_that_comes_twice_is_asked_for_again(self, shop: FakePrestaShop) -> None:
        for since, asked in (
            ("2026-10-25T02:59:00", ">[2026-10-25 01:58:59]"),
            ("2026-10-27T02:59:00", ">[2026-10-27 02:58:59]"),
        ):
            presta.changed_since(access(shop), {"stream": "orders", "since": since, "page": 1})
            assert shop.queries[-1][1]["filter[date_upd]"] == asked

    def test_what_is_deleted_is_found_missing_and_gone(self, shop: FakePrestaShop) -> None:
        numbers = [shop.place_order((1, "100.000000", 1)) for _ in range(3)]
        shop.delete_for_good(numbers[1])
        wanted = [*map(str, numbers), "abc", "999999"]
        assert presta.existing(access(shop), wanted) == {str(numbers[0]), str(numbers[2])}
        assert presta.fetch(access(shop), str(numbers[1])) is None

    def test_an_empty_404_of_something_before_the_shop_deletes_nothing(
        self, shop: FakePrestaShop
    ) -> None:
        number = shop.place_order((1, "100.000000", 1))
        shop.troubles = [(404, "", {})]
        found = presta.fetch(access(shop), str(number))
        assert found is not None
        shop.troubles = [(404, "", {}), (404, "", {})]
        with pytest.raises(ShopError, match="not_a_shop"):
            presta.fetch(access(shop), str(number))

    def test_history_by_when_orders_were_made_with_their_number(
        self, shop: FakePrestaShop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("app.intake.shops.prestashop.asking.PER_PAGE", 12)
        numbers = []
        for _order in range(14):
            numbers.append(shop.place_order((1, "100.000000", 1)))
            shop.wait(5)
        since = datetime.now(UTC) - timedelta(minutes=1)
        first = presta.history(access(shop), since, 0)
        assert (first.total, first.more, len(first.orders)) == (14, True, 12)
        seen, page = [each.external_id for each in first.orders], first
        while page.more:
            page = presta.history(access(shop), since, page.cursor["offset"])
            seen += [each.external_id for each in page.orders]
            assert len(seen) < 60
        assert list(dict.fromkeys(seen)) == [str(number) for number in numbers]


class TestTroubles:
    def test_a_wrong_key(self, shop: FakePrestaShop) -> None:
        with pytest.raises(ShopError, match="keys"):
            presta.health(access(shop, key="X" * 32))
        shop.mute = True  # some versions say nothing more than the number
        with pytest.raises(ShopError, match="keys"):
            presta.health(access(shop, key="X" * 32))

    def test_a_server_that_keeps_the_header_to_itself(self, shop: FakePrestaShop) -> None:
        # The webservice's entry says two words then, and no number.
        shop.no_header = True
        assert presta.health(access(shop))["currency"] == "USD"
        shop.add_customer("ivan@example.test")
        asked = len(shop.seen)
        assert presta.put_coupon(access(shop), CouponWanted("FIVE", amount="5.00"))
        assert "FIVE" in shop.rules()
        assert all("ws_key=" in path for path in shop.seen[asked:])  # found out once
        shop.no_header = False
        assert presta.health(access(shop))["currency"] == "USD"

    @pytest.mark.parametrize(
        "front",
        [
            (404, "<html>Not Found</html>", {"Content-Type": "text/html"}),
            (200, HOME, {"Content-Type": "text/html; charset=utf-8"}),
            (302, "", {"Location": "/", "Content-Type": "text/html"}),
        ],
    )
    def test_a_server_that_does_not_rewrite_addresses(
        self, shop: FakePrestaShop, front: tuple[int, str, dict[str, str]]
    ) -> None:
        shop.front, shop.folder = front, "/shop"
        typed = f"{shop.url}/shop"
        assert presta.health(access(shop, address=typed))["currency"] == "USD"
        number = shop.place_order((1, "100.000000", 1))
        assert presta.fetch(access(shop, address=typed), str(number)) is not None
        assert presta.put_coupon(access(shop, address=typed), CouponWanted("FIVE", amount="5.00"))
        assert presta.fetch(access(shop, address=typed), "999999") is None
        shop.no_header = True
        assert presta.fetch(access(shop, address=typed), str(number)) is not None
        shop.front, shop.no_header = None, False
        assert presta.health(access(shop, address=typed))["currency"] == "USD"

    def test_a_page_that_is_no_shop_at_all(self, shop: FakePrestaShop) -> None:
        shop.folder = "/elsewhere"
        with pytest.raises(ShopError, match="not_a_shop"):
            presta.health(access(shop))

    def test_keys_without_any_right_of_another_shop_and_a_webservice_that_is_off(
        self, shop: FakePrestaShop
    ) -> None:
        kept, shop.rights = shop.rights, {}
        with pytest.raises(ShopError, match=r"rights: orders, order_states, .*order_cart_rules"):
            presta.health(access(shop))
        shop.rights, shop.of_another = kept, True
        with pytest.raises(ShopError, match="other_shop"):
            presta.health(access(shop))
        shop.of_another, shop.off = False, True
        with pytest.raises(ShopError, match="webservice_off"):
            presta.health(access(shop))

    def test_a_right_that_is_missing_is_called_by_its_name(self, shop: FakePrestaShop) -> None:
        del shop.rights["order_slip"]
        shop.rights["currencies"] = {"POST"}
        with pytest.raises(ShopError) as caught:
            presta.health(access(shop))
        assert (caught.value.code, caught.value.detail) == ("rights", "order_slip, currencies")
        number = shop.place_order((1, "100.000000", 1))
        with pytest.raises(ShopError) as caught:  # refunds would be lost in silence
            presta.fetch(access(shop), str(number))
        assert (caught.value.code, caught.value.detail) == ("rights", "order_slip")

    def test_vouchers_of_an_older_shop_are_needed_under_their_older_name(
        self, old: FakePrestaShop
    ) -> None:
        old.kinds["order_discounts"] = old.kinds.pop("order_cart_rules")
        with pytest.raises(ShopError, match="rights: order_discounts"):
            presta.health(access(old))
        number = old.place_order((1, "100.000000", 1))
        with pytest.raises(ShopError, match="rights: order_discounts"):
            presta.fetch(access(old), str(number))
        del old.kinds["order_discounts"]
        assert presta.health(access(old))["currency"] == "USD"

    def test_less_rights_are_less_known_and_said(self, shop: FakePrestaShop) -> None:
        for name in ("order_details", "order_histories", "addresses", "groups", "configurations"):
            del shop.rights[name]
        shop.rights["customer_messages"] = {"GET"}
        shop.rights["orders"] = {"GET"}
        number = shop.place_order((1, "100.000000", 1), state=PAID)
        assert snapshot(shop, number).status == str(PAID)
        begun = presta.beginning(datetime.now(UTC), "")
        assert not presta.changed_since(access(shop), begun["order_histories"]).orders
        said = presta.health(access(shop))
        assert said["zone"] == ""
        assert ("orders (PATCH)" in said["lacking"]) == (shop.version == "8.1.7")
        assert "addresses (GET)" in said["lacking"]
        assert "customer_messages (POST, PUT)" in said["lacking"]

    @pytest.mark.parametrize(
        ("answer", "code", "later"),
        [
            ((401, "", {}), "keys", False),
            ((403, "", {}), "blocked", False),
            ((429, "", {"Retry-After": "7"}), "busy", True),
            ((503, "", {"Retry-After": "7"}), "busy", True),
            ((500, "", {}), "failing", True),
            (
                (500, "<errors><error><code><![CDATA[2]]></code></error></errors>", {}),
                "failing",
                True,
            ),
            ((301, "", {"Location": "https://shop.example/api"}), "https", False),
            ((200, "<html>Hello</html>", {}), "not_a_shop", False),
            ((200, '{"errors": []}', {}), "not_a_shop", False),
            ((503, {"errors": [{"code": 22, "message": "disabled"}]}, {}), "webservice_off", False),
        ],
    )
    def test_answers_that_are_none(
        self, old: FakePrestaShop, answer: Any, code: str, later: bool
    ) -> None:
        error = trouble(old, answer)
        assert (error.code, error.later) == (code, later)
        assert error.wait == (timedelta(seconds=7) if "Retry-After" in answer[2] else None)

    def test_notices_of_php_before_the_answer_are_passed_over(self, old: FakePrestaShop) -> None:
        number = old.place_order((1, "100.000000", 1))
        said = json.dumps(
            old.shown("orders", [old.orders[number]], {"output_format": "JSON"}, many=False)
        )
        old.troubles = [(200, f"\ufeff<br />\n<b>Notice</b>: [8] foo\n{said}", {})]
        assert presta.fetch(access(old), str(number)) is not None

    def test_entities_in_the_shops_xml_are_not_followed(self, old: FakePrestaShop) -> None:
        bomb = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]><prestashop><api>&a;</api></prestashop>'
        old.troubles = [(200, bomb, {})]
        with pytest.raises(ShopError, match="rights"):
            presta.health(access(old))


class TestHealth:
    def test_what_a_shop_is_like(self, shop: FakePrestaShop) -> None:
        said = presta.health(access(shop, address=f"{shop.url}/api/"))
        assert (said["currency"], said["zone"]) == ("USD", "Europe/Paris")
        assert said["version"] == shop.version
        assert said["lacking"] == []
        assert {"word": "5", "name": "Delivered", "state": "completed"} in said["statuses"]

    def test_in_a_folder_and_in_one_language(self, shop: FakePrestaShop) -> None:
        shop.folder, shop.languages = "/fr", ["1"]
        said = presta.health(access(shop, address=f"{shop.url}/fr"))
        assert {"word": "6", "name": "Canceled", "state": "cancelled"} in said["statuses"]

    def test_sums_that_are_none_are_no_trouble_where_no_money_hangs_on_them(
        self, shop: FakePrestaShop
    ) -> None:
        shop.tables["currencies"][1]["conversion_rate"] = "NaN"
        del shop.rights["configurations"]
        assert presta.health(access(shop))["currency"] == ""
        lamp = shop.add_product("Lamp", "dear")
        shop.put("specific_prices", 1, id_product=lamp, reduction="x", id_customer="0")
        [found], _categories = presta.products(access(shop), [str(lamp)])
        assert (found.price, found.promo) == (None, False)
