"""Orders as they stand, with a lock or without."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from app import sql
from app.errors import NotFound
from app.orders.rules import folded_from_json, key_from_json
from app.orders.service.shapes import Incoming, Standing, repeats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.orders.rules import MessageKey

_PEEK = """
SELECT r.n, o.id, o.shop_id, o.external_id, o.member_id, o.guest_id, o.folded, o.booking,
       o.rated_as_of,
       EXISTS (SELECT FROM order_message m WHERE m.order_id = o.id
               AND m.body_hash = r.hash AND m.seq = 0) AS known
FROM unnest(%(shops)s::bigint[], %(externals)s::text[], %(hashes)s::text[])
     WITH ORDINALITY AS r(shop, external, hash, n)
JOIN orders o ON o.shop_id = r.shop AND o.external_id = r.external
"""
_BY_IDS = """
SELECT id, shop_id, external_id, member_id, guest_id, folded, booking, rated_as_of
FROM orders
WHERE id = ANY(%(ids)s) ORDER BY id
"""
_KEYS = """
SELECT o.shop_id, o.external_id, o.folded -> 'key' AS key
FROM unnest(%(shops)s::bigint[], %(externals)s::text[]) AS r(shop, external)
JOIN orders o ON o.shop_id = r.shop AND o.external_id = r.external
"""
_OF_MEMBERS = """
SELECT id, shop_id, external_id, member_id, guest_id, folded, booking, rated_as_of
FROM orders
WHERE member_id = ANY(%(members)s) ORDER BY created_at, external_id
"""
_FIND = """
SELECT id, shop_id, external_id, member_id, guest_id, folded, booking, rated_as_of
FROM orders
WHERE shop_id = %(shop)s AND external_id = %(external)s
"""
_MEMBERS_OF_GUESTS = """
SELECT DISTINCT guest_id, member_id FROM orders
WHERE guest_id = ANY(%(guests)s) AND member_id IS NOT NULL
"""


def peek(incoming: Sequence[Incoming]) -> list[tuple[Standing | None, bool]]:
    """Look up the orders of messages without a lock; and whether each message is a double.

    A message with a version or `updated_at` is one by its content; one without is a double only of
    the newest, for its place among the others is the time of receipt.
    """
    asked = {
        "shops": [one.shop_id for one in incoming],
        "externals": [one.external_id for one in incoming],
        "hashes": [one.hash for one in incoming],
    }
    rows = {row.n: row for row in sql.rows(_PEEK, asked)}
    found: list[tuple[Standing | None, bool]] = []
    for n, one in enumerate(incoming, start=1):
        order = _standing(rows[n]) if n in rows else None
        doubled = order is not None and (rows[n].known if one.dated else repeats(order.folded, one))
        found.append((order, doubled))
    return found


def lock(order_ids: Iterable[int]) -> dict[int, Standing]:
    """Lock orders in id order and read them; those that are not there are absent."""
    ids = sorted(set(order_ids))
    rows = sql.rows(f"{_BY_IDS} FOR NO KEY UPDATE", {"ids": ids}) if ids else ()
    return {row.id: _standing(row) for row in rows}


def get_all(order_ids: Iterable[int]) -> list[Standing]:
    """Return orders by our ids, unlocked, in id order; those that are not there are absent."""
    return [_standing(row) for row in sql.rows(_BY_IDS, {"ids": sorted(set(order_ids))})]


def get(order_id: int) -> Standing:
    """Return an order by our id, unlocked; raises NotFound."""
    found = get_all([order_id])
    if not found:
        raise NotFound
    return found[0]


def find(shop_id: int, external_id: str) -> Standing:
    """Return a shop's order by its own id; raises NotFound."""
    row = sql.one(_FIND, {"shop": shop_id, "external": external_id})
    if row is None:
        raise NotFound
    return _standing(row)


def keys_of(names: Iterable[tuple[int, str]]) -> dict[tuple[int, str], MessageKey]:
    """Return the place of the newest message of shops' orders, by shop and the order's own id."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    asked = {"shops": [shop for shop, _id in wanted], "externals": [own for _shop, own in wanted]}
    rows = sql.rows(_KEYS, asked)
    return {(row.shop_id, row.external_id): key_from_json(row.key) for row in rows}


def members_of_guests(guest_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return whose orders guests' orders are now, by guest."""
    found: dict[int, set[int]] = defaultdict(set)
    ids = sorted(set(guest_ids))
    for row in sql.rows(_MEMBERS_OF_GUESTS, {"guests": ids}) if ids else ():
        found[row.guest_id].add(row.member_id)
    return found


def of_members(member_ids: Iterable[int]) -> list[Standing]:
    """Return all orders of the members, oldest first."""
    ids = sorted(set(member_ids))
    return [_standing(row) for row in sql.rows(_OF_MEMBERS, {"members": ids})] if ids else []


def _standing(row: Any) -> Standing:
    return Standing(
        id=row.id,
        shop_id=row.shop_id,
        external_id=row.external_id,
        member_id=row.member_id,
        guest_id=row.guest_id,
        folded=folded_from_json(row.folded),
        booking=row.booking,
        rated_as_of=row.rated_as_of,
    )
