"""A PrestaShop of either flavour for tests that speak to it through its connector alone."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.intake.shops import Access, OrderSaid
from app.intake.shops import prestashop as presta
from tests.shops.fake_prestashop import KEY, FakePrestaShop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.application import App
    from app.orders.rules import Snapshot

FOLDER = Path(__file__).parent / "prestashop"


def opened(app: App, flavour: str) -> Iterator[FakePrestaShop]:
    made = FakePrestaShop(flavour)
    before = app.extensions["partnerka"]
    app.extensions["partnerka"] = replace(before, egress_allow=(made.place,))
    with app.app_context():
        yield made
    app.extensions["partnerka"] = before
    made.close()


def access(shop: FakePrestaShop, **more: Any) -> Access:
    said = {
        "address": shop.url,
        "key": KEY,
        "secret": "",
        "currency": "USD",
        "zone": "Europe/Paris",
    }
    return Access(**{**said, **more})


def captured(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def load(shop: FakePrestaShop, resource: str, rows: list[dict[str, Any]]) -> None:
    """Put recorded things into the shop as they were."""
    for each in rows:
        row = {name: value for name, value in each.items() if name != "associations"}
        shop.put(resource, int(row.pop("id")), **row, **each.get("associations", {}))


def snapshot(shop: FakePrestaShop, number: int, **more: Any) -> Snapshot:
    found = presta.fetch(access(shop, **more), str(number))
    assert found is not None
    said = presta.parse(found.topic, found.body, "USD")
    assert isinstance(said, OrderSaid)
    assert said.whole
    return said.snapshot
