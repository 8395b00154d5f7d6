"""Writing into a portal's orders takes nothing of anybody else's: the method deletes what is left out."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app.intake.shops import ShopError
from app.intake.shops.bitrix import cards
from tests.shops import fake_bitrix_methods
from tests.shops.bitrix_scene import PortalDesk, at_portal
from tests.shops.fake_bitrix import DOC, EMPTY, FIO, PHONE, WISHES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App

MODIFY = "sale.propertyvalue.modify"


@pytest.fixture
def desk(app: App) -> Iterator[PortalDesk]:
    with at_portal(app) as made:
        yield made


def an_order(desk: PortalDesk, *, coupon: str = "ANNA10") -> int:
    desk.connect()
    number = desk.shop.place_order(coupon=coupon)
    photo = desk.shop.add_file("паспорт.jpg")
    desk.shop.set_value(number, DOC, photo)
    return number


def foreign(desk: PortalDesk, number: int) -> dict[str, object]:
    return {
        code: desk.shop.value(number, code) for code in (FIO, "CONTACT_MAIL", PHONE, DOC, WISHES)
    }


def test_b1_a_write_keeps_every_value_files_and_several_ones_and_empty_ones(
    desk: PortalDesk,
) -> None:
    number = an_order(desk)
    before = foreign(desk, number)
    desk.settle()
    assert foreign(desk, number) == before
    assert desk.shop.value(number, EMPTY) is None
    assert desk.shop.card(number) | {"deal_id": "", "terms": ""} == {
        "commission": "100.00", "promo_code": "ANNA10", "refcode": "anna", "partner": "Anna",
        "terms": "", "deal_id": "",
    }  # fmt: skip
    assert len(desk.shop.writes()) == 1


@pytest.mark.parametrize(
    ("later", "writes"),
    [(2, 1), (0, 2)],  # seconds; in the same one ours goes over theirs, and theirs is put back
)
def test_b2_a_value_changed_between_reading_and_writing_is_kept(
    desk: PortalDesk, later: int, writes: int
) -> None:
    number = an_order(desk)
    shop = desk.shop

    def staff() -> None:
        shop.wait(later)
        before = shop.orders[number]["dateUpdate"]
        shop.set_value(number, PHONE, "+79990000000")
        shop.set_value(number, EMPTY, "7 этаж")
        shop.set_value(number, WISHES, None)
        if not later:
            shop.orders[number]["dateUpdate"] = before

    shop.meanwhile = [("after", "sale.order.get", lambda: None)] * 2  # the fetch, the card's look
    shop.meanwhile.append(("after", "sale.order.get", staff))  # right after the writer's own look
    desk.settle()
    assert not shop.meanwhile
    assert shop.value(number, PHONE) == "+79990000000"
    assert shop.value(number, EMPTY) == "7 этаж"
    assert not shop.value(number, WISHES)
    assert shop.value(number, FIO) == "Иван Петров"
    assert shop.card(number)["partner"] == "Anna"
    assert len(shop.writes()) == writes


def test_b2_and_b3_a_value_changed_while_the_answer_is_lost_is_kept_too(desk: PortalDesk) -> None:
    number = an_order(desk)
    shop = desk.shop

    def staff() -> None:
        shop.wait()
        shop.set_value(number, PHONE, "+79990000000")

    shop.meanwhile = [("after", "sale.order.get", staff)]
    shop.swallow = 1
    for _try in range(2):
        with contextlib.suppress(ShopError):
            desk.ask(lambda access: cards.write_card(access, str(number), {"partner": "Anna"}))
    assert shop.value(number, PHONE) == "+79990000000"
    assert shop.card(number)["partner"] == "Anna"
    assert len(shop.writes()) == 1


def test_b4_a_portal_that_cannot_hold_a_chain_is_written_to_with_looks_alone(
    desk: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = an_order(desk)
    before = foreign(desk, number)
    monkeypatch.setattr(fake_bitrix_methods, "_macro", lambda value, _results: value)
    desk.settle()
    assert foreign(desk, number) == before
    assert desk.shop.card(number)["partner"] == "Anna"
    assert len(desk.shop.writes()) == 1


def test_an_order_that_is_saved_all_the_time_is_written_to_later(desk: PortalDesk) -> None:
    number = an_order(desk)
    shop = desk.shop

    def save() -> None:
        shop.wait()
        shop.touch(number)

    shop.meanwhile = [("after", "sale.order.get", save)] * 20
    with pytest.raises(ShopError) as refused:
        desk.ask(lambda access: cards.write_card(access, str(number), {"partner": "Anna"}))
    assert (refused.value.code, refused.value.later) == ("busy", True)
    assert shop.writes() == []


def test_b2_a_code_that_staff_type_in_that_very_moment_stays_theirs(desk: PortalDesk) -> None:
    number = an_order(desk)
    shop = desk.shop
    shop.meanwhile = [
        (
            "after",
            "sale.order.get",
            lambda: shop.set_value(number, "partnerka_promo_code", "BORIS5"),
        )
    ]
    card = desk.ask(
        lambda access: cards.write_card(
            access, str(number), {"promo_code": "ANNA10", "partner": "Anna"}
        )
    )
    assert (card.fields["promo_code"], card.fields["partner"]) == ("BORIS5", "Anna")


def test_b3_an_answer_that_is_lost_is_no_second_write(desk: PortalDesk) -> None:
    number = an_order(desk)
    before = foreign(desk, number)
    desk.shop.swallow = 1
    desk.settle()
    assert len(desk.shop.writes()) == 1
    desk.hurry()
    desk.settle()
    assert len(desk.shop.writes()) == 1
    assert foreign(desk, number) == before
    assert desk.shop.card(number)["promo_code"] == "ANNA10"
    desk.shop.touch(number)  # it comes again, and is nobody's word
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert len(desk.shop.writes()) == 1


def test_b3_a_worker_that_is_killed_between_loses_nothing(desk: PortalDesk) -> None:
    number = an_order(desk)
    shop = desk.shop
    before = foreign(desk, number)

    def kill() -> None:
        raise KeyboardInterrupt

    whole = cards._write

    def killed(*said: object) -> object:
        whole(*said)  # type: ignore[arg-type]
        kill()
        return None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cards, "_write", killed)
        with pytest.raises(KeyboardInterrupt):
            desk.ask(lambda access: cards.write_card(access, str(number), {"partner": "Anna"}))
    assert foreign(desk, number) == before
    desk.ask(lambda access: cards.write_card(access, str(number), {"partner": "Anna"}))
    assert len(shop.writes()) == 1
    assert foreign(desk, number) == before


def test_b4_a_portal_that_takes_no_writes_in_batches_is_written_to_alone(desk: PortalDesk) -> None:
    number = an_order(desk)
    before = foreign(desk, number)
    desk.shop.no_batch_writes = True
    desk.settle()
    assert foreign(desk, number) == before
    assert desk.shop.card(number)["partner"] == "Anna"
    assert len(desk.shop.writes()) == 1


def test_b4_a_portal_without_batches_is_asked_one_by_one(desk: PortalDesk) -> None:
    number = an_order(desk)
    before = foreign(desk, number)
    desk.shop.no_batch = True
    desk.settle()
    desk.settle()
    assert desk.partner(number) == "Anna"
    assert foreign(desk, number) == before
    assert desk.shop.card(number)["partner"] == "Anna"
    assert len(desk.shop.writes()) == 1


def test_b4_a_value_that_reads_like_a_macro_is_never_put_into_a_batch(desk: PortalDesk) -> None:
    number = an_order(desk)
    desk.shop.set_value(number, FIO, "$result[before][order][price]")
    desk.settle()
    assert desk.shop.value(number, FIO) == "$result[before][order][price]"
    assert desk.shop.card(number)["partner"] == "Anna"


def test_b5_where_the_card_says_it_already_nothing_is_written(desk: PortalDesk) -> None:
    number = an_order(desk)
    card = desk.ask(
        lambda access: cards.write_card(access, str(number), {"partner": "Anna", "refcode": "anna"})
    )
    assert (
        desk.ask(
            lambda access: cards.write_card(
                access, str(number), {"partner": "Anna", "refcode": "anna"}
            )
        )
        == card
    )
    assert len(desk.shop.writes()) == 1


def test_b5_a_property_that_the_merchant_switched_off_is_left_alone(desk: PortalDesk) -> None:
    number = an_order(desk)
    shop = desk.shop
    off = shop.id_of("partnerka_terms", shop.orders[number]["personTypeId"])
    shop.properties[off]["active"] = "N"
    card = desk.ask(
        lambda access: cards.write_card(access, str(number), {"partner": "Anna", "terms": "Base"})
    )
    assert (card.fields["partner"], card.fields["terms"]) == ("Anna", "")
    assert len([p for p in shop.properties.values() if p["xmlId"] == "partnerka_terms"]) == 2


def test_b5_an_order_that_is_gone_is_told_so(desk: PortalDesk) -> None:
    desk.connect()
    for strange in ("999999", "1 OR 1"):
        assert desk.ask(partial(cards.read_card, external_id=strange)) is None
    with pytest.raises(ShopError, match="gone"):
        desk.ask(lambda access: cards.write_card(access, "999999", {"partner": "Anna"}))


@pytest.mark.parametrize(
    "values",
    [None, "x", [{"value": "x"}], [{"orderPropsId": None, "value": "x"}], ["x"]],
)
def test_b1_where_the_values_are_not_all_shown_nothing_is_written(
    desk: PortalDesk, monkeypatch: pytest.MonkeyPatch, values: object
) -> None:
    number = an_order(desk)
    shown = desk.shop.shown
    monkeypatch.setattr(desk.shop, "shown", lambda order: shown(order) | {"propertyValues": values})
    if values is None:
        monkeypatch.setattr(
            desk.shop,
            "shown",
            lambda order: {k: v for k, v in shown(order).items() if k != "propertyValues"},
        )
    with pytest.raises(ShopError):
        desk.ask(lambda access: cards.write_card(access, str(number), {"partner": "Anna"}))
    assert desk.shop.writes() == []


def test_b1_a_list_with_gaps_that_comes_as_an_object_is_read_whole(
    desk: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = an_order(desk)
    before, shown = foreign(desk, number), desk.shop.shown

    def gaps(order: dict[str, object]) -> dict[str, object]:
        said = shown(order)
        return said | {
            "propertyValues": {str(2 * i): v for i, v in enumerate(said["propertyValues"])}
        }

    monkeypatch.setattr(desk.shop, "shown", gaps)
    desk.ask(lambda access: cards.write_card(access, str(number), {"partner": "Anna"}))
    assert foreign(desk, number) == before
    assert desk.shop.card(number)["partner"] == "Anna"


def test_b5_a_field_that_the_portal_does_not_take_is_not_written_for_ever(
    desk: PortalDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = an_order(desk)
    before = foreign(desk, number)
    taken = desk.shop._taken
    monkeypatch.setattr(
        desk.shop,
        "_taken",
        lambda known, value: None if known["xmlId"] == "partnerka_terms" else taken(known, value),
    )
    said = {"partner": "Anna", "terms": "Base"}
    card = desk.ask(lambda access: cards.write_card(access, str(number), said))
    assert (card.fields["partner"], card.fields["terms"]) == ("Anna", "")
    assert len(desk.shop.writes()) == 1
    assert foreign(desk, number) == before
