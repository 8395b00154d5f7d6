"""Store messages, fold them into their orders, and count bookings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app import clock, sql
from app.errors import Retry
from app.orders.rules import (
    absorb,
    folded_to_json,
    mark_deleted,
    order_total,
    refunded,
    snapshot_to_json,
)
from app.orders.service.shapes import Incoming, Standing, Word, repeats

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

# The first booking of a new order has the number one without another word.
_OPEN = """
WITH o AS (
    INSERT INTO orders (shop_id, external_id, number, search, member_id, guest_id, status, state,
                        currency, total, folded, booking, created_at, received_at, changed_at)
    SELECT shop, external, number, search, member, guest, status, state, currency, total, folded,
           1, created_at, received, changed_at
    FROM json_to_recordset(%(orders)s)
         AS r(shop bigint, external text, number text, search text, member bigint, guest bigint,
              status text, state text, currency text, total bigint, folded jsonb,
              created_at timestamptz, received timestamptz, changed_at timestamptz)
    ON CONFLICT (tenant_id, shop_id, external_id) DO NOTHING
    RETURNING id, shop_id, external_id
), m AS (
    INSERT INTO order_message (order_id, body_hash, seq, source, status, state, map_version, body,
                               received_at)
    SELECT o.id, hash, seq, source, status, said, map, body, received
    FROM json_to_recordset(%(messages)s)
         AS r(shop bigint, external text, hash text, seq bigint, source text, status text,
              said text, map bigint, body jsonb, received timestamptz)
    JOIN o ON o.shop_id = r.shop AND o.external_id = r.external
    RETURNING 1
)
SELECT id, shop_id, external_id FROM o
"""
_KEEP = """
INSERT INTO order_message (order_id, body_hash, seq, source, status, state, map_version, body,
                           received_at)
SELECT r."order", hash,
       CASE WHEN seq = 0 THEN 0 ELSE seq + (SELECT count(*) FROM order_message k
            WHERE k.order_id = r."order" AND k.body_hash = r.hash) END,
       source, status, said, map, body, received
FROM json_to_recordset(%(messages)s)
     AS r("order" bigint, hash text, seq bigint, source text, status text, said text, map bigint,
          body jsonb, received timestamptz)
ON CONFLICT (tenant_id, order_id, body_hash, seq) DO NOTHING
RETURNING order_id, body_hash
"""
_WRITE = """
UPDATE orders o SET number = r.number, search = r.search, member_id = r.member,
       guest_id = r.guest, status = r.status, state = r.state, currency = r.currency,
       total = r.total, folded = r.folded, created_at = r.created_at, changed_at = r.changed_at
FROM json_to_recordset(%(orders)s)
     AS r(id bigint, number text, search text, member bigint, guest bigint, status text,
          state text, currency text, total bigint, folded jsonb, created_at timestamptz,
          changed_at timestamptz)
WHERE o.id = r.id
"""
_TAKE_OVER = """
UPDATE orders o SET member_id = u.owner
FROM unnest(%(guests)s::bigint[], %(owners)s::bigint[]) AS u(guest, owner)
WHERE o.guest_id = u.guest
"""
_NUMBER = """
UPDATE orders o SET booking = u.number
FROM unnest(%(orders)s::bigint[], %(numbers)s::bigint[]) AS u(id, number) WHERE o.id = u.id
"""


def open_all(groups: Sequence[Sequence[Word]]) -> list[Standing]:
    """Make new orders, each of its first messages. Raises Retry when another transaction just made one."""
    made = [_opened(words) for words in groups]
    orders = [
        {**_columns(order), "shop": order.shop_id, "external": order.external_id,
         "received": words[0].incoming.received_at}
        for words, (order, _kept) in zip(groups, made, strict=True)
    ]  # fmt: skip
    messages = [
        {**_message(one, n), "shop": one.shop_id, "external": one.external_id}
        for _order, kept in made
        for one, n in kept
    ]
    orders.sort(key=lambda row: (row["shop"], row["external"]))  # who meets another waits in turn
    values = {"orders": sql.recordset(orders), "messages": sql.recordset(messages)}
    ids = {(row.shop_id, row.external_id): row.id for row in sql.rows(_OPEN, values)}
    if len(ids) != len(orders):
        raise Retry("an order was made meanwhile")
    return [replace(order, id=ids[order.shop_id, order.external_id]) for order, _kept in made]


def _opened(words: Sequence[Word]) -> tuple[Standing, list[tuple[Incoming, int]]]:
    """Fold the first messages of an order; return it and the messages to keep, with their numbers."""
    one, member_id, guest_id = words[0].incoming, words[0].member_id, words[0].guest_id
    folded = absorb(None, one.message)
    order = Standing(
        0, one.shop_id, one.external_id, member_id, guest_id, folded, booking=0, fresh=True
    )
    kept = [(one, _seq(one, ()))]
    for word in words[1:]:
        one = word.incoming
        known = {other.hash for other, _n in kept}
        if one.hash in known if one.dated else repeats(order.folded, one):
            continue
        kept.append((one, _seq(one, kept)))
        order = _folded(order, word)
    return order, kept


def _seq(incoming: Incoming, kept: Iterable[tuple[Incoming, int]]) -> int:
    """Return 0 for what is one by its content, else its number among those kept just now."""
    if incoming.dated:
        return 0
    return 1 + sum(other.hash == incoming.hash for other, _n in kept)


def take_in(groups: Sequence[tuple[Standing, Sequence[Word]]]) -> list[Standing]:
    """Store messages and fold them into their locked orders; return the orders that changed.

    Doubles change nothing. An order belongs to the customer whom its newest message names.
    """
    dated = [(order, w.incoming) for order, words in groups for w in words if w.incoming.dated]
    new = _keep((_message(one, 0) | {"order": order.id}) for order, one in dated)
    changed, undated = [], []
    for order, words in groups:
        now = order
        kept: list[tuple[Incoming, int]] = []
        for word in words:
            one = word.incoming
            if one.dated:
                if (order.id, one.hash) not in new:
                    continue
                new.discard((order.id, one.hash))
            elif repeats(now.folded, one):
                continue
            else:
                kept.append((one, _seq(one, kept)))
            now = _folded(now, word)
        undated += [_message(one, n) | {"order": order.id} for one, n in kept]
        if now is not order:
            changed.append(now)
    _keep(undated)
    write(changed)
    return changed


def _keep(messages: Iterable[Mapping[str, Any]]) -> set[tuple[int, str]]:
    """Store messages; return which of them are new."""
    rows = list(messages)
    if not rows:
        return set()
    found = sql.rows(_KEEP, {"messages": sql.recordset(rows)})
    return {(row.order_id, row.body_hash) for row in found}


def _folded(order: Standing, word: Word) -> Standing:
    folded = absorb(order.folded, word.incoming.message)
    if folded.key != word.incoming.message.key:
        return replace(order, folded=folded)
    return replace(order, folded=folded, member_id=word.member_id, guest_id=word.guest_id)


def delete(order: Standing, received_at: datetime) -> Standing:
    """Take in the shop's deletion of a locked order: cancelled, until a later word revives it."""
    changed = replace(order, folded=mark_deleted(order.folded, received_at))
    write([changed])
    return changed


def take_over(owners: Mapping[int, int]) -> None:
    """Let guests' orders belong to the owners of their e-mails: {guest: owner}."""
    if owners:
        sql.send(_TAKE_OVER, {"guests": list(owners), "owners": list(owners.values())})


def next_booking(order: Standing) -> int:
    """Return the number of the next booking of an order whose lock is held."""
    return 1 if order.fresh else order.booking + 1


def number_bookings(numbers: Mapping[int, int]) -> None:
    """Remember the newest booking's number of locked orders: {order: number}."""
    if numbers:
        sql.send(_NUMBER, {"orders": list(numbers), "numbers": list(numbers.values())})


def write(orders: Sequence[Standing]) -> None:
    """Write locked orders as they now stand."""
    if orders:
        rows = ({**_columns(order), "id": order.id} for order in orders)
        sql.send(_WRITE, {"orders": sql.recordset(rows)})


def _message(incoming: Incoming, seq: int) -> dict[str, object]:
    return {
        "hash": incoming.hash,
        "seq": seq,
        "source": incoming.source,
        "status": incoming.snapshot.status,
        "said": incoming.state.value if incoming.state else None,
        "map": incoming.map_version,
        "body": snapshot_to_json(incoming.snapshot),
        "received": incoming.received_at,
    }


def _columns(order: Standing) -> dict[str, Any]:
    """Return what lists and locks read of an order, mirrored from its fold."""
    folded = order.folded
    said = folded.snapshot
    back = refunded(said)
    given_back = round(sum(back.lines.values())) + back.shipping + back.fees
    number = said.number or order.external_id
    customer = said.customer
    words = (number, order.external_id, customer.name, customer.email, customer.phone)
    return {
        "number": number,
        "member": order.member_id,
        "guest": order.guest_id,
        "search": " ".join(w.casefold() for w in words if w),
        "status": said.status,
        "state": folded.state.value,
        "currency": said.currency,
        "total": order_total(said) - given_back,
        "folded": folded_to_json(folded),
        "created_at": said.created_at,
        "changed_at": clock.now(),
    }
