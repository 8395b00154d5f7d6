"""InSales: nothing that it sends is signed, so it is asked for each order that it names, by a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.intake.shops import CARD, HISTORY, HOOKS
from app.intake.shops.insales.asking import (
    beginning,
    changed_since,
    ensure_setup,
    existing,
    fetch,
    health,
    history,
    products,
    read_address,
    read_card,
    take_down,
    write_card,
)
from app.intake.shops.insales.reading import kind, parse, topic, verify, words
from app.intake.shops.lacking import (
    drop_coupon,
    is_ping,
    proved,
    put_coupon,
    stop_coupon,
    write_member_group,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_babel.speaklater import LazyString

    from app.intake.shops import Pull

title: str = "InSales"
asks: tuple[str, ...] = ("address", "key", "secret")
offers: frozenset[str] = frozenset({HOOKS, CARD, HISTORY})
streams: tuple[str, ...] = ("orders",)
pulls: Mapping[str, Pull] = {}
hints: Mapping[str, LazyString] = {
    "address": _l(
        "The address of the shop's back office, such as https://myshop-abc12.myinsales.ru."
    ),
    "key": _l(
        "In the back office: Apps, For developers, Create a new API key, with the rights to read and"
        " change orders, and to read products and discounts."
    ),
    "key.label": _l("Identifier"),
    "secret.label": _l("Password"),
}

__all__ = [
    "asks",
    "beginning",
    "changed_since",
    "drop_coupon",
    "ensure_setup",
    "existing",
    "fetch",
    "health",
    "hints",
    "history",
    "is_ping",
    "kind",
    "offers",
    "parse",
    "products",
    "proved",
    "pulls",
    "put_coupon",
    "read_address",
    "read_card",
    "stop_coupon",
    "streams",
    "take_down",
    "title",
    "topic",
    "verify",
    "words",
    "write_card",
    "write_member_group",
]
