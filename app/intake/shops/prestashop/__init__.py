"""PrestaShop: its webservice, asked again and again, for the shop never calls.

`asking` and `gathering` read orders, `reading` makes snapshots of them; `cards`, `coupons` and `customers` write;
`goods` is the catalogue, `health` the rights of the key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.intake.shops import CARD, COUPONS, GOODS, GROUPS, HISTORY, PEOPLE, THANKS
from app.intake.shops.lacking import ensure_setup, is_ping, take_down
from app.intake.shops.prestashop.asking import (
    beginning,
    changed_since,
    existing,
    fetch,
    history,
    proved,
    streams,
)
from app.intake.shops.prestashop.blocking import blockers
from app.intake.shops.prestashop.cards import read_card, write_card
from app.intake.shops.prestashop.client import read_address
from app.intake.shops.prestashop.coupons import drop_coupon, put_coupon, stop_coupon
from app.intake.shops.prestashop.customers import people, write_member_group
from app.intake.shops.prestashop.goods import products, shelf
from app.intake.shops.prestashop.health import health
from app.intake.shops.prestashop.reading import kind, parse, topic, verify, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_babel.speaklater import LazyString

    from app.intake.shops import Pull

title: str = "PrestaShop"
asks: tuple[str, ...] = ("address", "key")
offers: frozenset[str] = frozenset({COUPONS, GROUPS, CARD, HISTORY, THANKS})
pulls: Mapping[str, Pull] = {GOODS: shelf, PEOPLE: people}
hints: Mapping[str, LazyString] = {
    "address": _l("As its pages show it, with the folder if it is in one."),
    "key": _l(
        "In the shop: Advanced Parameters, Webservice. Switch the webservice on, add a key and tick what it may"
        " do: View all; Add, Modify and Delete for cart_rules; Add and Modify for customer_threads and"
        " customer_messages; Modify for customers; Patch for orders, where there is such a column."
    ),
    "key.label": _l("Webservice key"),
    "keys": _l(
        "The shop does not take this key. It has 32 characters, and must be enabled under Advanced Parameters,"
        " Webservice."
    ),
    "rights": _l(
        "The key may not do all that is needed. In the shop, under Advanced Parameters, Webservice, tick for"
        " it the rights to these resources."
    ),
    "not_a_shop": _l(
        "No PrestaShop answers at this address, neither under /api/ nor under /webservice/dispatcher.php. Check the"
        " address, and the folder if it is in one."
    ),
    "webservice_off": _l(
        "The webservice of the shop is switched off. Switch it on under Advanced Parameters, Webservice."
    ),
    "other_shop": _l(
        "The key is not one of this shop, but of another one of the same installation. Under Advanced Parameters,"
        " Webservice, tick this shop for the key."
    ),
    "blocked": _l(
        "Something in front of the shop turns us away: let a firewall or security module pass /api/."
    ),
    "no_group": _l(
        "The shop has no customer group of this name. Make one there, with the categories that it may see."
    ),
}

__all__ = [
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
    "people",
    "products",
    "proved",
    "pulls",
    "put_coupon",
    "read_address",
    "read_card",
    "shelf",
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
