"""The page that thanks for an order says who it is for: our script there names the order, its key and the click.

Anybody may say that. It counts once the shop itself has shown the same key for the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from app import crypto
from app.extensions import db
from app.intake.models import ShopErrand
from app.intake.shops import THANKS, connections, errands
from app.intake.shops.registry import CALLED
from app.orders.rules import is_id

if TYPE_CHECKING:
    from collections.abc import Mapping

KIND = "thanks"
LONGEST = 200
MOST_WAITING = 300  # of a shop: strangers may say what they like


def said(words: Mapping[str, str]) -> bool:
    """Ask the merchant's shops whether what a page says is so: {"order", "key", "click"}; False: it is nothing."""
    order, key, click = (words.get(name, "").strip() for name in ("order", "key", "click"))
    if not (is_id(order) and _is_text(key) and _is_text(click)):
        return False
    # Another key for the same order is another errand: a stranger's word takes no visitor's place.
    subject = f"{order[:60]}:{crypto.digest(f'{key} {click}')[:24]}"
    asked = False
    for shop in connections.keyed():
        if THANKS in CALLED[shop.kind].offers and _waiting(shop.id) < MOST_WAITING:
            errands.ask(shop.id, KIND, [subject], {"order": order, "key": key, "click": click})
            asked = True
    return asked


def _is_text(text: str) -> bool:
    return 0 < len(text) <= LONGEST and text.isprintable()


def _waiting(connection_id: int) -> int:
    query = select(func.count()).where(
        ShopErrand.connection_id == connection_id,
        ShopErrand.kind == KIND,
        ShopErrand.state.in_(errands.OPEN),
    )
    return db.session.scalar(query) or 0
