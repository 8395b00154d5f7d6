"""Orders anew from the messages that are stored: read by another map, or to prove the fold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app import sql
from app.errors import Retry
from app.orders.rules import Folded, Message, State, absorb, snapshot_from_json
from app.orders.service.shapes import Standing, read_state
from app.orders.service.taking import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_MESSAGES = """
SELECT order_id, status, state, map_version, body, received_at FROM order_message
WHERE order_id = ANY(%(orders)s) ORDER BY order_id, id
"""
_REMAP = """
UPDATE order_message SET state = %(words)s::jsonb ->> status, map_version = %(version)s
WHERE order_id = ANY(%(orders)s) AND map_version < %(version)s
"""
_RATE = """
UPDATE orders SET rated_as_of = %(at)s
WHERE id = ANY(%(orders)s) AND rated_as_of IS DISTINCT FROM %(at)s
RETURNING id
"""


def read_anew(
    orders: Sequence[Standing], words: Mapping[str, str] | None = None, version: int = 0
) -> dict[int, Folded]:
    """Return the folds of orders from their stored messages, by order; nothing is written.

    Messages that a map older than `version` read are read by `words` instead; without words each
    keeps the state it has. A deletion stays. Orders of whom nothing is stored are absent.
    """
    by_id = {order.id: order for order in orders}
    found: dict[int, Folded] = {}
    for row in _messages(by_id):
        found[row.order_id] = absorb(
            found.get(row.order_id), _message(row, words if row.map_version < version else None)
        )
    return {
        order_id: replace(folded, deleted_at=by_id[order_id].folded.deleted_at)
        for order_id, folded in found.items()
    }


def _messages(order_ids: Iterable[int]) -> Iterable[Any]:
    ids = sorted(order_ids)
    return sql.rows(_MESSAGES, {"orders": ids}) if ids else ()


def _message(row: Any, words: Mapping[str, str] | None) -> Message:
    said = State(row.state) if row.state is not None else None
    state = said if words is None else read_state(row.status, words)
    return Message(snapshot_from_json(row.body), row.received_at, state)


def remap(
    orders: Sequence[Standing],
    words: Mapping[str, str],
    version: int,
    whose: Mapping[int, tuple[int | None, int | None]],
) -> list[Standing]:
    """Let locked orders' messages mean what the map says; return the orders that changed.

    `whose`: the customer and the guest of orders whose newest message is now another customer's.
    Raises Retry where such an order is missing there: it got a message meanwhile.
    """
    folds = read_anew(orders, words, version)
    values = {"words": json.dumps(dict(words)), "version": version}
    sql.send(_REMAP, {**values, "orders": [order.id for order in orders]})
    return refold(orders, folds, whose)


def refold(
    orders: Iterable[Standing],
    folds: Mapping[int, Folded],
    whose: Mapping[int, tuple[int | None, int | None]],
) -> list[Standing]:
    """Write locked orders whose fold is another now; return them. Raises Retry as `remap` does."""
    changed = []
    for order in orders:
        folded = folds.get(order.id, order.folded)
        if folded == order.folded:
            continue
        now = replace(order, folded=folded)
        if other_customer(order.folded, folded):
            if order.id not in whose:
                raise Retry("an order got a message meanwhile")
            member_id, guest_id = whose[order.id]
            now = replace(now, member_id=member_id, guest_id=guest_id)
        changed.append(now)
    write(changed)
    return changed


def other_customer(one: Folded, other: Folded) -> bool:
    """Whether two folds of an order name another customer."""
    return one.snapshot.customer != other.snapshot.customer


def rate_as_of(order_ids: Iterable[int], instant: datetime | None) -> set[int]:
    """Give locked orders the rates of an instant (None: of when they were made); return who changed."""
    ids = sorted(set(order_ids))
    return {row.id for row in sql.rows(_RATE, {"orders": ids, "at": instant})} if ids else set()
