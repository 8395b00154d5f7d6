"""What a running PrestaShop does that a connector must survive: P1 to P11, one story each, to the books."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from app.intake.shops import prestashop as presta
from app.intake.shops.prestashop import cards
from app.intake.shops.prestashop.client import write
from tests.shops.fake_prestashop import CANCELLED, DELIVERED, PAID, REFUNDED, WIRE
from tests.shops.presta_scene import PrestaDesk, at_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App


@pytest.fixture(params=["1.6", "1.7", "9"])
def desk(request: pytest.FixtureRequest, app: App) -> Iterator[PrestaDesk]:
    with at_shop(app, request.param) as made:
        yield made


@pytest.fixture
def old(app: App) -> Iterator[PrestaDesk]:
    with at_shop(app, "1.6") as made:
        yield made


@pytest.fixture
def new(app: App) -> Iterator[PrestaDesk]:
    with at_shop(app, "8") as made:
        yield made


def card(desk: PrestaDesk, number: int) -> dict[str, str]:
    with desk.app.app_context():
        found = presta.read_card(desk.access(), str(number))
    assert found is not None
    return dict(found.fields)


def test_p1_the_shop_never_calls_and_everything_is_found_by_asking(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell("ANNA10", state=WIRE)
    desk.settle()
    assert desk.orders()[str(number)] == ("registered", 9000, [])
    for state, known in ((PAID, "agreed"), (DELIVERED, "completed")):
        desk.shop.wait()
        desk.shop.change(number, state)
        desk.settle()
        assert desk.orders()[str(number)] == (known, 9000, [(900, 0)])
    assert desk.partner(number) == "Anna"
    done = len(desk.inbox())
    desk.settle()
    desk.settle()
    assert len(desk.inbox()) == done  # what is held is not booked again


def test_p1_states_of_one_second_are_told_apart(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell("ANNA10")
    desk.settle()
    desk.shop.change(number, CANCELLED)
    desk.settle()
    desk.shop.change(number, PAID)  # in the same second, a mistake is mended
    desk.settle()
    assert desk.orders()[str(number)] == ("agreed", 9000, [(900, 0)])


def test_p2_times_are_the_shops_own_and_ours_are_of_greenwich(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell()
    desk.shop.orders[number]["date_add"] = "2026-07-01 12:00:00"
    desk.settle()
    said = desk.one("SELECT folded->'snapshot'->>'created_at' FROM orders")
    assert said == "2026-07-01T10:00:00+00:00"


def test_p2_a_shop_behind_greenwich_loses_nothing_at_its_beginning(app: App) -> None:
    with at_shop(app, "1.6") as desk:
        desk.shop.zone = ZoneInfo("America/Los_Angeles")
        desk.shop.tables["configurations"][1]["value"] = "America/Los_Angeles"
        desk.connect()
        number = desk.sell("ANNA10")
        desk.settle()
        assert desk.partner(number) == "Anna"
        assert desk.health()["zone"] == "America/Los_Angeles"


def test_p3_a_shop_without_orders_is_no_trouble(desk: PrestaDesk) -> None:
    desk.connect()
    desk.settle()
    assert desk.health()["problem"] is None
    assert desk.orders() == {}


def test_p4_states_move_nothing_until_they_are_confirmed(desk: PrestaDesk) -> None:
    desk.connect(confirm=False)
    number = desk.sell("ANNA10", state=DELIVERED)
    desk.settle()
    assert desk.orders()[str(number)][2] == []
    assert {"word": "5", "name": "Delivered", "state": "completed"} in desk.health()["statuses"]


def test_p5_a_slip_takes_its_part_of_the_commission_back(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell("ANNA10", state=DELIVERED)
    desk.settle()
    before = desk.shop.orders[number]["date_upd"]
    desk.shop.wait(7200)  # long after what a sweep would look at again
    desk.since(desk.shop.now().replace(" ", "T"))
    row = desk.shop.orders[number]["order_rows"][0]["id"]
    desk.shop.give_back(number, "45.000000", [(row, "45.000000")])
    assert desk.shop.orders[number]["date_upd"] == before
    desk.settle()
    assert desk.orders()[str(number)] == ("completed", 4500, [(450, 0)])
    desk.shop.wait()
    desk.shop.give_back(number, "45.000000")  # of no row
    desk.settle()
    assert sum(net for net, _ in desk.orders()[str(number)][2]) == 0
    desk.shop.wait()
    desk.shop.change(number, REFUNDED)
    desk.settle()
    assert desk.orders()[str(number)][0] == "refunded"


def test_p6_p7_a_voucher_without_a_code_of_ours_is_nobodys_and_still_comes_off(
    desk: PrestaDesk,
) -> None:
    desk.connect()
    number = desk.shop.place_order((desk.lamp, "100.000000", 1), state=PAID)
    desk.shop.give_voucher(number, desk.shop.add_rule("SPRING"), "25.000000")
    desk.settle()
    assert desk.orders()[str(number)] == ("agreed", 7500, [])
    assert desk.partner(number) is None


def test_p8_a_voucher_given_on_the_orders_card_gives_the_order_to_its_partner(
    desk: PrestaDesk,
) -> None:
    desk.connect()
    number = desk.sell()
    desk.settle()
    assert desk.partner(number) is None
    desk.shop.wait()
    desk.shop.give_voucher(number, desk.rules["BORIS5"], "10.000000")
    desk.settle()
    assert desk.partner(number) == "Boris"
    assert desk.orders()[str(number)] == ("agreed", 9000, [(900, 0)])


def test_p9_and_p10_customers_and_goods_are_known_by_their_own_resources(desk: PrestaDesk) -> None:
    shelf = desk.shop.add_category("Lamps")
    desk.shop.tables["products"][desk.lamp]["id_category_default"] = str(shelf)
    desk.shop.add_customer("maria@example.test")
    desk.connect()
    desk.sell("ANNA10")
    desk.settle()
    assert desk.one("SELECT name FROM product") == "Lamp"
    assert str(desk.one("SELECT birthday FROM member WHERE birthday IS NOT NULL")) == "1980-02-03"
    assert (
        desk.one("SELECT folded->'snapshot'->'customer'->>'email' FROM orders")
        == "ivan@example.test"
    )
    assert desk.one("SELECT folded->'snapshot'->'customer'->>'phone' FROM orders") == "+12135550100"


def test_p11_six_fields_by_one_write_and_none_for_what_comes_back(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell("ANNA10")
    desk.settle()
    assert card(desk, number) == {
        "commission": "9.00",
        "promo_code": "ANNA10",
        "refcode": "anna",
        "partner": "Anna",
        "terms": card(desk, number)["terms"],
        "deal_id": desk.one("SELECT public_id FROM deal"),
    }
    about = [call for call in desk.shop.writes() if "Partnerka" in call[2]]
    assert len(about) == 1
    done = len(desk.shop.writes())
    desk.shop.wait()
    desk.shop.touch(number)  # a module saves the order as it was
    desk.settle()
    assert len(desk.shop.writes()) == done
    desk.shop.wait()
    row = desk.shop.orders[number]["order_rows"][0]["id"]
    desk.shop.give_back(number, "45.000000", [(row, "45.000000")])
    desk.settle()
    assert card(desk, number)["commission"] == "4.50"
    assert len(desk.shop.writes()) == done + 1


def test_p11_staff_change_the_code_in_the_note_and_the_order_changes_hands(new: PrestaDesk) -> None:
    new.connect()
    number = new.sell("ANNA10")
    new.settle()
    assert new.partner(number) == "Anna"
    new.shop.wait()
    order = new.shop.orders[number]
    order["note"] = order["note"].replace(
        "partner_promo_code: ANNA10", "partner_promo_code: boris5"
    )
    new.shop.touch(number)
    new.settle()
    assert new.partner(number) == "Boris"
    assert card(new, number)["partner"] == "Boris"
    new.shop.wait()
    new.shop.touch(number)
    new.settle()
    assert new.partner(number) == "Boris"  # our own words that come back are nobody's


def test_an_order_deleted_in_the_shop_earns_nothing(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell("ANNA10")
    desk.settle()
    assert desk.orders()[str(number)][2] == [(900, 0)]
    desk.shop.delete_for_good(number)
    desk.settle()
    assert desk.orders()[str(number)] == ("cancelled", 9000, [])


class Killed(BaseException):
    """What nothing catches."""


@pytest.mark.parametrize("written", [False, True])
def test_a_worker_killed_between_its_note_and_the_write_writes_once(
    desk: PrestaDesk, written: bool
) -> None:
    desk.connect()
    number = desk.sell("ANNA10")

    def killed(*said: Any) -> Any:
        done = write(*said) if written or said[2] == "customer_threads" else None
        if said[2] == "customer_threads":
            return done
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cards, "write", killed)
        with pytest.raises(Killed):
            desk.settle()
    desk.hurry()
    desk.settle()
    desk.hurry()
    desk.settle()
    assert card(desk, number)["promo_code"] == "ANNA10"
    about = [call for call in desk.shop.writes() if "Partnerka" in call[2]]
    assert len(about) == 1
    assert desk.partner(number) == "Anna"


def test_answers_that_are_lost_are_not_followed_by_a_second_note(old: PrestaDesk) -> None:
    old.connect()
    number = old.sell("ANNA10")
    old.shop.swallow = 2  # the thread is begun, the message is written, nobody hears of either
    old.settle()
    for _attempt in range(3):
        old.hurry()
        old.settle()
    assert len(old.shop.messages(number)) == 1
    assert card(old, number)["promo_code"] == "ANNA10"
    done = len(old.shop.writes())
    old.hurry()
    old.settle()
    assert len(old.shop.writes()) == done


def test_a_shop_that_is_busy_is_left_alone_as_long_as_it_asks(desk: PrestaDesk) -> None:
    desk.connect()
    number = desk.sell("ANNA10")
    desk.shop.troubles = [(429, "", {"Retry-After": "1800"})]
    desk.sweep()
    assert desk.health()["problem"] == "busy"
    assert str(number) not in desk.orders()
    desk.settle()
    assert desk.partner(number) == "Anna"


def test_a_right_taken_away_later_is_said_by_name(desk: PrestaDesk) -> None:
    desk.connect()
    desk.sell("ANNA10")
    kept = desk.shop.rights.pop("order_slip")
    desk.sweep()
    assert (desk.health()["problem"], desk.health()["detail"]) == ("rights", "order_slip")
    desk.shop.rights["order_slip"] = kept
    desk.settle()
    assert desk.health()["problem"] is None
    assert len(desk.orders()) == 1


def test_the_page_that_thanks_gives_the_order_to_whose_link_it_was(desk: PrestaDesk) -> None:
    key = "daf2fe56d42edc564a4cf601fc93d4b0"
    desk.shop.kinds["orders"].fields.append("secure_key")
    desk.connect()
    numbers = [desk.sell(), desk.sell()]
    for number in numbers:
        desk.shop.orders[number]["secure_key"] = key
    desk.settle()
    client = desk.app.test_client()
    for number, shown in zip(numbers, (key, "0" * 32), strict=True):
        said = {"order": str(number), "key": shown, "click": "ref:anna"}
        assert client.post(f"/t/{desk.lampa.slug}/order", data=said).status_code == 204
    desk.settle()
    assert [desk.partner(number) for number in numbers] == ["Anna", None]
    desk.shop.wait()
    desk.shop.change(numbers[0], DELIVERED)
    desk.settle()
    assert desk.partner(numbers[0]) == "Anna"
