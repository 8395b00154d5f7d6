"""1C-Bitrix and Bitrix24: an incoming webhook that we call, and events that hasten us.

`reading` and `hearing` read, `asking` and `shelf` ask, `properties` and `cards` write, `client` calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_babel import lazy_gettext as _l

from app.intake.shops import CARD, GOODS, HISTORY
from app.intake.shops.bitrix.asking import beginning, changed_since, existing, fetch, history
from app.intake.shops.bitrix.cards import read_card, write_card
from app.intake.shops.bitrix.client import read_address
from app.intake.shops.bitrix.hearing import parse, topic, verify
from app.intake.shops.bitrix.properties import ensure_setup
from app.intake.shops.bitrix.reading import kind, words
from app.intake.shops.bitrix.shelf import goods, products
from app.intake.shops.bitrix.standing import health
from app.intake.shops.lacking import (
    drop_coupon,
    is_ping,
    proved,
    put_coupon,
    stop_coupon,
    take_down,
    write_member_group,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask_babel.speaklater import LazyString

    from app.intake.shops import Pull

title: str = "1C-Bitrix"
asks: tuple[str, ...] = ("address",)
offers: frozenset[str] = frozenset({CARD, HISTORY})
streams: tuple[str, ...] = ("any",)
pulls: Mapping[str, Pull] = {GOODS: goods}
hints: Mapping[str, LazyString] = {
    "address": _l(
        "In the portal: Developer resources, Other, Incoming webhook, made by an administrator with the"
        " permissions Online store (sale) and Trade catalog (catalog). Paste its whole address, such as"
        " https://shop.example/rest/1/abc123/: we keep its secret part sealed, and show it to nobody."
    ),
    "address.label": _l("Address of the incoming webhook"),
    "hook": _l(
        "It makes us look at once instead of within five minutes. In the portal: Developer resources, Other,"
        " Outgoing webhook, for the events of orders (saved, deleted). Paste its application token here, then"
        " enter the delivery address that we show as its handler."
    ),
    "hook.secret": _l("The application token of the outgoing webhook."),
    "coupons": _l(
        "This kind of shop takes no coupons from outside. By hand, once for all partners: Marketing, Product"
        " marketing, Cart rules, a rule with your discount; then under Coupons of that rule add each partner's"
        " code exactly as it is here, for many uses. A code works when the first order that used it names its"
        " partner here."
    ),
    "keys": _l(
        "The portal does not take this webhook. Make a new incoming webhook and paste its whole address,"
        " with /rest/, the number and the code."
    ),
    "rights": _l(
        "The webhook may not do all that is needed. An administrator is to make it, with the permissions"
        " Online store (sale) and Trade catalog (catalog)."
    ),
    "not_a_shop": _l(
        "No online store answers at this address. Check it; an edition without these methods can use our"
        " handler file instead (docs/shops/bitrix)."
    ),
    "blocked": _l(
        "The portal turns us away: its plan may not include REST, or something in front of it lets nobody pass."
    ),
    "busy": _l("The portal's limit of calls is reached. It goes on by itself after a pause."),
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
