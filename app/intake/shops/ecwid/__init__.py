"""Ecwid: its notices are signed over two fields only, so it is asked for each order that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask_babel import lazy_gettext as _l

from app.intake.shops import HISTORY
from app.intake.shops.ecwid.asking import (
    beginning,
    changed_since,
    existing,
    fetch,
    health,
    history,
    products,
    read_address,
    read_card,
    write_card,
)
from app.intake.shops.ecwid.reading import kind, parse, topic, verify, words
from app.intake.shops.lacking import (
    drop_coupon,
    ensure_setup,
    is_ping,
    proved,
    put_coupon,
    stop_coupon,
    take_down,
    write_member_group,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.intake.shops import Pull

title: str = "Ecwid"
asks: tuple[str, ...] = ("address", "key", "secret")
offers: frozenset[str] = frozenset({HISTORY})
streams: tuple[str, ...] = ("orders",)
pulls: Mapping[str, Pull] = {}
hints: Mapping[str, Any] = {
    "address": _l(
        "https://app.ecwid.com, unless your shop has an address of its own for programs."
    ),
    "address.default": "https://app.ecwid.com",
    "key": _l("It stands in the back office, below on the left."),
    "key.label": _l("Store ID"),
    "secret": _l(
        "Of an app of your own (My Apps, Develop apps) with the rights read_orders, read_catalog and"
        " read_store_profile."
    ),
    "secret.label": _l("Secret token"),
    "rights": _l(
        "The store does not take this token, or it lacks a right. It needs read_orders, read_catalog and"
        " read_store_profile."
    ),
    "not_a_shop": _l("No Ecwid store of this ID answers at this address. Check both."),
    "hook": _l(
        "For news within seconds, before the token is given: the client secret of your app goes here, and"
        " the channel's address into the app's webhooks. Without it the shop is asked every few minutes."
    ),
    "hook.secret": _l("The client secret of your app."),
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
