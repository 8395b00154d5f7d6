"""PrestaShop: its webservice, asked again and again, for the shop never calls.

`asking` and `gathering` read orders, `reading` makes snapshots of them; `cards`, `coupons` and `people` write;
`shelf` is the catalogue, `health` the rights of the key.
"""

from __future__ import annotations

from app.intake.shops.prestashop.asking import (
    beginning,
    changed_since,
    existing,
    fetch,
    history,
    streams,
)
from app.intake.shops.prestashop.cards import read_card, write_card
from app.intake.shops.prestashop.coupons import drop_coupon, put_coupon, stop_coupon
from app.intake.shops.prestashop.health import ensure_setup, health
from app.intake.shops.prestashop.people import write_member_group
from app.intake.shops.prestashop.reading import is_ping, kind, parse, title, topic, verify, words
from app.intake.shops.prestashop.shelf import products

__all__ = [
    "beginning",
    "changed_since",
    "drop_coupon",
    "ensure_setup",
    "existing",
    "fetch",
    "health",
    "history",
    "is_ping",
    "kind",
    "parse",
    "products",
    "put_coupon",
    "read_card",
    "stop_coupon",
    "streams",
    "title",
    "topic",
    "verify",
    "words",
    "write_card",
    "write_member_group",
]
