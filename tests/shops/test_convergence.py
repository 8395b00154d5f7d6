"""Recorded traffic in order, shuffled, doubled, and lost and found by a sweep: the same money and the same card."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from app.intake.shops import connections

if TYPE_CHECKING:
    from tests.shops.scene import Desk

FOLDER = Path(__file__).parent / "woocommerce"
DELIVERIES = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("0*.json"))]
REFUNDS = json.loads((FOLDER / "refunds_partial.json").read_text())
PARTIAL = [each for each in DELIVERIES[:10] if each.get("json")]  # up to the part refund


def shop_of(desk: Desk, said: list[dict[str, Any]]) -> None:
    """Let the shop be as it was after these deliveries, with its goods, and connect it."""
    for each in said:
        if "status" in each["json"]:
            order = json.loads(each["raw"])
            order["meta_data"] = [
                m for m in order["meta_data"] if not m["key"].startswith("partner_")
            ]
            desk.shop.orders[order["id"]] = order
    for number in (10, 11):
        desk.shop.products[number] = {
            "id": number, "name": f"Widget {number}", "price": "100.00", "categories": [],
        }  # fmt: skip
    desk.shop.refunds[13] = REFUNDS
    desk.connect(sweep=False)
    desk.since("2026-11-22T00:00:00")


def hear(desk: Desk, delivery: dict[str, Any]) -> None:
    """Let a recorded delivery come again, as our own hook signs it; without what another program wrote."""
    body = json.loads(delivery["raw"])
    if "meta_data" in body:
        body["meta_data"] = [m for m in body["meta_data"] if not m["key"].startswith("partner_")]
    topic = delivery["headers"]["X-WC-Webhook-Topic"]
    shop = desk.do(lambda: connections.open_shop(desk.id))
    hook = {
        "id": 1,
        "topic": topic,
        "secret": shop.access.hook_secret,
        "delivery_url": shop.access.hook,
    }
    assert desk.shop.post(hook, json.dumps(body).encode()) == 200


def outcome(desk: Desk) -> dict[str, Any]:
    cards = {number: desk.shop.card(number) for number in desk.shop.orders}
    for card in cards.values():
        assert card.pop("partner_deal_id", "dl_").startswith("dl_")
    return {
        "orders": desk.orders(),
        "balances": desk.balances(),
        "cards": {number: card for number, card in cards.items() if any(card.values())},
    }


EXPECTED = {"13": ("completed", 13860, [(396, 0), (990, 0)])}  # 39.60 came back, all of Widget B


def test_in_order_the_refunds_line_loses_its_commission_and_the_card_says_so(desk: Desk) -> None:
    shop_of(desk, PARTIAL)
    for each in PARTIAL:
        hear(desk, each)
    desk.settle()
    found = outcome(desk)
    assert found["orders"] == EXPECTED
    assert found["cards"][13]["partner_commission"] == "13.86"
    # The sale, and then its refund, whose lines had to be asked for.
    assert len(desk.shop.writes("orders/")) <= 2


@pytest.mark.parametrize("seed", range(4))
def test_shuffled_doubled_or_lost_it_ends_the_same(desk: Desk, seed: int) -> None:
    shop_of(desk, PARTIAL)
    random = Random(seed)  # noqa: S311 - a seed, so that a failure can be seen again
    heard = random.sample(PARTIAL + PARTIAL, 2 * len(PARTIAL))
    if seed % 2:  # a receiver that was away: the sweep finds what it missed
        heard = heard[: seed // 2 + 1]
    for each in heard:
        hear(desk, each)
        if random.random() < 0.5:
            desk.settle()
    desk.settle()
    desk.sweep()
    desk.settle()
    found = outcome(desk)
    assert found["orders"] == EXPECTED
    assert found["cards"][13]["partner_commission"] == "13.86"
    assert found["cards"][13]["partner_promo_code"] == "ANNA10"
    balance = found["balances"]["Anna"]
    assert balance.pending + balance.available == 1386


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_the_whole_of_it_ends_with_nothing_earned_and_empty_hands(desk: Desk, seed: int) -> None:
    whole = [each for each in DELIVERIES if each.get("json")]
    shop_of(desk, whole)
    del desk.shop.orders[17]  # deleted for good, which nobody told
    [rest] = [r for r in desk.shop.orders[13]["refunds"] if r["id"] != REFUNDS[0]["id"]]
    desk.shop.refunds[13] = [
        *REFUNDS,
        {"id": rest["id"], "amount": rest["total"].lstrip("-"), "line_items": []},
    ]
    random = Random(seed)  # noqa: S311 - a seed, so that a failure can be seen again
    heard = (
        whole
        if not seed
        else random.sample(whole + whole, len(whole) if seed == 3 else 2 * len(whole))
    )
    for each in heard:
        hear(desk, each)
    desk.settle()
    desk.sweep()
    desk.settle()
    states = {number: state for number, (state, _, _) in desk.orders().items()}
    assert states == {"13": "refunded", "16": "cancelled", "17": "cancelled"}
    assert all(not nets for _, _, nets in desk.orders().values())
    balance = desk.balances()["Anna"]
    assert balance.pending + balance.available == 0


def test_a_receiver_that_was_down_for_ten_deliveries_loses_no_order(desk: Desk) -> None:
    lamp = desk.shop.add_product("Lamp", "100.00")
    desk.connect()
    desk.down = True
    numbers = [desk.shop.place_order(lamp, coupon="ANNA10") for _ in range(5)]
    desk.shop.deliver()
    for number in numbers:
        desk.shop.wait()
        desk.shop.touch(number)
    desk.shop.deliver()
    assert len([each for each in desk.shop.sent if each["status"] == 500]) >= 10
    off = [h["topic"] for h in desk.shop.hooks.values() if h["status"] == "disabled"]
    assert "order.updated" in off  # after the seventh failure
    desk.down = False
    desk.sweep()
    desk.settle()
    assert sorted(desk.orders()) == [str(number) for number in numbers]
    assert [desk.partner(number) for number in numbers] == ["Anna"] * 5
    assert all(h["status"] == "active" for h in desk.shop.hooks.values())
    assert desk.health()["mended"] == 1
    desk.shop.wait()
    desk.shop.change(numbers[0], "completed")
    assert desk.shop.deliver() == 1  # it calls us again
