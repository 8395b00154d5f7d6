"""The caps of a month: who asked for how much, who holds the month, what is left, who is told.

Whoever changes what a month's caps gave has the merchant's turn, before customers and orders.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.commissions.rules import Ask, CapKind, Limit, Taken, is_near
from app.errors import Retry
from app.events.service import Happened

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from app.commissions.rules import Grant

ASKS_OF = """
SELECT order_id, level, partner_id, month, available_at, ordered_at, external_id, wanted,
       given, limits, whole
FROM cap_ask WHERE order_id = ANY(%(orders)s)
"""
_TURN = "turn"  # the key of the row that is the turn: there from the first ask on
_WAIT = "SELECT id FROM cap WHERE key = %(key)s FOR UPDATE"
_OPEN = "INSERT INTO cap (key, most) VALUES (%(key)s, 0) ON CONFLICT (tenant_id, key) DO NOTHING"
_HAVE = "SELECT id FROM cap WHERE key = %(key)s FOR UPDATE SKIP LOCKED"
_SINCE = """
SELECT order_id, level, partner_id, month, available_at, ordered_at, external_id, wanted,
       given, limits, whole
FROM cap_ask WHERE month = %(month)s AND available_at >= %(since)s
"""
_COUNTERS = "SELECT key, most, given, told_at FROM cap WHERE key = ANY(%(keys)s)"
_FORGET = "DELETE FROM cap_ask WHERE order_id = ANY(%(orders)s)"
_KEEP = """
INSERT INTO cap_ask (order_id, level, partner_id, month, available_at, ordered_at, external_id, wanted,
       given, limits, whole)
SELECT order_id, level, partner_id, month, available_at, ordered_at, external_id, wanted,
       given, limits, whole
FROM json_to_recordset(%(rows)s)
     AS r(order_id bigint, level bigint, partner_id bigint, month text, available_at timestamptz,
          ordered_at timestamptz, external_id text, wanted bigint, given bigint, limits jsonb,
          whole boolean)
"""
_COUNT = """
INSERT INTO cap AS c (key, most, given, told_at)
SELECT key, most, given, told_at FROM json_to_recordset(%(rows)s)
     AS r(key text, most bigint, given bigint, told_at timestamptz)
ON CONFLICT (tenant_id, key) DO UPDATE SET
    most = excluded.most, given = excluded.given, told_at = excluded.told_at
"""


@dataclass(frozen=True)
class Kept:
    """What was asked, and what was given of it, minor units."""

    ask: Ask
    given: int


def kept(row: Any) -> Kept:
    """Read a row of cap_ask."""
    limits = tuple(Limit(CapKind(kind), key, most) for kind, key, most in row.limits)
    place = (
        row.available_at,
        row.ordered_at,
        row.external_id,
        row.level,
        row.partner_id,
        row.order_id,
    )
    ask = Ask(place, row.order_id, row.level, row.partner_id, row.wanted, limits, row.whole)
    return Kept(ask, row.given)


def _month(ask: Ask) -> str:
    return ask.limits[0].key.rpartition(":")[2]


@dataclass(frozen=True)
class Held:
    """The months that some orders touch, while it is their turn; nothing where no cap is in play."""

    orders: frozenset[int] = frozenset()  # whose asks are decided anew
    taken: Taken = field(default_factory=Taken)
    before: Mapping[tuple[int, int, int], int] = field(default_factory=dict)  # others' sums
    counters: Mapping[str, Any] = field(default_factory=dict)
    keys: frozenset[str] = frozenset()
    stale: bool = False  # the orders have asks in the table

    def moved(self, served: Iterable[tuple[Ask, Grant]]) -> set[int]:
        """Return the other orders that get another sum than they had."""
        return {
            ask.order_id
            for ask, grant in served
            if ask.order_id not in self.orders
            and self.before[ask.order_id, ask.level, ask.partner_id] != grant.given
        }

    def keep(self, served: Sequence[tuple[Ask, Grant]], currency: str) -> list[Happened]:
        """Write what was asked and given, and the counters; return the events of caps nearly spent."""
        own = [(ask, grant) for ask, grant in served if ask.order_id in self.orders]
        if self.stale:
            sql.send(_FORGET, {"orders": sorted(self.orders)})
        if own:
            sql.send(_KEEP, {"rows": sql.recordset(_row(*each) for each in own)})
        counted = list(self._counted(served))
        if counted:
            sql.send(_COUNT, {"rows": sql.recordset(counted)})
        return [h for each in counted for h in self._told(each, currency)]

    def _counted(self, served: Sequence[tuple[Ask, Grant]]) -> Iterator[dict[str, Any]]:
        """Return each counter of the months as it is now."""
        sums: dict[str, int] = defaultdict(int, self.taken.given)
        newest: dict[str, int] = {}
        for ask, grant in served:
            for limit in ask.limits:
                sums[limit.key] += grant.given
                newest[limit.key] = limit.most
        for key in sorted(self.keys):
            was = self.counters.get(key)
            most = newest.get(key, was.most if was else 0)
            told_at = was.told_at if was else None
            near = key in newest and is_near(most, was.given if was else 0, sums[key])
            yield {
                "key": key,
                "most": most,
                "given": sums[key],
                "told_at": told_at or (clock.now() if near else None),
            }

    def _told(self, counter: Mapping[str, Any], currency: str) -> Iterator[Happened]:
        key = counter["key"]
        was = self.counters.get(key)
        if counter["told_at"] is None or (was is not None and was.told_at is not None):
            return
        kind, _, rest = key.partition(":")
        owner, _, month = rest.rpartition(":")
        facts = {
            "cap": kind,
            "month": month,
            "given": counter["given"],
            "most": counter["most"],
            "currency": currency,
        }
        facts |= {"partner_id": int(owner)} if kind == CapKind.PARTNER else {}
        facts |= {"terms_id": int(owner)} if kind == CapKind.TERMS else {}
        yield Happened("cap.near", f"cap:{key}", facts)
        if kind == CapKind.PARTNER:
            yield Happened("cap.partner_near", f"partner:{owner}", facts)


def _row(ask: Ask, grant: Grant) -> dict[str, Any]:
    available_at, ordered_at, external_id, *_rest = ask.place
    return {
        "order_id": ask.order_id,
        "level": ask.level,
        "partner_id": ask.partner_id,
        "month": _month(ask),
        "available_at": available_at,
        "ordered_at": ordered_at,
        "external_id": external_id,
        "wanted": ask.wanted,
        "given": grant.given,
        "limits": [[limit.kind.value, limit.key, limit.most] for limit in ask.limits],
        "whole": ask.whole,
    }


def in_turn() -> None:
    """Wait for the merchant's turn, where a cap of a month was ever in play; else nothing is locked.

    To be called before anything else is locked: an order that asks for a part of a month may move the
    orders of any customer, so whoever holds customers must not wait for those who share out the month.
    """
    sql.send(_WAIT, {"key": _TURN})


def _make_sure() -> None:
    """See that the turn is ours, without waiting. Raises Retry where another has it."""
    sql.send(_OPEN, {"key": _TURN})
    if sql.one(_HAVE, {"key": _TURN}) is None:
        raise Retry("another shares out the month")


def hold(
    orders: Collection[int], asked: Sequence[Ask], before: Sequence[Kept], *, lock: bool = True
) -> Held:
    """Read what others take of the months that the orders ask, or asked, something of.

    What others asked before the first of these orders became available stands; it is known by the
    counters. Without any ask nothing is read. `lock` False: only look; else the turn must be ours (see
    `in_turn`), and is taken by the first who asks. Raises Retry where another has it.
    """
    first: dict[str, datetime] = {}
    for ask in (*asked, *(each.ask for each in before)):
        month, at = _month(ask), ask.place[0]
        first[month] = min(first.get(month, at), at)
    if not first:
        return Held()
    if lock:
        _make_sure()
    later = [
        kept(row)
        for month, since in first.items()
        for row in sql.rows(_SINCE, {"month": month, "since": since})
    ]
    keys = {limit.key for ask in asked for limit in ask.limits}
    keys |= {limit.key for each in later for limit in each.ask.limits}
    counters = {row.key: row for row in sql.rows(_COUNTERS, {"keys": sorted(keys)})}
    given = {key: counters[key].given if key in counters else 0 for key in keys}
    for each in later:
        for limit in each.ask.limits:
            given[limit.key] -= each.given
    own = frozenset(orders)
    others = [each for each in later if each.ask.order_id not in own]
    return Held(
        orders=own,
        taken=Taken(given, tuple(each.ask for each in others)),
        before={(e.ask.order_id, e.ask.level, e.ask.partner_id): e.given for e in others},
        counters=counters,
        keys=frozenset(keys),
        stale=bool(before),
    )
