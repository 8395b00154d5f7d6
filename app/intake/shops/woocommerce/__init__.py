"""WooCommerce: REST v3 and its webhooks. `reading` proves and reads, `asking` and `telling` call the shop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.intake.shops import (
    CARD,
    COUPONS,
    GOODS,
    GROUPS,
    HISTORY,
    HOOKS,
    PEOPLE,
    REVIEWS,
    SCREEN,
    THANKS,
)
from app.intake.shops.woocommerce.asking import (
    beginning,
    changed_since,
    existing,
    fetch,
    history,
    proved,
)
from app.intake.shops.woocommerce.blocking import blockers
from app.intake.shops.woocommerce.client import read_address
from app.intake.shops.woocommerce.people import people, reviews
from app.intake.shops.woocommerce.reading import (
    CLICK,
    CODE,
    ENTRY,
    is_ping,
    kind,
    parse,
    topic,
    verify,
    words,
)
from app.intake.shops.woocommerce.shelf import products, shelf
from app.intake.shops.woocommerce.telling import (
    drop_coupon,
    ensure_setup,
    health,
    put_coupon,
    read_card,
    stop_coupon,
    take_down,
    write_card,
    write_member_group,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_babel.speaklater import LazyString

    from app.intake.shops import Pull

title: str = "WooCommerce"
asks: tuple[str, ...] = ("address", "key", "secret")
offers: frozenset[str] = frozenset({SCREEN, HOOKS, COUPONS, GROUPS, CARD, HISTORY, THANKS})
streams: tuple[str, ...] = ("any", "trash")
pulls: Mapping[str, Pull] = {GOODS: shelf, PEOPLE: people, REVIEWS: reviews}
hints: Mapping[str, LazyString] = {
    "address": _l("As its pages show it, with the folder if it is in one."),
    "key": _l(
        "In the shop: WooCommerce, Settings, Advanced, REST API, with the permission Read/Write."
    ),
    "key.label": _l("Consumer key"),
    "secret.label": _l("Consumer secret"),
    "hook": _l(
        "In the shop: WooCommerce, Settings, Advanced, Webhooks. Make one for each order topic: created,"
        " updated, deleted, restored."
    ),
    "not_a_shop": _l(
        "No WooCommerce answers at this address. Check it, and that the plugin is switched on."
    ),
    "read_only": _l("This key may only read. Make one with the permission Read/Write."),
    "rights": _l(
        "The key holds, but its user may not do all that is needed. Make one for an administrator or a shop manager."
    ),
    "blocked": _l(
        "Something in front of the shop turns us away: let a firewall or security plugin pass /wp-json/."
    ),
}

__all__ = [
    "CLICK",
    "CODE",
    "ENTRY",
    "asks",
    "beginning",
    "blockers",
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
