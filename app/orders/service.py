"""Take in what shops say about orders, and keep each order as it now stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from app import clock, sql
from app.errors import NotFound, Retry
from app.members.rules import normalise_email, normalise_phone
from app.members.service import Contact
from app.orders.rules import (
    Folded,
    Message,
    Snapshot,
    State,
    absorb,
    body_hash,
    folded_from_json,
    folded_to_json,
    mark_deleted,
    order_total,
    refunded,
    snapshot_to_json,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime


@dataclass(frozen=True)
class Incoming:
    """One message, ready to be taken in: whose, from where, and what its word meant."""

    shop_id: int
    external_id: str
    snapshot: Snapshot
    state: State | None
    map_version: int
    source: str
    received_at: datetime

    @cached_property
    def message(self) -> Message:
        """The message as the rules know it."""
        return Message(self.snapshot, self.received_at, self.state)

    @cached_property
    def hash(self) -> str:
        """The hash of the message's content."""
        return self.message.key.hash

    @property
    def dated(self) -> bool:
        """Whether the message says by itself where it stands among the others."""
        return bool(self.snapshot.version) or self.snapshot.updated_at is not None


@dataclass(frozen=True)
class Standing:
    """An order as it now stands: the fold of its messages, and whose it is."""

    id: int
    shop_id: int
    external_id: str
    member_id: int | None
    guest_id: int | None
    folded: Folded
    booking: int  # bookings made so far
    fresh: bool = False  # made by this transaction: nobody else sees it, nothing is booked


_PEEK = """
SELECT id, shop_id, external_id, member_id, guest_id, folded, booking,
       EXISTS (SELECT FROM order_message m WHERE m.order_id = o.id
               AND m.body_hash = %(hash)s AND m.seq = 0) AS known
FROM orders o WHERE shop_id = %(shop)s AND external_id = %(external)s
"""
_BY_ID = """
SELECT id, shop_id, external_id, member_id, guest_id, folded, booking FROM orders
WHERE id = %(id)s
"""
_OF_MEMBERS = """
SELECT id, shop_id, external_id, member_id, guest_id, folded, booking FROM orders
WHERE member_id = ANY(%(members)s) ORDER BY created_at, external_id
"""
_OPEN = """
WITH o AS (
    INSERT INTO orders (shop_id, external_id, number, search, member_id, guest_id, status, state,
                        currency, total, folded, created_at, received_at, changed_at)
    VALUES (%(shop)s, %(external)s, %(number)s, %(search)s, %(member)s, %(guest)s, %(status)s,
            %(state)s, %(currency)s, %(total)s, %(folded)s, %(created_at)s, %(received)s,
            %(changed_at)s)
    ON CONFLICT (tenant_id, shop_id, external_id) DO NOTHING
    RETURNING id
), m AS (
    INSERT INTO order_message (order_id, body_hash, seq, source, status, state, map_version, body,
                               received_at)
    SELECT id, %(hash)s, %(seq)s, %(source)s, %(status)s, %(said)s, %(map)s, %(body)s, %(received)s
    FROM o
    RETURNING 1
)
SELECT id FROM o
"""
_KEEP = """
INSERT INTO order_message (order_id, body_hash, seq, source, status, state, map_version, body,
                           received_at)
SELECT %(order)s, %(hash)s,
       CASE WHEN %(dated)s THEN 0 ELSE 1 + (SELECT count(*) FROM order_message
            WHERE order_id = %(order)s AND body_hash = %(hash)s) END,
       %(source)s, %(status)s, %(said)s, %(map)s, %(body)s, %(received)s
ON CONFLICT (tenant_id, order_id, body_hash, seq) DO NOTHING
RETURNING id
"""
_WRITE = """
UPDATE orders SET number = %(number)s, search = %(search)s, member_id = %(member)s,
       guest_id = %(guest)s, status = %(status)s, state = %(state)s, currency = %(currency)s,
       total = %(total)s, folded = %(folded)s, created_at = %(created_at)s,
       changed_at = %(changed_at)s
WHERE id = %(order)s
"""
_TAKE_OVER = "UPDATE orders SET member_id = %(owner)s WHERE guest_id = %(guest)s"
_MEMBERS_OF_GUEST = """
SELECT DISTINCT member_id FROM orders WHERE guest_id = %(guest)s AND member_id IS NOT NULL
"""
_NUMBER = "UPDATE orders SET booking = %(number)s WHERE id = %(order)s"


def peek(incoming: Incoming) -> tuple[Standing | None, bool]:
    """Look up the order of a message without a lock; and whether the message is a double.

    A message with a version or `updated_at` is one by its content; one without is a double only of
    the newest, for its place among the others is the time of receipt.
    """
    values = {"shop": incoming.shop_id, "external": incoming.external_id, "hash": incoming.hash}
    row = sql.one(_PEEK, values)
    if row is None:
        return None, False
    order = _standing(row)
    if incoming.dated:
        return order, row.known
    return order, body_hash(order.folded.snapshot) == incoming.hash


def open_(incoming: Incoming, member_id: int | None, guest_id: int | None) -> Standing:
    """Make the order of a first message. Raises Retry when another transaction just made it."""
    folded = absorb(None, incoming.message)
    values = {
        **_columns(folded, incoming.external_id),
        **_message(incoming),
        "external": incoming.external_id,
        "shop": incoming.shop_id,
        "member": member_id,
        "guest": guest_id,
        "seq": 0 if incoming.dated else 1,
    }
    row = sql.one(_OPEN, values)
    if row is None:
        raise Retry("the order was made meanwhile")
    return Standing(
        row.id, incoming.shop_id, incoming.external_id, member_id, guest_id, folded, 0, fresh=True
    )


def lock(order_id: int) -> Standing:
    """Lock and read one order; raises NotFound."""
    return _found(sql.one(f"{_BY_ID} FOR NO KEY UPDATE", {"id": order_id}))


def get(order_id: int) -> Standing:
    """Return an order by our id, unlocked; raises NotFound."""
    return _found(sql.one(_BY_ID, {"id": order_id}))


def find(shop_id: int, external_id: str) -> Standing:
    """Return a shop's order by its own id; raises NotFound."""
    values = {"shop": shop_id, "external": external_id, "hash": ""}
    return _found(sql.one(_PEEK, values))


def take_in(
    order: Standing, incoming: Incoming, member_id: int | None, guest_id: int | None
) -> Standing | None:
    """Store the message and fold it into the locked order; None for a double, which changes nothing.

    The order belongs to the customer whom its newest message names.
    """
    if not incoming.dated and body_hash(order.folded.snapshot) == incoming.hash:
        return None
    if sql.one(_KEEP, {**_message(incoming), "order": order.id, "dated": incoming.dated}) is None:
        return None
    folded = absorb(order.folded, incoming.message)
    if folded.key != incoming.message.key:
        member_id, guest_id = order.member_id, order.guest_id
    changed = replace(order, folded=folded, member_id=member_id, guest_id=guest_id)
    _write(changed)
    return changed


def delete(order: Standing, received_at: datetime) -> Standing:
    """Take in the shop's deletion of a locked order: cancelled, until a later word revives it."""
    changed = replace(order, folded=mark_deleted(order.folded, received_at))
    _write(changed)
    return changed


def take_over(guest_id: int, owner_id: int) -> None:
    """Let a guest's orders belong to the owner of the guest's e-mail."""
    sql.send(_TAKE_OVER, {"guest": guest_id, "owner": owner_id})


def members_of_guest(guest_id: int) -> set[int]:
    """Return whose orders a guest's orders are now."""
    return {row.member_id for row in sql.rows(_MEMBERS_OF_GUEST, {"guest": guest_id})}


def of_members(member_ids: Iterable[int]) -> list[Standing]:
    """Return all orders of the members, oldest first."""
    ids = list(member_ids)
    return [_standing(row) for row in sql.rows(_OF_MEMBERS, {"members": ids})] if ids else []


def number_booking(order: Standing) -> int:
    """Count one more booking of an order whose lock is held, and return its number."""
    number = order.booking + 1
    sql.send(_NUMBER, {"order": order.id, "number": number})
    return number


def contact_of(snapshot: Snapshot, shop_id: int, region: str | None) -> Contact:
    """Return the customer as a message shows him, e-mail and phone normalised."""
    customer = snapshot.customer
    return Contact(
        shop_id=shop_id,
        customer_id=customer.id,
        email=normalise_email(customer.email),
        phone=normalise_phone(customer.phone, region),
        name=customer.name,
        group=customer.group,
        seen_at=snapshot.created_at,
    )


def read_state(word: str, words: Mapping[str, str]) -> State | None:
    """Return what a shop's word means by its map; None for a word the map does not have."""
    state = words.get(word)
    return State(state) if state is not None else None


def _found(row: Any) -> Standing:
    if row is None:
        raise NotFound
    return _standing(row)


def _standing(row: Any) -> Standing:
    return Standing(
        id=row.id,
        shop_id=row.shop_id,
        external_id=row.external_id,
        member_id=row.member_id,
        guest_id=row.guest_id,
        folded=folded_from_json(row.folded),
        booking=row.booking,
    )


def _write(order: Standing) -> None:
    values = {"order": order.id, "member": order.member_id, "guest": order.guest_id}
    sql.send(_WRITE, {**values, **_columns(order.folded, order.external_id)})


def _message(incoming: Incoming) -> dict[str, object]:
    return {
        "hash": incoming.hash,
        "source": incoming.source,
        "status": incoming.snapshot.status,
        "said": incoming.state.value if incoming.state else None,
        "map": incoming.map_version,
        "body": Jsonb(snapshot_to_json(incoming.snapshot)),
        "received": incoming.received_at,
    }


def _columns(folded: Folded, external_id: str) -> dict[str, object]:
    """Return what lists and locks read of an order, mirrored from its fold."""
    said = folded.snapshot
    back = refunded(said)
    given_back = round(sum(back.lines.values())) + back.shipping + back.fees
    number = said.number or external_id
    customer = said.customer
    words = (number, external_id, customer.name, customer.email, customer.phone)
    return {
        "number": number,
        "search": " ".join(w.casefold() for w in words if w),
        "status": said.status,
        "state": folded.state.value,
        "currency": said.currency,
        "total": order_total(said) - given_back,
        "folded": Jsonb(folded_to_json(folded)),
        "created_at": said.created_at,
        "changed_at": clock.now(),
    }
