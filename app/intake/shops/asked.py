"""Orders whose times in the shop say nothing stand as the shop showed them when it was asked last.

A shop's clock that runs ahead dates a change hours ahead of us; once it is set right, all that follows is
dated before that change. And a refund that is deleted may leave the order's time as it was. What comes of
such an order by itself is then no word but a reason to ask, and each answer counts by when it came: it has
that moment as its version, which stands above every time of the shop's. The last answer wins, whatever
came in between, doubled or late.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from app.intake.shops import FETCHED, OrderSaid
from app.orders import service as orders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.intake.shops import Said
    from app.orders.rules import MessageKey, Snapshot

    Keys = Mapping[tuple[int, str], MessageKey]

AHEAD = timedelta(minutes=10)  # clocks differ; by more than this one of them is wrong
_UNDATED_REFUNDS = {"woocommerce"}  # who deletes one there leaves the order's time as it was
_MOMENT = 10**12  # versions from here on are moments, in milliseconds


def held(read: Sequence[tuple[Any, Said]]) -> Keys:
    """Return what stands of the orders told of by shops that can be asked."""
    names = {
        (row.shop_id, said.external_id)
        for row, said in read
        if row.keyed and isinstance(said, OrderSaid)
    }
    return orders.keys_of(names)


def doubtful(row: Any, said: OrderSaid, keys: Keys) -> bool:
    """Whether the times of an order do not tell which word of it is the last: only asking does."""
    if not row.keyed:
        return False
    at, latest = said.snapshot.updated_at, row.received_at + AHEAD
    key = keys.get((row.shop_id, said.external_id))
    if key is None:
        return at is not None and at > latest
    # Readers put what they know more of behind a second's other messages by parts of that second.
    same = at is not None and key.at.replace(microsecond=0) == at.replace(microsecond=0)
    lost = same and key.refunds > len(said.snapshot.refunds)
    ahead = max(key.at, at or key.at) > latest
    return ahead or key.version >= _MOMENT or (lost and row.kind in _UNDATED_REFUNDS)


def as_answered(row: Any, said: OrderSaid, snapshot: Snapshot, keys: Keys) -> Snapshot:
    """Let what the shop answered about a doubtful order stand above all that was said before."""
    if row.topic != FETCHED or not doubtful(row, said, keys):
        return snapshot
    moment = int(row.received_at.timestamp() * 1000)
    at = min(snapshot.updated_at or row.received_at, row.received_at)
    return replace(snapshot, version=moment, updated_at=at)
